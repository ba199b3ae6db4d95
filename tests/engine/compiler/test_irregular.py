"""Which groups become steps of a table, and the order of these steps."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from programs import placed_of

from chainrule.engine import dot, tanh, total
from chainrule.engine.compiler import irregular
from chainrule.engine.compiler.groups import OVER, Steps
from chainrule.engine.compiler.irregular import in_runs

MANY = 700


def tangled(x: Sequence[Any], count: int = MANY) -> list[Any]:
    """Return numbers each made of two earlier ones that no rule says."""
    rng, known = np.random.default_rng(0), list(x)
    for _ in range(count):
        i, j = rng.integers(max(len(known) - 30, 0), len(known), size=2)
        known.append(tanh(known[i] - known[j]) if len(known) % 3 else known[i] * known[j] + 0.5)
    return known[-30:]


def steps_of(f: Callable[..., Any], *point: Any, **wanted: Any) -> int:
    """Return how many nodes of a function are steps."""
    found, _ = placed_of(f, *point, **wanted)
    return sum(len(item.nodes) for item in found.items() if isinstance(item, Steps))


def test_a_program_without_rules_is_steps() -> None:
    found, _ = placed_of(tangled, [0.1, 0.2, 0.3])
    assert steps_of(tangled, [0.1, 0.2, 0.3]) == len(found.ordered) > MANY


def test_a_few_nodes_without_rules_are_written_out() -> None:
    assert steps_of(lambda x: tangled(x, 100), [0.1, 0.2, 0.3]) == 0


def test_a_few_beside_much_that_follows_rules_are_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def mostly_wide(x: Any) -> list[Any]:
        known = list(x)
        for _ in range(40):
            known = [tanh(a + b) for a, b in zip(known, known[1:] + known[:1], strict=True)]
        return [*known, *tangled(x)]

    assert steps_of(mostly_wide, [0.1] * 300) == 0
    monkeypatch.setattr(irregular, "BESIDE", 1)
    assert steps_of(mostly_wide, [0.1] * 300) >= MANY


def test_where_all_follows_rules_there_are_no_steps() -> None:
    def layers(w: Any, x: Any) -> Any:
        for depth in range(30):
            x = [tanh(dot(w[16 * i : 16 * i + 16], x) + depth) for i in range(16)]
        return x

    assert steps_of(layers, [0.1] * 256, [0.2] * 16) == 0


def test_groups_in_a_loop_over_time_are_no_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    def chain(x: Any, a: Any) -> Any:
        for _ in range(100):
            x = tanh(x * a)
        return x

    monkeypatch.setattr(irregular, "FEWEST_STEPS", 1)
    monkeypatch.setattr(irregular, "BESIDE", 1)
    found, _ = placed_of(chain, 0.5, 0.9)
    (run,) = found.runs
    assert steps_of(chain, 0.5, 0.9) == 200 - run.period * run.rounds


def test_a_long_loop_over_time_does_not_count_as_irregular() -> None:
    def chain(x: Any, a: Any) -> Any:
        for _ in range(1000):
            x = tanh(x * a)
        return x

    assert steps_of(chain, 0.5, 0.9) == 0


def test_sums_over_the_samples_are_no_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(irregular, "FEWEST_STEPS", 1)
    found, _ = placed_of(lambda w, x: w * x, 0.5, 2.0, batched=[1], by=[0], reduce="sum")
    steps = [item for item in found.items() if isinstance(item, Steps)]
    assert len(steps) == 1
    assert (found.phase[found.ordered] == OVER).sum() == 2
    assert steps[0].phase != OVER


def test_long_sums_of_terms_of_every_kind_are_steps_and_those_of_one_kind_are_not() -> None:
    def sums(x: Any, y: Any, w: Any) -> Any:
        mixed = [x[(7 * i) % 50] * (-y[i] if i % 3 else w[i]) for i in range(40)]
        return [*tangled(x), total([a if i % 2 else a * 3.0 for i, a in enumerate(mixed)]), dot(w, y)]

    found, wanted = placed_of(sums, [0.1] * 50, [0.2] * 300, [0.3] * 300)
    at = {node: item for item in found.items() if isinstance(item, Steps) for node in item.nodes.tolist()}
    assert wanted[-2] in at
    assert wanted[-1] not in at


def test_a_group_that_follows_rules_is_a_loop_beside_those_that_follow_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def wide(x: Any) -> list[Any]:
        known = list(x)
        for _ in range(10):
            known = [tanh(a + b) for a, b in zip(known, known[1:] + known[:1], strict=True)]
        return [*known, *tangled(x)]

    monkeypatch.setattr(irregular, "FEWEST_STEPS", 100)
    assert 100 <= steps_of(wide, [0.1] * 400) <= steps_of(tangled, [0.1] * 400)


def test_wide_groups_without_rules_are_steps_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    order = np.random.default_rng(1).permutation(100).tolist()

    def shuffled(x: Any) -> list[Any]:
        known = list(x)
        for _ in range(5):
            known = [
                known[i] * known[j] + x[k] for k, (i, j) in enumerate(zip(order, order[::-1], strict=True))
            ]
        return known

    assert steps_of(shuffled, [0.1] * 100) == 500
    monkeypatch.setattr(irregular, "SOME_TERMS", 0)
    assert steps_of(shuffled, [0.1] * 100) == 0


def test_what_a_table_cannot_say_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(irregular, "FARTHEST", MANY)
    assert steps_of(tangled, [0.1, 0.2, 0.3]) == 0


def test_steps_of_one_shape_follow_each_other_where_that_can_be() -> None:
    # 0 and 2 are of shape 0, 1 and 3 of shape 1; 1 reads 0, 3 reads 2.
    order = in_runs(np.array([0, 2]), np.array([1, 3]), np.array([0, 1, 0, 1]))
    assert order.tolist() == [0, 2, 1, 3]


def test_what_a_run_makes_ready_joins_it() -> None:
    # A chain of shape 0 beside three steps of shape 1: these come first, and then all of the chain.
    order = in_runs(np.array([0, 1]), np.array([1, 2]), np.array([0, 0, 0, 1, 1, 1]))
    assert order.tolist() == [3, 4, 5, 0, 1, 2]


def test_no_step_comes_before_one_that_it_reads() -> None:
    rng = np.random.default_rng(0)
    user = rng.integers(1, 500, 2000)
    read = (user * rng.random(2000)).astype(int)
    place = np.argsort(in_runs(read, user, rng.integers(0, 5, 500)))
    assert sorted(place.tolist()) == list(range(500))
    assert (place[read] < place[user]).all()
