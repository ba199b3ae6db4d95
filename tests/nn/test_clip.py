"""Gradient clipping, by norm and by value."""

import math
from typing import Any

import pytest

from chainrule import nn
from chainrule.engine import NotFiniteError, Value
from chainrule.nn import MLP, clip_grad_norm, clip_grad_value


def values(*gradients: Any) -> list[Value]:
    made = [Value(0.0) for _ in gradients]
    for value, gradient in zip(made, gradients, strict=True):
        value.grad = gradient
    return made


def gradients(held: list[Value]) -> list[float]:
    return [value.grad for value in held]


def test_a_norm_that_is_too_large_is_scaled_down_and_returned() -> None:
    held = values(3.0, -4.0)
    assert clip_grad_norm(held, 1.0) == 5.0
    assert gradients(held) == pytest.approx([0.6, -0.8], rel=1e-6)
    assert math.hypot(*gradients(held)) < 1.0


def test_a_norm_that_is_small_enough_changes_nothing() -> None:
    held = values(3.0, -4.0)
    assert clip_grad_norm(held, 5.1) == 5.0
    assert gradients(held) == [3.0, -4.0]


@pytest.mark.parametrize("norm_type", [1.0, 1.5, 2.0, 3, math.inf])
@pytest.mark.parametrize("max_norm", [0.0, 0.5, 100.0])
def test_norms_and_clipped_gradients_are_pytorchs(norm_type: float, max_norm: float) -> None:
    torch = pytest.importorskip("torch")
    numbers = [0.5, -2.0, 0.0, 3.25]
    held = values(*numbers)
    theirs = [torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in numbers]
    for tensor, number in zip(theirs, numbers, strict=True):
        tensor.grad = torch.tensor(number, dtype=torch.float64)
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    assert clip_grad_norm(held, max_norm, norm_type) == pytest.approx(expected.item(), rel=1e-14)
    assert gradients(held) == pytest.approx([t.grad.item() for t in theirs], rel=1e-12)


def test_norms_by_hand() -> None:
    assert clip_grad_norm(values(3.0, -4.0), 100.0, norm_type=1) == 7.0
    assert clip_grad_norm(values(3.0, -4.0), 100.0, norm_type=math.inf) == 4.0
    assert clip_grad_norm(values(2.0, -2.0), 100.0, norm_type=3) == pytest.approx(16.0 ** (1 / 3), rel=1e-15)
    assert clip_grad_norm(values(0.0, 0.0), 1.0, norm_type=3) == 0.0
    assert clip_grad_norm([], 1.0) == 0.0


def test_huge_and_tiny_gradients_have_their_norm() -> None:
    held = values(3e200, 4e200)
    assert clip_grad_norm(held, 1.0) == pytest.approx(5e200, rel=1e-15)
    assert gradients(held) == pytest.approx([0.6, 0.8], rel=1e-12)
    assert clip_grad_norm(values(3e-320, 4e-320), 1.0) == pytest.approx(5e-320, rel=1e-3)
    assert clip_grad_norm(values(1e300, 1e300), 1.0, norm_type=3) == pytest.approx(1e300 * 2 ** (1 / 3))


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0, math.inf])
def test_gradients_that_are_not_finite_are_scaled_by_their_norm_as_in_pytorch(norm_type: float) -> None:
    held = values(math.inf, 1.0)
    assert clip_grad_norm(held, 1.0, norm_type) == math.inf
    assert math.isnan(held[0].grad)
    assert held[1].grad == 0.0
    held = values(1.0, math.nan, 2.0)
    assert math.isnan(clip_grad_norm(held, 1.0, norm_type))
    assert all(map(math.isnan, gradients(held)))


@pytest.mark.parametrize(("bad", "shown"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "inf")])
def test_not_finite_may_be_an_error_and_changes_nothing_then(bad: float, shown: str) -> None:
    held = values(bad, 1.0)
    with pytest.raises(
        NotFiniteError, match=f"clip_grad_norm: the norm of the gradients is {shown}, which cannot"
    ):
        clip_grad_norm(held, 1.0, error_if_nonfinite=True)
    assert held[1].grad == 1.0


def test_values_are_brought_between_the_limits() -> None:
    held = values(3.0, -0.25, -math.inf, math.nan)
    clip_grad_value(held, 0.5)
    assert gradients(held)[:3] == [0.5, -0.25, -0.5]
    assert math.isnan(held[3].grad)


def test_one_value_a_generator_and_pytorchs_names_will_do() -> None:
    [one] = values(2.0)
    assert clip_grad_norm(one, 1.0) == 2.0
    assert clip_grad_norm((v for v in values(2.0)), 1.0) == 2.0
    assert nn.clip_grad_norm_ is clip_grad_norm
    assert nn.clip_grad_value_ is clip_grad_value


@pytest.mark.parametrize("clip", [clip_grad_norm, clip_grad_value])
def test_what_is_no_list_of_values_is_refused(clip: Any) -> None:
    with pytest.raises(
        TypeError, match=rf"{clip.__name__} takes a list of Values, got .*: pass model\.param"
    ):
        clip(MLP(1, [1]), 1.0)
    with pytest.raises(TypeError, match=f"{clip.__name__} takes Values, got 3"):
        clip([3], 1.0)
    with pytest.raises(TypeError, match=r"the gradient of .* is None: set it to 0\.0, or call zero_grad"):
        clip(values(None), 1.0)


@pytest.mark.parametrize("limit", [-1.0, math.nan, math.inf, "1", None, True])
def test_impossible_limits_are_refused(limit: Any) -> None:
    with pytest.raises(ValueError, match="clip_grad_norm: max_norm must be zero or more, got"):
        clip_grad_norm(values(1.0), limit)
    with pytest.raises(ValueError, match="clip_grad_value: clip_value must be zero or more, got"):
        clip_grad_value(values(1.0), limit)


@pytest.mark.parametrize("norm_type", [0, -1.0, math.nan, "fro", None])
def test_impossible_norms_are_refused(norm_type: Any) -> None:
    with pytest.raises(ValueError, match="clip_grad_norm: norm_type must be a number above 0 or inf, got"):
        clip_grad_norm(values(1.0), 1.0, norm_type)
