"""Initialisers: moments, bounds, gains, and what they refuse."""

import math
import random
from statistics import fmean, pstdev
from typing import Any

import pytest

from chainrule.nn import MLP, Embedding, Layer, Linear, Neuron, SparseLayer, init

NIN, NOUT = 50, 80


def weights(start: Any, seed: int = 0) -> list[float]:
    return [w.data for neuron in Layer(NIN, NOUT, seed=seed, init=start).neurons for w in neuron.w]


@pytest.mark.parametrize(
    ("start", "bound"),
    [
        ("uniform", 1.0),
        (init.uniform(-0.5, 0.5), 0.5),
        ("xavier_uniform", math.sqrt(6.0 / (NIN + NOUT))),
        ("glorot_uniform", math.sqrt(6.0 / (NIN + NOUT))),
        (init.xavier_uniform(gain=2.0), 2.0 * math.sqrt(6.0 / (NIN + NOUT))),
        ("he_uniform", math.sqrt(6.0 / NIN)),
        ("kaiming_uniform", math.sqrt(6.0 / NIN)),
        (init.he_uniform(mode="fan_out"), math.sqrt(6.0 / NOUT)),
        (init.he_uniform("linear"), math.sqrt(3.0 / NIN)),
        ("fan_in_uniform", 1.0 / math.sqrt(NIN)),
    ],
)
def test_uniform_ones_fill_their_bounds_evenly(start: Any, bound: float) -> None:
    drawn = weights(start)
    assert max(map(abs, drawn)) <= bound
    assert min(drawn) < -0.99 * bound
    assert max(drawn) > 0.99 * bound
    assert fmean(drawn) == pytest.approx(0.0, abs=0.03 * bound)
    assert pstdev(drawn) == pytest.approx(bound / math.sqrt(3.0), rel=0.03)


@pytest.mark.parametrize(
    ("start", "mean", "std"),
    [
        ("normal", 0.0, 1.0),
        (init.normal(3.0, 0.5), 3.0, 0.5),
        ("xavier_normal", 0.0, math.sqrt(2.0 / (NIN + NOUT))),
        ("glorot_normal", 0.0, math.sqrt(2.0 / (NIN + NOUT))),
        (
            init.xavier_normal(gain=init.calculate_gain("tanh")),
            0.0,
            5.0 / 3.0 * math.sqrt(2.0 / (NIN + NOUT)),
        ),
        ("he_normal", 0.0, math.sqrt(2.0 / NIN)),
        ("kaiming_normal", 0.0, math.sqrt(2.0 / NIN)),
        (init.he_normal, 0.0, math.sqrt(2.0 / NIN)),
        (init.he_normal(mode="fan_out"), 0.0, math.sqrt(2.0 / NOUT)),
        (init.he_normal("leaky_relu", 0.2), 0.0, math.sqrt(2.0 / 1.04 / NIN)),
    ],
)
def test_normal_ones_have_their_mean_and_deviation(start: Any, mean: float, std: float) -> None:
    drawn = weights(start)
    assert fmean(drawn) == pytest.approx(mean, abs=0.05 * std)
    assert pstdev(drawn) == pytest.approx(std, rel=0.03)
    inside = sum(abs(w - mean) < std for w in drawn) / len(drawn)
    assert inside == pytest.approx(0.6827, abs=0.02)


@pytest.mark.parametrize(("start", "value"), [("zeros", 0.0), ("ones", 1.0), (init.constant(0.25), 0.25)])
def test_constant_ones_are_constant(start: Any, value: float) -> None:
    assert set(weights(start)) == {value}


def test_the_same_seed_gives_the_same_weights() -> None:
    assert weights("he_normal", seed=3) == weights("he_normal", seed=3) != weights("he_normal", seed=4)


def test_without_an_initialiser_weights_are_micrograds() -> None:
    random.seed(1337)
    ours = [p.data for p in MLP(3, [2, 1]).parameters()]
    random.seed(1337)
    theirs: list[float] = []
    for nin, nout in ((3, 2), (2, 1)):
        for _ in range(nout):
            theirs += [*[random.uniform(-1, 1) for _ in range(nin)], 0.0]
    assert ours == theirs


def test_linear_starts_as_pytorchs_does() -> None:
    linear = Linear(NIN, NOUT, seed=0)
    drawn = [p.data for p in linear.parameters()]
    biases = [neuron.b.data for neuron in linear.neurons]
    assert max(map(abs, drawn)) <= 1.0 / math.sqrt(NIN)
    assert pstdev(biases) == pytest.approx(1.0 / math.sqrt(3.0 * NIN), rel=0.15)


@pytest.mark.parametrize(
    "make",
    [
        lambda start: Neuron(2, init=start, bias_init=start),
        lambda start: Layer(2, 1, init=start, bias_init=start),
        lambda start: Linear(2, 1, init=start, bias_init=start),
        lambda start: MLP(2, [2, 1], init=start, bias_init=start),
        lambda start: SparseLayer([[1, 1]], init=start, bias_init=start),
        lambda start: Embedding(2, 2, init=start),
    ],
)
def test_everything_that_has_weights_takes_one(make: Any) -> None:
    assert {p.data for p in make(init.constant(0.5)).parameters()} == {0.5}
    with pytest.raises(ValueError, match="unknown initialiser 'he': choose one of uniform, normal, x"):
        make("he")


def test_a_function_of_ones_own_sees_the_connections_in_and_out() -> None:
    seen = []

    def own(fan_in: int, fan_out: int, rng: random.Random) -> float:
        seen.append((fan_in, fan_out))
        return 0.0

    Layer(3, 2, init=own)
    SparseLayer([[1, 0, 1], [1, 0, 0]], init=own)
    Embedding(5, 1, init=own)
    assert seen == [(3, 2)] * 6 + [(2, 2), (2, 1), (1, 2)] + [(1, 5)] * 5


@pytest.mark.parametrize(
    ("name", "param", "gain"),
    [
        ("linear", None, 1.0),
        ("identity", None, 1.0),
        ("sigmoid", None, 1.0),
        ("tanh", None, 5.0 / 3.0),
        ("relu", None, math.sqrt(2.0)),
        ("leaky_relu", None, math.sqrt(2.0 / 1.0001)),
        ("leaky_relu", 0.5, math.sqrt(1.6)),
        ("selu", None, 0.75),
    ],
)
def test_gains_are_pytorchs(name: str, param: float | None, gain: float) -> None:
    assert init.calculate_gain(name, param) == pytest.approx(gain, rel=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: init.uniform(1.0, 0.0), "uniform needs low <= high, got 1.0 and 0.0"),
        (lambda: init.uniform(high=math.inf), "uniform: high must be a finite number, got inf"),
        (lambda: init.normal(std=-1.0), "normal: std must be zero or more, got -1.0"),
        (lambda: init.normal(mean="0"), "normal: mean must be a finite number, got '0'"),  # type: ignore[arg-type]
        (lambda: init.constant(math.nan), "constant: value must be a finite number, got nan"),
        (lambda: init.xavier_uniform(-1.0), "xavier_uniform: gain must be zero or more, got -1.0"),
        (lambda: init.xavier_normal(True), "xavier_normal: gain must be a finite number, got True"),
        (lambda: init.he_uniform(mode="in"), "he_uniform: mode must be 'fan_in' or 'fan_out', got 'in'"),
        (lambda: init.he_normal(mode=3), "he_normal: mode must be 'fan_in' or 'fan_out', got 3"),  # type: ignore[arg-type]
        (lambda: init.he_normal("swish"), "no gain is known for 'swish': choose one of linear, identity,"),
        (lambda: init.calculate_gain("tanh", 0.1), "calculate_gain: tanh has no slope, got 0.1"),
        (lambda: init.calculate_gain("leaky_relu", math.inf), "the slope must be a finite number, got inf"),
    ],
)
def test_impossible_initialisers_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_what_is_no_initialiser_is_told_what_one_is() -> None:
    with pytest.raises(TypeError, match=r"a name or a function of fan_in, fan_out and a generator, got 0\.5"):
        Layer(1, 1, init=0.5)  # type: ignore[arg-type]
    by_name = r"constant needs its value, which a name has not: nn.init.constant\(0.1\)"
    with pytest.raises(ValueError, match=by_name):
        Layer(2, 1, init="constant")
    with pytest.raises(ValueError, match=by_name):
        Linear(2, 1, bias_init="constant")
    with pytest.raises(TypeError, match=r"constant needs its value: init=constant\(0.1\)"):
        Layer(1, 1, init=init.constant)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Value\(...\) cannot hold 'a'"):
        Layer(1, 1, init=lambda fan_in, fan_out, rng: "a")  # type: ignore[arg-type, return-value]
