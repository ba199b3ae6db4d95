"""The ways to draw that there are."""

import shutil
import sys

import pytest

# pygraphviz comes with the tests; a system `dot` may be there too.
RENDERERS = ["pygraphviz", "dot"] if shutil.which("dot") else ["pygraphviz"]


@pytest.fixture(params=RENDERERS)
def renderer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Leave one way of drawing only."""
    name: str = request.param
    if name == "dot":
        monkeypatch.setitem(sys.modules, "pygraphviz", None)
    else:
        monkeypatch.setenv("PATH", "")
    return name
