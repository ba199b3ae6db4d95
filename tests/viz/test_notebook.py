"""Bare Values in notebooks: shown where that is cheap, never an error, and undone without a trace."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from chainrule.engine import Value
from chainrule.nn import Parameter
from chainrule.viz import disable_notebook, draw, enable_notebook


@pytest.fixture(autouse=True)
def off_afterwards() -> Iterator[None]:
    yield
    disable_notebook()


def bundle(value: Value) -> dict[str, str]:
    shown: Any = value
    found: dict[str, str] = shown._repr_mimebundle_()
    return found


def test_a_value_shows_its_graph_once_asked_to() -> None:
    value = Value(2.0, "a") * Parameter(3.0, "w")
    assert not hasattr(value, "_repr_mimebundle_")
    enable_notebook()
    found = bundle(value)
    assert found["text/plain"] == "Value(mul(2, 3) = 6, grad=0)"
    assert found["image/svg+xml"] == draw(value).svg
    ElementTree.fromstring(found["image/svg+xml"])
    disable_notebook()
    disable_notebook()
    assert not hasattr(value, "_repr_mimebundle_")


def test_leaves_are_shown_as_text() -> None:
    enable_notebook()
    assert bundle(Parameter(3.0, "w")) == {"text/plain": "Parameter(3, grad=0, label='w')"}


def test_a_large_graph_says_how_to_draw_it_and_costs_nothing() -> None:
    enable_notebook(max_nodes=10)
    value = Value(1.0)
    for _ in range(5):
        value = value + value
    assert "image/svg+xml" in bundle(value)  # 6 values, however often they are used
    looked_at: list[int] = []

    class Noticing(tuple[Value, ...]):
        def __iter__(self) -> Iterator[Value]:
            looked_at.append(len(self))
            return super().__iter__()

    value.operands = Noticing(value.operands)
    for _ in range(200_000):
        value = value + 1.0
    assert bundle(value)["text/plain"].splitlines()[1] == (
        "A graph of more than 10 values: draw(value) and show_graph(value) show it, "
        "print_graph(value) prints it."
    )
    assert looked_at == []


def test_without_graphviz_the_text_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    enable_notebook()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    shown = bundle(Value(2.0) * 3.0)
    assert list(shown) == ["text/plain"]
    assert shown["text/plain"].startswith(
        "Value(mul(2, 3) = 6, grad=0)\nNo picture: no graphviz could draw this as svg: there is no `dot` on"
    )
    assert list(draw(Value(2.0) * 3.0)._repr_mimebundle_()) == ["text/plain"]


def broken_operands() -> Value:
    value = Value(1.0) * 2.0
    value.operands = (Value(1.0), "not a value")  # type: ignore[assignment]
    return value


def without_init() -> Value:
    return Value.__new__(Value)


def without_partials() -> Value:
    value = Value(1.0) * 2.0
    del value.partials
    return value


def no_numbers() -> Value:
    value = Value(1.0, "a") * 2.0
    value.data, value.grad = "word", object()  # type: ignore[assignment]
    return value


class RudeError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def rude() -> Value:
    class Rude(Value):
        @property
        def primitive(self) -> Any:
            raise RudeError

        @primitive.setter
        def primitive(self, _: Any) -> None:
            pass

    return Rude(1.0)


@pytest.mark.parametrize("made", [broken_operands, without_init, without_partials, no_numbers, rude])
def test_a_half_built_graph_is_text_that_says_so(made: Any) -> None:
    enable_notebook()
    shown = bundle(made())
    assert list(shown) == ["text/plain"]
    assert "\nNo picture: " in shown["text/plain"]


def test_settings_that_make_no_sense_are_refused() -> None:
    for limit in (0, -1, 2.5, True, "9"):
        with pytest.raises(ValueError, match=r"enable_notebook takes max_nodes of at least 1, got "):
            enable_notebook(max_nodes=limit)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"theme must be 'auto', 'light' or 'dark', got 'blue'"):
        enable_notebook(theme="blue")  # type: ignore[arg-type]
    assert not hasattr(Value, "_repr_mimebundle_")


def test_calling_it_again_changes_the_settings() -> None:
    value = Value(1.0) + 2.0
    enable_notebook(max_nodes=2)
    assert "image/svg+xml" not in bundle(value)
    enable_notebook(theme="dark")
    assert "prefers-color-scheme" not in bundle(value)["image/svg+xml"]
    enable_notebook()
    assert "prefers-color-scheme" in bundle(value)["image/svg+xml"]
