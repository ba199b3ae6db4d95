"""Derivatives where they are delicate: at kinks, at the ends of domains, at inf and nan."""

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import special

import chainrule.engine as engine
from chainrule.engine import TABLE, Value, grad, hessian, taylor, variance

NAN, INF = math.nan, math.inf

# Second derivatives by closed forms: limits at the ends of a domain, 0 between slopes of -2 and 2.
SECOND = [
    ("arcsin", 1.0, INF),
    ("arcsin", -1.0, -INF),
    ("arccos", 1.0, -INF),
    ("arccos", -1.0, INF),
    ("arccosh", 1.0, -INF),
    ("arctanh", 1.0, INF),
    ("arctanh", -1.0, -INF),
    ("softsign", 0.0, 0.0),
    ("softsign", 1e-300, -2.0),
    ("softsign", -1e-300, 2.0),
    ("relu", 0.0, 0.0),
    ("abs", 0.0, 0.0),
    ("tanh", 0.0, 0.0),
    ("sigmoid", 0.0, 0.0),
    ("softplus", 0.0, 0.25),
    ("square", 0.0, 2.0),
]


@pytest.mark.parametrize(("name", "x", "expected"), SECOND)
def test_second_derivatives_at_special_points(name: str, x: float, expected: float) -> None:
    row = TABLE[name]
    assert grad(grad(row))(x) == expected
    assert taylor(row, x, 2)[2] == expected


@pytest.mark.parametrize(
    ("f", "derivatives"),
    [
        (lambda x: x**2, (0.0, 2.0, 0.0)),
        (lambda x: x**3, (0.0, 0.0, 6.0)),
        (lambda x: x**2.5, (0.0, 0.0, INF)),
        (lambda x: x**1, (1.0, 0.0, 0.0)),
        (lambda x: x**0, (0.0, 0.0, 0.0)),
    ],
)
def test_powers_of_zero_have_all_their_derivatives(
    f: Callable[[Any], Any], derivatives: tuple[float, ...]
) -> None:
    for expected in derivatives:
        f = grad(f)
        assert f(0.0) == expected


# As PyTorch 2.13 has them in float64.
PARTIALS = [
    ("silu", (NAN,), (NAN,)),
    ("gelu", (NAN,), (NAN,)),
    ("maximum", (NAN, 1.0), (1.0, 1.0)),
    ("maximum", (1.0, NAN), (1.0, 1.0)),
    ("minimum", (NAN, 1.0), (1.0, 1.0)),
    ("minimum", (1.0, NAN), (1.0, 1.0)),
    ("pow", (0.0, NAN), (NAN, NAN)),
    ("pow", (-1.0, 1e-8), (NAN, NAN)),
    ("pow", (INF, -5e-324), (-0.0, NAN)),
    ("logsumexp", (0.0, INF), (0.0, NAN)),
    ("logsumexp", (-INF, -INF), (NAN, NAN)),
    ("logsumexp", (0.0, -INF), (1.0, 0.0)),
]


@pytest.mark.parametrize(("name", "point", "expected"), PARTIALS)
def test_partials_at_inf_and_nan_are_pytorchs(
    name: str, point: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    np.testing.assert_equal(TABLE[name].linearize(*point)[1], expected)


TRIPLES = list(product((0.0, 1.0, -800.0, 800.0, INF, -INF, NAN), repeat=3))


def test_softmax_of_anything_is_scipys() -> None:
    for xs in TRIPLES:
        with np.errstate(invalid="ignore"):
            expected = special.softmax(xs)
        np.testing.assert_allclose(engine.softmax(xs), expected, rtol=1e-15, atol=0.0)
        np.testing.assert_equal(
            [share.data for share in engine.softmax(list(map(Value, xs)))], engine.softmax(xs)
        )


def test_log_softmax_of_anything_is_the_difference_to_logsumexp() -> None:
    for xs in TRIPLES:
        shares = engine.log_softmax(xs)
        if INF in xs or NAN in xs or max(xs) == -INF:  # as PyTorch and JAX have it
            assert all(map(math.isnan, shares))
        else:
            largest = engine.logsumexp(xs)
            np.testing.assert_allclose(shares, [x - largest for x in xs], rtol=1e-12, atol=1e-12)


def test_logsumexp_is_flat_beside_an_infinite_operand_in_every_order() -> None:
    assert hessian(engine.logsumexp)([0.0, INF])[0] == [0.0, 0.0]


def test_variance_that_overflows_is_infinite() -> None:
    assert variance([0.0, 0.0, 1.7e308]) == INF
    assert variance([1.7e308, 1.7e308]) == INF  # their sum has overflowed, as in NumPy
    assert variance([Value(0.0), 1.7e308]).partials[2] == -INF
    assert math.isnan(variance([0.0, INF]))
