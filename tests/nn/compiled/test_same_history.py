"""fit in machine code: the history and the parameters of fit on Values, however it is trained."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from both_ways import HEIGHTS, LENGTHS, POINTS, SIGNS, SPECIES, both, classifier, scorer

from chainrule.engine import Value, dot, log_softmax, tanh
from chainrule.nn import (
    MLP,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Dropout,
    Embedding,
    Linear,
    Module,
    Optimizer,
    Parameter,
    RMSprop,
    Sequential,
    SparseLayer,
    hinge,
    nll_loss,
    softmax_cross_entropy,
    squared_error,
)
from chainrule.nn.lr_scheduler import CosineAnnealingLR, ExponentialLR, LambdaLR, ReduceLROnPlateau, StepLR

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
