"""All functions of a program in one text."""

import re
from typing import Any

import numpy as np
import pytest
from programs import lines, recorded, wanted_of

from chainrule.engine import dot, exp, take, tanh
from chainrule.engine.compiler import irregular
from chainrule.engine.compiler.build import grouped, lowered
from chainrule.engine.compiler.machine import Code, object_code
from chainrule.engine.compiler.module import CHUNK, REPORTED, module, report_of
from chainrule.engine.compiler.operands import Pools
from chainrule.engine.compiler.text import DOUBLE


def text_of(f: Any, *point: Any, rows: int = 0, lanes: int = 8, **options: Any) -> str:
    recording = recorded(f, *point, batched=options.get("batched", ()))
    wanted = wanted_of(recording, **options)
    program, places = lowered(recording.tape, wanted)
    assert lines(program)
    return module(grouped(program, wanted), places, [rows], lanes, False, Pools(), DOUBLE)


def functions(text: str) -> dict[str, list[str]]:
    found = {}
    for part in text.split("\ndefine ")[1:]:
        name = re.search(r"@([\w.]+)\(", part)
        assert name
        found[name[1]] = part.split("\n}\n")[0].splitlines()[1:]
    return found


def called(text: str) -> list[str]:
    return re.findall(r"call void @(?!llvm)(\w+)", "\n".join(functions(text)["run"]))


def test_what_is_computed_once_is_called_before_the_results_are_copied() -> None:
    assert called(text_of(lambda x: exp(x) * x, 1.0)) == ["part0", "copies"]


def test_samples_are_packed_computed_and_unpacked_block_by_block() -> None:
    text = text_of(lambda w, x: exp(w) * x, 0.5, 2.0, rows=1, batched=[1])
    assert called(text) == ["part0", "pack", "part1", "unpack", "copies"]
    run = "\n".join(functions(text)["run"])
    assert run.index("part0") < run.index("block:") < run.index("@pack") < run.index("br i1 %again")


def test_sums_over_the_samples_are_zeroed_first_and_followed_by_what_depends_on_them() -> None:
    text = text_of(lambda w, x: exp(w) * x, 0.5, 2.0, rows=1, batched=[1], by=[0], reduce="sum")
    assert called(text) == ["part0", "pack", "part1", "part2", "part3", "copies"]
    run = "\n".join(functions(text)["run"])
    assert run.index("memset") < run.index("block:") < run.index("last.part:") < run.index("part3")


def test_the_first_and_the_last_part_can_be_wanted_alone() -> None:
    run = functions(text_of(lambda w, x: w * x, 0.5, 2.0, rows=1, batched=[1], by=[0], reduce="sum"))["run"]
    assert "  br i1 %no.first, label %last, label %first.part" in run
    assert "  br i1 %no.last, label %end, label %last.part" in run


def test_long_programs_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(irregular, "FEWEST_STEPS", 1 << 40)  # all of it is written out

    def f(x: Any) -> Any:
        rng = np.random.default_rng(0)
        known = list(x)
        for _ in range(900):
            i, j = rng.integers(len(known), size=2)
            known.append(tanh(known[i] + known[j]) if len(known) % 3 else known[i] * known[j])
        return known[-200:]

    found = functions(text_of(f, [0.1, 0.2, 0.3]))
    parts = [body for name, body in found.items() if name.startswith("part")]
    assert len(parts) > 1
    assert all(len(body) < 2 * CHUNK for body in parts)


def test_loops_over_as_many_numbers_are_one() -> None:
    def f(x: Any) -> list[Any]:
        return [exp(number) * tanh(number) for number in x]

    (body,) = [b for name, b in functions(text_of(f, [0.1] * 64)).items() if name.startswith("part")]
    assert sum(line.startswith("loop") for line in body) == 1


def test_a_layer_is_not_joined_with_its_activation() -> None:
    def f(w: Any, x: Any) -> list[Any]:
        return [tanh(dot(w[32 * i : 32 * i + 32], x)) for i in range(64)]

    (body,) = [
        b for name, b in functions(text_of(f, [0.1] * 2048, [0.1] * 32)).items() if name.startswith("part")
    ]
    assert sum(line.startswith("loop") for line in body) >= 2


def test_indices_are_reported_beyond_all_results() -> None:
    recording = recorded(lambda x, i: take([x, x * 2.0], i), 1.0, 0)
    wanted = wanted_of(recording)
    program, _ = lowered(recording.tape, wanted)
    found = grouped(program, wanted)
    assert report_of(found) > max(found.place[found.ordered].tolist())
    assert REPORTED == 16


def test_the_text_is_a_module_whose_run_can_be_called() -> None:
    text = text_of(lambda w, x: exp(w) * x, 0.5, 2.0, rows=1, batched=[1], by=[0], reduce="mean")
    assert Code(object_code(text)).address("run")
