"""Graphs of many values, and the groups they are folded into."""

from chainrule.engine import Value, total
from chainrule.nn import Module, moons
from chainrule.viz.fold.groups import Groups
from chainrule.viz.fold.part import Part


def groups(root: Value, depth: int | None = None, most: int = 150) -> Groups:
    """Return the groups of a whole graph."""
    return Groups(Part(root), depth, most)


def names(root: Value, depth: int | None = None) -> list[str]:
    """Return the paths of the groups that have one."""
    return [".".join(group.path) for group in groups(root, depth).all if group.path]


def batch_loss(model: Module, examples: int = 100) -> Value:
    """Return the loss of a model on so many points, all in one graph."""
    points, sides = moons(examples, noise=0.1, seed=1)
    losses = [
        (1.0 - model([Value(x) for x in point]) * side).relu()
        for point, side in zip(points, sides, strict=True)
    ]
    loss: Value = total(losses) / examples + 1e-4 * total([p * p for p in model.parameters()])
    loss.label = "loss"
    return loss


def chain(length: int) -> Value:
    """Return a graph of so many operations, one after the other."""
    x = Value(0.5, "x")
    for _ in range(length):
        x = x.tanh()
    return x
