"""The training loop's conscience where nothing but the passes tells of steps, and changed data."""

import re
import warnings
from collections.abc import Callable

import pytest
from training_loops import Line, caught, loss_of, only

from chainrule.engine import ChangedDataWarning, Value, dot, graph, total
from chainrule.engine.debugging import changed, rebound, stale
from chainrule.engine.debugging.warn import LostParameterWarning, StaleGradientWarning
from chainrule.nn import MLP, SGD


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this a program that has met an optimizer, whatever tests came before."""
    for name, value in (("_looked_at", 0), ("_early", 0), ("_by_hand", False)):
        monkeypatch.setattr(changed, name, value)
    monkeypatch.setattr(graph, "unseen", 0)


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this a program that has just begun, in which nobody has met an optimizer."""
    monkeypatch.setattr(graph, "listeners", type(graph.listeners)())
    for name, value in (("_looked_at", 0), ("_early", changed._EARLY), ("_by_hand", True)):
        monkeypatch.setattr(changed, name, value)
    monkeypatch.setattr(graph, "unseen", 0)
    monkeypatch.setattr(rebound, "_before", None)
    stale.forget()


@pytest.mark.usefixtures("by_hand")
@pytest.mark.parametrize("whole", [0, changed._WHOLE])
def test_zero_grad_forgotten_where_numbers_are_updated_by_hand(
    monkeypatch: pytest.MonkeyPatch, whole: int
) -> None:
    monkeypatch.setattr(changed, "_looked_at", whole)
    model = MLP(1, [2, 1], activation="tanh", seed=1)

    def program() -> None:
        for _ in range(3):
            loss_of(lambda x: model(x)).backward()
            for p in model.parameters():
                p.data -= 0.01 * p.grad

    category, text = only(program)
    assert category is StaleGradientWarning
    assert text == (
        "the gradients of layers[0].neurons[1].w[0], layers[0].neurons[1].b, layers[0].neurons[0].w[0] and "
        "4 more were not set back to zero after the last steps, and backward() adds to them. Before each "
        "backward() call model.zero_grad(), or set p.grad = 0.0"
    )


@pytest.mark.usefixtures("by_hand")
def test_zero_grad_forgotten_for_a_single_value() -> None:
    w = Value(2.0, "w")

    def program() -> None:
        for _ in range(4):
            ((w - 1.0) ** 2).backward()
            w.data += -0.1 * w.grad

    said = caught(program)
    assert {warning.category for warning in said} == {StaleGradientWarning}
    assert str(said[0].message).startswith(
        "the gradients of w were not set back to zero after the last steps,"
    )


def rebinding(steps: int, passes: int = 0) -> Callable[[], None]:
    """Return a loop of w = w - lr * w.grad; passes: after how many steps it begins anew from the leaf."""

    def program() -> None:
        start, x = Value(2.0, "w"), Value(0.5)
        w = start
        for step in range(steps):
            if passes and step % passes == 0:
                w = start
            ((w * x - 1.0) ** 2 + total([w * 0.01] * 200)).backward()
            w = w - 0.01 * w.grad

    return program


@pytest.mark.usefixtures("by_hand")
@pytest.mark.parametrize("whole", [0, changed._WHOLE])
def test_a_value_rebound_by_every_step(monkeypatch: pytest.MonkeyPatch, whole: int) -> None:
    monkeypatch.setattr(changed, "_looked_at", whole)
    said = caught(rebinding(100))
    assert {warning.category for warning in said} == {LostParameterWarning}
    assert re.sub(r"\d+ times", "n times", str(said[0].message)) == (
        "w has been updated n times by w = w - lr * w.grad, which makes a new Value each time and keeps the "
        "old ones in its graph: every pass takes longer. Change the number, w.data -= lr * w.grad, and set "
        "w.grad = 0.0 before the next backward()"
    )
    with warnings.catch_warnings(record=True) as once:
        warnings.simplefilter("default")
        rebinding(200)()
    assert len(once) == 1

    def subtracting() -> None:
        w = Value(2.0, "w")
        for _ in range(100):
            ((w - 1.0) ** 2).backward()
            w += -0.01 * w.grad

    assert {warning.category for warning in caught(subtracting)} == {LostParameterWarning}


@pytest.mark.usefixtures("by_hand")
def test_few_updates_one_upon_the_other_and_other_subtractions() -> None:
    def moved() -> None:
        x, speed = Value(0.0), [0.1 * step for step in range(120)]
        for each in speed:  # a path in time, each moment looked at
            x = x - each
            ((x - 3.0) ** 2).backward()

    def steady() -> None:
        x = Value(0.0)
        for _ in range(120):  # its gradient is 2 at every step, and each number a rate times it
            x = x - 0.1
            (x * 2.0).backward()

    assert caught(rebinding(200, passes=20)) == caught(moved) == caught(steady) == []


@pytest.mark.usefixtures("by_hand")
def test_loops_by_hand_that_zero_their_gradients_or_add_up_batches() -> None:
    w, v, x = Value(2.0, "w"), Value(0.5, "v"), Value(1.0, "x")

    def program() -> None:
        for step in range(12):
            for batch in range(1 + step % 3):
                x.data = 0.1 * batch + 0.05 * step  # its gradient is never used, and never zeroed
                ((w * x + v - 1.0) ** 2).backward()
            for p in (w, v):
                p.data -= 0.1 * p.grad
                p.grad = 0.0

    assert caught(program) == []


@pytest.mark.usefixtures("by_hand")
def test_two_players_by_hand_whose_passes_run_through_each_other() -> None:
    maker, judge = [Value(2.0), Value(0.3)], [Value(0.5), Value(-0.2)]

    def program() -> None:
        for _ in range(8):
            for player, sign in ((judge, -1.0), (maker, 1.0)):
                for p in player:
                    p.grad = 0.0
                made = maker[0] * 0.7 + maker[1]
                (sign * (judge[0] * made + judge[1]).tanh()).backward()
                for p in player:
                    p.data -= 0.01 * p.grad

    assert caught(program) == []


def test_data_changed_between_forward_and_backward() -> None:
    w, x = Value(2.0, "w"), Value(3.0, "x")
    loss = (w * x - 1.0) ** 2

    def program() -> None:
        w.data = 5.0
        loss.backward()

    assert only(program) == (
        ChangedDataWarning,
        "the data of w changed after the loss was computed: these are the gradients at the old numbers. "
        "Compute the loss anew after an update, before backward()",
    )
    assert w.grad == 30.0


@pytest.mark.usefixtures("by_hand")
@pytest.mark.parametrize("zero", ["optimizer", "module"])
def test_a_parameter_rebound_beside_an_optimizer(zero: str) -> None:
    def program() -> None:
        model = Line()
        steps = SGD(model.parameters(), lr=0.01)
        for _ in range(4):
            (steps if zero == "optimizer" else model).zero_grad()
            loss_of(model).backward()
            model.slope = model.slope - 0.01 * model.slope.grad  # type: ignore[assignment]
            steps.step()

    texts = [str(warning.message) for warning in caught(program)]
    assert (
        "the data of slope changed after the loss was computed: these are the gradients at the old numbers. "
        "Compute the loss anew after an update, before backward(). If p = p - lr * p.grad was to update it, "
        "that made a new Value, of which no optimizer knows: leave updates to optimizer.step(), or change "
        "the number, p.data -= lr * p.grad"
    ) in texts
    assert zero == "optimizer" or texts[0].startswith("Line.slope is no parameter any more: p = p - ...")


def test_which_number_changed_is_known_of_products_alone() -> None:
    a, b, c, d = [Value(1.0 + i, "abcd"[i]) for i in range(4)]

    def said(loss: Value, *moved: Value) -> str:
        def program() -> None:
            for value in moved:
                value.data += 1.0
            loss.backward()

        return only(program)[1].partition(" changed after")[0]

    assert said(a * b, b) == "the data of b"
    assert said(dot([a, b], [c, d]), a, d) == "the data of a, d"
    assert said(dot([a, b, c], [d, d, d]), a, b, c, d) == "the data of a, b, c and 1 more"
    assert said(a * a, a) == "the data of a"
    assert said(a.exp(), a) == "the data of a"
    assert said(a.exp() * b, b) == said(b * a.exp(), b) == "the data of b"
    assert said(a - b, b) == "the data of a or b"
    assert said(total([a, b, c, d]), d) == "the data of a or b or c or 1 more"
    assert said((a + b) * (b * c), b) == "the data of b"


def test_one_number_anywhere_in_a_small_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changed, "_looked_at", 0)
    weights = [Value(float(i), f"w{i}") for i in range(30)]

    def program() -> None:
        for weight in weights:
            loss = total([w * w for w in weights])
            weight.data += 1.0
            with pytest.warns(ChangedDataWarning, match=f"^the data of {weight.label} changed"):
                loss.backward()

    program()


def test_many_passes_through_small_graphs_are_looked_at_by_their_first_operation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(changed, "_looked_at", changed._WHOLE - 1)
    a, b = Value(2.0, "a"), Value(3.0, "b")
    loss = (a * 2.0) * (b * 2.0)
    a.data = 4.0  # the first operation is b * 2.0
    with pytest.warns(ChangedDataWarning, match="^the data of a changed"):
        loss.backward()
    assert changed._looked_at == changed._WHOLE + 2
    looked_at: list[Value] = []
    monkeypatch.setattr(changed, "_differs", lambda node: looked_at.append(node))
    for _ in range(8):
        loss.backward()
    assert looked_at == []  # it agrees, which is quickly said


def test_after_many_passes_every_eighth_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changed, "_looked_at", changed._WHOLE)
    a = Value(2.0, "a")
    warned = []
    for _ in range(24):
        loss = a * 2.0
        a.data += 1.0
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            loss.backward()
        warned.append(len(caught))
    assert warned == [1, 0, 0, 0, 0, 0, 0, 0] * 3


def test_a_loss_computed_once_before_the_loop() -> None:
    def program() -> None:
        model = Line()
        steps = SGD(model.parameters(), lr=0.01)
        loss = loss_of(model)
        for _ in range(4):
            steps.zero_grad()
            loss.backward()
            steps.step()

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        program()
    assert [warning.category for warning in said] == [ChangedDataWarning]
