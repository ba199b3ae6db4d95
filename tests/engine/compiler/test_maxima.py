"""Maxima and minima of any number of operands, and what is made of them: ties, nan and inf as on Values."""

import random
from collections.abc import Callable
from functools import reduce
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from chainrule.engine import dot, log_softmax, logsumexp, maximum, minimum, softmax, value_and_grad
from chainrule.engine.compiler import compile

SPECIAL = [0.0, -0.0, 1.0, 1.0, 2.0, -1.0, nan, inf, -inf, 1e308, 0.5]
DRAWN = random.Random(3)
POINTS = [[DRAWN.choice(SPECIAL) for _ in range(4)] for _ in range(60)]
POINTS += [[nan] * 4, [inf] * 4, [-inf] * 4, [1.0] * 4, [0.0, -0.0, 0.0, -0.0], [-0.0, 0.0, -0.0, 0.0]]
WEIGHTS = [1.0, 2.0, 3.0, 4.0]

OF_LISTS: dict[str, Callable[[Any], Any]] = {
    "maximum": lambda xs: maximum(*xs),
    "minimum": lambda xs: minimum(*xs),
    "from the right": lambda xs: reduce(lambda a, b: maximum(b, a), xs),
    "by pairs": lambda xs: maximum(maximum(xs[0], xs[1]), maximum(xs[2], xs[3])),
    "of sizes": lambda xs: reduce(maximum, [abs(x) for x in xs]),
    "range": lambda xs: reduce(maximum, xs) - reduce(minimum, xs),
    "detached": lambda xs: sum((x - reduce(maximum, xs).detach()).exp() for x in xs),
    "logsumexp": logsumexp,
    "softmax": lambda xs: dot(softmax(xs), WEIGHTS),
    "log_softmax": lambda xs: dot(log_softmax(xs), WEIGHTS),
}


@pytest.mark.parametrize("name", OF_LISTS)
def test_value_and_derivatives_are_those_on_values_at_ties_nan_and_inf(name: str) -> None:
    f = OF_LISTS[name]
    exact, fast = compile(f, exact=True), compile(f)
    values, gradients = compile(f, batch="xs", exact=True).value_and_grad(xs=np.array(POINTS))
    for place, point in enumerate(POINTS):
        value, gradient = value_and_grad(f)(point)
        expected = [value, *gradient]
        got, by = exact.value_and_grad(point)
        np.testing.assert_array_equal([got, *by], expected, strict=True)
        np.testing.assert_array_equal([values[place], *gradients["xs"][place]], expected)
        got, by = fast.value_and_grad(point)
        np.testing.assert_allclose([got, *by], expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("python", "name"), [(max, "maximum"), (min, "minimum")])
def test_python_s_max_and_min_are_refused_by_the_name_of_what_is_recorded(python: Any, name: str) -> None:
    with pytest.raises(TypeError, match=rf"{name}\(x, y, \.\.\.\) for {python.__name__}\(\)"):
        compile(lambda xs: python(xs))([1.0, 2.0, 3.0])
