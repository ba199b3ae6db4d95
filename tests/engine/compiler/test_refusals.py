"""What is refused while recording, texts read as numbers say, and the line that the error names."""

import contextlib
import copy
import json
import operator
import pickle
import pprint
import reprlib
import statistics
import struct
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value
from chainrule.engine.compiler import compile
from chainrule.engine.compiler.refusals import RecordingError, refusal, with_place

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


SEARCHED: dict[str, Callable[[Any], Any]] = {
    "a key": lambda x: {"1.0": 2.0}.get(str(x), 3.0) * x,
    "a key of a format": lambda x: {"1.0": 2.0}.get(f"{x.data:.1f}", 3.0) * x,
    "a key with more": lambda x: {"v1.0": 2.0}.get("v" + str(x), 3.0) * x,
    "a key with more behind": lambda x: {"1.0m": 2.0}.get(repr(x.item()) + "m", 3.0) * x,
    "a member of a set": lambda x: len({str(x), "1.0"}) * x,
    "what is in it": lambda x: ("nan" in str(x)) * x,
    "its sign": lambda x: x if repr(x).startswith("-") else -x,
    "its end": lambda x: x if str(x).endswith(".0") else -x,
    "where something is": lambda x: f"{x}".find(".") * x,
    "parts": lambda x: len(str(x.data).split(".")) * x,
    "stripped": lambda x: float(str(x).strip()) * x,
    "digits": lambda x: str(x).isdigit() * x,
    "bytes": lambda x: len(str(x).encode()) * x,
    "its length": lambda x: len(f"{x:.0f}") * x,
    "the length of data's": lambda x: len(str(x.data)) * x,
    "a letter": lambda x: x if str(x)[0] == "-" else -x,
    "the first letters": lambda x: ["0.7", "1.0"].index(repr(x.data)[:3]) * x,
    "each letter": lambda x: sum(c == "5" for c in str(x)) * x,
    "a digit": lambda x: int(str(x)[0]) * x,
    "lines": lambda x: len(str(x).splitlines()) * x,
    "capitals": lambda x: x if str(x).upper() == "1.0" else -x,
    "twice": lambda x: x if 2 * str(x) == "1.01.0" else -x,
    "padded": lambda x: float(str(x).zfill(9)) * x,
    "a copy": lambda x: float(copy.deepcopy([copy.copy(str(x))])[0]) * x,
    "pickled": lambda x: float(pickle.loads(pickle.dumps(str(x)))) * x,
    "replaced": lambda x: float(str(x).replace(",", ".")) * x,
}


@pytest.mark.parametrize("f", SEARCHED.values(), ids=SEARCHED)
def test_text_is_not_searched_and_is_no_key(f: Callable[[Any], Any]) -> None:
    with pytest.raises(RecordingError, match=f"{TEXT}[^\n]*\n  at .*test_refusals.py, line "):
        compile(f)(1.0)


def test_tools_that_show_a_number_cut_its_text_and_look_how_it_begins() -> None:
    shown: list[str] = []

    def f(x: Any) -> Any:
        shown.append(repr(x)[:9])
        shown.append(reprlib.repr(x))
        shown.append(pprint.pformat([x]))
        return x

    assert compile(f)(1.0) == 1.0
    text = "<recorded v0 = input 0, no number yet>"
    assert shown == ["<recorded", "<recorded v0 ...no number yet>", f"[{text}]"]


def test_texts_that_are_left_when_a_recording_is_over_are_plain_text() -> None:
    kept: list[str] = []

    def f(x: Any) -> Any:
        kept.append(str(x))
        raise ValueError(f"{x}")

    with pytest.raises(ValueError, match="recorded v0") as error:
        compile(f)(1.0)
    assert kept == [str(error.value)] == ["<recorded v0 = input 0, no number yet>"]
    assert {kept[0]: 1}[str(error.value)] == kept[0].count("input")
    again = pickle.loads(pickle.dumps(kept[0]))
    assert type(again) is str
    assert again == kept[0]


def caught(x: Any) -> Any:
    try:
        return x if x > 1.0 else -x
    except TypeError:
        return 5.0 * x


def suppressed(x: Any) -> Any:
    scale = 4.0
    with contextlib.suppress(Exception):
        scale = float(x.data)
    return scale * x


def looked_up(x: Any) -> Any:
    try:
        return {1.0: 2.0}[x.data] * x
    except (KeyError, TypeError):
        return 3.0 * x


def chosen(x: Any) -> Any:
    try:
        return [1.0, 2.0, 3.0][int(x.item())] * x
    except Exception:
        return x


def chosen_by_a_comparison(x: Any) -> Any:
    try:
        return [1.0, 2.0][x > 1.0] * x
    except TypeError:
        return x


def read(x: Any) -> Any:
    try:
        return float(str(x)) * x
    except Exception:
        return x


def tried(ask: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that does something else where `ask` raises an error."""

    def f(x: Any) -> Any:
        with contextlib.suppress(Exception):
            ask(x)
            return x
        return 3.0 * x

    return f


def in_a_thread(x: Any) -> Any:
    chosen = [3.0]

    def choose() -> None:
        with contextlib.suppress(TypeError):
            chosen[0] = 1.0 if x > 1.0 else 2.0

    thread = threading.Thread(target=choose)
    thread.start()
    thread.join()
    return chosen[0] * x


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (caught, r"a branch on a number"),
        (suppressed, r"float\(\.\.\.\) of a number"),
        (looked_up, r"looks a plain number up"),
        (chosen, r"cannot choose an element"),
        (chosen_by_a_comparison, r"cannot choose an element"),
        (read, r"the text of a number"),
        (in_a_thread, r"a branch on a number"),
        (tried(lambda x: struct.pack("d", x.data)), r"float\(\.\.\.\) of a number"),
        (
            tried(lambda x: operator.mod("%.3f", x.data)),
            r"float\(\.\.\.\) of .* in a text f\"{x:\.3f}\" and not %\.3f",
        ),
        (tried(lambda x: [1.0] * round(x.data)), r"\[1\.0\] \(list\) times a number"),
        (tried(lambda x: [1.0][round(x.data)]), r"cannot choose an element"),
        (tried(lambda x: round(x.data) & 1), r"the bits of a number"),
        (tried(lambda x: Value(x.data)), r"Value\(\.\.\.\) would freeze"),
        (tried(pickle.dumps), r"a number that compile records cannot be pickled"),
        (tried(lambda x: setattr(x, "data", 2.0)), r"assigning to \.data"),
        (tried(lambda x: setattr(x, "grad", 2.0)), r"assigning to \.grad .* kernel\.value_and_grad"),
        (tried(lambda x: x.grad), r"a gradient is not known"),
        (tried(lambda x: (x * x).partials), r"partials are not known"),
        (tried(lambda x: (x * x).backward()), r"backward\(\) cannot run"),
        (tried(lambda x: (x * x).zero_grad()), r"zero_grad\(\) looks at numbers"),
        (tried(lambda x: x.register_hook(print)), r"machine code calls no hooks"),
        (tried(lambda x: x.break_when(when="nan")), r"machine code stops nowhere"),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_a_refusal_that_the_function_catches_ends_its_recording_all_the_same(
    f: Callable[[Any], Any], message: str
) -> None:
    way = r"\(it was caught on the way; what was done in its place would be done at every call\)"
    given = rf"{message}.* {way}\n  at .*test_refusals.py, line "
    with pytest.raises(RecordingError, match=given):
        compile(f)(1.0)


@pytest.mark.parametrize(
    "ask", [float, int, operator.index, lambda x: [1.0, 2.0][x], lambda x: [1.0, 2.0][x.data]]
)
def test_what_is_refused_on_values_too_may_be_caught(ask: Callable[[Any], Any]) -> None:
    def f(x: Any) -> Any:
        try:
            return ask(x) * x
        except TypeError:
            return 5.0 * x

    assert f(Value(2.0)).item() == compile(f)(2.0) == 10.0


def test_where_a_library_raises_its_own_error_the_refusal_is_the_one_that_is_raised() -> None:
    with pytest.raises(
        RecordingError, match=r"float\(.*\n  at .*test_refusals.py, line \d+: .*pack"
    ) as refused:
        compile(lambda x: struct.pack("d", x.data))(1.0)
    assert isinstance(refused.value.__cause__, struct.error)


NOTED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a text put together": (lambda x: float(f"{x}e0"), "does not have the number in it"),
    "json of a text put together": (lambda x: json.loads(f"[{x}]"), "does not have the number in it"),
    "json": (lambda x: json.dumps([x.data]), "write what the kernel returns"),
    "rows of an array": (lambda x: np.arange(3.0)[np.array([x > 1.0])], r"take\(rows, i\)"),
    "np.linalg": (lambda x: np.linalg.solve(np.array([[x]]), [1.0]), "NumPy has this for floats alone"),
    "np.isnan": (lambda x: np.isnan(x), "x != x says which are nan"),
}


@pytest.mark.parametrize(("f", "note"), NOTED.values(), ids=NOTED)
def test_errors_of_libraries_that_come_of_it_say_so(f: Callable[[Any], Any], note: str) -> None:
    with pytest.raises((ValueError, TypeError, IndexError)) as raised:
        compile(f)(1.0)
    assert not isinstance(raised.value, RecordingError)
    assert note.replace("\\", "") in raised.value.__notes__[0]


def test_a_stand_in_of_a_recording_that_is_over_changes_nothing_of_it() -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append(x.data)
        return 2.0 * x

    kernel = compile(f)
    assert kernel(1.0) == 2.0
    for use in (lambda y: y + Value(3.0), float, bool, hash, lambda y: y.grad):
        with pytest.raises(RecordingError, match="a recording that is over"):
            use(kept[0])
    assert kernel(3.0) == 6.0


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
