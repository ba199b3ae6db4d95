"""Every row is as accurate as it says: a short form of `python benchmarks/accuracy.py`."""

import math
import subprocess
import sys
from pathlib import Path
from runpy import run_path

import mpmath
import pytest
from rows import every_row
from waiting import SECONDS

from chainrule.engine import Primitive

COMMAND = Path(__file__).parents[2] / "benchmarks" / "accuracy.py"
ACCURACY = run_path(str(COMMAND))


@pytest.mark.parametrize("row", every_row())
def test_value_and_partials_stay_within_the_rows_bound(row: Primitive) -> None:
    assert row.name in ACCURACY["REFERENCES"], "a new row needs one in benchmarks/_accuracy_references.py"
    of_value, of_partials, seen = ACCURACY["measure"](row, 200)
    assert seen >= 150
    bound = ACCURACY["bound_of"](row)
    assert of_value.ulps <= bound, of_value.point
    assert of_partials.ulps <= bound, of_partials.point


@pytest.mark.parametrize("row", every_row())
def test_ulps_are_counted_in_other_units_only_where_the_row_says_so(row: Primitive) -> None:
    if ACCURACY["REFERENCES"][row.name].scale is not None:
        assert row.bound
    if row.bound:
        assert row.bound.split()[1].strip(";,") == "ulp"


def test_errors_are_counted_in_units_of_the_last_place() -> None:
    error = ACCURACY["error_in_ulps"]
    one = mpmath.mpf(1)
    assert error(1.0 + 3 * 2.0**-52, one) == 3.0
    assert error(1e-323, mpmath.mpf(5e-324)) == 1.0
    assert error(2.0**-60, mpmath.mpf(0), one) == 2.0**-8
    assert error(math.inf, one) == error(math.nan, one) == error(1.0, mpmath.mpf(10) ** 400) == math.inf
    assert error(math.inf, mpmath.mpf(10) ** 400) == 0.0


def test_the_command_prints_the_worst_case_of_a_row() -> None:
    run = subprocess.run(
        [sys.executable, str(COMMAND), "--points", "50", "--row", "tanh", "--row", "total"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=SECONDS,
    )
    head, tanh, total = run.stdout.splitlines()
    assert head.split()[:4] == ["row", "points", "value", "partials"]
    assert tanh.startswith("tanh ")
    assert "4 ulp" in tanh
    assert "4 ulp of |x1| + |x2|" in total


WRONG = """
import runpy, sys
from chainrule.engine import Primitive
{row}
sys.path.insert(0, {folder!r})
sys.argv = ["accuracy.py", "--points", "20", "--row", "{name}"]
runpy.run_path({command!r}, run_name="__main__")
"""


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        (
            "cube",
            "Primitive(name='cube', formula='', evaluate=lambda x: x**3, points=((1.0,),),"
            "partials=lambda x, out: (3.0 * x * x,))",
            "cube        no reference in _accuracy_references.py: not measured",
        ),
        (
            "tanh",
            "from chainrule.engine import tanh; object.__setattr__(tanh, 'evaluate', lambda x: 1.0)",
            "EXCEEDED",
        ),
    ],
)
def test_the_command_fails_for_a_wrong_row_and_for_one_it_cannot_measure(
    name: str, row: str, said: str
) -> None:
    code = WRONG.format(row=row, name=name, command=str(COMMAND), folder=str(COMMAND.parent))
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", timeout=SECONDS
    )
    assert said in run.stdout
    assert f"failed: {name}" in run.stdout
    assert run.returncode == 1
