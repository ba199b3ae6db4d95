"""The loss as a function of the weights: asked for at any point, and everything put back."""

import math
import random
from typing import Any

import pytest

from chainrule.engine import Value
from chainrule.nn import MLP, SGD, DescentPath, Module, Parameter, evaluate, fit, mse_loss, squared_error
from chainrule.viz import LearningRecorder, plot_loss_line, plot_loss_plane
from chainrule.viz.plot.landscape import Landscape

XS, YS = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]


def model_and_loss() -> tuple[MLP, Any]:
    model = MLP(1, [3, 1], activation="tanh", seed=1)
    return model, lambda: evaluate(model, XS, YS, loss=squared_error)


def test_the_loss_at_a_point_is_that_of_the_model_with_those_parameters() -> None:
    model, loss = model_and_loss()
    other = MLP(1, [3, 1], activation="tanh", seed=2)
    point = [p.data for p in other.parameters()]
    space = Landscape("test", loss, model)
    with space.open() as at:
        assert at(point) == evaluate(other, XS, YS, loss=squared_error).loss
        assert (
            at(space.origin)
            == evaluate(MLP(1, [3, 1], activation="tanh", seed=1), XS, YS, loss=squared_error).loss
        )


@pytest.mark.parametrize("picture", [plot_loss_line, plot_loss_plane])
def test_parameters_and_gradients_are_as_they_were(picture: Any) -> None:
    model, loss = model_and_loss()
    model([1.0]).backward()
    before = [(p.data, p.grad, p.label) for p in model.parameters()]
    picture(loss, model, steps=3)
    assert [(p.data, p.grad, p.label) for p in model.parameters()] == before


@pytest.mark.parametrize("picture", [plot_loss_line, plot_loss_plane])
@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_parameters_are_put_back_after_an_error_too(picture: Any, error: type[BaseException]) -> None:
    model, _ = model_and_loss()
    before = [p.data for p in model.parameters()]
    calls = []

    def failing() -> float:
        calls.append(model([1.0]).data)
        if len(calls) == 3:
            raise error
        return 1.0

    with pytest.raises(error):
        picture(failing, model, steps=5)
    assert len(set(calls)) == 3  # it was elsewhere
    assert [p.data for p in model.parameters()] == before
    assert (model.parameters()[0] * 1.0).primitive is not None  # recording again


@pytest.mark.parametrize("picture", [plot_loss_line, plot_loss_plane])
def test_nothing_is_recorded(picture: Any) -> None:
    ws = [Parameter(1.0), Parameter(2.0)]
    seen: list[Value] = []

    def loss() -> Value:
        seen.append(ws[0] * ws[1])
        return seen[-1]

    picture(loss, ws, steps=3)
    assert {value.primitive for value in seen} == {None}


def test_a_random_direction_is_as_long_as_each_neurons_weights() -> None:
    model = MLP(3, [4, 1], seed=1)
    model.layers[0].neurons[0].b.data = -0.5
    space = Landscape("test", lambda: 0.0, model)
    way = space.random_direction(random.Random(0))
    at = dict(zip(model.parameters(), way, strict=True))
    for layer in model.layers:
        for neuron in layer.neurons:
            assert math.hypot(*[at[w] for w in neuron.w]) == pytest.approx(
                math.hypot(*[w.data for w in neuron.w])
            )
    assert abs(at[model.layers[0].neurons[0].b]) == pytest.approx(0.5)
    assert at[model.layers[0].neurons[1].b] == 0.0  # a bias of 0
    assert way == space.random_direction(random.Random(0))
    assert way != space.random_direction(random.Random(1))


def test_where_all_weights_are_zero_there_is_a_direction_all_the_same() -> None:
    way = Landscape("test", sum, [0.0, 0.0]).random_direction(random.Random(0))
    assert all(way)


class Twice(Module):
    """Holds one parameter in two places."""

    def __init__(self) -> None:
        self.a = Parameter(3.0)
        self.b = [self.a, Parameter(1.0)]


def test_a_parameter_held_twice_is_one_direction() -> None:
    way = Landscape("test", lambda: 0.0, Twice()).random_direction(random.Random(0))
    assert [abs(x) for x in way] == pytest.approx([3.0, 1.0])


def test_a_parameter_is_found_by_its_path_and_its_label() -> None:
    model = MLP(2, [1], seed=1)
    space = Landscape("test", lambda: 0.0, model)
    assert space.place("layers.0.neurons.0.w.1") == space.place("layers[0].neurons[0].w[1]") == 1
    assert Landscape("test", lambda: 0.0, [Parameter(1.0), Parameter(2.0, label="b")]).place("b") == 1
    with pytest.raises(
        ValueError, match=r"no parameter is called 'w': there are layers.0.neurons.0.w.0, .* and 28 more"
    ):
        Landscape("test", lambda: 0.0, MLP(3, [10])).place("w")


def test_what_is_no_loss_is_refused() -> None:
    for out in ([1.0], "low", None, True):
        space = Landscape("test", lambda x, out=out: out, 1.0)
        with space.open() as at, pytest.raises(TypeError, match="the loss is one number or Value, got"):
            at([1.0])


# -- the recorded descent -----------------------------------------------------------------------------


def test_a_descent_path_keeps_the_start_and_every_epoch() -> None:
    model, path = MLP(1, [1], seed=0), DescentPath()
    start = [p.data for p in model.parameters()]
    seen: list[list[float]] = []

    def look(_: object) -> None:
        seen.append([p.data for p in model.parameters()])

    fit(model, XS, YS, loss=squared_error, epochs=3, optimizer=SGD(model.parameters(), lr=0.1),
        callbacks=[path, look])  # fmt: skip
    assert path.points == [start, *seen]
    assert repr(path) == "DescentPath(every='epoch'): 4 points"


def test_it_keeps_every_step_where_that_is_asked_for_and_begins_anew_each_run() -> None:
    model, path = MLP(1, [1], seed=0), DescentPath(every="step")
    for _ in range(2):
        fit(model, XS, YS, loss=squared_error, epochs=2, batch_size=1, seed=0,
            optimizer=SGD(model.parameters(), lr=0.1), callbacks=[path])  # fmt: skip
        assert len(path.points) == 7


def test_its_points_are_in_the_models_order_not_the_optimizers() -> None:
    model, path = MLP(1, [1], seed=0), DescentPath()
    fit(model, XS, YS, loss=squared_error, epochs=1, callbacks=[path],
        optimizer=SGD(model.parameters()[::-1], lr=0.1))  # fmt: skip
    assert path.points[-1] == [p.data for p in model.parameters()]


def test_a_run_that_goes_on_keeps_the_points_before(tmp_path: Any) -> None:
    def run(epochs: int, file: Any, resume: bool | None) -> list[list[float]]:
        model, path = MLP(1, [1], seed=0), DescentPath()
        fit(model, XS, YS, loss=squared_error, epochs=epochs, callbacks=[path],
            optimizer=SGD(model.parameters(), lr=0.1), checkpoint=file, resume=resume)  # fmt: skip
        return path.points

    run(2, tmp_path / "a", None)
    assert run(5, tmp_path / "a", True) == run(5, tmp_path / "b", None)


def test_a_function_as_model_keeps_the_optimizers_parameters() -> None:
    w, path = Parameter(0.5), DescentPath()
    fit(
        lambda x: w * x,
        [1.0, 2.0],
        [2.0, 4.0],
        loss=mse_loss,
        epochs=1,
        optimizer=SGD([w], lr=0.1),
        callbacks=[path],
    )
    assert path.points == [[0.5], [w.data]]


def test_a_learning_recorder_is_a_descent_too() -> None:
    model, loss = model_and_loss()
    path, recorder = DescentPath(), LearningRecorder()
    fit(model, XS, YS, loss=squared_error, epochs=3, optimizer=SGD(model.parameters(), lr=0.1),
        callbacks=[path, recorder])  # fmt: skip
    assert Landscape("test", loss, model).paths({"a": recorder, "b": path}) == {
        "a": path.points,
        "b": path.points,
    }
    with pytest.raises(
        ValueError, match="test: descent is a LearningRecorder that has recorded another model"
    ):
        Landscape("test", loss, MLP(1, [1])).paths(recorder)
    with pytest.raises(ValueError, match=r"descent has no points: pass it to fit\(callbacks"):
        Landscape("test", loss, model).paths(LearningRecorder())


def test_another_every_is_refused() -> None:
    every: Any = "batch"
    with pytest.raises(ValueError, match="DescentPath's every is 'epoch' or 'step', got 'batch'"):
        DescentPath(every)
