"""What compile is told is checked at once, also what goes together."""

from typing import Any

import numpy as np
import pytest

from chainrule.engine.compiler.options import Options, checked
from chainrule.engine.compiler.threads import processors

PLAIN: dict[str, Any] = {
    "argnums": 0,
    "batch": (),
    "reduce": None,
    "exact": False,
    "threads": 1,
    "dtype": "float64",
}


def test_plain_options_are_kept_as_they_are() -> None:
    assert checked(**PLAIN) == ([], Options(0, None, False))


@pytest.mark.parametrize(
    ("batch", "names"),
    [("xs", ["xs"]), (1, [1]), (np.int64(1), [1]), (("xs", 2), ["xs", 2]), (iter(["a", "b"]), ["a", "b"])],
)
def test_a_batch_is_a_name_a_place_or_several(batch: Any, names: list[str | int]) -> None:
    assert checked(**PLAIN | {"batch": batch})[0] == names


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype(np.float32)])
def test_kinds_of_numbers_are_named_as_in_numpy(dtype: Any) -> None:
    assert checked(**PLAIN | {"dtype": dtype})[1].dtype == "float32"


def test_all_processors_are_a_number_of_threads() -> None:
    assert checked(**PLAIN | {"batch": "x", "threads": "auto"})[1].threads == processors()


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        ({"argnums": "x"}, TypeError, "argnums must be an int or several, got 'x'"),
        ({"argnums": (1, 1)}, ValueError, r"argnums=\(1, 1\) names an argument twice"),
        ({"batch": 1.5}, TypeError, "batch names the arguments that hold the samples, .* got 1.5"),
        ({"batch": (True,)}, TypeError, "batch names the arguments"),
        ({"batch": None}, TypeError, "batch names the arguments"),
        ({"reduce": "median"}, ValueError, "reduce is 'mean', 'sum' or None, got 'median'"),
        ({"reduce": "sum"}, ValueError, "reduce='sum' needs batch="),
        ({"threads": 0}, ValueError, "threads is a whole number of at least 1 or 'auto', got 0"),
        ({"threads": "all"}, TypeError, "threads is a whole number of at least 1 or 'auto', got 'all'"),
        ({"threads": 4}, ValueError, "threads=4 needs batch="),
        ({"threads": "auto"}, ValueError, "threads='auto' needs batch="),
        ({"dtype": "int64"}, ValueError, "dtype is 'float64' or 'float32', got 'int64'"),
        ({"dtype": None}, ValueError, "dtype is 'float64' or 'float32', got None"),
        (
            {"dtype": "float32", "exact": True},
            ValueError,
            "exact=True .* not float32",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=f"^compile: {text}"):
        checked(**PLAIN | wrong)
