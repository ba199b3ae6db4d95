"""Published worked examples of backpropagation, every number of them, computed by the engine.

data/worked-examples.json holds the cases: a network or formula, and for each quantity the exact number and
what the source prints. worked/ has an interpreter for each kind of case, which builds it from plain Values
and returns its quantities by name; here every name of the file is looked up and compared.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

Case = dict[str, Any]

HERE = Path(__file__).parent
FILE = json.loads((HERE / "data" / "worked-examples.json").read_text(encoding="utf-8"))
CASES: dict[str, Case] = {case["name"]: case for case in FILE["cases"]}
INTERPRETERS: dict[str, Callable[[Case], dict[str, float]]] = {
    # run_path because files beside a test cannot be imported in pytest's importlib mode
    **run_path(str(HERE / "worked" / "graphs.py"))["INTERPRETERS"],
    **run_path(str(HERE / "worked" / "networks.py"))["INTERPRETERS"],
}


@cache
def quantities(name: str) -> dict[str, float]:
    """Return every quantity of the case, as our engine has it."""
    case = CASES[name]
    if "same_network_as" in case:
        case = {**case, "network": CASES[case["same_network_as"]]}
    return INTERPRETERS[case["kind"]](case)


def every_expectation(**having: bool) -> list[Any]:
    return [
        pytest.param(name, expected, id=f"{name}: {expected['what']}")
        for name, case in CASES.items()
        for expected in case["expect"]
        if all(expected.get(key) == value for key, value in having.items())
    ]


@pytest.mark.parametrize("name", CASES)
def test_no_quantity_was_left_out(name: str) -> None:
    asked = [expected["what"] for expected in CASES[name]["expect"]]
    assert asked
    assert len(asked) == len(set(asked))
    assert not set(asked) - quantities(name).keys()


def test_no_case_was_left_out() -> None:
    assert len(CASES) == len(FILE["cases"]) == 21
    assert len(every_expectation()) == 247
    assert len(every_expectation(agrees=False)) == 23
    assert {case["kind"] for case in CASES.values()} == INTERPRETERS.keys()


@pytest.mark.parametrize(("name", "expected"), every_expectation())
def test_the_exact_number_comes_out(name: str, expected: dict[str, Any]) -> None:
    # 1e-9 is the file's own tolerance; abs is for the zeros in it.
    assert quantities(name)[expected["what"]] == pytest.approx(expected["exact"], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("name", "expected"), every_expectation(agrees=True))
def test_the_published_number_comes_out(name: str, expected: dict[str, Any]) -> None:
    # Half a unit of the last digit printed; for the late steps of long runs, whose last digits depend on
    # the order of additions, the file itself advises 1e-10.
    tol = max(expected["tol"], 1e-10) if "tol_advice" in expected else expected["tol"]
    assert abs(quantities(name)[expected["what"]] - float(expected["published"])) <= tol * (1.0 + 1e-9)


@pytest.mark.parametrize(("name", "expected"), every_expectation(agrees=False))
def test_a_published_number_that_is_wrong_is_not_ours(name: str, expected: dict[str, Any]) -> None:
    ours, published = quantities(name)[expected["what"]], float(expected["published"])
    assert expected["note"]
    assert abs(expected["exact"] - published) > expected["tol"]
    assert abs(ours - published) > expected["tol"]
    if "tol_single" in expected:  # printed in single precision: as near as that can be
        assert abs(ours - published) <= expected["tol_single"]
    digits = len(expected["published"].partition(".")[2])
    assert f"{ours:.{digits}f}" == f"{expected['exact']:.{digits}f}" != expected["published"]


def test_each_slip_of_the_misprint_leads_where_the_file_says() -> None:
    name = "yehoshua-two-hidden-layers-as-printed-with-its-two-slips"
    for variant, output in CASES[name]["other_variants"].items():
        assert quantities(name)[variant] == pytest.approx(output, rel=1e-9)


def test_one_sigmoid_gate_has_the_gradients_of_its_expanded_circuit() -> None:
    expanded = CASES["public-cs231n-sigmoid-neuron-expanded"]
    program = [step for step in expanded["program"] if step[0] in ("p0", "p1", "s1", "s2")]
    gate = {**expanded, "program": [*program, ["f", "sigmoid", "s2"]]}
    ours = INTERPRETERS["scalar-graph"](gate)
    for what in ("value:f", "grad:w0", "grad:x0", "grad:w1", "grad:x1", "grad:w2"):
        assert ours[what] == pytest.approx(quantities(expanded["name"])[what], rel=1e-15)
