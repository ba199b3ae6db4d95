"""The backward pass of a program, as more nodes of the same program.

The adjoint of a node is a sum of products, one for each use: the adjoint of the user times the user's
partial. So the result is a program like the one it is made from. All of it is made at once: which terms
an adjoint has follows from the uses of its node, and not from the order of a sweep.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..primitive import TABLE, Primitive
from . import sweeps
from .instances import Builder, occurrences
from .program import COLLECT, COLLECT_OVER, GUARDED, OVER_BATCH, SUM, Ints, Places, Program, bounds
from .tape import TAKE, Comparison, Detach, Index
from .templates import partials_template


@dataclass(frozen=True)
class _Contributions:
    """What flows back: for each use of a node, sign * adjoint of the user (* partial).

    A sign of GUARDED says that a partial of 0 wins, over an adjoint that is not finite too.
    """

    target: Ints
    user: Ints
    sign: NDArray[np.int8]
    partial: Ints
    operand: Ints
    """Which operand of its user the target is."""
    slot: Ints
    """Where the user has chosen the target by an index: a number for what collects for it, else -1."""


def with_adjoints(
    program: Program,
    seeds: dict[int, int],
    by: Places,
    varies: NDArray[np.bool_] | None = None,
    guarded: bool = False,
    rank: Places | None = None,
    choices: NDArray[np.bool_] | None = None,
) -> tuple[Program, Places]:
    """Return the program with d sum of seed * root / d node for each node in `by`, and where those stand.

    seeds: for each root, the node of its adjoint.
    varies: which nodes differ from sample to sample of a batch; what others get is summed over the samples.
    guarded: let an adjoint of 0 win over a partial that is not finite, in each product.
    rank: of each node, the place in the order that the backward pass over Values goes back; contributions are
    added up in that order. Without it, in the order of the nodes.
    choices: which nodes, of `where`, are choices between the ways through a formula: no operations on Values,
    so that not even 0 times an adjoint flows to the way that was not taken.
    Where nothing flows the place is that of the constant 0.
    """
    n = len(program)
    needed, useful = np.zeros(n, np.uint8), np.zeros(n, np.uint8)
    needed[by] = 1
    flat = np.array([isinstance(kind, Comparison | Detach | Index) for kind in program.kinds])[program.kind]
    sweeps.depends(program.first, program.a, program.b, needed, flat)
    useful[list(seeds)] = 1
    sweeps.used(program.first, program.a, program.b, useful)
    on_the_way = (needed & useful).astype(bool)

    builder = Builder(program)
    found = [_of_sums(program, on_the_way), _of_takes(program, on_the_way)]
    for place, kind in enumerate(list(program.kinds)):
        if isinstance(kind, Primitive):
            nodes, before = np.flatnonzero((program.kind == place) & on_the_way), len(found)
            found += _of_row(builder, kind, nodes, on_the_way, quick=not guarded)
            if choices is not None and kind is TABLE["where"]:
                for part in found[before:]:
                    part.sign[choices[part.user]] = GUARDED
    names = ("target", "user", "sign", "partial", "operand", "slot")
    target, user, sign, partial, operand, slot = (
        np.concatenate([getattr(part, name) for part in found]) for name in names
    )
    del found
    # A node that depends on the inputs may still get nothing: all its users are flat in it.
    by_user = np.argsort(user, kind="stable")
    reached = np.zeros(n, np.uint8)
    reached[list(seeds)] = 1
    ends = bounds(np.bincount(user, minlength=n))
    sweeps.used(ends, target[by_user], np.full(len(user), -1, np.int32), reached)
    del by_user, ends
    flows = reached[user] != 0
    by_target = np.lexsort((operand, user if rank is None else -rank[user], target))
    if not flows.all():
        by_target = by_target[flows[by_target]]
    flowing = _Contributions(*[x[by_target] for x in (target, user, sign, partial, operand, slot)])
    del target, user, sign, partial, operand, slot, by_target, flows
    signed = guarded and rank is not None and varies is None
    return _summed(builder, flowing, seeds, by, varies, guarded, signed)


def _of_sums(program: Program, on_the_way: NDArray[np.bool_]) -> _Contributions:
    """Return what flows from sums to their operands: the other factor is the partial."""
    owner = program.owners().astype(np.int32)
    is_sum = ((program.kind == 0) | (program.kind == program.place(OVER_BATCH))) & on_the_way
    terms = np.flatnonzero(is_sum[owner])
    a, b = program.a[terms], program.b[terms]
    sign, user = program.sign[terms], owner[terms]
    to_a = on_the_way[a]
    to_b = (b >= 0) & on_the_way[np.maximum(b, 0)]
    # The operands of a sum of products are all first factors, then all second ones, then what it starts from.
    rank = (terms - program.first[user]).astype(np.int32)
    last = np.where(b < 0, 2 * LONGEST, 0).astype(np.int32)
    return _Contributions(
        np.concatenate([a[to_a], b[to_b]]),
        np.concatenate([user[to_a], user[to_b]]),
        np.sign(np.concatenate([sign[to_a], sign[to_b]])),
        np.concatenate([b[to_a], a[to_b]]),
        np.concatenate([(rank + last)[to_a], (rank + LONGEST)[to_b]]),
        np.full(int(to_a.sum() + to_b.sum()), -1, np.int32),
    )


def _of_takes(program: Program, on_the_way: NDArray[np.bool_]) -> _Contributions:
    """Return what flows from chosen rows to all rows they may have been: slots for each row of each table."""
    takes = np.flatnonzero((program.kind == program.place(TAKE)) & on_the_way)
    counts = program.counts_of(takes)
    found, slots = [], 0
    for count in np.unique(counts).tolist():
        some = takes[counts == count]
        rows = program.a[program.first[some][:, None] + np.arange(1, count)]
        tables, which = np.unique(rows, axis=0, return_inverse=True)
        place = np.arange(count - 1)
        slot = slots + which.reshape(-1, 1) * (count - 1) + place
        slots += tables.size
        to = on_the_way[rows]
        user = np.broadcast_to(some[:, None], rows.shape)[to]
        found.append((rows[to], user, np.broadcast_to(place, rows.shape)[to], slot[to]))
    if not found:
        found = [(np.zeros(0, np.int64),) * 4]
    target, user, place, slot = (np.concatenate(part).astype(np.int32) for part in zip(*found, strict=True))
    ones = np.ones(len(target), np.int8)
    return _Contributions(target, user, ones, np.full(len(target), -1, np.int32), place, slot)


LONGEST = 1 << 29
"""More than any sum has terms."""


def _of_row(
    builder: Builder, row: Primitive, nodes: Places, on_the_way: NDArray[np.bool_], quick: bool
) -> list[_Contributions]:
    """Return what flows from the nodes of one row to their operands, adding its partials to the program."""
    found = []
    for case in occurrences(builder.program, row, nodes):
        template = partials_template(row, case.known, quick)
        inputs = np.concatenate([case.operands, case.nodes[:, None].astype(np.int32)], axis=1)
        partials = builder.lay_down(template, case.nodes, inputs)
        for place, partial in enumerate(partials):
            # One of 0 by its rule, as that of `floor`, counts too: an adjoint of inf makes nan of it.
            receives = on_the_way[case.operands[:, place]]
            user = case.nodes[receives].astype(np.int32)
            target = case.operands[receives, place]
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
            operand, slot = np.full(len(user), place, np.int32), np.full(len(user), -1, np.int32)
            found.append(_Contributions(target, user, sign, factor, operand, slot))
    return found


def _summed(
    builder: Builder,
    flows: _Contributions,
    seeds: dict[int, int],
    by: Places,
    varies: NDArray[np.bool_] | None,
    guarded: bool,
    signed: bool,
) -> tuple[Program, Places]:
    """Add the adjoints themselves: for each node the sum of what flows to it.

    signed: of derivatives that are wanted give the sign of a zero as on Values, where nothing, 0.0, comes of
    an adjoint of 0, be it -0.0. Products are guarded then, so that a negative partial changes nothing.
    """
    program = builder.program
    n = len(program)
    target = flows.target
    reduces = np.zeros(len(target), bool)
    if varies is not None:  # what each sample sends to something there is one of
        reduces = (varies | program.over())[flows.user] & ~varies[target]
    chosen = flows.slot >= 0
    collects = _collects(flows, reduces)
    has_over, has_sum = np.zeros(n, bool), np.zeros(n, bool)
    has_over[target[reduces & ~chosen]] = True
    has_sum[target[~reduces & ~chosen]] = True
    collected = np.bincount(collects.target, minlength=n)
    has_sum |= collected + has_over > 1

    holder = _holders(flows, reduces, [*seeds, *by] if signed else [*seeds], n)
    lonely = ~has_sum & ~has_over & (collected == 0)
    roots = np.array([root for root in seeds if lonely[root]], np.int64)
    seeded = np.array([root for root in seeds if not lonely[root]], np.int64)
    has_sum[seeded] = True
    parts = collected + has_over + has_sum
    own = np.flatnonzero((parts > 0) & (holder == np.arange(n)))[::-1]  # users before operands

    # Several nodes for each: what is collected for rows chosen by an index, the sum over the batch, which is
    # a node of its own too, and the adjoint itself.
    one, zero = builder.constant(1.0), builder.constant(0.0)
    size = builder.size
    ends = np.cumsum(parts[own])
    whole, over, start = (np.full(n, -1, np.int32) for _ in range(3))
    whole[own] = size + ends - 1
    over[own] = whole[own] - has_sum[own]
    start[own] = size + ends - parts[own]
    adjoint = whole.copy()
    adjoint[roots] = [seeds[root] for root in roots.tolist()]
    adjoint = adjoint[holder]
    collect = start[collects.target] + collects.rank

    mine = (holder[target] == target) & ~chosen
    both = own[has_over[own] & has_sum[own]]
    joined = has_sum[collects.target]
    added = [(whole[seeded], np.array([seeds[root] for root in seeded.tolist()], np.int32))]
    added += [(whole[both], over[both]), (whole[collects.target][joined], collect[joined])]
    extra = np.concatenate([terms for terms, _ in added])
    index = program.a[program.first[flows.user]]  # of a chosen row
    node = np.concatenate([np.where(reduces, over[target], whole[target])[mine], extra, collect[collects.of]])
    sign = np.concatenate([flows.sign[mine], np.ones(len(extra), np.int8), flows.sign[chosen]])
    a = np.concatenate([adjoint[flows.user][mine], *[terms for _, terms in added], index[chosen]])
    b = np.concatenate([flows.partial[mine], np.full(len(extra), -1, np.int32), adjoint[flows.user][chosen]])
    swap = np.abs(sign) == GUARDED  # of a product the first factor is the one whose 0 wins
    a, b = np.where(swap, b, a), np.where(swap, a, b)
    plain = np.ones(len(node), bool)
    plain[len(node) - int(chosen.sum()) :] = False
    by_node = np.argsort(node, kind="stable")
    node, sign, plain, a, b = (x[by_node] for x in (node, sign, plain, a, b))
    del by_node

    passed_on = b < 0
    times_one = (a == one) & (b >= 0) & plain
    a, b = np.where(times_one, b, a), np.where(times_one, -1, b)
    if guarded:
        sign = np.where((b >= 0) & plain & (np.abs(sign) == 1), GUARDED * sign, sign)
    if signed:  # what is passed on as it is may be -0.0, and 0.0 before it makes 0.0 of that
        alone = np.unique(node[passed_on & np.isin(node, adjoint[by])])
        at = np.searchsorted(node, alone)
        node, sign, a, b = (
            np.insert(x, at, new) for x, new in ((node, alone), (sign, 1), (a, zero), (b, -1))
        )
    made = int(ends[-1]) if len(ends) else 0
    kinds, number = np.full(made, SUMMED), np.zeros(made)
    kinds[over[own[has_over[own]]] - size] = OVER
    kinds[collect - size] = np.where(collects.reduces, COLLECTED_OVER, COLLECTED)
    number[collect - size] = collects.place
    counts = np.bincount(node - size, minlength=made) if made else np.zeros(0, np.int64)
    places = np.array([program.place(k) for k in (SUM, OVER_BATCH, COLLECT, COLLECT_OVER)], np.int16)
    builder.append(
        places[kinds],
        counts,
        sign.astype(np.int8, copy=False),
        a.astype(np.int32, copy=False),
        b.astype(np.int32, copy=False),
        ADJOINTS_AFTER + program.order[np.repeat(own, parts[own])],
        number,
    )
    gradients = np.where(adjoint[by] < 0, zero, adjoint[by])
    return builder.finished(), gradients


SUMMED, OVER, COLLECTED, COLLECTED_OVER = range(4)


@dataclass(frozen=True)
class _Collects:
    """What collects for rows that indices choose, one for each row and table.

    target: the row's node.  place: the row's place in the table.  reduces: whether it sums over the batch.
    rank: which of those of its target it is.
    of: for each contribution by choice, which of these gets it.
    """

    target: Ints
    place: Ints
    reduces: NDArray[np.bool_]
    rank: Places
    of: Places


def _collects(flows: _Contributions, reduces: NDArray[np.bool_]) -> _Collects:
    chosen = np.flatnonzero(flows.slot >= 0)
    key = 2 * flows.slot[chosen].astype(np.int64) + reduces[chosen]
    _, at, of = np.unique(key, return_index=True, return_inverse=True)
    some = chosen[at]
    target = flows.target[some]
    by_target = np.argsort(target, kind="stable")
    in_turn = target[by_target]
    rank = np.empty(len(target), np.int64)
    rank[by_target] = np.arange(len(target)) - np.searchsorted(in_turn, in_turn)
    return _Collects(target, flows.operand[some], reduces[some], rank, of)


ADJOINTS_AFTER = 1 << 40
"""Added to the order of a node for that of its adjoint: adjoints stand side by side as their nodes do."""


def _holders(flows: _Contributions, reduces: NDArray[np.bool_], own: list[int], n: int) -> Places:
    """Return for each node the one whose adjoint it has: itself, or a user it only passes its own on from.

    A node with one use, and a partial of 1, has the adjoint of its user: no node is needed for that.

    own: those that have one of their own in any case.
    """
    count = np.bincount(flows.target, minlength=n)
    count[own] = 2
    start = bounds(np.bincount(flows.target, minlength=n))
    the_one = start[:-1][count == 1]
    the_one = the_one[(flows.partial[the_one] < 0) & (flows.sign[the_one] == 1) & ~reduces[the_one]]
    the_one = the_one[flows.slot[the_one] < 0]
    holder = np.arange(n)
    holder[flows.target[the_one]] = flows.user[the_one]
    while True:
        further = holder[holder]
        if (further == holder).all():
            return holder
        holder = further
