"""The training loop's conscience where a loop's variable is updated in the place of the parameters."""

import types
import warnings
from collections.abc import Callable

import pytest
from training_loops import Line, caught, loss_of

from chainrule.engine import Constant, Value, graph, no_grad
from chainrule.engine.debugging import changed, loop_variable
from chainrule.engine.debugging.warn import LostParameterWarning
from chainrule.nn import MLP, SGD


@pytest.fixture(autouse=True)
def beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this a program that has just begun, whatever tests came before."""
    monkeypatch.setattr(changed, "_looked_at", 0)
    monkeypatch.setattr(graph, "unseen", 0)
    monkeypatch.setattr(loop_variable, "_seen", (0, 0.0, 0, 0.0))
    monkeypatch.setattr(loop_variable, "_unchanged", 0)


def loss_of_plain(w: Value, b: Value) -> Value:
    """Return how far w * x + b is from two points."""
    return (w * 0.5 + b - 1.0) ** 2 + (w * 2.0 + b + 1.0) ** 2


def text_of(program: Callable[[], None], statement: str) -> str:
    """Return the text of the only kind of warning of a program, which is at the line of that statement."""
    said = caught(program)
    assert {warning.category for warning in said} == {LostParameterWarning}
    with open(__file__, encoding="utf-8") as source:
        lines = source.readlines()
    for warning in said:
        assert warning.filename == __file__
        assert lines[warning.lineno - 1].strip().endswith(statement)
    return str(said[0].message)


def test_the_loops_variable_is_updated_and_no_parameter() -> None:
    def program() -> None:
        model = Line()
        for _ in range(6):
            loss = loss_of(model)
            model.zero_grad()
            loss.backward()
            for p in model.parameters():
                p = p - 0.01 * p.grad

    assert text_of(program, "p = p - 0.01 * p.grad") == (
        "the loop's variable p gets a new Value here, which nothing uses: the parameters, the last of which "
        "is offset, stay as they were. Change the number, p.data -= lr * p.grad, or leave it to an "
        "optimizer's step()"
    )


def test_named_parameters_and_an_update_in_place() -> None:
    def program() -> None:
        model = MLP(1, [3, 1], activation="tanh", seed=1)
        for _ in range(6):
            loss = loss_of(lambda x: model(x))
            loss.backward()
            for _name, p in model.named_parameters():
                p -= 0.01 * p.grad
            model.zero_grad()

    assert "the last of which is layers[1].neurons[0].b" in text_of(program, "p -= 0.01 * p.grad")


def test_plain_values_whose_gradients_are_set_to_zero_by_hand() -> None:
    def program() -> None:
        w, b = Value(1.0, "w"), Value(0.5)
        for _ in range(6):
            loss_of_plain(w, b).backward()
            for parameter in (w, b):
                parameter = (
                    -0.01 * parameter.grad
                    + parameter
                )  # fmt: skip
                parameter.grad = 0.0

    assert "the last of which is Value(0.5, grad=" in text_of(program, "-0.01 * parameter.grad")


@pytest.mark.parametrize("weight_first", [True, False])
def test_examples_that_are_values_and_change_from_pass_to_pass(weight_first: bool) -> None:
    def program() -> None:
        w = Value(1.0, "w")
        for example in range(12):
            x = Value(0.1 * example)
            w.grad = 0.0
            (w * x if weight_first else x * w).backward()
            for p in [w]:
                p -= 0.01 * p.grad

    assert "the last of which is w" in text_of(program, "p -= 0.01 * p.grad")


def test_gradients_read_on_a_line_of_their_own() -> None:
    def program() -> None:
        w, b = Value(1.0), Value(0.5)
        for _ in range(6):
            loss_of_plain(w, b).backward()
            for p in (w, b):
                g = p.grad
                p = p - 0.01 * g
                p.grad = 0.0

    assert "the loop's variable p gets a new Value here" in text_of(program, "p = p - 0.01 * g")


def test_updates_of_several_terms() -> None:
    def program() -> None:
        w, b = Value(1.0, label="w"), Value(0.5, label="b")
        for _ in range(6):
            w.grad = b.grad = 0.0
            loss_of_plain(w, b).backward()
            for p in (w, b):
                p = p - 0.01 * p.grad - 0.001 * p

    assert "the last of which is b, stay" in text_of(program, "p = p - 0.01 * p.grad - 0.001 * p")


def test_updates_in_no_grad_as_in_pytorch() -> None:
    def program() -> None:
        w, b = Value(1.0), Value(0.5)
        for _ in range(6):
            w.grad = b.grad = 0.0
            loss_of_plain(w, b).backward()
            with no_grad():
                for p in (w, b):
                    p = p - 0.01 * p.grad

    assert text_of(program, "p = p - 0.01 * p.grad") == (
        "the loop's variable p gets a new Value here, which nothing uses: the parameters stay as they were. "
        "Change the number, p.data -= lr * p.grad, or leave it to an optimizer's step()"
    )


def test_the_loss_computed_in_a_function_of_its_own() -> None:
    def program() -> None:
        model = Line()

        def passed() -> None:
            model.zero_grad()
            loss_of(model).backward()

        for _ in range(6):
            passed()
            for p in model.parameters():
                p = p - 0.01 * p.grad

    assert "p.data -= lr * p.grad" in text_of(program, "p = p - 0.01 * p.grad")


def test_in_a_script_it_is_said_once() -> None:
    source = (
        "w, b = Value(1.0, 'w'), Value(0.5, 'b')\n"
        "for step in range(40):\n"
        "    loss_of_plain(w, b).backward()\n"
        "    for p in [w, b]:\n"
        "        p = p - 0.01 * p.grad\n"
        "    w.grad = b.grad = 0.0\n"
    )
    script = types.ModuleType("script")
    script.__dict__.update(Value=Value, loss_of_plain=loss_of_plain)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        exec(compile(source, "script.py", "exec"), script.__dict__)
    (warning,) = said
    assert (warning.category, warning.filename, warning.lineno) == (LostParameterWarning, "script.py", 5)


def test_a_function_whose_variables_are_gone_is_not_noticed() -> None:
    def step(parameters: list[Value]) -> None:
        for p in parameters:
            p = p - 0.01 * p.grad

    def program() -> None:
        model = Line()
        for _ in range(20):
            model.zero_grad()
            loss_of(model).backward()
            step(model.parameters())

    assert caught(program) == []


def test_loops_that_change_nothing_because_nothing_is_to_change() -> None:
    def timed() -> None:
        model = Line()
        for _ in range(40):
            model.zero_grad()
            loss_of(model).backward()

    def checked() -> None:
        w, b = Value(1.0), Value(0.5)
        for _ in range(40):
            w.grad = b.grad = 0.0
            loss_of_plain(w, b).backward()
            for p in (w, b):
                data = p.data
                p.data = data + 1e-6
                above = loss_of_plain(w, b).data
                p.data = data - 1e-6
                assert abs((above - loss_of_plain(w, b).data) / 2e-6 - p.grad) < 1e-4
                p.data = data

    assert caught(timed) == caught(checked) == []


def test_steps_inside_a_step_whose_results_are_used() -> None:
    def listed() -> None:
        w, b = Value(1.0), Value(0.5)
        for _ in range(40):
            w.grad = b.grad = 0.0
            loss_of_plain(w, b).backward()
            fast = []
            for p in (w, b):
                p = p - 0.01 * p.grad
                fast.append(p)
            assert loss_of_plain(fast[0], fast[1]).data > 0.0

    def passed_through() -> None:
        w = Value(1.0)
        for _ in range(40):
            w.grad = 0.0
            loss_of_plain(w, w).backward()
            for p in (w,):
                p = p - 0.01 * p.grad
                loss_of_plain(p, p).backward()

    def in_this_graph() -> None:
        w = Value(1.0)
        for _ in range(40):
            w.grad = 0.0
            loss_of_plain(w, w).backward()
            for p in (w,):
                p = p - 0.01 * p.grad
            outer = loss_of_plain(p, w)
            outer.backward()

    def comprehended() -> None:
        w, b = Value(1.0), Value(0.5)
        for _ in range(40):
            w.grad = b.grad = 0.0
            loss_of_plain(w, b).backward()
            fast = [p - 0.01 * p.grad for p in (w, b)]
            loss_of_plain(fast[0], fast[1]).backward()

    assert caught(listed) == caught(passed_through) == caught(in_this_graph) == caught(comprehended) == []


def test_a_line_search_whose_trials_are_not_taken() -> None:
    def program() -> None:
        w, b = Value(1.0), Value(0.5)
        for _ in range(40):
            w.grad = b.grad = 0.0
            best = loss_of_plain(w, b)
            best.backward()
            for rate in (1e3, 1e2, 1e1):
                trial = w - rate * w.grad
                if loss_of_plain(trial, b).data < best.data:
                    w.data = trial.data

    assert caught(program) == []


def test_a_loops_variable_from_before_a_loop_that_updates() -> None:
    def program() -> None:
        model = Line()
        steps = SGD(model.parameters(), lr=0.01)
        loss_of(model).backward()
        for p in model.parameters():
            p = p - 0.01 * p.grad
        for _ in range(20):
            steps.zero_grad()
            loss_of(model).backward()
            steps.step()

    assert caught(program) == []


def test_a_variable_that_no_loop_gives_its_values() -> None:
    def program() -> None:
        w, b = Value(1.0), Value(0.5)
        for _ in range(40):
            w.grad = b.grad = 0.0
            loss_of_plain(w, b).backward()
            fast = w
            fast = fast - 0.01 * fast.grad
            assert loss_of_plain(fast, b).data > 0.0

    assert caught(program) == []


def test_a_variable_that_is_used_before_the_next_turn() -> None:
    def adversarial() -> None:
        w, xs = Value(0.7), [Value(0.1), Value(0.2)]
        for _ in range(40):
            ((w * xs[0] + w * xs[1] - 1.0) ** 2).backward()
            w.grad = worst = 0.0
            for x in xs:
                x = x + 0.1 * x.grad
                worst = max(worst, x.data)
            assert worst < 1.0

    def adversarial_in_no_grad() -> None:
        w, xs = Value(0.7), [Value(0.1), Value(0.2)]
        for _ in range(40):
            ((w * xs[0] + w * xs[1] - 1.0) ** 2).backward()
            with no_grad():
                for x in xs:
                    x = x + 0.1 * x.grad
                    assert w * x

    assert caught(adversarial) == caught(adversarial_in_no_grad) == []


def test_loops_that_compute_something_else() -> None:
    def moved_without_a_gradient() -> None:
        w, b = Value(1.0), Value(0.5)
        for _ in range(40):
            loss_of_plain(w, b).backward()
            largest = max(w.grad, b.grad)
            for p in (w, b):
                p = p + 1e-3
            assert largest

    def from_another_value() -> None:
        w, b = Value(1.0), Value(0.5)
        for _ in range(40):
            loss_of_plain(w, b).backward()
            for trial in range(3):
                trial = w - 0.01 * w.grad  # type: ignore[assignment]
                assert loss_of_plain(trial, b).data  # type: ignore[arg-type]

    def constants() -> None:
        w, b = Value(1.0), Value(0.5)
        for _ in range(40):
            loss_of_plain(w, b).backward()
            for c in (w.detach(), b.detach()):
                c = c - 0.01 * (c.grad + w.grad)  # type: ignore[assignment]

    def computed_values() -> None:
        w, b = Value(1.0), Value(0.5)
        for _ in range(40):
            hidden = [w * 2.0]
            loss_of_plain(hidden[0], b).backward()
            for h in hidden:
                h = h - 0.01 * h.grad

    for program in (moved_without_a_gradient, from_another_value, constants, computed_values):
        assert caught(program) == []


def test_gradients_of_zero_have_nothing_to_change() -> None:
    def program() -> None:
        w, dead = Value(1.0), Value(-2.0)
        for _ in range(40):
            (w * 0.5 + dead.relu()).backward()
            for p in (w, dead):
                p = p - 0.01 * p.grad

    def in_no_grad() -> None:
        w, dead = Value(1.0), Value(-2.0)
        for _ in range(40):
            (w * 0.5 + dead.relu()).backward()
            with no_grad():
                for p in (w, dead):
                    p = p - 0.01 * p.grad

    assert caught(program) == caught(in_no_grad) == []


def test_a_loops_variable_from_before_the_parameters_changed() -> None:
    def program() -> None:
        w, b = Value(1.0), Value(0.5)
        loss_of_plain(w, b).backward()
        for p in (w, b):
            p = p - 0.01 * p.grad
        b.data -= 0.02 * b.grad
        for _ in range(40):
            loss_of_plain(w, b).backward()

    assert caught(program) == []


def test_numbers_that_change_between_the_looks_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[types.FrameType] = []
    monkeypatch.setattr(loop_variable, "_lost", lambda frame, name: looked_at.append(frame))
    w, two = Value(1.0), Constant(2.0)
    for _ in range(20):
        w.grad = 0.0
        (w * two).backward()  # a constant that stays where it is says nothing
        for p in (w,):
            p.data -= 0.001 * p.grad
            p = p - 0.001 * p.grad
    assert looked_at == []
