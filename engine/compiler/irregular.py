"""Which groups are irregular, and the order in which these are computed.

What is regular becomes a loop, a line of LLVM's language for thousands of nodes. Of what is not, each node
would be lines of its own; where there are many of them they become steps of a table instead: see
`interpreter`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .instructions import is_computed
from .program import SUM, Ints, Places, Program, bounds

FEWEST_STEPS, BESIDE = 500, 4
"""How many nodes must be irregular for a table to be made of them, and how many times that where nearly all
of the program is regular: fewer are compiled soon enough, and run up to three times as fast."""
SMALL, SMALL_AMONG_SUCH = (15, 32), (127, 256)
"""Up to how many nodes, and terms of a kind, a loop takes longer to compile than it saves; and where much of
the program is irregular."""
SOME_TERMS = 1000
"""Up to how many terms of a kind that holds where these follow no rule, and a loop needs tables as well."""
FARTHEST = 1 << 27
"""How many numbers there may be for an entry of a table to say where one stands."""


def irregular(
    program: Program,
    space: NDArray[np.int8],
    place: Places,
    ordered: Places,
    starts: Places,
    may: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Return which groups are better steps of a table than loops; none where they are few.

    space, place: where each node's number lives.  ordered, starts: the nodes, and where each group begins.
    may: which groups may be steps, for all that is known outside.
    """
    first, sizes = ordered[starts[:-1]], np.diff(starts)
    if not len(first) or max(len(program), len(program.a), int(place.max())) >= FARTHEST:
        return np.zeros(len(first), bool)
    counts = program.counts_of(first)
    kinds = np.array([kind is SUM or is_computed(kind) for kind in program.kinds])
    possible = may & kinds[program.kind[first]] & (counts > 0)
    per_kind = sizes * counts / np.maximum(_kinds_of_terms(program, space, first), 1)
    small = (sizes <= SMALL[0]) & (per_kind <= SMALL[1])
    asked = possible & ~small & (per_kind <= SOME_TERMS)
    found: NDArray[np.bool_] = possible & small
    found[asked] = ~_follow(program, place, ordered, starts, np.flatnonzero(asked))
    steps = int(sizes[found].sum())
    many = 8 * steps > len(ordered)
    if steps < FEWEST_STEPS * (1 if many else BESIDE):
        return np.zeros(len(first), bool)
    if many:
        found |= possible & (sizes <= SMALL_AMONG_SUCH[0]) & (per_kind <= SMALL_AMONG_SUCH[1])
    return found


def terms_of(program: Program, nodes: Places) -> tuple[Places, Places]:
    """Return the terms of some nodes, one node's after the other's, and for each which node's it is."""
    counts = program.counts_of(nodes)
    owner = np.repeat(np.arange(len(nodes)), counts)
    return np.arange(len(owner)) + (program.first[nodes] - bounds(counts)[:-1])[owner], owner


def _kinds_of_terms(program: Program, space: NDArray[np.int8], nodes: Places) -> Places:
    """Return how many stretches of like terms nodes have: of one sign, and read from the same memory."""
    terms, owner = terms_of(program, nodes)
    b = program.b[terms]
    what = program.sign[terms] * 64 + space[program.a[terms]] * 8 + np.where(b < 0, 7, space[b])
    changes = (np.diff(owner, prepend=-1) != 0) | (np.diff(what, prepend=0) != 0)
    return np.bincount(owner[changes], minlength=len(nodes))


def _follow(
    program: Program, place: Places, ordered: Places, starts: Places, which: Places
) -> NDArray[np.bool_]:
    """Return which of some groups read from places that move by few distances from node to node.

    Of a single node it is those from term to term.
    """
    sizes = np.diff(starts)[which]
    nodes = ordered[np.arange(sizes.sum()) + np.repeat(starts[which] - bounds(sizes)[:-1], sizes)]
    terms, owner = terms_of(program, nodes)
    b = program.b[terms]
    with np.errstate(over="ignore"):
        reads = (
            place[program.a[terms]] * 0x2545F4914F6CDD1D + np.where(b < 0, 0, place[b]) * 0x5851F42D4C957F2D
        )
        ranked = reads * (2 * (terms - program.first[nodes][owner]) + 1)
        sums = bounds(ranked)
        ends = bounds(np.bincount(owner, minlength=len(nodes)))
        of_nodes = np.diff(sums[ends])
    group = np.repeat(np.arange(len(which)), sizes)
    alone = (sizes == 1)[group[owner]]
    group = np.concatenate([group, group[owner[alone]]])
    moves = np.diff(np.concatenate([of_nodes, reads[alone]]), prepend=0)
    within = np.diff(group, prepend=-1) == 0
    distances = np.bincount(group[within], minlength=len(which))
    with np.errstate(over="ignore"):
        _, different = np.unique(moves[within] * 0x2545F4914F6CDD1D + group[within], return_index=True)
    found: NDArray[np.bool_] = np.bincount(group[within][different], minlength=len(which)) * 2 <= distances
    return found


def in_runs(read: Ints | Places, user: Places, shapes: Places) -> Places:
    """Return an order of steps in which many of one shape follow each other.

    Step user[k] reads the result of step read[k]. What has all it reads is ready. Those of the shape that
    most are ready of come next, and of what becomes ready by them those of the same shape.
    """
    n = len(shapes)
    users = user[np.argsort(read, kind="stable")].tolist()
    ends = bounds(np.bincount(read, minlength=n)).tolist()
    waits_for = np.bincount(user, minlength=n)
    of = shapes.tolist()
    ready: list[list[int]] = [[] for _ in range(max(of) + 1)]
    for step in np.flatnonzero(waits_for == 0).tolist():
        ready[of[step]].append(step)
    left = waits_for.tolist()
    order: list[int] = []
    while len(order) < n:
        run = max(ready, key=len)
        for step in run:  # which grows meanwhile
            for waiting in users[ends[step] : ends[step + 1]]:
                left[waiting] -= 1
                if not left[waiting]:
                    ready[of[waiting]].append(waiting)
        order += run
        run.clear()
    return np.array(order)
