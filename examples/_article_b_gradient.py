"""Article B, the formulas: forward pass, losses, deltas and output deltas, each computed in two ways."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from _show import named, slope

from chainrule.engine import Value, dot, exp, log, no_grad, total
from chainrule.nn import (
    MLP,
    half_squared_error,
    log_loss,
    sigmoid,
    softmax_cross_entropy,
    squared_error,
)

# -- B-A: the forward pass ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Pass:
    """The net inputs z and the activations a of one forward pass, layer by layer; a[0] is the input."""

    z: list[list[Value]]
    a: list[list[Value]]


def forward(
    model: MLP,
    x: Sequence[float],
    bias_as_weight: bool = False,
    shifts: Mapping[tuple[int, int], float] | None = None,
) -> Pass:
    """Return z and a of every neuron: z_i = sum_j w_ij a_j + b_i and a_i = f(z_i).

    bias_as_weight: write the bias as weight w_0 of one more input that is always 1.
    shifts: (layer, neuron) -> what to add to that net input, for numerical differentiation.
    """
    shifts = shifts or {}
    z: list[list[Value]] = []
    a = [[Value(number, label=f"x{i}") for i, number in enumerate(x, start=1)]]
    for layer_number, layer in enumerate(model.layers, start=1):
        z.append([])
        for i, neuron in enumerate(layer.neurons, start=1):
            if bias_as_weight:
                net = dot([neuron.b, *neuron.w], [1.0, *a[-1]])
            else:
                net = dot(neuron.w, a[-1], neuron.b)
            if (layer_number, i) in shifts:
                net = net + shifts[layer_number, i]
            z[-1].append(named(f"z{i} of layer {layer_number}", net))
        a.append([neuron.activation(net) for neuron, net in zip(layer.neurons, z[-1], strict=True)])
    return Pass(z, a)


def both_bias_forms(model: MLP, x: Sequence[float], y: float) -> list[tuple[str, float, float]]:
    """Return (quantity, with a bias, with the bias as weight w_0) for every output and gradient."""
    columns = []
    for bias_as_weight in (False, True):
        model.zero_grad()
        done = forward(model, x, bias_as_weight)
        squared_error(done.a[-1], [y]).backward()
        outputs = [a.data for layer in done.a[1:] for a in layer]
        columns.append(outputs + [parameter.grad for parameter in model.parameters()])
    quantities = [
        f"a{i} of layer {n}" for n, layer in enumerate(done.a[1:], start=1) for i in range(1, len(layer) + 1)
    ]
    quantities += [f"dE/d {article_name(path)}" for path, _ in model.named_parameters()]
    return list(zip(quantities, *columns, strict=True))


def article_name(path: str) -> str:
    """Return the article's name of a parameter: layers.0.neurons.1.w.0 is w21 of layer 1.

    >>> article_name("layers.0.neurons.1.w.0"), article_name("layers.1.neurons.0.b")
    ('w21 of layer 1', 'b1 of layer 2')
    """
    _, layer, _, neuron, *kind = path.split(".")
    which = f"w{int(neuron) + 1}{int(kind[1]) + 1}" if kind[0] == "w" else f"b{int(neuron) + 1}"
    return f"{which} of layer {int(layer) + 1}"


# -- B-B: losses --------------------------------------------------------------------------------------

LOSSES: dict[str, Callable[[Value], Value]] = {
    "squared, y = 1": lambda o: squared_error(o, 1.0),
    "log loss, y = 1": lambda o: log_loss(o, 1),
    "log loss, y = 0": lambda o: log_loss(o, 0),
}


def loss_and_slope(loss: Callable[[Value], Value], o: float) -> tuple[float, float]:
    """Return J and dJ/do at the output o."""
    output = Value(o)
    result = loss(output)
    result.backward()
    return result.data, output.grad


def cross_entropy(outputs: Sequence[Value], target: Sequence[float]) -> Value:
    """Return -sum y_i log o_i, as the article writes it."""
    return -total([y * log(o) for o, y in zip(outputs, target, strict=True)])


def sum_of_gradients(model: MLP, xs: Sequence[Sequence[float]], ys: Sequence[float]) -> tuple[float, float]:
    """Return dE/dw of one weight: from the summed error, and from the examples' own gradients added."""
    weight = model.layers[0].neurons[0].w[0]
    model.zero_grad()
    total([squared_error(model(x), y) for x, y in zip(xs, ys, strict=True)]).backward()
    of_the_sum, apart = weight.grad, 0.0
    for x, y in zip(xs, ys, strict=True):
        model.zero_grad()
        squared_error(model(x), y).backward()
        apart += weight.grad
    return of_the_sum, apart


# -- B-C: the gradient by deltas ----------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A network of any depth, width, activation and loss, with one example."""

    name: str
    sizes: tuple[int, ...]
    activation: str
    output: str
    loss: Callable[[Any, Any], Value]
    target: Any

    @property
    def x(self) -> list[float]:
        """An input of the right length."""
        return [0.7, -1.2, 0.4, 0.9][: self.sizes[0]]

    def model(self) -> MLP:
        """Return the network, with weights from a fixed seed and biases that are not all zero."""
        model = MLP(self.sizes[0], self.sizes[1:], self.activation, self.output, seed=5)
        for number, layer in enumerate(model.layers):
            for i, neuron in enumerate(layer.neurons):
                neuron.b.data = 0.1 * (i + 1) - 0.15 * number
        return model


CASES = [
    Case("2-3-2-1 sigmoid, log loss", (2, 3, 2, 1), "sigmoid", "sigmoid", log_loss, [1.0]),
    Case("3-4-2 tanh, squared error", (3, 4, 2), "tanh", "identity", squared_error, [0.5, -1.0]),
    Case("4-5-5-3 relu, softmax", (4, 5, 5, 3), "relu", "identity", softmax_cross_entropy, 1),
    Case("2-6-6-6-6-2 leaky relu, half squared", (2, 6, 6, 6, 6, 2), "leaky_relu", "tanh",
         half_squared_error, [0.3, -0.4]),
]  # fmt: skip


@dataclass(frozen=True)
class Deltas:
    """The deltas of a case layer by layer: by the engine, by the delta rule, by differences."""

    engine: list[list[float]]
    rule: list[list[float]]
    difference: list[list[float]]
    weights_apart: float
    """Largest distance between the engine's dE/dw_ij and delta_i a_j."""

    def apart(self, other: list[list[float]]) -> float:
        """Return the largest distance between the engine's deltas and `other`."""
        pairs = zip(flat(self.engine), flat(other), strict=True)
        return max(abs(mine - theirs) for mine, theirs in pairs)


def flat(rows: list[list[float]]) -> list[float]:
    """Return the numbers of all rows in one list."""
    return [number for row in rows for number in row]


def deltas(case: Case) -> Deltas:
    """Return every delta = dE/dz three times over."""
    model = case.model()
    done = forward(model, case.x)
    case.loss(done.a[-1], case.target).backward()
    engine = [[z.grad for z in layer] for layer in done.z]
    rule = delta_rule(model, done, case)
    apart = max(
        abs(w.grad - delta * a.data)
        for layer, ds, before in zip(model.layers, rule, done.a[:-1], strict=True)
        for neuron, delta in zip(layer.neurons, ds, strict=True)
        for w, a in zip(neuron.w, before, strict=True)
    )
    with no_grad():
        difference = [
            [slope(partial(shifted_loss, model, case, (n, i)), 0.0) for i in range(1, len(layer) + 1)]
            for n, layer in enumerate(done.z, start=1)
        ]
    return Deltas(engine, rule, difference, apart)


def shifted_loss(model: MLP, case: Case, at: tuple[int, int], h: float) -> float:
    """Return the loss with h added to the net input of one neuron, (layer, number)."""
    done = forward(model, case.x, shifts={at: h})
    return case.loss(done.a[-1], case.target).data


def delta_rule(model: MLP, done: Pass, case: Case) -> list[list[float]]:
    """Return the deltas by the article's two formulas, in plain floats.

    Output: dJ/do f'(z).  Hidden: (sum_j delta_j w_ji) f'(z_i), over the neurons j of the layer above.
    """
    outputs = [Value(o.data) for o in done.a[-1]]
    case.loss(outputs, case.target).backward()
    last = zip(outputs, model.layers[-1].neurons, done.z[-1], strict=True)
    found = [[o.grad * slope_at(neuron.activation, z.data) for o, neuron, z in last]]
    for number in range(len(model.layers) - 2, -1, -1):
        above, layer = model.layers[number + 1].neurons, []
        for i, neuron in enumerate(model.layers[number].neurons):
            upstream = sum(delta * user.w[i].data for delta, user in zip(found[0], above, strict=True))
            layer.append(upstream * slope_at(neuron.activation, done.z[number][i].data))
        found.insert(0, layer)
    return found


def slope_at(f: Callable[[Value], Value], x: float) -> float:
    """Return f'(x)."""
    leaf = Value(x)
    f(leaf).backward()
    return leaf.grad


# -- B-D: output deltas -------------------------------------------------------------------------------


@dataclass(frozen=True)
class OutputDelta:
    """The delta of one output: the short formula, the product it comes from, and the engine's number."""

    case: str
    formula: str
    short: float
    product: float
    engine: float


def output_deltas() -> list[OutputDelta]:
    """Return the delta of every output of the three cases of the article."""
    z, y = 0.8, 0.3
    rows = []
    for name, formula, loss, factor in (
        ("identity, squared error", "2 (o - y)", squared_error, 2.0),
        ("identity, half of it", "o - y", half_squared_error, 1.0),
    ):
        output = Value(z)
        loss(output, y).backward()
        dj_do = loss_and_slope(lambda o, loss=loss: loss(o, y), z)[1]  # type: ignore[misc]
        rows.append(OutputDelta(name, formula, factor * (z - y), dj_do * 1.0, output.grad))
    for label in (1, 0):
        net = Value(z)
        o = sigmoid(net)
        log_loss(o, label).backward()
        dj_do = -1.0 / o.data if label else 1.0 / (1.0 - o.data)
        product = dj_do * slope_at(sigmoid, z)
        rows.append(
            OutputDelta(f"sigmoid, log loss, y = {label}", "o - y", o.data - label, product, net.grad)
        )
    return rows + softmax_deltas((1.0, -0.5, 0.25), 1)


def softmax_deltas(logits: Sequence[float], label: int) -> list[OutputDelta]:
    """Return the deltas of softmax + cross-entropy, written out in exponentials, sums and logarithms."""
    nets = [Value(z) for z in logits]
    powers = [exp(z) for z in nets]
    outputs = [p / total(powers) for p in powers]
    target = [float(k == label) for k in range(len(logits))]
    cross_entropy(outputs, target).backward()
    o = [output.data for output in outputs]
    rows = []
    for i, net in enumerate(nets):
        # Every output depends on every z: do_k/dz_i = o_k ((k = i) - o_i), and all paths add up.
        product = sum(-target[k] / o[k] * o[k] * ((k == i) - o[i]) for k in range(len(o)))
        rows.append(OutputDelta(f"softmax, output {i + 1}", "o - y", o[i] - target[i], product, net.grad))
    return rows


def ready_made_softmax_deltas(logits: Sequence[float], label: int) -> list[float]:
    """Return the same deltas from nn's softmax_cross_entropy, which takes the logits in one steady step."""
    nets = [Value(z) for z in logits]
    softmax_cross_entropy(nets, label).backward()
    return [net.grad for net in nets]
