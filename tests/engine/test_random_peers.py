"""Random graphs held against HIPS autograd; benchmarks/random_graphs.py does so with JAX and PyTorch too."""

from pathlib import Path
from runpy import run_path
from typing import Any

from hypothesis import HealthCheck, given, settings

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RANDOM_GRAPHS = run_path(str(BENCHMARKS / "random_graphs.py"))
AUTOGRAD = run_path(str(BENCHMARKS / "peers.py"))["PEERS"]["autograd"]()
ROWS = sorted(AUTOGRAD.rows)


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(RANDOM_GRAPHS["graphs"](ROWS, largest=80))
def test_every_way_to_first_and_second_derivatives_agrees_with_autograd(graph: Any) -> None:
    off = RANDOM_GRAPHS["differences"](graph, *AUTOGRAD.derivatives(graph))
    # Sums over all paths stay below 50 and 500 (LIMITS), so some eighty roundings of eps stay below 1e-11.
    assert max(off.values()) < 1e-11, f"{off}\n{graph}"


def test_a_wrong_number_is_seen() -> None:
    graph = RANDOM_GRAPHS["Graph"]((0.5,), (RANDOM_GRAPHS["Step"]("sin", (4,)),))
    value, gradient, second = AUTOGRAD.derivatives(graph)
    assert max(RANDOM_GRAPHS["differences"](graph, value, gradient, second).values()) < 1e-15
    off = RANDOM_GRAPHS["differences"](graph, value, [gradient[0] + 1e-9], [[second[0][0] - 1e-9]])
    assert {way for way, difference in off.items() if difference > 1e-10} == {*off} - {"value"}


def test_most_rows_have_a_counterpart() -> None:
    arithmetic = {"add", "sub", "neg", "mul", "div", "pow", "abs", "maximum", "minimum"}
    assert {*arithmetic, "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "dot", "total"} <= {*ROWS}
