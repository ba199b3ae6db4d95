"""micrograd's own demo: an MLP of 16 + 16 neurons learns to tell two moons apart.

100 points, hinge loss, an L2 penalty, full-batch gradient descent with a falling learning rate, as in
micrograd's demo notebook. `python examples/moons.py` prints loss and accuracy and writes

    boundary.svg   the points and where the network changes its mind
    loss.svg       the loss of every step

With --compiled the same steps are taken in machine code: one line of `train` differs.
"""

from collections.abc import Callable, Sequence
from functools import partial

from _pictures import picture
from _show import count, heading, parser, say

from chainrule.engine import Value, collector_paused, no_grad, total
from chainrule.nn import MLP, SGD, History, Scores, compiled_step, hinge, moons
from chainrule.viz import plot_decision_boundary, plot_history

PENALTY = 1e-4
"""What the square of a parameter costs. SGD's weight_decay is the slope of that: twice as much."""

Points = Sequence[Sequence[float]]


@collector_paused  # a graph is large; it is gone when the collector goes on
def step(
    model: MLP, loss: Callable[[Value, int], Value], optimizer: SGD, points: Points, sides: Sequence[int]
) -> float:
    """Take one step down the mean loss of all points; return that loss, as it was before it."""
    losses = [loss(model(point), side) for point, side in zip(points, sides, strict=True)]
    mean: Value = total(losses) / len(losses)
    optimizer.zero_grad()
    mean.backward()
    optimizer.step()
    return mean.data


def accuracy(model: MLP, points: Points, sides: Sequence[int]) -> float:
    """Return the share of points that the network puts on the right side of 0."""
    with no_grad():
        scores = [model(point) for point in points]
    right: list[bool] = [(score > 0) == (side > 0) for score, side in zip(scores, sides, strict=True)]
    return sum(right) / len(right)


def train(steps: int, seed: int, compiled: bool = False) -> tuple[MLP, History, list[list[float]], list[int]]:
    """Return the trained network, its history, and the points with their sides."""
    points, sides = moons(100, noise=0.1, seed=seed)
    model = MLP(2, [16, 16, 1], seed=seed)
    optimizer = SGD(model.parameters(), lr=1.0, weight_decay=2.0 * PENALTY)
    history = History()
    given = model, hinge, optimizer
    take_step = compiled_step(*given) if compiled else partial(step, *given)
    for k in range(steps):
        optimizer.lr = 1.0 - 0.9 * k / steps
        loss = take_step(points, sides)
        history.train.append(Scores(loss, {}))
        if k % 20 == 0 or k == steps - 1:
            print(f"step {k:3}  loss {loss:.4f}, accuracy then {accuracy(model, points, sides):.2f}")
    return model, history, points, sides


def main(argv: Sequence[str] | None = None) -> float:
    """Train, print and draw; return the accuracy at the end."""
    options = parser("moons", "Train micrograd's demo network on two moons.")
    options.add_argument("--steps", type=count, default=100, help="steps of gradient descent (%(default)s)")
    options.add_argument("--seed", type=int, default=1337, help="of the points and weights (%(default)s)")
    options.add_argument("--compiled", action="store_true", help="take the steps in machine code")
    given = options.parse_args(argv)

    heading("Two moons: 100 points, MLP(2, [16, 16, 1]), hinge loss, L2 penalty")
    model, history, points, sides = train(given.steps, given.seed, given.compiled)

    if given.out is not None:
        with picture(given.out / "boundary.svg", "Where the network changes its mind") as (panel,):
            plot_decision_boundary(model, points, sides, panel)
        with picture(given.out / "loss.svg", "Two moons: the loss of every step") as (panel,):
            plot_history(history, panel)
        say(f"Pictures: {given.out / 'boundary.svg'}, {given.out / 'loss.svg'}")
    return accuracy(model, points, sides)


if __name__ == "__main__":
    main()
