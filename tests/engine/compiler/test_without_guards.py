"""Functions that differentiate themselves: computed without guards first, and with them if there is nan."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.engine import (
    compile,
    declare,
    exp,
    forget,
    grad,
    hessian,
    log,
    relu,
    sigmoid,
    sqrt,
    tanh,
    value_and_grad,
    where,
)


def one_sided(x: Any) -> Any:
    """A function whose other side is nan for x < 0, and whose derivative there is 0."""
    return where(x > 0.0, sqrt(x), 0.0)


def forms(kernel: Any, *args: Any) -> list[tuple[bool, bool]]:
    """Return of each machine code of a kernel whether it has derivatives, and whether it is guarded."""
    variant = kernel.variant(*args)
    made = [*variant._forms.values(), *[form for ways in variant._ways.values() for form in ways.forms]]
    return [(form.gradient, form.guarded) for form in made]


def test_second_derivatives_of_smooth_functions_need_no_guards() -> None:
    def f(p: Any) -> Any:
        x, y = p
        for _ in range(3):
            x, y = x + 0.1 * x * y, y - 0.1 * exp(-x) * y
        return x * y

    kernel = compile(hessian(f))
    for point in ([0.3, 1.2], [-0.4, 0.9]):
        for row, expected in zip(kernel(point), hessian(f)(point), strict=True):
            assert row == pytest.approx(expected, rel=1e-12)
    assert forms(kernel, [0.3, 1.2]) == [(False, False)]
    assert kernel.stats.nodes < 200  # 1,300 with guards


@pytest.mark.parametrize("exact", [False, True])
def test_formulas_that_compare_and_give_nan_for_nan_need_no_guards(exact: bool) -> None:
    def f(p: Any) -> Any:
        x, y = p
        return tanh(x * y) / (sigmoid(y) + 2.0) + log(x * x + 1.0)

    kernel = compile(hessian(f), exact=exact)
    for row, expected in zip(kernel([0.3, 1.2]), hessian(f)([0.3, 1.2]), strict=True):
        assert row == expected if exact else row == pytest.approx(expected, rel=1e-12)
    assert forms(kernel, [0.3, 1.2]) == [(False, False)]


def test_where_there_is_nan_it_is_computed_again() -> None:
    kernel = compile(grad(one_sided))
    assert kernel(4.0) == 0.25
    assert kernel(-1.0) == grad(one_sided)(-1.0) == 0.0
    assert kernel(4.0) == 0.25
    assert forms(kernel, 4.0) == [(False, False), (False, True)]


def test_a_bound_kernel_and_its_error_bound_compute_again_too() -> None:
    kernel = compile(lambda x: grad(one_sided)(x[0]), argnums=())
    x = np.array([4.0])
    bound = kernel.bind(x)
    assert bound() == 0.25
    x[0] = -1.0
    assert bound() == 0.0
    assert kernel.error_bound(x).value == 0.0


def test_what_writes_over_its_arguments_is_guarded_from_the_start() -> None:
    kernel = compile(lambda x: [grad(one_sided)(x[0]), grad(one_sided)(x[1])], argnums=())
    x = np.array([4.0, -1.0])
    bound = kernel.bind(x)
    bound.into(x)
    bound.run()
    assert x.tolist() == [0.25, 0.0]
    bound.run()
    assert x.tolist() == [1.0, 0.0]
    lines = np.array([[4.0], [-1.0]])
    over = compile(lambda x: [grad(one_sided)(x[0])], argnums=(), batch=0).bind(lines)
    over.overwrite()
    over.run()
    over.run()
    assert lines.tolist() == [[1.0], [0.0]]


def test_where_the_first_run_gives_nan_guards_come_first_from_then_on() -> None:
    kernel = compile(grad(one_sided))
    assert (kernel(-1.0), kernel(4.0), kernel(-2.0)) == (0.0, 0.25, 0.0)
    ran = {key: form.ran for key, form in kernel.variant(4.0)._forms.items()}
    assert all(ran.values())
    last = kernel.variant(4.0).last
    assert last is not None
    assert last.guarded


def test_exact_code_begins_without_guards_each_time() -> None:
    kernel = compile(grad(one_sided), exact=True)
    assert (kernel(-1.0), kernel(4.0)) == (0.0, 0.25)
    last = kernel.variant(4.0).last
    assert last is not None
    assert not last.guarded


def test_fewer_samples_than_were_bound_are_overwritten_with_guards() -> None:
    for fewer in (1, 2):
        lines = np.array([[4.0], [-1.0], [4.0]])
        bound = compile(lambda x: [grad(one_sided)(x[0])], argnums=(), batch=0).bind(lines)
        bound.samples = fewer
        bound.overwrite()
        bound.samples = 3
        bound.run()
        assert lines.tolist() == [[0.25], [0.0], [0.25]]


def test_a_nan_of_its_own_stays_nan() -> None:
    assert math.isnan(compile(grad(one_sided))(math.nan)) == math.isnan(grad(one_sided)(math.nan))
    assert math.isnan(compile(grad(sqrt))(-1.0))


HIDING: dict[str, Callable[[Any], Any]] = {
    "a comparison": lambda d: where(d > -1.0, 3.0, 5.0),
    "a number as a condition": lambda d: where(d, 3.0, 5.0),
    "the partial of relu": grad(lambda d: relu(d) + d),
}


@pytest.mark.parametrize("hiding", HIDING.values(), ids=HIDING)
def test_what_makes_a_number_of_nan_gets_none(hiding: Callable[[Any], Any]) -> None:
    def f(x: Any) -> Any:
        return hiding(grad(one_sided)(x) + 0.0)

    assert compile(f)(-1.0) == f(-1.0)
    assert compile(f)(4.0) == f(4.0)


def test_derivatives_of_what_hides_nan_get_none() -> None:
    def f(x: Any) -> Any:
        return grad(lambda y: relu(grad(lambda z: one_sided(z) * z)(y) - 1.0) * y)(x)

    for x in (-1.0, 4.0):
        assert compile(f)(x) == pytest.approx(f(x), rel=1e-14)
        assert compile(f).value_and_grad(x) == pytest.approx(value_and_grad(f)(x), rel=1e-14)


def test_rows_of_ones_own_may_hide_nan_too() -> None:
    @declare(partials=lambda x, out: (0.0,))
    def known(x: float) -> float:
        return 1.0 if x == x else 0.0

    try:

        def f(x: Any) -> Any:
            return known(grad(one_sided)(x))

        assert compile(f)(-1.0) == f(-1.0)
    finally:
        forget("known")
