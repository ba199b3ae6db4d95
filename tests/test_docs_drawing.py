"""docs/drawing.md and the README: their code draws the pictures they show.

`python tests/test_docs_drawing.py` draws them anew, and writes what the page's code prints into the page.
"""

import contextlib
import hashlib
import io
import re
import shutil
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from chainrule.viz.render import render

ROOT = Path(__file__).parent.parent
PAGE, README = ROOT / "docs" / "drawing.md", ROOT / "README.md"
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", flags=re.M | re.S)
SHOWN = re.compile(r"!\[[^]]*\]\(([^)]*\.svg)\)")

_LETTERS = (
    "abcdefghijklm",
    "nopqrstuvwxyz",
    "ABCDEFGHIJKLM",
    "NOPQRSTUVWXYZ",
    "0123456789",
    ".,…−·×÷Σ′²()[]",
)
CALIBRATION = "digraph {{ node [shape=plain fontname=Helvetica] a [label=<<TABLE>{}</TABLE>>] }}".format(
    "".join(
        f'<TR><TD><FONT POINT-SIZE="{size}">{letters}</FONT></TD><TD><B>{letters}</B></TD></TR>'
        for size in (9, 9.5, 10.5, 11, 12)
        for letters in _LETTERS
    )
)
"""What an engine makes of this says how wide and high it takes letters to be."""
ENGINE = "68dcb7296de661c6"
"""The engine that drew the pictures, by what it made of that: `dot` 2.43.0 with Nimbus Sans for Helvetica."""


def engine() -> str:
    """Return what tells the engine here from others: another version or other fonts draw other bytes."""
    drawn = re.sub(rb"<!--.*?-->", b"", render(CALIBRATION, "svg"), flags=re.S)
    return hashlib.sha256(drawn).hexdigest()[:16]


def run(text: str, folder: Path) -> list[tuple[str, str]]:
    """Run the blocks of a page, each going on from those before; return what they print and what is shown."""
    names: dict[str, object] = {"__name__": "__main__"}
    printed = []
    with contextlib.chdir(folder):
        for code, shown in BLOCK.findall(text):
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                exec(compile(code, "page", "exec"), names)
            printed.append((said.getvalue(), shown))
    return printed


def drawing_blocks(readme: str) -> str:
    """Return those blocks of the README that draw; test_readme.py runs the others too."""
    return "".join([f"```python\n{code}```\n" for code, _ in BLOCK.findall(readme) if ".svg" in code])


def texts(svg: str) -> list[str]:
    """Return what a picture says: the part that does not depend on the engine."""
    root = ElementTree.fromstring(svg)
    return sorted("".join(element.itertext()) for element in root.iter() if element.tag.endswith("}text"))


@pytest.fixture(scope="module", params=[PAGE, README], ids=["docs/drawing.md", "README.md"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A page, and the folder its code has run in."""
    source: Path = request.param
    folder = tmp_path_factory.mktemp("page")
    text = source.read_text(encoding="utf-8")
    printed = run(drawing_blocks(text) if source == README else text, folder)
    assert [said for said, _ in printed] == [shown for _, shown in printed]
    return source, folder


def test_the_code_draws_the_pictures_that_are_shown(page: tuple[Path, Path]) -> None:
    source, folder = page
    shown = [source.parent / name for name in SHOWN.findall(source.read_text(encoding="utf-8"))]
    assert shown
    assert {path.name for path in shown} == {path.name for path in folder.glob("*.svg")}
    same_engine = engine() == ENGINE
    for path in shown:
        kept, drawn = path.read_text(encoding="utf-8"), (folder / path.name).read_text(encoding="utf-8")
        assert texts(drawn) == texts(kept), path.name
        assert not same_engine or drawn == kept, f"{path.name}: by the engine that drew it, to the last byte"


def write_anew() -> None:
    """Draw all pictures, and write what the code of the page prints into it."""
    with tempfile.TemporaryDirectory() as folder:
        text = PAGE.read_text(encoding="utf-8")
        for said, shown in run(text, Path(folder)):
            text = text.replace(shown, said) if shown else text
        PAGE.write_text(text, encoding="utf-8")
        run(drawing_blocks(README.read_text(encoding="utf-8")), Path(folder))
        for source in (PAGE, README):
            for name in SHOWN.findall(source.read_text(encoding="utf-8")):
                shutil.copy(Path(folder) / Path(name).name, source.parent / name)
    print(f'ENGINE = "{engine()}"')


if __name__ == "__main__":
    write_anew()
