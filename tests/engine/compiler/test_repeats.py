"""Loops over time are found on the recording, and computed as loops."""

import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from chainrule.engine import dot, tanh, total, value_and_grad
from chainrule.engine.compiler import build, compile
from chainrule.engine.compiler.groups import Placed
from chainrule.engine.compiler.program import Program
from chainrule.engine.compiler.repeats import WINDOW, WINDOWS, Run, repeats


def runs_of(f: Callable[..., Any], xs: Sequence[float], monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """Return the loops over time that the gradient of `f` is compiled to, after comparing it with eager."""
    made: list[Placed] = []
    grouped = build.grouped

    def watched(program: Program, wanted: build.Wanted) -> Placed:
        made.append(grouped(program, wanted))
        return made[-1]

    monkeypatch.setattr(build, "grouped", watched)
    compiled = compile(f)
    for scale in (1.0, 0.75):  # the second call sees what the first one left
        at = [scale * x for x in xs]
        value, gradient = compiled.value_and_grad(at)
        expected, by = value_and_grad(f)(at)
        assert value == pytest.approx(expected, rel=1e-12)
        assert gradient == pytest.approx(by, rel=1e-11, abs=1e-13)
        value, gradient = compile(f, exact=True).value_and_grad(at)
        assert (value, gradient) == (expected, by)
    return made[0].runs


def chain(p: Sequence[Any]) -> Any:
    x, a, b = p
    for _ in range(300):
        x = x.sin() * a + b
    return x


def test_a_chain_becomes_one_loop_forward_and_one_back(monkeypatch: pytest.MonkeyPatch) -> None:
    forward, back = runs_of(chain, [0.3, 0.9, 0.2], monkeypatch)
    assert (forward.period, back.period) == (3, 2)
    assert min(forward.rounds, back.rounds) > 290


def test_the_text_of_a_chain_does_not_grow_with_it() -> None:
    def links(count: int) -> int:
        def f(x: Any) -> Any:
            for _ in range(count):
                x = (x * 0.5 + 1.0).cos()
            return x

        compiled = compile(f)
        compiled.value_and_grad(0.5)
        return compiled.ir.count("\n")

    assert links(2000) < links(200) + 20


def network(p: Sequence[Any]) -> Any:
    state = [x * 0.5 for x in p[:9]]
    for step in range(40):
        state = [
            tanh(dot(state, [p[(i * j) % 9] for j in range(9)], p[9] * math.sin(step))) for i in range(9)
        ]
    return total(state)


def test_a_recurrent_network_becomes_a_loop_over_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = runs_of(network, [0.1 * i - 0.4 for i in range(10)], monkeypatch)
    assert max(run.rounds for run in runs) > 30


def several(p: Sequence[Any]) -> Any:
    """A recurrence of twelve sequences of two numbers: a group has two loops, the longer one innermost."""
    states = [[p[0] * (0.1 * s), p[1] - 0.05 * s] for s in range(12)]
    for _ in range(20):
        states = [[tanh(a * p[2] + b * p[3]), tanh(b * p[4] + a * p[5])] for a, b in states]
    return total([x * y for x, y in states])


def test_sequences_side_by_side_are_laid_out_for_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = runs_of(several, [0.5, -0.25, 0.75, 0.25, -0.5, 1.0], monkeypatch)
    assert max(run.rounds for run in runs) >= 15


def reading(choose: Callable[[int, random.Random], int], width: int) -> Callable[[Sequence[Any]], Any]:
    """Return a recurrence of `width` numbers, which reads another of its inputs at every step."""

    def f(p: Sequence[Any]) -> Any:
        rng = random.Random(3)
        state = [p[0] * (1.0 + i) for i in range(width)]
        for step in range(60):
            state = [tanh(s * 0.5 + p[choose(step, rng)]) for s in state]
        return total(state)

    return f


@pytest.mark.parametrize("width", [1, 3, 9, 20])
@pytest.mark.parametrize(
    "choose",
    [
        lambda step, rng: 1 + step % 11,  # by a rule, which starts anew
        lambda step, rng: rng.randrange(12),  # by no rule
        lambda step, rng: step // 5,  # by steps
    ],
)
def test_places_that_do_not_move_evenly_are_looked_up(
    choose: Callable[[int, random.Random], int], width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_of(reading(choose, width), [0.05 * i - 0.3 for i in range(12)], monkeypatch)


@pytest.mark.parametrize("terms", [2, 12])
def test_sums_of_scattered_terms_are_looked_up_in_every_round(
    terms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(1)
    reads = [[[rng.randrange(10) for _ in range(terms)] for _ in range(10)] for _ in range(18)]

    def f(p: Sequence[Any]) -> Any:
        state = list(p)
        for step in reads:
            state = [tanh(total([0.2 * state[j] * p[-1] for j in row])) for row in step]
        return total(state)

    runs_of(f, [0.1 * i - 0.45 for i in range(10)], monkeypatch)


@pytest.mark.parametrize("terms", [1, 5])
def test_inputs_drawn_anew_for_every_number_of_every_round_are_looked_up(
    terms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(1)
    reads = [[[rng.randrange(1, 12) for _ in range(terms)] for _ in range(9)] for _ in range(20)]

    def f(p: Sequence[Any]) -> Any:
        state = [p[0] * (1.0 + i) for i in range(9)]
        for step in reads:
            state = [
                tanh(s * 0.5 + dot([p[j] for j in row], state[:terms]))
                for s, row in zip(state, step, strict=True)
            ]
        return total(state)

    runs = runs_of(f, [0.05 * i - 0.3 for i in range(12)], monkeypatch)
    assert max(run.rounds for run in runs) >= 16


def test_inputs_scattered_alike_but_elsewhere_in_every_round_are_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(1)
    starts, offsets = [rng.randrange(6) for _ in range(20)], [0, 3, 1, 5, 2]

    def f(p: Sequence[Any]) -> Any:
        state = [p[0] * (1.0 + i) for i in range(5)]
        for start in starts:
            inputs = [p[start + offset] for offset in offsets]
            mixed = dot(inputs, state) * 0.25
            state = [tanh(s * 0.5 + mixed + x) for s, x in zip(state, inputs, strict=True)]
        return total(state)

    runs = runs_of(f, [0.05 * i - 0.3 for i in range(12)], monkeypatch)
    assert max(run.rounds for run in runs) >= 16


def test_a_loop_inside_a_batch_keeps_samples_apart() -> None:
    def f(p: Sequence[Any], row: Sequence[Any]) -> Any:
        x = p[0] * row[0]
        for step in range(50):
            x = (x * p[1] + row[step % 3] * 0.1).sin()
        return x * p[2]

    rng = random.Random(2)
    rows = [[rng.uniform(-1.0, 1.0) for _ in range(3)] for _ in range(19)]
    compiled = compile(f, argnums=(0, 1), batch=1, reduce="sum")
    for scale in (1.0, -0.5):
        p = [scale, 0.75 * scale, 1.25]
        value, (by_p, by_rows) = compiled.value_and_grad(p, rows)
        runs = [value_and_grad(f, argnums=(0, 1))(p, row) for row in rows]
        assert value == pytest.approx(sum(run[0] for run in runs), rel=1e-12)
        np.testing.assert_allclose(by_p, np.sum([run[1][0] for run in runs], axis=0), rtol=1e-11)
        np.testing.assert_allclose(by_rows, [run[1][1] for run in runs], rtol=1e-11, atol=1e-14)


def decay(p: Sequence[Any], row: Sequence[Any]) -> Any:
    x = row[0]
    for shock in row[1:]:
        x = x * p[0] + shock * p[1]
    return x * x


def oscillation(p: Sequence[Any], row: Sequence[Any]) -> Any:
    x, v, path = row[0], p[2], []
    for force in row[1:]:
        x, v = x + v * 0.1, v - x * p[0] * 0.1 + force * p[1]
        path.append(x)
    return dot(path, path)


def two_rounds_back(p: Sequence[Any], row: Sequence[Any]) -> Any:
    path = [row[0], row[1]]
    for shock in row[2:]:
        path.append(path[-1] * p[0] + path[-2] * p[1] - shock)
    return path[-1] * p[2] + path[-3]


@pytest.mark.parametrize("f", [decay, oscillation, two_rounds_back])
@pytest.mark.parametrize("samples", [2, 33])
def test_what_a_round_hands_on_to_the_next_is_each_sample_s_own(f: Callable[..., Any], samples: int) -> None:
    rng = np.random.default_rng(samples)
    kernels = [compile(f, argnums=(0, 1), batch=1, exact=exact) for exact in (False, True)]
    for scale in (0.5, -0.25):
        p, rows = [scale, 0.75, 1.25], rng.uniform(-1.0, 1.0, (samples, 41))
        expected = [value_and_grad(f, argnums=(0, 1))(p, row) for row in rows.tolist()]
        for kernel, exact in zip(kernels, (False, True), strict=True):
            values, (by_p, by_rows) = kernel.value_and_grad(p, rows)
            for found, of_samples in (
                (values, [v for v, _ in expected]),
                (by_rows, [d[1] for _, d in expected]),
            ):
                assert not exact or found.tolist() == of_samples
                np.testing.assert_allclose(found, of_samples, rtol=1e-10, atol=1e-14)
            np.testing.assert_allclose(by_p, np.sum([d[0] for _, d in expected], axis=0), rtol=1e-10)


@pytest.mark.parametrize("late", [1, 2, 3])
def test_what_is_read_rounds_later_is_kept_in_memory(late: int) -> None:
    def delayed(p: Sequence[Any], row: Sequence[Any]) -> Any:
        x, held = row[0], list(row[1 : late + 1])
        for shock in row[late + 1 :]:
            x = x * p[0] + held[0] * p[1]
            held = [*held[1:], held[-1] * p[2] + shock]
        return x

    rows = np.random.default_rng(late).uniform(-1.0, 1.0, (33, 41))
    p = [0.5, 0.75, -0.25]
    expected = [delayed(p, row) for row in rows.tolist()]
    assert compile(delayed, argnums=(), batch=1, exact=True)(p, rows).tolist() == expected
    np.testing.assert_allclose(compile(delayed, argnums=(), batch=1)(p, rows), expected, rtol=1e-12)


def test_a_chain_of_sums_for_samples_keeps_its_state_out_of_memory() -> None:
    kernel = compile(decay, argnums=(), batch=1)
    rows = np.random.default_rng(0).uniform(-1.0, 1.0, (40, 41))
    expected = [decay([0.5, 2.0], row) for row in rows.tolist()]
    np.testing.assert_allclose(kernel([0.5, 2.0], rows), expected, rtol=1e-12)
    loops = [part for part in kernel.ir.split("br label %loop") if "phi <8 x double>" in part]
    assert len(loops) == 1
    inside = loops[0].split("br i1")[0]
    assert inside.count("phi <8 x double>") == 4
    assert "store" not in inside
    assert inside.count("load <8 x double>") == 4  # the shocks


def run_of(tags: list[int], places: list[int]) -> list[Run]:
    n = len(tags)
    kinds = np.array(tags, np.int64)
    return repeats(kinds, np.arange(n + 1), np.array(places, np.int32)[:, None], kinds)


def test_a_run_ends_where_its_step_changes() -> None:
    places = [*range(20), *range(100, 160, 3)]
    assert run_of([0] * 40, places) == [Run(0, 1, 20), Run(20, 1, 20)]


def test_a_period_is_that_of_the_places_too() -> None:
    assert run_of([0] * 40, [0, 7] * 20) == [Run(0, 2, 20)]


def test_what_repeats_in_kind_alone_is_a_run_where_it_is_long() -> None:
    rng = random.Random(0)
    places = [rng.randrange(1000) for _ in range(60)]
    assert run_of([0, 1, 2] * 20, places) == [Run(0, 3, 20)]
    assert run_of([0, 1, 2] * 5, places[:15]) == []


def test_the_period_of_a_long_program_is_found_in_parts_of_it() -> None:
    n = 3 * (WINDOWS * WINDOW)
    assert run_of([0, 1, 2] * (n // 3), list(range(n))) == [Run(0, 3, n // 3)]


def test_a_period_longer_than_those_parts_is_found_too() -> None:
    period = WINDOW + 3
    tags = random.Random(2).sample(range(period), period) * 5
    assert len(tags) > WINDOWS * WINDOW
    assert run_of(tags, list(range(len(tags)))) == [Run(0, period, 5)]


def test_few_groups_stay_as_they_are() -> None:
    assert run_of([0] * 7, list(range(7))) == []
    assert run_of(list(range(40)), list(range(40))) == []


def test_runs_do_not_overlap() -> None:
    rng = random.Random(4)
    for _ in range(200):
        tags = [rng.randrange(2) for _ in range(5)] * rng.randint(1, 8) + [0] * rng.randint(0, 30)
        places = np.cumsum([rng.choice([1, 1, 1, 2]) for _ in tags]).tolist()
        runs = run_of(tags, places)
        for before, after in pairwise(runs):
            assert before.end <= after.start
        for run in runs:
            assert run.rounds >= 4
            assert run.end <= len(tags)
            kinds = np.array(tags[run.start : run.end]).reshape(run.rounds, run.period)
            assert (kinds == kinds[0]).all()
