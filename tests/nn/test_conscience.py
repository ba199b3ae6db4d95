"""The training loop's conscience: each mistake is made here, and what must stay silent is done here."""

import gc
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from chainrule.engine import ChangedDataWarning, Value, black_box, dot, forget, graph, no_grad, total
from chainrule.engine.debugging import changed, stale
from chainrule.engine.debugging.warn import (
    GrowingGraphWarning,
    LostParameterWarning,
    RisingLossWarning,
    StaleGradientWarning,
)
from chainrule.nn import (
    MLP,
    SGD,
    Adam,
    Layer,
    Module,
    Parameter,
    TrainingWarning,
    conscience,
    evaluate,
    fit,
    squared_error,
)

XS, YS = [[0.0], [0.5], [1.0]], [1.0, 0.0, 2.0]


class Line(Module):
    def __init__(self) -> None:
        self.slope, self.offset = Parameter(0.5), Parameter(0.0)

    def __call__(self, x: list[float]) -> Value:
        return self.slope * x[0] + self.offset


def loss_of(model: Callable[[list[float]], Value]) -> Value:
    return total([squared_error(model(x), y) for x, y in zip(XS, YS, strict=True)])


def caught(program: Callable[[], None]) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        program()
    return said


def only(program: Callable[[], None]) -> tuple[type[Warning], str]:
    (warning,) = caught(program)
    assert warning.filename == __file__
    assert issubclass(warning.category, TrainingWarning)
    return warning.category, str(warning.message)


# -- the mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_zero_grad_forgotten(optimizer: Callable[..., SGD | Adam]) -> None:
    def program() -> None:
        model = Line()
        steps = optimizer(model.parameters(), lr=0.001)
        for _ in range(4):
            loss_of(model).backward()
            steps.step()

    category, text = only(program)
    assert category is StaleGradientWarning
    assert text == (
        f"{optimizer.__name__}.step() again without zero_grad(): the gradients are those of the step before "
        "plus the new ones. Call optimizer.zero_grad() before each backward()"
    )


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this a program that has just begun, in which nobody has met an optimizer."""
    monkeypatch.setattr(graph, "listeners", type(graph.listeners)())
    for name, value in (("_looked_at", 0), ("_early", changed._EARLY), ("_by_hand", True)):
        monkeypatch.setattr(changed, name, value)
    monkeypatch.setattr(graph, "unseen", 0)
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


def test_the_loss_rises_where_an_update_by_hand_has_the_wrong_sign() -> None:
    def program() -> None:
        model = Line()
        for _ in range(8):
            model.zero_grad()
            loss_of(model).backward()
            for p in model.parameters():
                p.data += 0.001 * p.grad

    assert only(program) == (
        RisingLossWarning,
        "the loss has risen at each of 5 steps, by as much as it should have fallen; the parameters move up "
        "their gradients: to lower it subtract, p.data -= lr * p.grad",
    )


def test_the_loss_rises_where_a_row_of_ones_own_has_the_wrong_sign() -> None:
    wrong = black_box("wrong_square", lambda x: x * x, lambda x: -2.0 * x)

    def program() -> None:
        w = Parameter(1.0)
        steps = SGD([w], lr=0.01)
        for _ in range(8):
            steps.zero_grad()
            wrong(w).backward()
            steps.step()

    try:
        category, text = only(program)
    finally:
        forget("wrong_square")
    assert category is RisingLossWarning
    assert text.endswith(
        "the gradients have the wrong sign: look at hooks, rows of your own, and what changes grad"
    )


def test_a_parameter_rebound_instead_of_updated() -> None:
    def program() -> None:
        model = Line()
        for _ in range(3):
            model.zero_grad()
            loss_of(model).backward()
            model.slope = model.slope - 0.01 * model.slope.grad  # type: ignore[assignment]

    assert only(program) == (
        LostParameterWarning,
        "Line.slope is no parameter any more: p = p - ... makes a new Value, which is in no list of "
        "parameters and keeps the old ones in its graph. Change the number: p.data -= lr * p.grad",
    )


def test_parameters_the_optimizer_does_not_hold_because_they_were_replaced() -> None:
    def program() -> None:
        model = Line()
        model.slope.label, model.offset.label = "slope", "offset"
        steps = SGD(model.parameters(), lr=0.01)
        model.slope = Parameter(0.1, "slope")
        for _ in range(3):
            steps.zero_grad()
            loss_of(model).backward()
            steps.step()

    assert only(program) == (
        LostParameterWarning,
        "SGD holds parameters that the loss does not depend on any more; in their places are new ones, which "
        "it does not hold: slope. Make the optimizer anew after replacing parameters",
    )


def test_a_layer_that_was_replaced_after_the_optimizer_was_made() -> None:
    def program() -> None:
        model = MLP(2, [2, 1], activation="tanh", seed=1)
        steps = SGD(model.parameters(), lr=0.01)
        model.layers[1] = Layer(2, 1, activation="identity", seed=2)
        for _ in range(3):
            steps.zero_grad()
            squared_error(model([0.5, -0.5]), 1.0).backward()
            steps.step()

    warned, text = only(program)
    assert warned is LostParameterWarning
    assert text.endswith(
        "it does not hold: neurons[0].b, neurons[0].w[0], neurons[0].w[1]. Make the optimizer anew after "
        "replacing parameters"
    )


@pytest.mark.parametrize("collects", [True, False])
def test_losses_that_are_added_up_or_collected_as_values(collects: bool) -> None:
    def program() -> None:
        model = Line()
        steps = SGD(model.parameters(), lr=0.01)
        running, losses = Value(0.0), []
        for _ in range(15):
            steps.zero_grad()
            loss = loss_of(model)
            loss.backward()
            steps.step()
            if collects:
                losses.append(loss)
            else:
                running += loss

    assert only(program) == (
        GrowingGraphWarning,
        "the graphs of the last 10 steps' losses are all still in memory: add up or collect the numbers, "
        "total += loss.item(), not the Values, total += loss",
    )


def test_losses_that_are_added_up_while_parameters_are_updated_by_hand() -> None:
    def program() -> None:
        model, running = Line(), Value(0.0)
        for _ in range(15):
            loss = loss_of(model)
            model.zero_grad()
            loss.backward()
            for p in model.parameters():
                p.data -= 0.01 * p.grad
            running += loss

    assert only(program)[0] is GrowingGraphWarning


def test_losses_that_are_collected_from_some_step_on() -> None:
    def program() -> None:
        model, losses = Line(), []
        steps = SGD(model.parameters(), lr=0.001)
        for step in range(540):
            steps.zero_grad()
            loss = loss_of(model)
            loss.backward()
            steps.step()
            if step > 40:
                losses.append(loss)

    assert only(program)[0] is GrowingGraphWarning


def test_passes_are_announced_only_while_they_tell_something() -> None:
    gc.collect()
    model = Line()
    steps = SGD(model.parameters(), lr=0.01)
    steps.step()
    (watch,) = [watch for owner, watch in conscience._live() if owner is steps]
    listening = []
    for _ in range(3):
        steps.zero_grad()
        for _ in range(3):
            loss_of(model).backward()
            listening.append(watch in conscience._listening)
        steps.step()
        assert watch in conscience._listening
    assert listening == [True, False, False] * 3
    assert conscience._pass_begins in graph.listeners
    for _ in range(100):
        steps.step()
    assert watch not in conscience._listening  # asleep


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


def test_steps_from_one_loss_again_and_again_are_no_graphs_that_pile_up() -> None:
    model = MLP(1, [1], seed=1)
    optimizer = SGD(model.parameters(), lr=0.0)
    loss = model([1.0]) ** 2

    def program() -> None:
        for _ in range(15):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        program()


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


# -- what must stay silent ----------------------------------------------------------------------------


def test_an_ordinary_loop_is_silent() -> None:
    model = MLP(1, [4, 1], activation="tanh", seed=1)
    steps = Adam(model.parameters(), lr=0.05)
    history = []
    for _ in range(40):
        loss = loss_of(model)
        steps.zero_grad()
        loss.backward()
        steps.step()
        history.append(loss.item())
    assert history[-1] < history[0]


def test_fit_is_silent() -> None:
    model = MLP(1, [4, 1], activation="tanh", seed=1)
    for size in (None, 1, 2):
        steps = SGD(model.parameters(), lr=0.05)
        fit(model, XS, YS, loss=squared_error, optimizer=steps, epochs=20, batch_size=size, seed=1)


@pytest.mark.parametrize("zero", ["optimizer", "module", "by hand"])
def test_gradients_of_several_batches_added_up(zero: str) -> None:
    model = Line()
    steps = SGD(model.parameters(), lr=0.01)
    for _ in range(6):
        for x, y in zip(XS, YS, strict=True):
            squared_error(model(x), y).backward()
        steps.step()
        if zero == "optimizer":
            steps.zero_grad()
        elif zero == "module":
            model.zero_grad()
        else:
            for p in model.parameters():
                p.grad = 0.0


def test_zeroing_at_the_top_of_the_loop_or_right_before_backward() -> None:
    model = Line()
    steps = SGD(model.parameters(), lr=0.01)
    for i in range(8):
        if i % 2:
            steps.zero_grad()
        loss = loss_of(model)
        if not i % 2:
            model.zero_grad()
        loss.backward()
        steps.step()


@pytest.mark.parametrize("zero", ["optimizer", "module"])
def test_two_networks_that_play_against_each_other(zero: str) -> None:
    maker, judge = MLP(1, [3, 1], seed=1), MLP(1, [3, 1], seed=2)
    of_maker, of_judge = Adam(maker.parameters(), lr=0.01), Adam(judge.parameters(), lr=0.01)
    for i in range(30):
        made = maker([0.1 * i])
        (of_judge if zero == "optimizer" else judge).zero_grad()
        (squared_error(judge([0.7]), 1.0) + squared_error(judge([made.detach()]), 0.0)).backward()
        of_judge.step()
        (of_maker if zero == "optimizer" else maker).zero_grad()
        squared_error(judge([made]), 1.0).backward()  # leaves gradients in the judge, too
        of_maker.step()


def test_frozen_parameters() -> None:
    body, head = MLP(1, [3], seed=1), MLP(3, [1], seed=2)
    steps = SGD(head.parameters(), lr=0.01)
    for _ in range(20):
        steps.zero_grad()
        loss_of(lambda x: head(body(x))).backward()
        steps.step()
    with no_grad():
        features = [body(x) for x in XS]
    for _ in range(20):
        steps.zero_grad()
        total([squared_error(head(f), y) for f, y in zip(features, YS, strict=True)]).backward()
        steps.step()


def test_a_line_search_tries_numbers_and_puts_them_back() -> None:
    model = Line()
    for _ in range(15):
        model.zero_grad()
        before = loss_of(model)
        before.backward()
        start, rate = [(p, p.data, p.grad) for p in model.parameters()], 1.0
        while True:
            for p, data, grad in start:
                p.data = data - rate * grad
            if loss_of(model).data <= before.data:
                break
            rate *= 0.5


def test_a_closure_that_is_evaluated_in_each_step() -> None:
    model = Line()
    steps = SGD(model.parameters(), lr=0.01)

    def closure() -> Value:
        steps.zero_grad()
        loss = loss_of(model)
        loss.backward()
        return loss

    for _ in range(20):
        steps.step(closure)


def test_steps_with_the_same_gradients_and_gradients_that_fade() -> None:
    model = Line()
    steps = SGD(model.parameters(), lr=0.001)
    loss_of(model).backward()
    for _ in range(5):
        steps.step()
    for _ in range(5):
        for p in model.parameters():
            p.grad *= 0.9
        loss_of(model).backward()
        steps.step()


def test_looking_without_steps() -> None:
    model = Line()
    losses = []
    for _ in range(30):
        loss = loss_of(model)
        loss.backward()
        losses.append(loss)
    evaluate(model, XS, YS, loss=squared_error)
    assert len(losses) == 30


def test_a_climb_that_is_meant() -> None:
    w = Parameter(1.0)
    steps = SGD([w], lr=0.01, maximize=True)
    for _ in range(20):
        steps.zero_grad()
        (4.0 - (w - 3.0) ** 2).backward()
        steps.step()


def test_too_large_a_rate_and_noisy_losses() -> None:
    model = Line()
    steps = SGD(model.parameters(), lr=0.3)
    for i in range(12):
        steps.zero_grad()
        squared_error(model(XS[i % 3]), YS[i % 3]).backward()
        steps.step()


def test_a_rate_so_large_that_the_loss_grows_by_more_than_it_should_fall() -> None:
    w = Parameter(1.0)
    steps = SGD([w], lr=5.0)
    for _ in range(12):
        steps.zero_grad()
        (w * w).backward()
        steps.step()
    assert abs(w.data) > 1e6


def test_a_climb_that_is_meant_where_the_module_zeroes_the_gradients() -> None:
    model = Line()
    steps = SGD(model.parameters(), lr=0.001, maximize=True)
    for _ in range(20):
        model.zero_grad()
        (50.0 - loss_of(model)).backward()
        steps.step()


def test_an_input_that_is_given_one_number_after_the_other() -> None:
    w, x = Value(0.5), Value(0.0)
    loss = Value(0.0)
    for number in (1.0, 2.0, 3.0):
        x.data = number
        loss = (w * x - 1.0) ** 2 + loss  # the first example's operations come first in the backward pass
    loss.backward()


def test_a_number_moved_and_moved_back() -> None:
    w = Value(0.1, "w")
    loss = (w * 3.0).tanh()
    w.data += 0.3
    above = (w * 3.0).tanh()
    w.data -= 0.3
    assert w.data != 0.1  # by a rounding
    loss.backward()
    assert above.data > loss.data


def test_modules_that_cannot_be_hashed_or_referred_to_weakly() -> None:
    @dataclass
    class Held(Module):
        w: Parameter

    class Slots(Module):
        __slots__ = ("w",)
        w: Parameter

    slots = Slots()
    slots.w = Parameter(1.0)
    for module in (Held(Parameter(1.0)), slots):
        for _ in range(12):
            module.zero_grad()
            (module.w * module.w).backward()
            module.w.data -= 0.1 * module.w.grad
        assert module.w.data < 0.2


def test_optimizers_that_are_gone_are_forgotten() -> None:
    w = Parameter(1.0)
    steps = SGD([w], lr=0.1)
    steps.step()
    watched = len(conscience._watches)
    del steps
    gc.collect()
    assert len(conscience._watches) < watched


def test_a_few_losses_kept_and_computed_values_in_modules() -> None:
    model = Line()
    steps = SGD(model.parameters(), lr=0.01)
    kept = []
    for i in range(30):
        model.zero_grad()
        loss = loss_of(model)
        loss.backward()
        steps.step()
        model.last = loss  # type: ignore[attr-defined]
        if i % 5 == 0:
            kept.append(loss)
    assert len(kept) == 6


# -- silencing ----------------------------------------------------------------------------------------


def test_one_filter_silences_all() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=TrainingWarning)
        w = Value(2.0)
        loss = w * w
        w.data = 3.0
        loss.backward()


def test_the_page_names_every_warning() -> None:
    page = (Path(__file__).parents[2] / "docs" / "conscience.md").read_text(encoding="utf-8")
    for category in TrainingWarning.__subclasses__():
        assert f"`{category.__name__}`" in page
    assert 'warnings.filterwarnings("ignore", category=TrainingWarning)' in page


@pytest.mark.parametrize("compiled", [False, True])
def test_fit_says_that_the_optimizer_holds_another_models_parameters(compiled: bool) -> None:
    model, other = MLP(1, [3, 1], seed=0), MLP(1, [1], seed=0)
    before = model.state_dict()
    optimizer = SGD(other.parameters(), lr=0.1)
    with pytest.warns(
        LostParameterWarning,
        match=r"SGD holds none of the 10 parameters of the MLP .* from model.parameters\(\)",
    ) as said:
        fit(model, XS, YS, loss=squared_error, optimizer=optimizer, epochs=2, compiled=compiled)
    assert len(said) == 1
    assert said[0].filename == __file__
    assert model.state_dict() == before


def test_fit_says_nothing_of_a_frozen_part() -> None:
    model = MLP(1, [3, 1], seed=0)
    optimizer = SGD(model.layers[1].parameters(), lr=0.01)
    fit(model, XS, YS, loss=squared_error, optimizer=optimizer, epochs=2)
