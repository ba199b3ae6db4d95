"""The function fit comes nearer to a function it sees through noise only."""

from pathlib import Path
from xml.etree import ElementTree

import function_fit
import pytest

PICTURES = ["error.svg", "fit.svg", "neurons.svg"]


def test_the_curve_comes_near_the_function_and_the_run_repeats() -> None:
    run = function_fit.train(40, seed=0)
    assert len(run.error) == len(run.true_error) == 41
    assert run.error[-1] < 0.1 * run.error[0]
    assert run.true_error[-1] < 0.02 < function_fit.NOISE**2  # the noise is averaged out
    assert function_fit.train(40, seed=0).error == run.error
    assert sorted(run.curves) == [0, 2, 10, 40]


def test_the_error_is_the_mean_square_of_the_differences() -> None:
    assert function_fit.mean_square([1.0, 2.0], [0.0, 4.0]) == 2.5


def test_the_script_prints_and_draws_in_its_short_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = function_fit.main(["--short", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert error < 0.1
    assert "error against the function" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == PICTURES
    for name in PICTURES:
        assert ElementTree.parse(tmp_path / name).getroot().tag.endswith("svg")
