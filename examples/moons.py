"""micrograd's own demo: an MLP of 16 + 16 neurons learns to tell two moons apart.

100 points, hinge loss plus an L2 penalty, full-batch gradient descent with a falling learning rate, as
in micrograd's demo notebook. `python examples/moons.py` prints loss and accuracy (with --compiled the
same numbers, the steps being taken in machine code) and writes

    boundary.svg   the points and where the network changes its mind
    loss.svg       the loss of every step
"""

from collections.abc import Callable, Sequence
from functools import partial

from _pictures import picture
from _show import count, heading, parser, say

from chainrule.engine import Value, collector_paused, total
from chainrule.nn import MLP, SGD, History, Scores, compiled_step, hinge, l2, moons
from chainrule.viz import plot_decision_boundary, plot_history

PENALTY = 1e-4


def step(
    model: MLP, points: Sequence[Sequence[float]], sides: Sequence[int], optimizer: SGD
) -> tuple[float, float]:
    """Take one step down the loss of all points; return the loss and the accuracy before it."""
    with collector_paused():
        scores = [model(point) for point in points]
        data_loss = total([hinge(score, side) for score, side in zip(scores, sides, strict=True)])
        loss: Value = data_loss * (1.0 / len(points)) + PENALTY * l2(model.parameters())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.data, accuracy(scores, sides)


def in_machine_code(
    model: MLP, points: Sequence[Sequence[float]], sides: Sequence[int], optimizer: SGD
) -> Callable[[], tuple[float, float]]:
    """Return what takes the same step in machine code."""
    from chainrule.engine import compile  # which needs the extra `compile`

    def loss(score: Value, side: int) -> Value:
        return hinge(score, side) + PENALTY * l2(model.parameters())

    descend = compiled_step(model, loss, optimizer)
    scores = compile(lambda network, point: network(point), batch="point")

    def step() -> tuple[float, float]:
        before = accuracy(scores(model, points), sides)
        return descend(points, sides), before

    return step


def accuracy(scores: Sequence[Value], sides: Sequence[int]) -> float:
    """Return the share of scores on the right side of 0."""
    return sum((score > 0) == (side > 0) for score, side in zip(scores, sides, strict=True)) / len(sides)


def train(steps: int, seed: int, compiled: bool = False) -> tuple[MLP, History, list[list[float]], list[int]]:
    """Return the trained network, its history, and the points with their sides."""
    points, sides = moons(100, noise=0.1, seed=seed)
    model = MLP(2, [16, 16, 1], seed=seed)
    optimizer = SGD(model.parameters(), lr=1.0)
    history = History()
    given = model, points, sides, optimizer
    take = in_machine_code(*given) if compiled else partial(step, *given)
    for k in range(steps):
        optimizer.lr = 1.0 - 0.9 * k / steps
        loss, right = take()
        history.train.append(Scores(loss, {"accuracy": right}))
        if k % 10 == 0 or k == steps - 1:
            print(f"step {k:3}  {history.train[-1]}")
    return model, history, points, sides


def main(argv: Sequence[str] | None = None) -> float:
    """Train, print and draw; return the accuracy at the end."""
    options = parser("moons", "Train micrograd's demo network on two moons.")
    options.add_argument("--steps", type=count, default=100, help="steps of gradient descent (%(default)s)")
    options.add_argument("--seed", type=int, default=1337, help="of the points and weights (%(default)s)")
    options.add_argument("--compiled", action="store_true", help="take the steps in machine code")
    given = options.parse_args(argv)

    heading("Two moons: 100 points, MLP(2, [16, 16, 1]), hinge loss + L2")
    model, history, points, sides = train(given.steps, given.seed, given.compiled)

    if given.out is not None:
        with picture(given.out / "boundary.svg", "Where the network changes its mind") as (panel,):
            plot_decision_boundary(model, points, sides, panel)
        with picture(given.out / "loss.svg", "Two moons: the loss of every step") as (panel,):
            plot_history(history, panel)
        say(f"Pictures: {given.out / 'boundary.svg'}, {given.out / 'loss.svg'}")
    return history.metric("accuracy")[-1]


if __name__ == "__main__":
    main()
