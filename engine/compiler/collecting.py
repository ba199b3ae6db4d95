"""What flows back to the rows of tables, as loops: for each term a sum at a place that an index chooses."""

from __future__ import annotations

import numpy as np

from .groups import OVER, Group, Placed, matrix, number_of_rows
from .nests import Nest, Segment, alike
from .operands import Operand, Pools, Side, along_rows, lay_numbers, operand_of, rectangle, side_of, within
from .program import Places
from .tape import DETACH


def collecting_nest(placed: Placed, group: Group, pools: Pools) -> Nest:
    """Return the loops over tables (as a rule the columns of one), and over the terms of each.

    The results are the rows, and `out` says for the index where they stand, as the second operand of a take
    does. Those that nobody asked for stand beyond all others, in one place. All start from 0, but for those
    summed over the batch, which are zeroed with all the others of that kind.
    """
    program, rounds = placed.program, group.rounds
    a, b = matrix(program.a, program, rounds), matrix(program.b, program, rounds)
    row = program.number[rounds].astype(np.int64)
    tables, of_node = _tables(a, b, row)
    rows = int(number_of_rows(program, a[:1, 0, 0])[0])
    space = int(placed.space[rounds[0, 0]])
    places = np.full((len(rounds), len(tables), rows), placed.sizes[space])
    places[np.arange(len(rounds))[:, None], of_node, row] = placed.place[rounds]
    out_side = Side(space, places)
    a, b = a[:, tables], b[:, tables]
    runs = []
    sign = np.ones(a.shape[2], np.int64)
    for low, high in alike(placed, sign, a[0, 0], b[0, 0]):
        runs.append((side_of(placed, a[..., low:high]), side_of(placed, b[..., low:high])))
    sides = [out_side, *[side for pair in runs for side in pair]]
    regular = [side.regular for side in sides]
    columns = [
        side.places[0, :, 0] for side, alone in zip(sides, regular, strict=True) if alone and side.is_placed
    ]
    n = len(tables)
    axes = rectangle(np.stack(columns, axis=1)) if columns else None
    if axes is None or len(axes) > 4:
        axes = [(n, np.zeros(0, np.int64))]
    extents = [extent for extent, _ in axes]
    made = {id(s): operand_of(s, alone, extents, pools) for s, alone in zip(sides, regular, strict=True)}
    out = made[id(out_side)]
    along_rows(out_side, out, extents, pools)
    segments = []
    for pair in runs:
        inner = within(list(pair), [made[id(side)] for side in pair], extents, pools)
        for side in pair:
            lay_numbers(side, made[id(side)], extents, inner, pools)
        segments.append(Segment(1, inner, made[id(pair[0])], made[id(pair[1])]))
    zeros = _zeros(placed, group, pools)
    return Nest(group.kind, group.phase, extents, out, segments, [], before=zeros)


def _tables(a: Places, b: Places, row: Places) -> tuple[Places, Places]:
    """Return for each table one of its nodes, and for each node its table.

    Those of one table have equal terms and different rows. In all rounds they must be the same nodes; where
    they are not each node is a table by itself.
    """
    terms = np.concatenate([a[0], b[0]], axis=1)
    _, alone = np.unique(terms, axis=0, return_inverse=True)
    which = np.stack([alone.ravel(), row[0]], axis=1)
    # Tables that are taken from by the same indices, for one sum, have the same terms: they are told apart by
    # their rows, of which there is one of each.
    by_row = np.lexsort((np.arange(len(which)), which[:, 1], which[:, 0]))
    ordered = which[by_row]
    starts = np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)])
    within_row = np.arange(len(which)) - np.flatnonzero(starts)[np.cumsum(starts) - 1]
    copy = np.empty(len(which), np.int64)
    copy[by_row] = within_row
    keys = np.stack([which[:, 0], copy], axis=1)
    _, first, of_node = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    in_order = np.argsort(first)
    rank = np.empty(len(first), np.int64)
    rank[in_order] = np.arange(len(first))
    tables, of_node = first[in_order], rank[of_node.ravel()]
    like = [(x == x[:, tables][:, of_node]).all() for x in (a, b)]
    if not (all(like) and (row == row[:1]).all()):
        return np.arange(len(which)), np.arange(len(which))
    return tables, of_node


def _zeros(placed: Placed, group: Group, pools: Pools) -> Nest | None:
    """Return the loop that sets the results to 0, each of them; None where that is done elsewhere."""
    if group.phase == OVER:
        return None
    places = np.sort(placed.place[group.rounds], axis=1)
    n = places.shape[1]
    extents = [n] if n > 1 else []
    space = int(placed.space[group.nodes[0]])
    out = operand_of(Side(space, places[..., None]), True, extents, pools)
    return Nest(DETACH, group.phase, extents, out, [], [Operand(space, constant=0.0)])
