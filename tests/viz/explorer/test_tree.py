"""How a graph folds: by module, in runs, and never losing or doubling a value."""

import random
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from chainrule.engine import Value, dot, record_sources, scope, topological_order
from chainrule.nn import MLP, Embedding, Parameter, cross_entropy, squared_error
from chainrule.viz.explorer.tree import MOST_CHILDREN, Branch, tree_of


def branches(tree: Branch) -> Iterator[Branch]:
    stack = [tree]
    while stack:
        branch = stack.pop()
        yield branch
        stack += [child for child in branch.children if isinstance(child, Branch)]


def values(tree: Branch) -> list[Value]:
    return [child for branch in branches(tree) for child in branch.children if isinstance(child, Value)]


def titles(branch: Branch) -> list[str]:
    return [child.title if isinstance(child, Branch) else "." for child in branch.children]


def inside(branch: Branch, title: str) -> Branch:
    [found] = [child for child in branch.children if isinstance(child, Branch) and child.title == title]
    return found


def test_modules_fold_with_what_is_computed_in_them() -> None:
    model = MLP(2, [3, 2], activation="tanh", seed=0)
    tree = tree_of(topological_order(cross_entropy(model([Value(1.0), Value(2.0)]), 1)))
    assert sorted(titles(tree)) == [".", ".", ".", ".", "layers[0]", "layers[1]"]
    first = inside(tree, "layers[0]")
    assert sorted(titles(first)) == ["neurons[0]", "neurons[1]", "neurons[2]"]
    neuron = inside(first, "neurons[1]")
    kinds = [child.primitive.name if child.primitive else "leaf" for child in neuron.children]  # type: ignore[union-attr]
    assert sorted(kinds) == ["dot", "leaf", "leaf", "leaf", "tanh"]


def test_neurons_written_by_hand_fold_by_their_labels() -> None:
    x = Value(2.0, "x")
    w, b = Parameter(0.5, "a.n[0].w[0]"), Parameter(0.25, "a.n[0].b")
    out = (w * x + b).tanh()
    tree = tree_of(topological_order((out - 1.0) ** 2))
    neuron = inside(tree, "a.n[0]")
    assert len(neuron.children) == 5


def test_what_has_no_module_stays_on_top() -> None:
    a, b = Parameter(1.0, "w"), Value(2.0)
    assert titles(tree_of(topological_order(a * b))) == [".", ".", "."]


@pytest.mark.parametrize("count", [1, 24, 25, 100, 700])
def test_no_branch_opens_into_too_many_cards(count: int) -> None:
    tree = tree_of(topological_order(dot([Parameter(1.0) for _ in range(count)], [Value(1.0)] * count)))
    assert all(len(branch.children) <= MOST_CHILDREN for branch in branches(tree))
    assert len(values(tree)) == count + 2


def test_runs_say_which_they_are() -> None:
    tree = tree_of(topological_order(dot([Value(1.0) for _ in range(100)], [Value(2.0)] * 100)))
    assert titles(tree) == ["101 inputs", "."]
    assert titles(inside(tree, "101 inputs")) == [
        "1 – 12", "13 – 24", "25 – 36", "37 – 48", "49 – 60", "61 – 72", "73 – 84", "85 – 96", "97 – 101",
    ]  # fmt: skip


def test_every_value_is_there_once_in_graphs_of_all_kinds() -> None:
    model = MLP(8, [30, 30, 4], seed=0)
    batch = [squared_error(model([float(i)] * 8)[0], 1.0) for i in range(3)]
    table = Embedding(30, 2, seed=0)
    chain = Value(1.0)
    for _ in range(2000):
        chain = chain.sin()
    rng = random.Random(0)
    wild: list[Value] = [Parameter(1.0, f"m{i % 5}.p[{i}]") for i in range(50)]
    for _ in range(300):
        wild.append(rng.choice(wild) * rng.choice(wild))
    for root in (sum(batch), table(3)[0] * table(4)[1], chain, sum(wild)):
        assert isinstance(root, Value)
        order = topological_order(root)
        tree = tree_of(order)
        found = values(tree)
        assert len(found) == len(order)
        assert set(found) == set(order)
        assert all(len(branch.children) <= MOST_CHILDREN for branch in branches(tree))


def test_hostile_labels_are_titles_on_one_line() -> None:
    w = Parameter(1.0, "a\n<b>\u202e" + "x" * 100 + ".n.w")
    [branch] = [
        child for child in tree_of(topological_order(w * 2.0 + 1.0)).children if isinstance(child, Branch)
    ]
    assert branch.title.startswith("a↵<b>\ufffdxxx")
    assert len(branch.title) <= 45


def test_a_label_of_a_thousand_parts_is_no_path() -> None:
    w = Parameter(1.0, ".".join(["m"] * 1000))
    assert titles(tree_of(topological_order(w * 2.0))) == [".", ".", "."]


@pytest.mark.parametrize("block", [nullcontext, record_sources])
def test_scopes_fold_around_modules(block: Any) -> None:
    model = MLP(2, [3, 2], activation="tanh", seed=0)
    with block():
        with scope("encoder"):
            out = model([Value(1.0, "a"), Value(2.0, "b")])
        with scope("head"):
            picked = (out[0] * 2.0).tanh() + 1.0
        loss = (picked - out[1]) ** 2
    tree = tree_of(topological_order(loss))
    assert sorted(set(titles(tree)) - {"."}) == ["encoder", "head"]
    encoder = inside(tree, "encoder")
    assert sorted(titles(encoder)) == ["layers[0]", "layers[1]"]
    assert len(inside(inside(encoder, "layers[0]"), "neurons[1]").children) == 5
    assert len(inside(tree, "head").children) == 5
