"""Interpreters of the worked examples that are networks, built from plain Values: case in, quantities out."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from chainrule.engine import Constant, Value, collector_paused, dot, exp, log, logsumexp, relu, sigmoid, total

Case = dict[str, Any]
Quantities = dict[str, float]

ACTIVATIONS: dict[str, Callable[[list[Value]], list[Value]]] = {
    "identity": lambda zs: zs,
    "sigmoid": lambda zs: [sigmoid(z) for z in zs],
    "relu": lambda zs: [relu(z) for z in zs],
    "softmax": lambda zs: [exp(z - logsumexp(zs)) for z in zs],
}

LOSSES: dict[str, Callable[[list[Value], Sequence[float]], Value]] = {
    "squared_error": lambda os, ts: total([(o - t) ** 2 for o, t in zip(os, ts, strict=True)]),
    "half_squared_error": lambda os, ts: 0.5 * LOSSES["squared_error"](os, ts),
    "log_loss": lambda os, ts: (
        -total([t * log(o) + (1 - t) * log(1 - o) for o, t in zip(os, ts, strict=True)])
    ),
    "softmax_cross_entropy": lambda os, ts: -total([t * log(o) for o, t in zip(os, ts, strict=True)]),
}


class Network:
    """The layers of a case. Weights and biases by (layer, unit, source), from 1; source 0 is the bias."""

    def __init__(self, layers: list[Any]) -> None:
        self.activations = [ACTIVATIONS[layer["activation"]] for layer in layers]
        self.parameters: dict[tuple[int, int, int], Value] = {}
        self.units: list[list[tuple[list[Value], list[int], Value | None]]] = []
        for n, layer in enumerate(layers, start=1):
            units = []
            for i, row in enumerate(layer["weights"], start=1):
                mask = layer["mask"][i - 1] if "mask" in layer else [1] * len(row)
                sources = [j for j, there in enumerate(mask) if there]
                weights = [Value(row[j]) for j in sources]
                bias = Value(layer["bias"][i - 1]) if layer["bias"] else None
                self.parameters |= {(n, i, j + 1): w for j, w in zip(sources, weights, strict=True)}
                if bias is not None:
                    self.parameters[n, i, 0] = bias
                units.append((weights, sources, bias))
            self.units.append(units)

    def __call__(self, inputs: Sequence[Value | float]) -> tuple[list[list[Value]], list[list[Value]]]:
        """Return net inputs and activations of every layer."""
        zs, activations, below = [], [], list(inputs)
        for units, activation in zip(self.units, self.activations, strict=True):
            z = [dot(weights, [below[j] for j in sources]) for weights, sources, _ in units]
            z = [zi if bias is None else zi + bias for zi, (_, _, bias) in zip(z, units, strict=True)]
            zs.append(z)
            activations.append(activation(z))
            below = list(activations[-1])
        return zs, activations

    def step(self, learning_rate: float) -> None:
        """Move every parameter down its gradient, and clear it."""
        for parameter in self.parameters.values():
            parameter.data -= learning_rate * parameter.grad
            parameter.grad = 0.0

    def described(self, prime: str = "") -> Quantities:
        """Return weights and biases under their names in the file."""
        return {
            f"W{prime}[{n}][{i}][{j}]" if j else f"b{prime}[{n}][{i}]": parameter.data
            for (n, i, j), parameter in self.parameters.items()
        }


def of_units(name: str, layers: list[list[Value]], get: Callable[[Value], float] = Value.item) -> Quantities:
    """Return a number of every unit, as name[layer][unit]."""
    return {f"{name}[{n}][{i}]": get(x) for n, layer in enumerate(layers, 1) for i, x in enumerate(layer, 1)}


def mlp_step(case: Case) -> Quantities:
    """Return everything about one example: forward, loss, deltas, and where a rate is given one step."""
    network = Network(case["layers"])
    zs, activations = network(case["input"])
    loss = LOSSES[case["loss"]](activations[-1], case["target"])
    loss.backward()
    quantities = {
        **of_units("z", zs),
        **of_units("a", activations),
        **of_units("delta", zs, lambda z: z.grad),
        "loss": loss.data,
    }
    if "learning_rate" in case:
        rate = case["learning_rate"]
        for (n, i, j), parameter in network.parameters.items():
            quantities[f"step W[{n}][{i}][{j}]"] = -rate * parameter.grad
        network.step(rate)
        zs, activations = network(case["input"])
        loss = LOSSES[case["loss"]](activations[-1], case["target"])
        quantities |= network.described("'") | of_units("z'", zs) | of_units("a'", activations)
        quantities["loss'"] = loss.data
    return quantities


def mlp_forward(case: Case) -> Quantities:
    quantities: Quantities = {}
    for inputs in ([0, 0], [0, 1], [1, 0], [1, 1]):
        zs, activations = Network(case["layers"])(inputs)
        quantities |= {
            f"{name} at {inputs}": x
            for name, x in {**of_units("z", zs), **of_units("a", activations)}.items()
        }
    return quantities


def descent(network: Network, case: Case, rows: list[Any], targets: list[float]) -> Iterator[list[float]]:
    """Yield the outputs for all rows before each step of gradient descent on their summed loss."""
    loss_of, rate = LOSSES[case["loss"]], case["learning_rate"]
    inputs = [[Constant(x) for x in row] for row in rows]
    while True:
        outputs = [network(row)[1][-1][0] for row in inputs]
        yield [output.data for output in outputs]
        loss_of(outputs, targets).backward()
        network.step(rate)


def mlp_run(case: Case) -> Quantities:
    """Return weight and output on the way down; for a unit with bias from a second start as well."""
    starts = [case["layers"]]
    if case["layers"][0]["bias"]:
        starts.append([{**case["layers"][0], "weights": [[2.0]], "bias": [2.0]}])
    quantities: Quantities = {}
    for layers, start in zip(starts, ("w=0.6 b=0.9", "w=b=2"), strict=False):
        network = Network(layers)
        run = descent(network, case, [case["input"]], case["target"])
        for n in range(301):
            (output,) = next(run)
            quantities[f"w after {n} steps"] = network.parameters[1, 1, 1].data
            quantities[f"output after {n} steps, {start}"] = output
        quantities[f"output before, {start}"] = quantities[f"output after 0 steps, {start}"]
        quantities["limit"] = network.parameters[1, 1, 1].data
    return quantities


@collector_paused()
def mlp_run_batch(case: Case) -> Quantities:
    """Return mean error every 10,000 steps and the last outputs; stop when all asked for is known."""
    asked = {expected["what"] for expected in case["expect"]}
    targets = [target for (target,) in case["targets"]]
    quantities: Quantities = {}
    for n, outputs in enumerate(descent(Network(case["layers"]), case, case["inputs"], targets)):
        if n % 10_000 == 0:
            errors = [abs(output - target) for output, target in zip(outputs, targets, strict=True)]
            quantities[f"mean absolute error before step {n + 1}"] = sum(errors) / len(errors)
        if n + 1 == case["steps"]:
            quantities |= {f"output row {i}": output for i, output in enumerate(outputs, start=1)}
        if asked <= quantities.keys() or n + 1 == case["steps"]:
            break
    return quantities


# -- a misprint, explained ----------------------------------------------------------------------------


def slipped_step(case: Case, *, delta_slip: bool, rate_slip: bool) -> Quantities:
    """Return one step of a wrong rule: the two slips that lead to the article's printed 0.7043.

    delta_slip: the second hidden unit of layer 2 takes its slope from its neighbour's activation.
    rate_slip: the old weight stands where the learning rate should.
    """
    correct = case["network"]
    network = Network(correct["layers"])
    zs, activations = network(correct["input"])
    LOSSES[correct["loss"]](activations[-1], correct["target"]).backward()
    delta = {(n, i): z.grad for n, layer in enumerate(zs, 1) for i, z in enumerate(layer, 1)}
    a = {(0, i): x for i, x in enumerate(correct["input"], 1)}
    a |= {(n, i): x.data for n, layer in enumerate(activations, 1) for i, x in enumerate(layer, 1)}
    w = {place: parameter.data for place, parameter in network.parameters.items()}
    if delta_slip:
        delta[2, 2] = a[2, 2] * (1.0 - a[2, 1]) * w[3, 1, 2] * delta[3, 1]
        for i in (1, 2, 3):
            delta[1, i] = a[1, i] * (1.0 - a[1, i]) * sum(w.get((2, k, i), 0.0) * delta[2, k] for k in (1, 2))
    for (n, i, j), parameter in network.parameters.items():
        rate = w[n, i, j] if rate_slip else correct["learning_rate"]
        parameter.data -= rate * delta[n, i] * (a[n - 1, j] if j else 1.0)
    zs, activations = network(correct["input"])
    return {
        **{f"delta[{n}][{i}] with slip 1": d for (n, i), d in delta.items()},
        **network.described("'"),
        **of_units("z'", zs),
        **of_units("a'", activations),
    }


def explained_misprint(case: Case) -> Quantities:
    """Return the step with both slips, and where each alone and none would have ended."""
    both = slipped_step(case, delta_slip=True, rate_slip=True)
    end = "a'[3][1]"
    return both | {
        "both slips": both[end],
        "only the learning-rate slip": slipped_step(case, delta_slip=False, rate_slip=True)[end],
        "only the delta slip": slipped_step(case, delta_slip=True, rate_slip=False)[end],
        "no slip (correct)": slipped_step(case, delta_slip=False, rate_slip=False)[end],
    }


INTERPRETERS: dict[str, Callable[[Case], Quantities]] = {
    "mlp-step": mlp_step,
    "mlp-gradient": mlp_step,
    "mlp-forward": mlp_forward,
    "mlp-run": mlp_run,
    "mlp-run-batch": mlp_run_batch,
    "explained-misprint": explained_misprint,
}
