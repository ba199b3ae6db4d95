"""The fuzzer finds nothing in the compiler as it is, and finds each fault that is planted."""

import random
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import compiler_fuzz
import pytest
from _fuzz_programs import INPUTS, Program, drawn
from compiler_fuzz import Options

from chainrule.engine import Primitive, series
from chainrule.engine.compiler import frame, operands
from chainrule.engine.compiler.arithmetic import Arithmetic
from chainrule.engine.compiler.bound import Bound
from chainrule.engine.compiler.groups import EACH
from chainrule.engine.compiler.interpreter import _Writer as Writer
from chainrule.engine.compiler.loops import Nests
from chainrule.engine.compiler.machine import object_code
from chainrule.engine.compiler.recorder import Recorder
from chainrule.engine.compiler.rounding import Running
from chainrule.engine.compiler.templates import Template, _recorded, partials_template

ENOUGH = 40
"""After how many programs that suit a fault counts as not found."""


@pytest.fixture(autouse=True)
def nothing_from_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep faulty kernels away from others, and good ones from these."""
    monkeypatch.setattr("chainrule.engine.compiler.kernel._recent", OrderedDict())


def first_difference(suits: Callable[[Program, Options], bool] = lambda program, how: True) -> str:
    """Return what is found in the first programs that suit."""
    tried = 0
    for number in range(3000):
        rng = random.Random(f"7/{number}")
        program, how = drawn(rng), compiler_fuzz.options(rng)
        how = replace(how, steps=compiler_fuzz.by_table(7, number))
        if suits(program, how):
            report, _, _ = compiler_fuzz.tried(7, number)
            tried += 1
            if report or tried == ENOUGH:
                return report
    return ""


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    reports = [compiler_fuzz.tried(7, number)[0] for number in range(8)]
    assert not any(reports)


def wrong_sign_in_a_division(patch: pytest.MonkeyPatch) -> None:
    def template(row: Primitive, known: Any, quick: bool = False) -> Template:
        if row.name != "div":
            return partials_template(row, known, quick)
        return _recorded(row, known, lambda xs, out: (1.0 / xs[1], out / xs[1]))

    patch.setattr("chainrule.engine.compiler.adjoint.partials_template", template)


def sums_not_zeroed(patch: pytest.MonkeyPatch) -> None:
    def code(text: str) -> bytes:
        kept = [line for line in text.splitlines() if "call void @llvm.memset" not in line]
        return object_code("\n".join(kept))

    patch.setattr("chainrule.engine.compiler.kernel.object_code", code)


def lanes_swapped(patch: pytest.MonkeyPatch) -> None:
    true = Nests._store

    def store(self: Nests, point: Any, result: str) -> None:
        if self.nest.phase == EACH and self.width > 1 and not self.nest.segments:
            order = ", ".join([f"i32 {lane ^ 1}" for lane in range(self.width)])
            result = self.value(
                f"shufflevector {self.type} {result}, {self.type} poison, <{self.width} x i32> <{order}>"
            )
        true(self, point, result)

    patch.setattr(Nests, "_store", store)


def a_sign_lost_in_a_fused_multiplication(patch: pytest.MonkeyPatch) -> None:
    true = Arithmetic.plus

    def plus(self: Arithmetic, total: str, sign: int, x: str, y: str) -> str:
        return true(self, total, abs(sign) if total and y else sign, x, y)

    patch.setattr(Arithmetic, "plus", plus)


def places_taken_for_regular(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(operands.Side, "regular", property(lambda self: True))


def the_last_shard_forgotten(patch: pytest.MonkeyPatch) -> None:
    true = frame.Frame.go_on_from
    patch.setattr(frame.Frame, "go_on_from", lambda self, shards: true(self, shards[:-1]))


def exact_with_fused_multiplications(patch: pytest.MonkeyPatch) -> None:
    true = Arithmetic.plus

    def plus(self: Arithmetic, total: str, sign: int, x: str, y: str) -> str:
        before, self.exact = self.exact, False
        try:
            return true(self, total, sign, x, y)
        finally:
            self.exact = before

    patch.setattr(Arithmetic, "plus", plus)


@pytest.mark.parametrize(
    "fault",
    [
        sums_not_zeroed,
        lanes_swapped,
        a_sign_lost_in_a_fused_multiplication,
        places_taken_for_regular,
    ],
)
def test_a_planted_fault_is_found(
    fault: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    report = first_difference()
    assert "compiled" in report
    assert "eager" in report


def numbers_taken_for_no_inputs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Recorder, "stand_ins_for", lambda self, inputs: None)


def series_that_end_at_a_branch(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(series.PRODUCTS, "where", lambda condition, x, y, start: series.Series([start]))


def the_second_run_of_a_bound_kernel_forgotten(patch: pytest.MonkeyPatch) -> None:
    true, runs = Bound.__call__, list[Bound]()

    def call(self: Bound) -> Any:
        runs.append(self)
        return true(self) if runs.count(self) == 1 else 0.0 * true(self)

    patch.setattr(Bound, "__call__", call)


def steps_whose_signs_are_lost(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Writer, "_signed", lambda self, entry, x: x)


def steps_in_any_order(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        "chainrule.engine.compiler.interpreter.in_runs",
        lambda read, user, shapes: shapes.argsort(kind="stable"),
    )


def sums_that_never_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("chainrule.engine.compiler.interpreter.LAST", 0)


def divides_by_an_input(program: Program) -> bool:
    return any(step.row == "div" and step.operands[1] < INPUTS for step in program.steps[-3:])


@pytest.mark.parametrize(
    ("fault", "suits"),
    [
        (wrong_sign_in_a_division, lambda program, how: divides_by_an_input(program)),
        (exact_with_fused_multiplications, lambda program, how: how.exact and not how.batched + how.indices),
        (numbers_taken_for_no_inputs, lambda program, how: program.inside == "at a number"),
        (series_that_end_at_a_branch, lambda program, how: program.inside == "series"),
        (the_second_run_of_a_bound_kernel_forgotten, lambda program, how: how.bound),
        (steps_whose_signs_are_lost, lambda program, how: how.steps),
        (steps_in_any_order, lambda program, how: how.steps),
        (sums_that_never_end, lambda program, how: how.steps),
        (the_last_shard_forgotten, lambda program, how: how.threads > 1 and not program.regular),
    ],
)
def test_a_fault_that_few_programs_meet_is_found_by_these(
    fault: Callable[[pytest.MonkeyPatch], None],
    suits: Callable[[Program, Options], bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fault(monkeypatch)
    report = first_difference(suits)
    assert "compiled" in report
    assert "eager" in report


def test_a_bound_that_says_too_little_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    true = Running.bounds
    monkeypatch.setattr(Running, "bounds", lambda self, wanted: 1e-4 * true(self, wanted))
    assert "apart, by error_bound at most" in first_difference()


def test_the_command_says_what_it_tried_and_how_often_a_difference_goes_into_its_bound(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compiler_fuzz.main(["--programs", "6", "--seed", "3"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("6 programs, each called twice, ")
    assert "none differs" in printed
    a_sign_lost_in_a_fused_multiplication(monkeypatch)
    assert compiler_fuzz.main(["--programs", "100", "--seed", "3"]) == 1
    assert capsys.readouterr().out.startswith("program ")
