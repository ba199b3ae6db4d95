"""docs/compiler.md and the pages under docs/compiler: one for each module, whose code prints what it shows.

`PYTHONPATH=tests/helpers python tests/test_docs_compiler.py` writes what the code prints into the pages, and
under each the links to its neighbours.
"""

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pages import BLOCK, checked, regenerated

ROOT = Path(__file__).parents[1]
OVERVIEW, PAGES = ROOT / "docs" / "compiler.md", ROOT / "docs" / "compiler"
TESTS = ROOT / "tests" / "engine" / "compiler"
TEXT = OVERVIEW.read_text(encoding="utf-8")
MODULES = sorted({path.stem for path in (ROOT / "engine" / "compiler").glob("*.py")} - {"__init__"})
ORDER = re.findall(r"^\| \[`(\w+)`\]\(compiler/\1\.md\) \|", TEXT, flags=re.M)
"""The modules in the order in which a function passes through them, as the overview lists them."""
HEADINGS = ["What goes in", "What comes out", "Why"]


def neighbours(module: str) -> str:
    """Return the last line of a module's page."""
    at = ORDER.index(module)
    links = ["[The compiler](../compiler.md)"]
    links += [f"before: [`{name}`]({name}.md)" for name in ORDER[max(at - 1, 0) : at]]
    links += [f"next: [`{name}`]({name}.md)" for name in ORDER[at + 1 : at + 2]]
    links.append(f"[source](../../engine/compiler/{module}.py)")
    links.append(f"[tests](../../tests/engine/compiler/test_{module}.py)")
    return " · ".join(links)


def as_programs(page: str, folder: Path) -> str:
    """Return a page with what each of its blocks prints, run as main.py: so the lines of a tape are known."""

    def printed(block: re.Match[str]) -> str:
        (folder / "main.py").write_text(block[2], encoding="utf-8")
        run = [sys.executable, "-X", "utf8", "-W", "error", "main.py"]
        said = subprocess.run(run, cwd=folder, capture_output=True, check=True, encoding="utf-8").stdout
        return f"{block[1]}{said}{block[4]}"

    return BLOCK.sub(printed, page)


def test_the_overview_s_programs_print_what_it_says(tmp_path: Path) -> None:
    assert len(BLOCK.findall(TEXT)) == TEXT.count("```python") > 0
    assert as_programs(TEXT, tmp_path) == TEXT


def test_the_overview_lists_every_module_once() -> None:
    assert sorted(ORDER) == MODULES


def test_the_picture_of_the_way_has_the_modules_in_the_order_of_the_list() -> None:
    picture = TEXT.split("## The way through\n\n```text\n")[1].split("```")[0]
    shown: list[str] = []
    for line in picture.splitlines():
        names = re.split(r" {3,}", line.strip(" |"))[0].split("  ")
        shown += names if set(names) <= set(MODULES) else []
    assert shown == ORDER


def test_every_module_has_a_page_and_every_page_a_module() -> None:
    assert sorted(path.stem for path in PAGES.glob("*")) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_tests_of_its_own(module: str) -> None:
    assert (TESTS / f"test_{module}.py").is_file()
    used = rf"from chainrule\.engine\.compiler(\.{module}\b| import [^\n]*\b{module}\b)"
    assert any(re.search(used, path.read_text(encoding="utf-8")) for path in TESTS.glob("test_*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_a_page_says_what_goes_in_what_comes_out_and_why(module: str) -> None:
    page = (PAGES / f"{module}.md").read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S)
    assert page.startswith(f"# `{module}`\n\n")
    assert re.findall(r"^## (.*)", prose, flags=re.M) == HEADINGS
    for part in re.split(r"^## .*", prose, flags=re.M):
        assert len(part.split()) >= 5, part
    assert page.splitlines()[-1] == neighbours(module)


@pytest.mark.parametrize("module", MODULES)
def test_a_page_shows_what_its_code_prints(module: str) -> None:
    checked(PAGES / f"{module}.md")


@pytest.mark.parametrize("path", [OVERVIEW, *sorted(PAGES.glob("*.md"))], ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    page = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)]*)\)", page):
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.is_file(), link
        titles = re.findall(r"^#+ (.*)", target.read_text(encoding="utf-8"), flags=re.M) if anchor else [""]
        assert anchor in [title.lower().replace(" ", "-") for title in titles], link


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        OVERVIEW.write_text(as_programs(TEXT, Path(made)), encoding="utf-8")
    for name in ORDER:
        file = PAGES / f"{name}.md"
        body = re.sub(r"\n*^\[The compiler\]\(.*\Z", "", regenerated(file), flags=re.M | re.S).rstrip("\n")
        file.write_text(f"{body}\n\n{neighbours(name)}\n", encoding="utf-8")
