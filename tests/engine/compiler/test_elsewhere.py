"""What other tools have and this one has not is refused with what to write instead."""

import copy
import functools
import inspect
import re
from typing import Any

import numpy as np
import pytest

from chainrule.engine import RecordingError, Value, compile, hessian, value_and_grad
from chainrule.engine.compiler.elsewhere import METHODS, OPTIONS
from chainrule.nn import MLP, Module


def cube(x: Any) -> Any:
    """Return the third power."""
    return x**3


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_of_another_tool_says_what_there_is(name: str) -> None:
    with pytest.raises(TypeError) as caught:
        compile(cube, **{name: True})  # type: ignore[call-overload]  # that is the point
    assert str(caught.value) == f"compile has no option {name!r}: {OPTIONS[name]}"


def test_an_option_that_nobody_has_names_those_there_are() -> None:
    wanted = "compile has no option 'bath': there are argnums, batch, reduce, exact, threads and dtype"
    with pytest.raises(TypeError, match=wanted):
        compile(cube, bath="x")  # type: ignore[call-overload]  # that is the point
    with pytest.raises(TypeError, match=wanted):
        compile(bath="x")  # type: ignore[call-overload]  # that is the point
    options = set(inspect.signature(compile).parameters) - {"f", "elsewhere"}
    assert all(option in wanted for option in options)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_of_another_tool_says_what_there_is(name: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(compile(cube), name)
    assert str(caught.value) == f"the compiled function cube has no {name!r}: " + METHODS[name].format(
        name=name
    )
    assert not hasattr(compile(cube), name)


def test_what_nobody_has_is_only_not_there() -> None:
    with pytest.raises(AttributeError, match=r"^the compiled function cube has no 'colour'$"):
        compile(cube).colour()  # type: ignore[attr-defined]  # that is the point


def test_a_hint_for_a_derivative_is_what_works() -> None:
    with pytest.raises(AttributeError, match=r"compile the derivative: compile\(hessian\(f\)\)"):
        compile(cube).hessian(2.0)  # type: ignore[attr-defined]  # that is the point
    assert compile(hessian(cube))(2.0) == 12.0


def test_a_compiled_model_is_not_what_parameters_are_asked_of() -> None:
    kernel = compile(MLP(2, [1], seed=0))
    assert isinstance(kernel([1.0, 2.0]), float)
    with pytest.raises(
        AttributeError, match=r"has no 'parameters': it reads a module's parameters .* ask the module"
    ):
        kernel.parameters()  # type: ignore[attr-defined]  # that is the point


def test_options_make_a_decorator() -> None:
    @compile(batch="x", reduce="mean")
    def loss(w: float, x: float) -> float:
        """Return a product."""
        return w * x

    @compile()
    def square(x: float) -> float:
        return x * x

    assert (loss.__name__, loss.__doc__) == ("loss", "Return a product.")
    assert loss.value_and_grad(2.0, [1.0, 3.0]) == (4.0, 2.0)
    assert square(3.0) == 9.0
    assert functools.partial(compile, batch="x")(cube)([1.0, 2.0]).tolist() == [1.0, 8.0]


@pytest.mark.parametrize("batch", [(None, 0), True, None, 1.5, ["x", None], b"x"])
def test_a_batch_is_named_or_counted(batch: Any) -> None:
    with pytest.raises(TypeError, match=r"compile: batch names the arguments that hold the samples, such as"):
        compile(cube, batch=batch)


def test_a_batch_may_be_counted_with_numpy_s_numbers() -> None:
    assert compile(lambda w, x: w * x, batch=np.int64(1))(2.0, [1.0, 3.0]).tolist() == [2.0, 6.0]  # type: ignore[call-overload]  # as good as an int


class Line(Module):
    """A model with a compiled method."""

    def __init__(self) -> None:
        self.w = Value(2.0)

    @compile
    def at(self, x: Any) -> Any:
        """Return a point of the line."""
        return self.w * x

    @compile(batch=("x", "y"), reduce="mean")
    def error(self, x: Any, y: Any) -> Any:
        return (self.w * x - y) ** 2


def test_a_compiled_method_takes_its_instance() -> None:
    line, other = Line(), Line()
    assert line.at(3.0) == 6.0
    other.w.data = -1.0
    assert (other.at(3.0), line.at(3.0)) == (-3.0, 6.0)
    assert Line.at(line, 4.0) == 8.0
    assert Line.at.value_and_grad(line, 4.0) == (8.0, [4.0])
    assert Line.at.__doc__ == "Return a point of the line."


def test_a_compiled_method_differentiates_and_binds_for_its_instance() -> None:
    line, other = Line(), Line()
    other.w.data = -1.0
    assert line.at.value_and_grad(3.0) == (6.0, [3.0])
    assert other.error.value_and_grad(x=[1.0, 2.0], y=[0.0, 0.0]) == (2.5, [-5.0])
    assert other.error.grad([1.0], [1.0]) == [-4.0]
    bound = line.at.bind(3.0)
    line.w.data = 5.0
    assert (bound(), bound.grad) == (15.0, [3.0])
    assert line.at.error_bound(3.0).value == 0.0
    assert line.at.variant(3.0) is Line.at.variant(line, 3.0)
    assert line.at.tape is not None
    with pytest.raises(AttributeError, match=r"has no 'hessian': compile the derivative"):
        line.at.hessian  # noqa: B018  # that is the point


def test_compiled_methods_of_one_instance_are_the_same() -> None:
    line, other = Line(), Line()
    assert line.at == line.at
    assert len({line.at, line.at, other.at, line.error}) == 3
    assert line.at != other.at
    assert line.at != Line.at
    assert repr(line.at).startswith("<compiled at> of ")
    assert copy.copy(line.at) == line.at


def test_tools_find_what_was_compiled() -> None:
    kernel = compile(cube)
    assert kernel.__wrapped__ is cube
    assert str(inspect.signature(kernel)) == "(x: Any) -> Any"
    assert str(inspect.signature(Line().error)) == "(x: Any, y: Any) -> Any"


def test_a_bound_kernel_takes_no_arguments() -> None:
    x = np.array([1.0, 2.0])
    bound = compile(lambda x: x[0] * x[1]).bind(x)
    with pytest.raises(
        TypeError, match=r"a Bound reads the arguments .*: write into these, as in x\[:\] = \.\.\., and"
    ):
        bound(np.array([3.0, 4.0]))  # type: ignore[arg-type]  # that is the point
    x[:] = [3.0, 4.0]
    assert bound() == 12.0


def test_several_numbers_have_no_gradient_and_the_error_says_what_has() -> None:
    with pytest.raises(
        TypeError, match=r"returned 2: compile\(jacobian\(f\)\) differentiates several, compile"
    ):
        compile(lambda x: (x * x, x)).value_and_grad(2.0)


def test_a_recording_error_is_no_attribute_error() -> None:
    with pytest.raises(RecordingError):
        compile(lambda x: x if x > 0.0 else -x)(1.0)


@pytest.mark.parametrize("batch", [{"x": [1.0, 2.0]}, [{"x": 1.0}, {"x": 2.0}]])
def test_a_batch_of_dictionaries_says_how_to_pass_what_they_hold(batch: Any) -> None:
    with pytest.raises(TypeError, match="pass what it holds as arguments of their own, each an array"):
        compile(lambda w, d: w * d["x"], batch="d")(2.0, batch)


def test_a_count_among_the_arguments_is_fixed_before_compiling() -> None:
    def doubled(x: Any, n: int) -> Any:
        for _ in range(n):
            x = 2.0 * x
        return x

    with pytest.raises(
        RecordingError, match=r"A count, for range\(n\), is fixed beforehand: compile\(functools"
    ):
        compile(doubled)(1.0, 3)
    assert compile(functools.partial(doubled, n=3))(1.0) == 8.0


def test_a_training_step_on_values_is_told_of_the_compiled_one() -> None:
    model = MLP(1, [1], seed=0)
    step = compile(lambda x: model(x).backward())
    with pytest.raises(
        RecordingError, match=r"chainrule\.nn\.compiled_step\(model, loss, optimizer\) is a whole"
    ):
        step([1.0])


def test_a_derivative_of_a_batch_is_compiled_from_the_function() -> None:
    def loss(w: Any, x: Any) -> Any:
        return w * w * x

    kernel = compile(loss, batch="x", reduce="mean")
    with pytest.raises(
        RecordingError, match=r"compile the derivative of it, as in compile\(hessian\(f\), batch"
    ):
        hessian(kernel)(1.0, [2.0, 4.0])
    assert compile(hessian(loss), batch="x", reduce="mean")(1.0, [2.0, 4.0]) == 6.0


def test_what_else_is_to_be_seen_comes_with_value_and_gradient() -> None:
    def loss(w: Any, x: Any) -> Any:
        scores = [w * each for each in x]
        return sum([score * score for score in scores]), {"scores": scores, "name": "line"}

    both = value_and_grad(loss, has_aux=True)
    expected = ((20.0, {"scores": [2.0, 4.0], "name": "line"}), 20.0)
    assert both(2.0, [1.0, 2.0]) == expected
    assert compile(both)(2.0, [1.0, 2.0]) == expected


def not_a_number(x: Any) -> Any:
    """Fail as functions do that take numbers of their own kind only, torch.sin say."""
    raise TypeError(f"sin(): argument 'input' (position 1) must be Tensor, not {type(x).__name__}")


@pytest.mark.parametrize(
    ("f", "args", "said"),
    [
        (lambda x, i: x[i], (np.array([1.0, 2.0]), 1), r"take\(rows, i\) chooses by it"),
        (
            lambda x: sum([each * each for each in x]),
            (2.0,),
            "a number that compile records: it is one number",
        ),
        (lambda x: not_a_number(x), (2.0,), "the functions of chainrule.engine and of NumPy take it"),
        (lambda x: not_a_number(x.data), (2.0,), "the functions of chainrule.engine and of NumPy take it"),
        (lambda x: not_a_number(x > 0.0), (2.0,), "the functions of chainrule.engine and of NumPy take it"),
    ],
)
def test_an_error_of_another_library_has_a_note(f: Any, args: tuple[Any, ...], said: str) -> None:
    with pytest.raises((IndexError, TypeError)) as caught:
        compile(f)(*args)
    assert [note for note in caught.value.__notes__ if re.search(said, note)] == caught.value.__notes__


def test_an_error_of_the_user_s_own_has_none() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        compile(lambda x: x * (1 // 0))(2.0)
    assert not hasattr(caught.value, "__notes__")
