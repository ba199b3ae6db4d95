"""The backward pass of a program, as more nodes of the same program.

The adjoint of a node is a sum of products, one for each use: the adjoint of the user times the user's
partial. So the result is a program like the one it is made from. All of it is made at once: which terms
an adjoint has follows from the uses of its node, and not from the order of a sweep.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..primitive import Primitive
from . import sweeps
from .instances import Builder, occurrences
from .program import GUARDED, OVER_BATCH, Ints, Places, Program
from .templates import partials_template


@dataclass(frozen=True)
class _Contributions:
    """What flows back: for each use of a node, sign * adjoint of the user (* partial)."""

    target: Places
    user: Places
    sign: NDArray[np.int8]
    partial: Ints
    operand: Places
    """Which operand of its user the target is."""


def with_adjoints(
    program: Program,
    seeds: dict[int, int],
    by: Places,
    varies: NDArray[np.bool_] | None = None,
    guarded: bool = False,
    rank: Places | None = None,
) -> tuple[Program, Places]:
    """Return the program with d sum of seed * root / d node for each node in `by`, and where those stand.

    seeds: for each root, the node of its adjoint.
    varies: which nodes differ from sample to sample of a batch; what others get is summed over the samples.
    guarded: let an adjoint of 0 win over a partial that is not finite, in each product.
    rank: of each node, the place in the order that the backward pass over Values goes back; contributions are
    added up in that order. Without it, in the order of the nodes.
    Where nothing flows the place is that of the constant 0.
    """
    n = len(program)
    needed, useful = np.zeros(n, np.uint8), np.zeros(n, np.uint8)
    needed[by] = 1
    sweeps.depends(program.first, program.a, program.b, needed)
    useful[list(seeds)] = 1
    sweeps.used(program.first, program.a, program.b, useful)
    on_the_way = (needed & useful).astype(bool)

    builder = Builder(program)
    found = [_of_sums(program, on_the_way)]
    for place, kind in enumerate(list(program.kinds)):
        if isinstance(kind, Primitive):
            nodes = np.flatnonzero((program.kind == place) & on_the_way)
            found += _of_row(builder, kind, nodes, on_the_way)
    target, user, sign, partial, operand = (
        np.concatenate([getattr(part, name) for part in found])
        for name in ("target", "user", "sign", "partial", "operand")
    )
    # A node that depends on the inputs may still get nothing: all its users are flat in it.
    by_user = np.argsort(user, kind="stable")
    reached = np.zeros(n, np.uint8)
    reached[list(seeds)] = 1
    ends = np.concatenate([[0], np.cumsum(np.bincount(user, minlength=n))]).astype(np.int64)
    sweeps.used(ends, target[by_user].astype(np.int32), np.full(len(user), -1, np.int32), reached)
    flows = reached[user] != 0
    target, user, sign, partial, operand = (x[flows] for x in (target, user, sign, partial, operand))
    by_target = np.lexsort((operand, user if rank is None else -rank[user], target))
    target, user, sign, partial = target[by_target], user[by_target], sign[by_target], partial[by_target]
    return _summed(builder, _Contributions(target, user, sign, partial, operand), seeds, by, varies, guarded)


def _of_sums(program: Program, on_the_way: NDArray[np.bool_]) -> _Contributions:
    """Return what flows from sums to their operands: the other factor is the partial."""
    owner = program.owners()
    is_sum = (program.kind == 0) & on_the_way
    is_sum |= (program.kind == program.place(OVER_BATCH)) & on_the_way
    terms = np.flatnonzero(is_sum[owner])
    a, b = program.a[terms], program.b[terms]
    sign, user = program.sign[terms], owner[terms]
    to_a = on_the_way[a]
    to_b = (b >= 0) & on_the_way[np.maximum(b, 0)]
    # The operands of a sum of products are all first factors, then all second ones, then what it starts from.
    rank = terms - program.first[user]
    last = np.where(b < 0, 2 * LONGEST, 0)
    return _Contributions(
        np.concatenate([a[to_a], b[to_b]]).astype(np.int64),
        np.concatenate([user[to_a], user[to_b]]),
        np.sign(np.concatenate([sign[to_a], sign[to_b]])),
        np.concatenate([b[to_a], a[to_b]]),
        np.concatenate([(rank + last)[to_a], (rank + LONGEST)[to_b]]),
    )


LONGEST = 1 << 40
"""More than any sum has terms."""


def _of_row(
    builder: Builder, row: Primitive, nodes: Places, on_the_way: NDArray[np.bool_]
) -> list[_Contributions]:
    """Return what flows from the nodes of one row to their operands, adding its partials to the program."""
    found = []
    for case in occurrences(builder.program, row, nodes):
        template = partials_template(row, case.known)
        inputs = np.concatenate([case.operands, case.nodes[:, None].astype(np.int32)], axis=1)
        partials = builder.lay_down(template, case.nodes, inputs)
        for place, partial in enumerate(partials):
            receives = on_the_way[case.operands[:, place]]
            if isinstance(partial, float) and partial == 0.0:
                continue
            user = case.nodes[receives]
            target = case.operands[receives, place].astype(np.int64)
            if isinstance(partial, float) and abs(partial) == 1.0:
                factor = np.full(len(user), -1, np.int32)
                sign = np.full(len(user), int(partial), np.int8)
            else:
                whole = (
                    np.full(len(case.nodes), builder.constant(partial))
                    if isinstance(partial, float)
                    else partial
                )
                factor, sign = whole[receives].astype(np.int32), np.ones(len(user), np.int8)
            found.append(_Contributions(target, user, sign, factor, np.full(len(user), place)))
    return found


def _summed(
    builder: Builder,
    flows: _Contributions,
    seeds: dict[int, int],
    by: Places,
    varies: NDArray[np.bool_] | None,
    guarded: bool,
) -> tuple[Program, Places]:
    """Add the adjoints themselves: for each node the sum of what flows to it."""
    program = builder.program
    n = len(program)
    target = flows.target
    reduces = np.zeros(len(target), bool)
    if varies is not None:  # what each sample sends to something there is one of
        over = program.kind == program.place(OVER_BATCH)
        reduces = (varies | over)[flows.user] & ~varies[target]
    has_over, has_sum = np.zeros(n, bool), np.zeros(n, bool)
    has_over[target[reduces]] = True
    has_sum[target[~reduces]] = True

    holder = _holders(flows, reduces, seeds, n)
    roots = np.array([root for root in seeds if not has_sum[root] and not has_over[root]], np.int64)
    has_sum[[root for root in seeds if root not in set(roots.tolist())]] = True
    own = np.flatnonzero((has_over | has_sum) & (holder == np.arange(n)))[::-1]  # users before operands

    # Up to two nodes for each: the sum over the batch, which is a node of its own, and the adjoint itself.
    one, zero = builder.constant(1.0), builder.constant(0.0)
    size = builder.size
    ends = np.cumsum(has_over[own].astype(np.int64) + has_sum[own])
    over, whole = np.full(n, -1), np.full(n, -1)
    whole[own] = size + ends - 1
    over[own] = whole[own] - has_sum[own]
    adjoint = whole.copy()
    adjoint[roots] = [seeds[root] for root in roots.tolist()]
    adjoint = adjoint[holder]

    mine = holder[target] == target
    both = own[has_over[own] & has_sum[own]]
    seeded = np.array([root for root in seeds if root not in set(roots.tolist())], np.int64)
    node = np.concatenate([np.where(reduces, over[target], whole[target])[mine], whole[seeded], whole[both]])
    sign = np.concatenate([flows.sign[mine], np.ones(len(seeded) + len(both), np.int8)])
    a = np.concatenate([adjoint[flows.user][mine], [seeds[root] for root in seeded.tolist()], over[both]])
    b = np.concatenate([flows.partial[mine], np.full(len(seeded) + len(both), -1)])
    by_node = np.argsort(node, kind="stable")
    node, sign, a, b = node[by_node], sign[by_node], a[by_node].astype(np.int64), b[by_node].astype(np.int64)

    times_one = (a == one) & (b >= 0)
    a, b = np.where(times_one, b, a), np.where(times_one, -1, b)
    if guarded:
        sign = np.where(b >= 0, GUARDED * sign, sign)
    kinds = np.where(
        np.isin(np.arange(size, size + (ends[-1] if len(ends) else 0)), over[own[has_over[own]]]), 1, 0
    )
    counts = np.bincount(node - size, minlength=len(kinds)) if len(kinds) else np.zeros(0, np.int64)
    order = np.repeat(own, has_over[own].astype(np.int64) + has_sum[own])
    places = np.array([0, program.place(OVER_BATCH)], np.int16)
    builder.append(
        places[kinds],
        counts,
        sign.astype(np.int8),
        a.astype(np.int32),
        b.astype(np.int32),
        ADJOINTS_AFTER + program.order[order],
    )
    gradients = np.where(adjoint[by] < 0, zero, adjoint[by])
    return builder.finished(), gradients


ADJOINTS_AFTER = 1 << 40
"""Added to the order of a node for that of its adjoint: adjoints stand side by side as their nodes do."""


def _holders(flows: _Contributions, reduces: NDArray[np.bool_], seeds: dict[int, int], n: int) -> Places:
    """Return for each node the one whose adjoint it has: itself, or a user it only passes its own on from.

    A node with one use, and a partial of 1, has the adjoint of its user: no node is needed for that.
    """
    count = np.bincount(flows.target, minlength=n)
    count[list(seeds)] = 2
    start = np.concatenate([[0], np.cumsum(np.bincount(flows.target, minlength=n))])
    the_one = start[:-1][count == 1]
    the_one = the_one[(flows.partial[the_one] < 0) & (flows.sign[the_one] == 1) & ~reduces[the_one]]
    holder = np.arange(n)
    holder[flows.target[the_one]] = flows.user[the_one]
    while True:
        further = holder[holder]
        if (further == holder).all():
            return holder
        holder = further
