"""Every public function of the engine works in a compiled function, or says there why it cannot.

The lists below must name all of them: whoever adds a function adds it to one.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest

import chainrule.engine as engine
from chainrule.engine import (
    Constant,
    Primitive,
    Value,
    black_box,
    branches,
    check_gradients,
    clip,
    collector_paused,
    cumprod,
    cumsum,
    declare,
    diagnose,
    dot,
    enable_grad,
    explain,
    forget,
    fsum,
    grad,
    hessian,
    hvp,
    implicit,
    interp,
    jacobian,
    jacobian_sparsity,
    jvp,
    kinks,
    log_softmax,
    logsumexp,
    mean,
    median,
    no_grad,
    norm,
    piecewise,
    polyval,
    prod,
    record_sources,
    scope,
    softmax,
    sort,
    strict,
    take,
    taylor,
    to_dict,
    topological_order,
    total,
    value_and_grad,
    variance,
    vjp,
    where,
)
from chainrule.engine.compiler import RecordingError, compile
from chainrule.engine.debugging.steps import backward_steps

X = [0.3, 1.2, -0.7, 0.9]
WEIGHTS = [1.0, -2.0, 3.0, 0.5]


def inside(block: Callable[[], AbstractContextManager[Any]]) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        with block():
            y = x[0] * x[1]
        return y * x[2]

    return f


OWN: dict[str, Any] = {}


@pytest.fixture(autouse=True, scope="module")
def own_rows() -> Iterator[None]:
    OWN["declare"] = declare(partials=lambda x, out: (2.0 * x,))(squared_here)
    OWN["implicit"] = implicit("root_here", lambda y, a: y * y - a, lambda a: math.sqrt(a))
    OWN["black_box"] = black_box("boxed_here", lambda x: math.erf(x) + 1.0, lambda x: math.exp(-x * x))
    yield
    for row in OWN.values():
        forget(row.name)


def squared_here(x: float) -> float:
    return x * x


def inner(y: Any) -> Any:
    return y[0] * y[1] * y[2] ** 2 + y[3]


WORKS: dict[str, Callable[[Any], Any]] = {
    "branches": inside(branches),
    "clip": lambda x: clip(x[0], 0.0, 0.25) + clip(x[1], 0.0, 2.0),
    "collector_paused": inside(collector_paused),
    "cumprod": lambda x: dot(cumprod(x), WEIGHTS),
    "cumsum": lambda x: dot(cumsum(x), WEIGHTS),
    "declare": lambda x: OWN["declare"](x[0]) * x[1],
    "dot": lambda x: dot(x, x),
    "enable_grad": inside(enable_grad),
    "fsum": fsum,
    "grad": lambda x: dot(grad(inner)(x), WEIGHTS),
    "hessian": lambda x: total([dot(row, WEIGHTS) for row in hessian(inner)(x)]),
    "hvp": lambda x: dot(hvp(inner, x, WEIGHTS), WEIGHTS),
    "implicit": lambda x: OWN["implicit"](x[1] * x[1]) * x[0],
    "interp": lambda x: interp(x[0], [-1.0, 0.0, 2.0], x[1:]) + interp(0.5, [x[2], x[0], x[1]], x[:3]),
    "jacobian": lambda x: dot(jacobian(lambda y: [inner(y), y[0] ** 2])(x)[0], WEIGHTS),
    "jacobian_sparsity": lambda x: total(
        jacobian(lambda y: [inner(y)], sparsity=jacobian_sparsity(lambda y: [inner(y)])(x))(x)
    ),
    "jvp": lambda x: jvp(inner, (x,), (WEIGHTS,))[1],
    "log_softmax": lambda x: dot(log_softmax(x), WEIGHTS),
    "logsumexp": logsumexp,
    "mean": mean,
    "median": lambda x: median(x) * median(x[:3]),
    "no_grad": inside(no_grad),
    "norm": norm,
    "piecewise": lambda x: piecewise(lambda a, b: a if a > b else b * b)(x[0], x[1]) * x[2],
    "polyval": lambda x: polyval(x, 0.5) + polyval(WEIGHTS, x[0]),
    "prod": prod,
    "record_sources": inside(record_sources),
    "scope": inside(lambda: scope("part")),
    "softmax": lambda x: dot(softmax(x), WEIGHTS),
    "sort": lambda x: dot(sort(x), WEIGHTS),
    "strict": inside(strict),
    "take": lambda x: take(x, 2) * x[0],
    "taylor": lambda x: total(taylor(lambda t: (t * x[1]).exp(), x[0], 3)),
    "topological_order": lambda x: x[0] * float(len(topological_order(x[0] * x[1]))),
    "total": lambda x: total(x) * total(x, compensated=True),
    "value_and_grad": lambda x: dot(value_and_grad(inner)(x)[1], x) * value_and_grad(inner)(x)[0],
    "variance": variance,
    "vjp": lambda x: dot(vjp(inner, x)[1](2.0)[0], WEIGHTS),
    "where": lambda x: where(x[0] > 0.5, x[1], x[2]) * where(x[1] > 0.5, x[0], x[3]),
}
REFUSED: dict[str, Callable[[Any], Any]] = {
    "Constant": lambda x: Constant(x[0]),
    "Value": lambda x: Value(x[0]),
    "backward_steps": lambda x: next(backward_steps(x[0] * x[1])),
    "check_gradients": lambda x: check_gradients(inner, x),
    "diagnose": lambda x: diagnose(x[0] * x[1]),
    "explain": lambda x: explain(x[0] * x[1], x[0]),
    "kinks": lambda x: kinks(x[0].relu()),
    "to_dict": lambda x: to_dict(x[0] * x[1]),
}
NOT_OF_NUMBERS = {
    *("Branch", "ChangedDataWarning", "Diagnosis", "Explanation", "Finding", "GradientError"),
    *("GradientReport", "Kinks", "Ledger", "NotFiniteError", "Primitive", "Source", "Step", "Trace"),
    *("Sparsity", "TrainingWarning", "forget", "from_dict"),
}
"""Classes of results and errors, and what takes a row's name or a dictionary."""


def test_every_public_function_is_in_one_of_the_lists() -> None:
    public = {
        name
        for name in vars(engine)["__all__"]
        if callable(vars(engine)[name]) and not isinstance(vars(engine)[name], Primitive)
    }
    assert public == {*WORKS, *REFUSED, *NOT_OF_NUMBERS, "black_box"}
    assert not {*WORKS} & {*REFUSED}


@pytest.mark.parametrize("name", WORKS)
def test_it_gives_what_it_gives_on_values(name: str) -> None:
    f = WORKS[name]
    kernel, plain = compile(f), value_and_grad(f)
    for x in (X, [1.5, -0.2, 0.6, 2.0], [0.5, 0.75, 0.25, -1.0]):
        if name == "interp":
            x = [x[0], 4.0 + x[1], -4.0 + x[2], x[3]]
        value, by = kernel.value_and_grad(x)
        expected, by_hand = plain(x)
        assert value == pytest.approx(expected, rel=1e-13, abs=1e-15)
        np.testing.assert_allclose(by, by_hand, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", REFUSED)
def test_it_says_what_to_do_instead(name: str) -> None:
    look = r" looks at numbers, and one that compile records has none yet: call it outside of the compiled"
    message = r"Value\(\.\.\.\) would freeze a number that compile records: use the number as it is, or x.det"
    if name not in ("Value", "Constant"):
        message = name + look
    with pytest.raises(RecordingError, match=message):
        compile(REFUSED[name])(X)


def test_a_black_box_is_called_at_every_run_and_has_no_derivative() -> None:
    gain = [2.0]
    box = black_box("gain_here", lambda x: gain[0] * x, lambda x: gain[0])
    try:
        kernel = compile(lambda x: box(x) + 1.0)
        assert kernel(3.0) == 7.0
        gain[0] = 5.0
        assert kernel(3.0) == 16.0
        for derivative in (kernel.value_and_grad, compile(grad(box)), compile(hessian(box))):
            with pytest.raises(RecordingError, match=r"gain_here is a black box: .* use declare"):
                derivative(3.0)
    finally:
        forget("gain_here")


METHODS: list[tuple[str, tuple[Any, ...]]] = [
    ("trace", ()),
    ("backward_steps", ()),
    ("zero_grad", ()),
    ("debug", ()),
]


@pytest.mark.parametrize(("method", "arguments"), METHODS)
def test_methods_that_need_the_number_are_refused_too(method: str, arguments: tuple[Any, ...]) -> None:
    look = (
        r"\(\) looks at numbers, and one that compile records has none yet: call it outside of the compiled"
    )
    with pytest.raises(RecordingError, match=method + look):
        compile(lambda x: getattr(x[0], method)(*arguments) or x[0])(X)


TIES = [[1.0, 1.0, 1.0, 0.5], [2.0, 1.0, 2.0, 1.0], [math.nan, 1.0, 0.0, 2.0], [0.0, -0.0, 1.0, -1.0]]


@pytest.mark.parametrize("x", TIES)
def test_equal_numbers_stay_in_their_order_and_nan_is_last(x: list[float]) -> None:
    for f in (lambda x: dot(sort(x)[:3], [1.0, 2.0, 4.0]), median):
        value, by = compile(f).value_and_grad(x)
        expected, by_hand = value_and_grad(f)(x)
        np.testing.assert_equal(value, expected)
        np.testing.assert_allclose(by, by_hand, rtol=1e-13)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 8, 13, 33])
def test_lists_of_any_length_are_sorted(n: int) -> None:
    x = np.random.default_rng(n).standard_normal(n).round(1).tolist()
    kernel = compile(lambda x: [*sort(x), 1.0])
    assert kernel(x) == [*sorted(x), 1.0]
    assert kernel(x[::-1]) == [*sorted(x), 1.0]


def test_interpolation_at_and_beyond_its_points() -> None:
    places, fs = [-1.0, 0.0, 2.0], [1.0, 3.0, -1.0]
    kernel, plain = compile(lambda x: interp(x, places, fs)), value_and_grad(lambda x: interp(x, places, fs))
    for x in (-5.0, -1.0, -0.5, 0.0, 1.0, 2.0, 7.0, math.inf, -math.inf):
        assert kernel.value_and_grad(x) == plain(x)
    assert math.isnan(kernel(math.nan))
    assert compile(lambda x: interp(x, [1.0], [5.0])).value_and_grad(0.0) == (5.0, 0.0)
    moving = compile(lambda places: interp(0.5, places, fs))
    assert moving(places) == interp(0.5, places, fs)
    assert math.isnan(moving([0.0, -1.0, 2.0]))
    with pytest.raises(ValueError, match="needs increasing xs"):
        compile(lambda x: interp(x, [0.0, 0.0], [1.0, 2.0]))(0.5)


def test_softmax_of_large_numbers() -> None:
    kernel = compile(softmax)
    assert kernel([1000.0, 1000.0]) == [0.5, 0.5]
    np.testing.assert_allclose(kernel([1000.0, 0.0]), [1.0, 0.0], atol=1e-300)
    exact = compile(softmax, exact=True)
    for x in (X, [3e3, 2999.5, -1.0]):
        assert exact(x) == softmax(x)


def test_numbers_kept_from_elsewhere_stand_on_either_side() -> None:
    from chainrule.nn import Parameter

    for w in (Value(3.0), Parameter(3.0), Value(3.0).detach()):
        kernel = compile(lambda x, w=w: [w * x, w - x, x - w, w**x, w / x, w > x])
        assert kernel(2.0) == [6.0, 1.0, -1.0, 9.0, 1.5, 1.0]
