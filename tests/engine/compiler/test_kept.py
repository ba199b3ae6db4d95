"""A kernel keeps so many recordings, keeps no module alive, and says so where it makes ever more of them."""

import gc
import warnings
import weakref
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from chainrule.engine import RecordingWarning, Value
from chainrule.engine.compiler import compile, kept
from chainrule.engine.compiler.kept import MANY, MOST_VARIANTS, Arguments
from chainrule.engine.compiler.looks import MOST_LOOKS
from chainrule.nn import MLP, Module, Parameter


class Counting(Module):
    def __init__(self) -> None:
        self.w, self.calls, self.history = Parameter(2.0), 0, [0.0]

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return self.w * x


def scaled(model: Any, x: Any) -> Any:
    return model.w * x


def warned(call: Callable[[int], Any], times: int) -> list[warnings.WarningMessage]:
    """Return the warnings of a number of calls."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        for k in range(times):
            call(k)
    return found


def test_a_module_that_counts_its_calls_is_warned_of_once_at_the_line_of_the_call() -> None:
    model = Counting()
    kernel = compile(lambda model, x: model(x))
    (warning,) = warned(lambda k: kernel(model, float(k)), 12)  # this line
    assert (warning.category, warning.filename) == (RecordingWarning, __file__)
    assert "this line" in Path(__file__).read_text(encoding="utf-8").splitlines()[warning.lineno - 1]
    text = str(warning.message)
    assert f"<lambda> was recorded {MANY['setting']} times, because its arguments differ: model.calls" in text
    assert "model.calls was 6 and is 7. Recording runs the function in Python and has taken 0.0" in text
    assert f"of more than {MOST_VARIANTS} recordings the one used least recently is made again" in text
    assert text.endswith(
        "keep what changes from call to call out of the arguments, or make it a number among them, or a "
        "Value, which is read at every call"
    )
    assert model.calls == 12  # as on Values, if slower


def test_what_grows_is_warned_of_and_what_comes_back_is_not() -> None:
    model = Counting()
    kernel = compile(scaled)

    def growing(k: int) -> None:
        kernel(model, 1.0)
        model.history.append(0.0)

    (warning,) = warned(growing, 10)
    assert "model.history was a list of 7 and is a list of 8" in str(warning.message)

    def back_and_forth(k: int) -> None:
        other.history[0] = float(k % 5)
        kernel(other, 1.0)

    other = Counting()
    assert warned(back_and_forth, 30) == []


def test_a_number_among_the_arguments_or_a_value_is_the_way_out() -> None:
    model = Counting()
    step = vars(model)["step"] = Value(0.0)

    def call(k: int) -> None:
        step.data = float(k)
        assert kernel(model, 3.0, k) == 2.0 * 3.0 + 2 * k

    kernel = compile(lambda model, x, k: model.w * x + model.step + k)
    assert warned(call, 30) == []
    assert len(kernel.variants) == 1


def test_many_lengths_are_warned_of_later() -> None:
    kernel = compile(sum)
    (warning,) = warned(lambda k: kernel([1.0] * (k + 1)), MANY["shape"] + 5)
    text = str(warning.message)
    assert f"sum was recorded {MANY['shape']} times" in text
    assert "was a list of 63 and is a list of 64." in text
    assert text.endswith("To record once, bring the arguments to a few lengths, by padding say")


def test_of_many_recordings_those_used_least_recently_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_VARIANTS", 4)
    kernel = compile(lambda x: x.sum())
    first, others = np.ones(1), [np.ones(k) for k in range(2, 9)]
    kernel(first)
    for other in others:
        assert kernel(other) == len(other)
        assert kernel(first) == 1.0
    assert [len(variant.recording.inputs[0]) for variant in kernel.variants] == [6, 7, 8, 1]
    assert kernel(np.ones(2)) == 2.0  # made again
    assert [len(variant.recording.inputs[0]) for variant in kernel.variants] == [7, 8, 1, 2]


def test_modules_that_are_gone_are_not_kept() -> None:
    kernel = compile(lambda model, x: model(x))
    seen = []

    def call(seed: int) -> None:
        model = MLP(2, [2, 1], seed=seed)
        seen.append(weakref.ref(model))
        assert kernel(model, [0.5, 1.0]) == pytest.approx(model([0.5, 1.0]).data, rel=1e-14)

    (warning,) = warned(call, MANY["object"] + 5)
    gc.collect()
    assert [reference() is not None for reference in seen] == [False] * (len(seen) - 1) + [True]
    assert len(kernel.variants) == 1
    assert "model was one module and is another MLP" in str(warning.message)
    assert str(warning.message).endswith(
        "call it with the same object, whose numbers may change, or compile once for each"
    )
    assert len(kernel._looks._known) <= MOST_LOOKS


class Pair(NamedTuple):
    model: Any
    x: Any


HOLDERS: dict[str, Callable[[Any], Any]] = {
    "a dictionary": lambda model: {"model": model, "x": [0.5, 1.0]},
    "one that makes what is missing": lambda model: defaultdict(list, {"model": model, "x": [0.5, 1.0]}),
    "nested": lambda model: {"model": model, "all": [(model, {"again": model}), 3.0], "x": [0.5, 1.0]},
    "a tuple": lambda model: ("a text", model, [0.5, 1.0]),
    "a named tuple": lambda model: Pair(model, [0.5, 1.0]),
}


@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
def test_modules_in_lists_and_dictionaries_that_are_gone_are_not_kept(hold: Callable[[Any], Any]) -> None:
    def f(held: Any) -> Any:
        if isinstance(held, dict):
            assert type(held) is not defaultdict or held["missing"] == []
            return held["model"](held["x"])
        return held[-2](held[-1])

    kernel, seen = compile(f), []
    for seed in range(4):
        model = MLP(2, [2, 1], seed=seed)
        seen.append(weakref.ref(model))
        assert kernel(hold(model)) == pytest.approx(model([0.5, 1.0]).data, rel=1e-14)
    del model
    gc.collect()
    assert [reference() is not None for reference in seen] == [False] * 3 + [True]
    assert len(kernel.variants) == 1
    assert "outside 0" in str(kernel.tape)  # f runs again, with the module of the last call
    variant = kernel.variants[0]
    kernel([[1.0], lambda x: x[0], [2.0]])
    gc.collect()
    with pytest.raises(RuntimeError, match="the module that this was recorded with is gone"):
        _ = variant.tape


def test_containers_without_modules_are_given_as_they_are() -> None:
    plain = {"a": [1.0, {"b": (2.0, None)}]}
    assert Arguments([plain], [])("f")[0] is plain


def test_more_modules_than_there_are_looks_at() -> None:
    models = [MLP(2, [1], seed=seed) for seed in range(MOST_LOOKS + 8)]
    kernel = compile(lambda model, x: model(x))
    for _ in range(2):
        for model in models:
            assert kernel(model, [0.5, 1.0]) == model([0.5, 1.0]).data
    assert len(kernel.variants) == len(models)
    assert len(kernel._looks._known) <= MOST_LOOKS


def test_what_was_recorded_for_the_last_call_can_be_looked_at_even_if_nobody_has_the_module() -> None:
    kernel = compile(lambda model, x: model(x))
    kernel(MLP(2, [1], seed=1), [0.5, 1.0])
    gc.collect()
    assert "mul" in str(kernel.tape) or "dot" in str(kernel.tape)
    (variant,) = kernel.variants
    kernel(MLP(2, [1], seed=2), [0.5, 1.0])
    gc.collect()
    assert kernel.variants != [variant]
    with pytest.raises(RuntimeError, match="the module that this was recorded with is gone; call the kernel"):
        _ = variant.tape
    assert variant.stats.nodes > 0


def test_a_module_in_the_place_of_one_that_is_gone_is_another_one() -> None:
    around: list[Any] = [Counting()]
    kernel = compile(lambda model, x: model.w * x + around[0].w)
    kernel(around[0], 1.0)
    for number in range(5):
        model = Counting()  # where the one before was, as a rule
        model.w.data = float(number)
        assert kernel(model, 10.0) == 10.0 * number + 2.0
        del model


def test_a_module_with_slots_is_kept() -> None:
    class Slotted:
        __slots__ = ("w",)

        def __init__(self) -> None:
            self.w = Parameter(3.0)

        def parameters(self) -> list[Any]:
            return [self.w]

    kernel = compile(scaled)
    assert kernel(Slotted(), 2.0) == 6.0
    assert kernel(Slotted(), 2.0) == 6.0
    assert len(kernel.variants) == 2
    assert len(Arguments([Slotted(), 1.0], [0])("a test")) == 2


def test_threads_that_make_room_for_each_other_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_VARIANTS", 1)
    kernel = compile(lambda x: x.sum())
    assert [kernel(np.ones(k)) for k in (1, 2, 1, 2)] == [1.0, 2.0, 1.0, 2.0]
    kernel._kept.use("what another thread has forgotten")
    assert len(kernel.variants) == 1
