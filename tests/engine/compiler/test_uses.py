"""Which group reads a result last, so that what stays in registers needs no memory."""

from typing import Any

import numpy as np
from programs import placed_of

from chainrule.engine import exp, sqrt
from chainrule.engine.compiler.groups import Group
from chainrule.engine.compiler.uses import inside, read_until


def test_a_result_is_needed_until_the_last_group_that_reads_it() -> None:
    def f(x: Any) -> Any:
        power = exp(x)
        return sqrt(power + 1.0) / power

    found, wanted = placed_of(f, 1.0)
    until = read_until(found, wanted)
    (power,) = [
        node for node in found.ordered.tolist() if found.program.kinds[found.program.kind[node]].name == "exp"
    ]
    count = len(found.starts) - 1
    assert until[power] == count - 1
    assert until[wanted[0]] == count + 1
    assert until[found.ordered[-1]] == count + 1


def test_nobody_reads_what_the_last_round_does_not_leave() -> None:
    def chain(x: Any) -> Any:
        for _ in range(20):
            x = x * 0.5 + exp(x)
        return x

    found, wanted = placed_of(chain, 1.0)
    until = read_until(found, wanted)
    (loop,) = [item for item in found.items() if isinstance(item, list)]
    assert all(isinstance(one, Group) for one in loop)
    whole, but_last = inside(until, loop, slice(None)), inside(until, loop, slice(-1))
    assert all(before <= after for before, after in zip(whole, but_last, strict=True))
    assert all(len(after) == len(one.nodes) for after, one in zip(but_last, loop, strict=True))
    assert sum(len(before) for before in whole) < sum(len(after) for after in but_last)
    assert inside(np.zeros(len(until), np.int64), loop, slice(0, 0))
