"""What is refused while recording, texts read as numbers say, and the line that the error names."""

import copy
import statistics
from collections.abc import Callable
from typing import Any

import pytest

from chainrule.engine.compiler import compile
from chainrule.engine.compiler.refusals import RecordingError, Text, refusal, with_place

TEXT = r"the text of a number that compile records does not have the number in it: .* where\(x == y, \.\.\.\)"

READ: dict[str, Callable[[Any], Any]] = {
    "float of str": lambda x: float(str(x)) * x,
    "float of a format": lambda x: float(f"{x:.3f}") * x,
    "float of repr": lambda x: float(repr(x.data)) * x,
    "int": lambda x: int(f"{x:.0f}") * x,
    "==": lambda x: x if f"{x:.1f}" == "1.0" else -x,
    "!=": lambda x: x if str(x) != "1.0" else -x,
    "in": lambda x: x if format(x, ".1f") in ["1.0"] else -x,
    "sorted": lambda x: sorted([x, -x], key=repr)[0],
    "min": lambda x: min(x, -x, key=str),
    "sorted the other way": lambda x: sorted([x, -x], key=str, reverse=True)[0],
    "<=": lambda x: x if str(x) <= "1" else -x,
    ">=": lambda x: x if str(x) >= "1" else -x,
    ">": lambda x: x if str(x) > "1" else -x,
    "of a comparison": lambda x: x if str(x > 0.0) == "True" else -x,
}


@pytest.mark.parametrize("f", READ.values(), ids=READ)
def test_text_is_not_read_as_a_number(f: Callable[[Any], Any]) -> None:
    with pytest.raises(RecordingError, match=TEXT):
        compile(f)(1.0)


def test_print_inside_shows_once_that_there_is_no_number_yet(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x: Any) -> Any:
        y = 2.0 * x
        print("y is", y, f"or {y:.3f}")
        return y

    kernel = compile(f)
    assert [kernel(1.0), kernel(2.0)] == [2.0, 4.0]
    text = "<recorded v2 = mul(v1, v0), no number yet>"
    assert capsys.readouterr().out == f"y is {text} or {text}\n"


def test_text_may_be_cut_looked_up_and_put_together_as_debuggers_do() -> None:
    text = Text("abc")
    assert (len(text), hash(text)) == (3, hash("abc"))
    assert (text[:2], text + "d") == ("ab", "abcd")


def test_a_refusal_names_what_was_asked() -> None:
    class Asked:
        def unknown_to(self, what: str) -> RecordingError:
            return RecordingError(f"{what} is refused")

        ask = refusal("ask()")

    with pytest.raises(RecordingError, match=r"^ask\(\) is refused$"):
        Asked().ask(1, more=2)


def test_the_error_names_the_line_that_asked() -> None:
    def helper(y: Any) -> Any:
        return float(y)  # here

    def f(x: Any) -> Any:
        return helper(copy.copy(x))

    with pytest.raises(RecordingError) as caught:
        compile(f)(1.0)
    first, place = str(caught.value).splitlines()
    assert first.startswith("float(...) of a number that compile records would freeze it")
    assert place == f"  at {__file__}, line {helper.__code__.co_firstlineno + 1}: return float(y)  # here"


def test_where_only_a_library_s_line_is_known_it_is_that_one() -> None:
    with pytest.raises(RecordingError, match=r"\n  at .*statistics.py, line \d+: "):
        compile(statistics.fmean)([1.0, 2.0])


def test_an_error_from_nowhere_stays_as_it_is() -> None:
    error = RecordingError("no traceback")
    assert str(with_place(error)) == "no traceback"
