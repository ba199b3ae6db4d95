"""The training loop's conscience where a loop's variable is updated in the place of the parameters."""

import types
import warnings
from collections.abc import Callable

import pytest
from training_loops import Line, caught, loss_of, loss_of_plain

from chainrule.engine import Value, no_grad
from chainrule.engine.debugging.warn import LostParameterWarning
from chainrule.nn import MLP

pytestmark = pytest.mark.usefixtures("beginning")


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
