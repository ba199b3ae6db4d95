"""fit in machine code: the history and the parameters of fit on Values, to 1e-12."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from chainrule.engine import Value, dot, log, log_softmax, softmax, tanh, total
from chainrule.nn import (
    MLP,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Dropout,
    Embedding,
    History,
    Linear,
    Module,
    Optimizer,
    Parameter,
    RMSprop,
    Sequential,
    SparseLayer,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    circles,
    cross_entropy,
    fit,
    gaussian_nll_loss,
    half_squared_error,
    hinge,
    huber_loss,
    kl_div,
    l1_loss,
    load_iris,
    log_loss,
    log_loss_from_logits,
    moons,
    mse_loss,
    nll_loss,
    poisson_nll_loss,
    smooth_l1_loss,
    softmax_cross_entropy,
    squared_error,
    squared_hinge,
    standardize,
)
from chainrule.nn.lr_scheduler import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    ReduceLROnPlateau,
    StepLR,
)

Make = Callable[[], Any]
IRIS = load_iris()
LENGTHS = standardize(IRIS.inputs)(IRIS.inputs)[::3]
SPECIES = IRIS.targets[::3]
POINTS, SIGNS = moons(60, noise=0.1, seed=4)
SIDES = [(sign + 1) // 2 for sign in SIGNS]
HEIGHTS = [[point[0] * 0.5 + point[1] ** 2, point[0] - 0.3] for point in POINTS]


def both(
    model: Make,
    inputs: Sequence[Any],
    targets: Sequence[Any],
    loss: Any,
    optimizer: Callable[[list[Value]], Optimizer] = lambda p: SGD(p, lr=0.05),
    schedule: Callable[[Optimizer], Any] | None = None,
    epochs: int = 30,
    **settings: Any,
) -> tuple[History, Any]:
    """Train on Values and in machine code; return the second's history and model, both as the first's."""
    runs = []
    settings = {"batch_size": 16, "seed": 3, **settings}
    for compiled in (False, True):
        random.seed(5)
        made = model()
        steps = optimizer(made.parameters())
        history = fit(
            made,
            inputs,
            targets,
            loss=loss,
            optimizer=steps,
            epochs=epochs,
            schedule=schedule(steps) if schedule else None,
            compiled=compiled,
            **settings,
        )
        runs.append((history, made, steps))
    (eager, values, stepped), (history, made, steps) = runs
    assert (eager.compiled, history.compiled) == (False, True)
    assert_close(history.loss, eager.loss)
    assert_close(history.validation_loss, eager.validation_loss)
    for scores, expected in zip(
        [*history.train, *history.validation], [*eager.train, *eager.validation], strict=True
    ):
        assert scores.metrics == expected.metrics
    for norms, expected_norms in zip(history.gradient_norms, eager.gradient_norms, strict=True):
        assert norms.keys() == expected_norms.keys()
        assert_close(list(norms.values()), list(expected_norms.values()))
    assert_close(
        [rate for rates in history.learning_rates for rate in rates],
        [rate for rates in eager.learning_rates for rate in rates],
    )
    assert history.stopped == eager.stopped
    assert_close([p.data for p in made.parameters()], [p.data for p in values.parameters()])
    assert_close([p.grad for p in steps.params], [p.grad for p in stepped.params])
    for state, wanted in zip(steps.states, stepped.states, strict=True):
        assert list(state) == list(wanted)
        for name, held in state.items():
            assert_close(
                held if isinstance(held, list) else [held],
                [wanted[name]] if name == "step" else wanted[name],
            )
    return history, made


def assert_close(numbers: Sequence[float], expected: Sequence[float]) -> None:
    """Assert that numbers agree to 1e-12 of their size, or where they are small of the largest one."""
    largest = max(map(abs, expected), default=0.0)
    assert numbers == pytest.approx(expected, rel=1e-12, abs=1e-13 * largest, nan_ok=True)


def classifier() -> MLP:
    return MLP(4, [6, 3], activation="tanh", seed=1)


def scorer(activation: str = "tanh", outputs: int = 1) -> MLP:
    return MLP(2, [6, outputs], activation=activation, seed=2)


OPTIMIZERS: dict[str, Callable[[Any], Optimizer]] = {
    "sgd": lambda p: SGD(p, lr=0.1),
    "momentum": lambda p: SGD(p, lr=0.05, momentum=0.9),
    "dampening": lambda p: SGD(p, lr=0.05, momentum=0.9, dampening=0.3, weight_decay=0.01),
    "nesterov": lambda p: SGD(p, lr=0.05, momentum=0.8, nesterov=True),
    "adam": lambda p: Adam(p, lr=0.02),
    "adam, decay": lambda p: Adam(p, lr=0.02, weight_decay=0.05, betas=(0.8, 0.99)),
    "amsgrad": lambda p: Adam(p, lr=0.02, amsgrad=True),
    "adamw": lambda p: AdamW(p, lr=0.02, weight_decay=0.1),
    "adamw, amsgrad": lambda p: AdamW(p, lr=0.02, amsgrad=True),
    "rmsprop": lambda p: RMSprop(p, lr=0.01),
    "rmsprop, centered": lambda p: RMSprop(
        p, lr=0.01, alpha=0.9, centered=True, momentum=0.5, weight_decay=0.01
    ),
    "adagrad": lambda p: Adagrad(p, lr=0.1, lr_decay=0.01, weight_decay=0.01),
    "adagrad, started": lambda p: Adagrad(p, lr=0.1, initial_accumulator_value=0.5),
    "groups": lambda p: Adam(
        [{"params": p[:9]}, {"params": p[9:20], "lr": 0.1}, {"params": p[20:]}], lr=0.01
    ),
    "frozen": lambda p: SGD(p[5:], lr=0.1, momentum=0.5),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_takes_the_same_steps(name: str) -> None:
    both(classifier, LENGTHS, SPECIES, softmax_cross_entropy, OPTIMIZERS[name])


def test_maximizing_climbs() -> None:
    def score(output: Any, target: Any) -> Any:
        return -squared_error(output, target)

    history, _ = both(
        scorer, POINTS, [a for a, _ in HEIGHTS], score, lambda p: Adam(p, lr=0.01, maximize=True)
    )
    assert history.loss[-1] > history.loss[0]


LOSSES: dict[str, tuple[Any, Make, Any]] = {
    "squared_error": (squared_error, lambda: scorer(outputs=2), HEIGHTS),
    "half_squared_error": (half_squared_error, scorer, [a for a, _ in HEIGHTS]),
    "mse_loss": (mse_loss, lambda: scorer(outputs=2), HEIGHTS),
    "mse, sum": (lambda o, t: mse_loss(o, t, reduction="sum"), lambda: scorer(outputs=2), HEIGHTS),
    "mse, none": (lambda o, t: total(mse_loss(o, t, reduction="none")), lambda: scorer(outputs=2), HEIGHTS),
    "l1_loss": (l1_loss, lambda: scorer(outputs=2), HEIGHTS),
    "huber_loss": (lambda o, t: huber_loss(o, t, delta=0.3), lambda: scorer(outputs=2), HEIGHTS),
    "smooth_l1_loss": (lambda o, t: smooth_l1_loss(o, t, beta=0.5), lambda: scorer(outputs=2), HEIGHTS),
    "hinge": (hinge, scorer, SIGNS),
    "squared_hinge": (squared_hinge, scorer, SIGNS),
    "log_loss": (lambda o, t: log_loss(o.sigmoid(), t), scorer, SIDES),
    "log_loss_from_logits": (log_loss_from_logits, scorer, SIDES),
    "from logits, soft": (log_loss_from_logits, scorer, [0.1 + 0.8 * side for side in SIDES]),
    "binary_cross_entropy": (lambda o, t: binary_cross_entropy(o.sigmoid(), t), scorer, SIDES),
    "bce with logits, weighted": (
        lambda o, t: binary_cross_entropy_with_logits([o], [t], 0.7, pos_weight=3.0),
        scorer,
        SIDES,
    ),
    "softmax_cross_entropy": (softmax_cross_entropy, lambda: scorer(outputs=2), SIDES),
    "cross_entropy, weighted": (
        lambda o, t: cross_entropy(o, t, weight=[1.0, 2.5], reduction="sum", label_smoothing=0.1),
        lambda: scorer(outputs=2),
        SIDES,
    ),
    "cross_entropy, shares": (
        cross_entropy,
        lambda: scorer(outputs=2),
        [[0.25 + 0.5 * side, 0.75 - 0.5 * side] for side in SIDES],
    ),
    "cross_entropy, any shares": (
        lambda o, t: cross_entropy(o, t, label_smoothing=0.1),
        lambda: scorer(outputs=2),
        [[k / 59, 1.0 - k / 59] for k in range(60)],
    ),
    "few numbers that are branched on": (
        lambda o, t: squared_error(o, t) if t > 0.4 else l1_loss(o, t),
        scorer,
        [0.3 + 0.2 * side for side in SIDES],
    ),
    "nll_loss": (lambda o, t: nll_loss([log(p) for p in softmax(o)], t), lambda: scorer(outputs=2), SIDES),
    "kl_div": (
        lambda o, t: kl_div([log(p) for p in softmax(o)], t),
        lambda: scorer(outputs=2),
        [[0.25 + 0.5 * side, 0.75 - 0.5 * side] for side in SIDES],
    ),
    "poisson_nll_loss": (poisson_nll_loss, scorer, [float(k % 5) for k in range(60)]),
    "poisson, full": (lambda o, t: poisson_nll_loss(o, t, full=True), scorer, [0.07 * k for k in range(60)]),
    "kl_div, any shares": (
        lambda o, t: kl_div([log(p) for p in softmax(o)], t, reduction="sum"),
        lambda: scorer(outputs=2),
        [[k / 59, 1.0 - k / 59] for k in range(60)],
    ),
    "log_loss, any shares": (
        lambda o, t: log_loss(o.sigmoid(), t),
        scorer,
        [k / 59 for k in range(60)],
    ),
    "from logits, any shares": (
        lambda o, t: binary_cross_entropy_with_logits([o], [t], pos_weight=2.0),
        scorer,
        [k / 59 for k in range(60)],
    ),
    "gaussian_nll_loss": (
        lambda o, t: gaussian_nll_loss([o[0]], [t], [o[1].exp()]),
        lambda: scorer(outputs=2),
        [a for a, _ in HEIGHTS],
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_descended_alike(name: str) -> None:
    loss, model, targets = LOSSES[name]
    both(model, POINTS, targets, loss, lambda p: Adam(p, lr=0.02))


# -- what a loss may do with its target ------------------------------------------------------------------


def test_a_loss_of_ones_own_may_branch_on_the_target_and_look_things_up_by_it() -> None:
    weight = {"inner": 2.0, "outer": 0.5}

    def loss(output: Any, target: dict[str, Any]) -> Any:
        side = 1.0 if target["ring"] == "outer" else -1.0
        return weight[target["ring"]] * (1.0 - side * output).relu() + target["pull"] * output**2

    points, rings = circles(40, seed=1)
    targets = [
        {"ring": "outer" if ring else "inner", "pull": 0.01 * k, "known": k > -1}
        for k, ring in enumerate(rings)
    ]
    both(scorer, points, targets, loss)


def test_more_different_whole_numbers_than_cases_are_read_as_numbers() -> None:
    both(scorer, POINTS, list(range(60)), lambda o, t: squared_error(o * 60.0, t) / 3600.0)


def test_a_penalty_on_parameters_is_part_of_every_examples_loss() -> None:
    latest: list[MLP] = []

    def model() -> MLP:
        latest.append(scorer())
        return latest[-1]

    def loss(output: Any, target: int) -> Any:
        return hinge(output, target) + 1e-2 * total([w * w for w in latest[-1].parameters()])

    both(model, POINTS, SIGNS, loss)


# -- models ----------------------------------------------------------------------------------------------


class Recurrent(Module):
    """A small recurrent network, written with loops; its two readers share their weights."""

    def __init__(self) -> None:
        rng = random.Random(8)
        self.w = [Parameter(rng.gauss(0.0, 0.5)) for _ in range(4)]
        self.shared = Linear(2, 1, seed=3)
        self.again = self.shared
        self.scale = Value(0.7)

    def __call__(self, x: Sequence[Any]) -> Any:
        a, b, u, v = self.w
        h, k = 0.0, 0.1
        for number in x:
            for _ in range(2):
                h, k = tanh(a * h + b * number + k), tanh(u * k + v * h)
        (first,), (second,) = self.shared([h, k]), self.again([k, h])
        return first + self.scale * second


def test_loops_and_shared_parameters_are_compiled() -> None:
    both(Recurrent, POINTS, SIGNS, hinge, lambda p: Adam(p, lr=0.05))


def test_frozen_parameters_stay_and_take_part() -> None:
    _, model = both(classifier, LENGTHS, SPECIES, softmax_cross_entropy, OPTIMIZERS["frozen"])
    assert [p.data for p in model.parameters()[:5]] == [p.data for p in classifier().parameters()[:5]]


def test_dropout_draws_what_it_draws_on_values() -> None:
    def model() -> Sequential:
        rng = random.Random(6)
        return Sequential(
            Linear(4, 6, seed=rng),
            Dropout(0.25, seed=rng),
            MLP(6, [5], seed=rng),
            Dropout(0.5),
            Linear(5, 3, seed=1),
        )

    validation = (LENGTHS[::2], SPECIES[::2])
    both(model, LENGTHS, SPECIES, softmax_cross_entropy, lambda p: Adam(p, lr=0.02), validation=validation)


def test_sparse_layers_and_what_is_no_module() -> None:
    both(lambda: Sequential(SparseLayer([[1, 0], [1, 1], [0, 1], [1, 1]], seed=1), Linear(4, 1, seed=2)),
         POINTS, [[s] for s in SIGNS], hinge)  # fmt: skip

    class Line:
        def __init__(self) -> None:
            self.held = [Value(0.3), Value(-0.2), Value(0.1)]

        def parameters(self) -> list[Value]:
            return self.held

        def __call__(self, x: Any) -> Any:
            return dot(self.held[:2], x) + self.held[2]

    both(Line, POINTS, [a for a, _ in HEIGHTS], squared_error)


# -- how it is trained -----------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [None, 1, 7, 1000])
def test_batches_of_any_size_and_rests(batch_size: int | None) -> None:
    both(classifier, LENGTHS, SPECIES, softmax_cross_entropy, batch_size=batch_size, epochs=10)


def is_right(logits: Sequence[Value], target: int) -> float:
    return float(max(range(3), key=lambda i: logits[i].data) == target)


@pytest.mark.parametrize("validation", [0.3, (LENGTHS[:20], SPECIES[:20])])
def test_validation_and_metrics_are_the_same(validation: Any) -> None:
    history, _ = both(
        classifier,
        LENGTHS,
        SPECIES,
        softmax_cross_entropy,
        lambda p: Adam(p, lr=0.02),
        validation=validation,
        metrics={"accuracy": is_right, "first": lambda output, _: output[0].data > 0.0},
    )
    assert history.validation_metric("accuracy")[-1] > 0.8


@pytest.mark.parametrize(
    "clipped", [{"clip_norm": 0.3}, {"clip_value": 0.05}, {"clip_norm": 0.3, "clip_value": 0.1}]
)
def test_gradients_are_clipped_alike(clipped: dict[str, Any]) -> None:
    both(classifier, LENGTHS, SPECIES, softmax_cross_entropy, **clipped)


@pytest.mark.parametrize(
    ("schedule", "every"),
    [
        (lambda o: StepLR(o, 5), "epoch"),
        (lambda o: ExponentialLR(o, 0.99), "step"),
        (lambda o: CosineAnnealingLR(o, 40), "step"),
        (lambda o: LambdaLR(o, lambda n: 1.0 / (1 + n)), "epoch"),
        (lambda o: ReduceLROnPlateau(o, patience=2), "epoch"),
    ],
)
def test_schedules_set_the_learning_rate_of_every_step(schedule: Any, every: str) -> None:
    both(
        classifier,
        LENGTHS,
        SPECIES,
        softmax_cross_entropy,
        OPTIMIZERS["groups"],
        schedule,
        schedule_every=every,
    )


def test_examples_in_arrays_and_nested_lists() -> None:
    np = pytest.importorskip("numpy")
    both(classifier, np.array(LENGTHS), np.array(SPECIES), softmax_cross_entropy, epochs=5)
    pairs = [[[row[0], row[1]], {"rest": (row[2], row[3])}] for row in LENGTHS]

    class Nested(Module):
        def __init__(self) -> None:
            self.inner = classifier()

        def __call__(self, x: Any) -> Any:
            return self.inner([*x[0], *x[1]["rest"]])

    both(Nested, pairs, SPECIES, softmax_cross_entropy, epochs=5)


@pytest.mark.parametrize("letters", [5, 40])
def test_embeddings_and_many_classes(letters: int) -> None:
    class Letters(Module):
        def __init__(self) -> None:
            self.rows = Embedding(letters, 2, seed=1)
            self.out = Linear(4, letters, seed=2)

        def __call__(self, x: Any) -> Any:
            before, last = self.rows(x)
            return self.out([*before, *last])

    inputs = [[k % letters, 7 * k % letters] for k in range(60)]
    targets = [(3 * k + 1) % letters for k in range(60)]
    both(Letters, inputs, targets, softmax_cross_entropy, lambda p: Adam(p, lr=0.05), epochs=8)


def test_many_classes_are_chosen_among_log_probabilities() -> None:
    targets = [k % 40 for k in range(60)]

    def loss(output: Any, target: Any) -> Any:
        return nll_loss(log_softmax(output), target)

    both(lambda: scorer(outputs=40), POINTS, targets, loss, epochs=5)
