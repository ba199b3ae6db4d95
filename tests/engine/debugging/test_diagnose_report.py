"""What diagnose tells: its report, its path, and its documentation."""

import linecache
import warnings
from pathlib import Path
from typing import Any

import pytest

from chainrule.engine import TABLE, Value, diagnose, log, record_sources, sqrt, total
from chainrule.engine import trouble as words
from chainrule.engine.debugging import diagnose as diagnosing

DOCS = Path(__file__).parents[3] / "docs" / "diagnose.md"


# -- what is told -------------------------------------------------------------------------------------


def test_the_whole_report() -> None:
    with record_sources():
        p = Value(0.0)
        surprise = -log(p)
        loss = surprise * 0.5
    line = test_the_whole_report.__code__.co_firstlineno + 3
    assert str(diagnose(loss)) == (
        "loss is inf. It starts here:\n"
        "log(p=0.0) is -inf: the logarithm of 0\n"
        f'  File "{__file__}", line {line}, in test_the_whole_report\n'
        "      surprise = -log(p)\n"
        "                  ^^^^^^\n"
        "  on the way to the root: log → surprise → loss\n"
        "  usual cure: log1p(x) for log(1 + x), a loss from logits, or clip(x, low=1e-12)"
    )


def test_the_report_of_a_derivative_says_how_to_get_the_line() -> None:
    x = Value(0.0, "x")
    report = diagnose(sqrt(x) + 1.0)
    assert str(report) == (
        "the root is 1, but a derivative of it is not finite. It starts here:\n"
        "the derivative of sqrt(x=0.0) by x is inf: a square root at 0, where its slope is infinite\n"
        "  on the way to the root: sqrt → add\n"
        "  usual cure: sqrt(x + 1e-12); for a length norm(xs) or hypot, whose slope at 0 is 0\n"
        "  its line in the source: run it again inside `with record_sources():`"
    )


def test_other_starts_are_counted() -> None:
    x = Value(0.0)
    report = diagnose(total([log(x), log(x), 1.0]))
    assert report.notes == ("1 other value of the graph became inf or nan as well",)
    report = diagnose(total([sqrt(x), sqrt(x), sqrt(x)]))
    assert report.notes == ("2 more derivatives are not finite by themselves",)


def test_the_path_leads_from_the_start_to_the_root() -> None:
    x = Value(0.0)
    start = log(x)
    values = [start]
    for _ in range(20):
        values.append(values[-1] * 0.5)
    report = diagnose(values[-1])
    assert report.path == tuple(values)
    assert "log → mul → mul → mul → (13 more) → mul → mul → mul → mul" in str(report)


def test_it_changes_nothing() -> None:
    x = Value(0.0)
    y = sqrt(x) + x
    y.backward()
    before = [(value.data, value.grad) for value in (x, y, *y.operands)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        diagnose(y)
        diagnose(log(x))
    assert [(value.data, value.grad) for value in (x, y, *y.operands)] == before


def test_a_hundred_thousand_operations() -> None:
    y = x = Value(0.0, "x")
    y = log(y)
    for _ in range(100_000):
        y = y + 1.0
    report = diagnose(y)
    assert (report.operation, len(report.path)) == ("log", 100_001)
    assert str(report).count("\n") < 8
    assert diagnose(x + 1.0).ok


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match=r"diagnose takes the Value to look at, a loss, got 2.0 \(float\)"):
        diagnose(2.0)  # type: ignore[arg-type]


def test_hostile_labels_stay_on_one_line() -> None:
    x = Value(0.0, "a\nb\u202e")
    assert diagnose(log(x)).line.startswith("log(a↵b\ufffd=0.0) is -inf")


# -- the documentation --------------------------------------------------------------------------------


def table_of_causes() -> list[str]:
    """Return the lines of the table in docs/diagnose.md."""
    causes = [
        (row.name, f"{row.name}({', '.join(f'{x:g}' for x in trouble.example)})", trouble)
        for row in TABLE.values()
        for trouble in row.troubles
    ]
    general = [diagnosing.DATA, diagnosing.PARAMETER, words.OVERFLOW, words.OUTSIDE, words.STEEP]
    general += [words.INFINITE, diagnosing.PRODUCT_OVERFLOW, words.SUM_OVERFLOW, diagnosing.EARLIER]
    rows = [
        f"| `{name}` | `{example}` | {trouble.what} | {trouble.cure} |" for name, example, trouble in causes
    ]
    return rows + [f"| any | | {trouble.what} | {trouble.cure} |" for trouble in general]


def test_the_documentation_lists_every_cause() -> None:
    lines = table_of_causes()
    assert len(lines) >= 12
    written = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert written[1:] == lines, "the table should read:\n" + "\n".join(lines)


def test_the_example_of_the_documentation_runs() -> None:
    _, _, after = DOCS.read_text(encoding="utf-8").partition("```python\n")
    program, _, rest = after.partition("```")
    shown = rest.partition("```text\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    printed: list[str] = []
    names["print"] = lambda thing: printed.append(str(thing))
    linecache.cache["train.py"] = (len(program), None, program.splitlines(True), "train.py")
    exec(compile(program, "train.py", "exec"), names)
    assert "\n".join(printed) + "\n" == shown
