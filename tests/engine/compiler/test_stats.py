"""What a compiled function says about itself."""

from typing import Any

from programs import placed_of

from chainrule.engine import compile, dot, exp, take, tanh, total
from chainrule.engine.compiler.groups import Group
from chainrule.engine.compiler.operands import Pools
from chainrule.engine.compiler.stats import Stats, extents_and_what, loops


def lines_of(f: Any, *point: Any, **wanted: Any) -> tuple[str, ...]:
    return loops(placed_of(f, *point, **wanted)[0])


def test_a_layer_is_two_lines() -> None:
    def layer(w: Any, b: Any, x: Any) -> list[Any]:
        return [tanh(dot(w[4 * i : 4 * i + 4], x, b[i])) for i in range(12)]

    assert lines_of(layer, [0.0] * 48, [0.0] * 12, [0.0] * 4) == (
        "once: for 12: sum of 1 + 4 products",
        "once: for 12: tanh",
    )


def test_two_loops_stand_behind_each_other() -> None:
    found = lines_of(lambda x, y: [a * b for a in x for b in y], [0.1] * 20, [0.2] * 9)
    assert found == ("once: for 20: for 9: sum of 1 product",)


def test_single_numbers_share_a_line() -> None:
    assert lines_of(lambda x, y: [exp(x), exp(y), tanh(x)], 1.0, 2.0) == (
        "once: for 2: exp",
        "once: tanh",
    )
    assert lines_of(lambda x: exp(tanh(exp(x))), 1.0) == ("once: 2 x exp, tanh",)


def test_a_loop_over_time_has_its_round_indented() -> None:
    def chain(x: Any, w: Any) -> Any:
        for _ in range(40):
            x = tanh(x * w)
        return x

    found = lines_of(chain, 0.5, 0.9)
    at = next(k for k, line in enumerate(found) if line.endswith(" times"))
    assert found[at] == "once: 39 times"
    assert set(found[at + 1 : at + 3]) == {"    tanh", "    sum of 1"}


def test_each_line_says_when_it_runs() -> None:
    found = lines_of(lambda w, x: exp(w) * x, 0.5, 2.0, by=[0], batched=[1], reduce="mean")
    assert {line.split(":")[0] for line in found} == {"once", "each sample", "over the batch", "once after"}


def test_choices_have_their_kind() -> None:
    found = lines_of(lambda t, i: take(t, i), [[1.0] * 9, [2.0] * 9], 0)
    assert found == ("once: index", "once: for 9: take")


def test_of_a_group_alone_the_loops_and_what_is_inside() -> None:
    found, _ = placed_of(lambda x: [total([a, a * a]) for a in x], [0.1] * 10)
    (group,) = found.items()
    assert isinstance(group, Group)
    assert extents_and_what(found, group, Pools()) == ([10], "sum of 1 + 1 product")


def test_it_prints_as_a_page() -> None:
    stats = Stats(1000, 20, 3, ("once: exp",), 5, 60000, 700, 80, 9, {"recording": 0.001, "text": 0.0005})
    assert str(stats).splitlines() == [
        "1,000 entries, 20 nodes in 3 groups",
        "5 operations once, 60,000 for each sample",
        "700 bytes of code, 80 of tables, 9 of memory",
        "made in 1.5 ms: recording 1.0, text 0.5",
        "once: exp",
    ]


def test_a_kernel_s_numbers_are_those_of_its_program() -> None:
    kernel = compile(lambda x: exp(x) * x + 1.0, argnums=())
    kernel(1.0)
    stats = kernel.stats
    assert (stats.entries, stats.nodes, stats.flops_once, stats.flops_per_sample) == (5, 2, 4, 0)
    assert min(stats.code_bytes, stats.memory_bytes) > 0
