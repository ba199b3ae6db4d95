"""`show_steps` as users call it: files, notebooks, and everything that can go wrong."""

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import chainrule.viz
from chainrule.engine import Value
from chainrule.viz import RenderError, Stepper, show_steps


def example() -> Value:
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    return (a * b + a).tanh()


def chain(length: int) -> Value:
    value = Value(0.5)
    for _ in range(length - 1):
        value = value.sin()
    return value


@pytest.fixture
def nothing_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


def test_a_path_is_written_and_the_stepper_comes_back(tmp_path: Path) -> None:
    stepper = show_steps(example(), tmp_path / "steps.html")
    assert (tmp_path / "steps.html").read_text(encoding="utf-8") == stepper.html
    assert stepper.save(str(tmp_path / "again.htm")) == tmp_path / "again.htm"
    assert sorted(os.listdir(tmp_path)) == ["again.htm", "steps.html"]


def test_a_page_is_the_graph_as_it_was_when_asked_for() -> None:
    a = Value(2.0, "a")
    stepper, before = show_steps(a * 3.0), show_steps(a * 3.0).html
    a.data = 7.0
    assert stepper.html == before


def test_what_is_not_a_value_is_named() -> None:
    wrong: Any = 3.0
    with pytest.raises(TypeError) as error:
        show_steps(wrong)
    assert str(error.value) == "show_steps(root) takes one Value, a computation's result; got 3.0 (float)"


def test_wrong_choices_name_the_right_ones() -> None:
    wrong: Any = "blue"
    with pytest.raises(ValueError, match=r"^theme must be 'auto', 'light' or 'dark', got 'blue'$"):
        show_steps(example(), theme=wrong)
    with pytest.raises(ValueError, match=r"^rankdir must be 'LR' or 'TB', got 'blue'$"):
        show_steps(example(), rankdir=wrong)


def test_too_many_values_are_refused_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011  # the whole text follows
        show_steps(chain(151), tmp_path / "steps.html")
    assert str(error.value) == (
        "the graph has 151 values and show_steps takes 150: so many steps are hard to follow; step through a "
        "value deeper inside, or pass max_nodes=151"
    )
    assert os.listdir(tmp_path) == []
    assert len(show_steps(chain(151), max_nodes=151).steps.cards) == 151
    assert len(show_steps(chain(150)).steps.cards) == 150


def test_too_many_uses_of_few_values_are_refused_too() -> None:
    value = Value(1.0)
    for _ in range(20):
        value = chainrule.engine.total([value] * 100)
    with pytest.raises(
        ValueError, match=r"has 2000 uses of values and show_steps takes 1200: .*max_nodes=250$"
    ):
        show_steps(value)
    assert len(show_steps(value, max_nodes=250).steps.flows) == 2000


def test_a_long_chain_is_refused_and_not_walked_in_circles() -> None:
    with pytest.raises(ValueError, match="has 100000 values"):
        show_steps(chain(100_000))


@pytest.mark.parametrize("name", ["steps.svg", "steps", "steps.html.txt"])
def test_other_suffixes_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"^this is an HTML page, so '.*' must end in '\.html'$"):
        show_steps(example(), tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"cannot write .*: the folder .* does not exist; create it"):
        show_steps(example(), tmp_path / "missing" / "steps.html")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "folder.html"
    folder.mkdir()
    with pytest.raises(
        IsADirectoryError, match=r"it is a folder; pass a file in it, such as '.*steps\.html'"
    ):
        show_steps(example(), folder)


def test_a_read_only_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:  # what a read-only folder does, also to root
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(
        OSError, match="Read-only file system; pass a path in a folder that can be written to"
    ):
        show_steps(example()).save(tmp_path / "steps.html")


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "steps.html"
    target.write_text("old", encoding="utf-8")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(
        PermissionError, match=r"cannot write '.*steps\.html': Permission denied; pass a path"
    ):
        show_steps(example(), target)
    assert (os.listdir(tmp_path), target.read_text(encoding="utf-8")) == (["steps.html"], "old")


@pytest.mark.usefixtures("nothing_draws")
def test_without_graphviz_nothing_is_written_and_the_error_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r'no graphviz could draw .*pip install "chainrule\[viz\]"'):
        show_steps(example(), tmp_path / "steps.html")
    assert os.listdir(tmp_path) == []
    stepper = show_steps(example())  # the numbers need no graphviz
    assert stepper.steps.gradients[-1] == 1.0


# -- notebooks ------------------------------------------------------------------------------------------


def test_notebooks_get_a_frame_that_cannot_reach_them() -> None:
    stepper = show_steps(example(), height=500)
    bundle = stepper._repr_mimebundle_()
    assert sorted(bundle) == ["text/html", "text/plain"]
    assert bundle["text/plain"] == repr(stepper) == "<Stepper: L = −0.9993, forward and back in 9 steps>"
    frame = bundle["text/html"]
    assert frame == stepper._repr_html_()
    assert frame.startswith(
        '<iframe title="L = −0.9993, forward and back in 9 steps" sandbox="allow-scripts" '
    )
    assert 'height="500"' in frame
    assert frame.count("<") == frame.count(">") == 2  # everything else is inside srcdoc
    assert "<" not in frame[frame.index("srcdoc=") : frame.rindex("></iframe>")]


@pytest.mark.usefixtures("nothing_draws")
def test_a_notebook_without_graphviz_gets_text() -> None:
    stepper = show_steps(example())
    assert stepper._repr_html_() is None
    bundle = stepper._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    first, second = bundle["text/plain"].split("\n")
    assert first == repr(stepper)
    assert second.startswith("no graphviz could draw this")


def test_the_page_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stepper = show_steps(example())
    html = stepper.html
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    assert stepper.html is html


def test_the_stepper_is_public() -> None:
    assert chainrule.viz.Stepper is Stepper
    assert chainrule.viz.show_steps is show_steps
