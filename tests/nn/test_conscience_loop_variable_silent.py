"""Where a loop's variable is rebound and the training loop's conscience has nothing to say."""

import types

import pytest
from training_loops import Line, caught, loss_of, loss_of_plain

from chainrule.engine import Constant, Value, no_grad
from chainrule.engine.debugging import loop_variable
from chainrule.nn import SGD

pytestmark = pytest.mark.usefixtures("beginning")


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
