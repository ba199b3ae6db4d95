"""Why a gradient is tiny, huge, or not finite, and the text that is shown."""

import math

from why import named, values, why

from chainrule.engine import Value, dot, explain, maximum

# -- small and large ----------------------------------------------------------------------------------


def test_a_saturated_tanh_is_named_with_its_slope() -> None:
    w, x = values()
    loss = named("y", named("z", w * x * 8.0).tanh()) * 2.0
    assert why(loss, w) == [
        "along the largest path the slope of tanh is 1.5101e−10",
        "dy/dz = 1.5101e−10 at y = tanh(z): saturated, as y = −1 is near its limit",
    ]


def test_a_saturated_sigmoid_is_named_with_its_slope() -> None:
    w, x = values()
    loss = named("y", named("z", w * x * 10.0).sigmoid())
    assert why(loss, w)[1:] == [
        "dy/dz = 3.059e−7 at y = sigmoid(z): saturated, as y = 3.059e−7 is near its limit"
    ]


def test_many_small_factors_are_said_to_vanish() -> None:
    w, _ = values()
    value = w
    for _ in range(20):
        value = value.sigmoid()
    value.backward()
    assert f"{w.grad:.4e}" == "1.2415e-13"
    assert why(value, w) == [
        "along the largest path 20 slopes of sigmoid, the largest 0.2413, multiply to 1.2415e−13"
    ]


def test_a_product_below_the_smallest_float_is_said_to_be_one() -> None:
    w, _ = values()
    loss = w * 1e-200 * 1e-200
    assert why(loss, w) == [
        "the product of factors other than 0 is below the smallest float: along the largest path "
        "2 slopes of mul, the largest 1e−200, multiply to 10^−400",
        "dL/dv2 = 1e−200 at L = v2 × 1e−200",
        "dv2/dw = 1e−200 at v2 = w × 1e−200",
    ]


def test_large_factors_are_said_to_explode() -> None:
    w, _ = values()
    value = w
    for _ in range(30):
        value = value * 3.0
    assert why(value, w) == ["along the largest path 30 slopes of mul, the largest 3, multiply to 2.0589e14"]


def test_one_large_factor_is_named_with_its_formula() -> None:
    w, _ = values()
    assert why((w + 0.5 + 1e-9).log(), w) == [
        "along the largest path the slope of log is 1e9",
        "dL/dv4 = 1e9 at L = log(v4): 1 / v4 at v4 = 1e−9",
    ]


def test_many_paths_may_make_a_gradient_large() -> None:
    w, _ = values()
    assert why(dot([w] * 20_000, [2.0] * 20_000), w) == ["many paths add up: the largest contributes 2"]


def test_contributions_that_cancel_are_said_to() -> None:
    w, x = values()
    assert why(w * x - w * 3.0, w) == ["contributions of both signs cancel: they add up to 3 and −3"]
    assert why(w * 3.0 - w * 2.99995 + x, w) == [
        "contributions of both signs cancel: they add up to 3 and −3"
    ]


def test_an_ordinary_gradient_needs_no_reason() -> None:
    w, x = values()
    for loss in (w * x, (w * x).tanh(), maximum(w, w), w * x - w):
        assert why(loss, w) == []


def test_a_tie_that_splits_the_gradient_is_said_beside_its_factor() -> None:
    w, _ = values()
    loss = maximum(w, Value(-0.5, "other"))
    assert str(explain(loss, w)).endswith(
        "dL/dw = 0.5    L = maximum(w, other) = −0.5, "
        "a tie of w = −0.5 and other = −0.5, each of which gets half"
    )


# -- inf and nan --------------------------------------------------------------------------------------


def test_a_factor_that_is_not_finite_is_named() -> None:
    w, _ = values()
    assert why(named("z", w + 0.5).sqrt(), w) == [
        "a factor is not finite",
        "dL/dz = inf at L = sqrt(z): 0.5 / L at z = 0",
    ]


def test_finite_factors_may_multiply_to_inf() -> None:
    w, _ = values()
    loss = w * 1e-300 * 1e200 * 1e200 * 1e250
    assert explain(loss, w).total == math.inf
    assert why(loss, w) == ["the factors are finite, their products are beyond the largest float, 1.8e308"]
