"""docs/notebooks.md: its blocks, as the cells of one notebook, show what it says."""

import re
from pathlib import Path

from notebooks import bundles, executed

TEXT = (Path(__file__).parents[2] / "docs" / "notebooks.md").read_text(encoding="utf-8")
CELLS = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.M | re.S)


def test_the_cells_show_what_the_page_says() -> None:
    outputs = executed(CELLS)
    assert [sorted(bundle) for bundle in bundles(outputs)] == [
        ["image/svg+xml", "text/plain"],
        ["image/svg+xml", "text/plain"],
        ["text/html", "text/plain"],
        ["image/svg+xml", "text/plain"],
    ]
    drawn, bare, stepper, both = bundles(outputs)
    assert drawn["image/svg+xml"] == bare["image/svg+xml"]
    assert bare["text/plain"].startswith("Value(")
    assert stepper["text/html"].startswith("<iframe ")
    assert both["text/plain"].startswith("<Drawing: before: Graph of 10 values; loss = 1.2886 | after: ")
    printed = re.findall(r"^```text\n(.*?)^```", TEXT, flags=re.M | re.S)
    assert [outputs[-1][0]["text"]] == printed


def test_without_graphviz_cells_say_so_and_fail_not(tmp_path: Path) -> None:
    hide = "import sys\nsys.modules['pygraphviz'] = None"
    shown = bundles(executed([hide, *CELLS], PATH=str(tmp_path)))
    assert [list(bundle) for bundle in shown] == [["text/plain"]] * 4
    for bundle in shown:
        assert "no graphviz could draw this as" in bundle["text/plain"]
