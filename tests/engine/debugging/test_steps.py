"""The backward pass as an iterator: what each step says, and loops left half way."""

from collections.abc import Callable
from typing import Any

import pytest
from alive import alive
from stepping import nothing, steps_of

from chainrule.engine import Constant, Value, backward_steps, collector_paused, explain, log, no_grad, sqrt
from chainrule.nn import MLP

# -- what a step says ---------------------------------------------------------------------------------


def test_a_step_is_the_chain_rule_with_its_numbers() -> None:
    a = Value(0.5, "a")
    c = a * 2.0
    c.label = "c"
    loss = c * -1.5
    first, second = loss.backward_steps()
    assert str(first) == "dL/dc += dL/dL * dL/dc = 1 * -1.5 = -1.5"
    assert str(second) == "dL/da += dL/dc * dc/da = -1.5 * 2 = -3"
    assert repr(second) == "<Step 1: dL/da += dL/dc * dc/da = -1.5 * 2 = -3>"


def test_every_attribute_of_every_step_by_hand() -> None:
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    c = a * b
    loss = c * a
    seen = [
        (
            s.index,
            s.node,
            s.operand,
            s.place,
            s.upstream,
            s.partial,
            s.contribution,
            s.grad_before,
            s.grad_after,
        )
        for s in loss.backward_steps()
    ]
    expected = [
        (0, loss, c, 0, 1.0, 2.0, 2.0, 0.0, 2.0),
        (1, loss, a, 1, 1.0, -6.0, -6.0, 0.0, -6.0),
        (2, c, a, 0, 2.0, -3.0, -6.0, -6.0, -12.0),
        (3, c, b, 1, 2.0, 2.0, 4.0, 0.0, 4.0),
    ]
    assert len(seen) == len(expected)
    for one, other in zip(seen, expected, strict=True):
        assert all(x is y or (x == y and type(x) is not Value) for x, y in zip(one, other, strict=True))


def test_pending_counts_the_uses_still_to_come() -> None:
    a = Value(2.0, "a")
    loss = a * a + a
    assert [(s.operand is a, s.pending) for s in steps_of(loss)] == [
        (False, 0),
        (True, 2),
        (True, 1),
        (True, 0),
    ]


def test_gradients_change_as_the_loop_goes() -> None:
    a, b = Value(2.0), Value(-3.0)
    a.grad = 100.0  # from an earlier pass: leaves add up
    history = []
    for step in (a * b + a).backward_steps():
        assert step.operand.grad == step.grad_after
        assert step.node.grad == step.upstream
        history.append((a.grad, b.grad))
    assert history == [(100.0, 0.0), (101.0, 0.0), (98.0, 0.0), (98.0, 2.0)]


def test_the_two_edges_of_a_square_are_two_steps() -> None:
    a = Value(3.0, "a")
    first, second = (a * a).backward_steps()
    assert (first.place, second.place) == (0, 1)
    assert (first.grad_before, first.grad_after, second.grad_after) == (0.0, 3.0, 6.0)
    assert str(first) == str(second) == "dL/da += dL/dL * dL/da = 1 * 3 = 3"


def test_edges_along_which_nothing_flows_are_steps_too() -> None:
    x = Value(0.0, "x")
    y = sqrt(x)
    y.label = "y"
    steps = steps_of(y * y)  # d/dy is 0 at 0, and the slope of the root there is inf
    assert str(steps[-1]) == "dL/dx += dL/dy * dy/dx = 0 * inf = 0"
    assert (steps[-1].contribution, x.grad) == (0.0, 0.0)
    assert len(steps) == 3


def test_edges_to_constants_are_no_steps() -> None:
    x = Value(-2.0, "x")
    steps = steps_of(3.0 * x**2 + x.detach())
    assert not [step for step in steps if isinstance(step.operand, Constant)]
    assert [step.index for step in steps] == [0, 1, 2]
    assert x.grad == -12.0


def test_numbers_that_are_not_finite_are_shown() -> None:
    x = Value(0.0, "x")
    steps = steps_of(sqrt(x) * -2.0)
    assert str(steps[-1]) == "dL/dx += dL/dv1 * dv1/dx = -2 * inf = -inf"
    with pytest.warns(RuntimeWarning):
        steps = steps_of((x - x) / x)
    assert str(steps[1]) == "dL/dx += dL/dL * dL/dx = 1 * nan = nan"


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("w₁", "dL/dw₁ += dL/dL * dL/dw₁ = 1 * 2 = 2"),
        ("layers[0].w[1]", "dL/d(layers[0].w[1]) += dL/dL * dL/d(layers[0].w[1]) = 1 * 2 = 2"),
        ("learning rate", "dL/d(learning rate) += dL/dL * dL/d(learning rate) = 1 * 2 = 2"),
        ("a*b", "dL/d(a*b) += dL/dL * dL/d(a*b) = 1 * 2 = 2"),
        ("", "dL/dv1 += dL/dL * dL/dv1 = 1 * 2 = 2"),
        ("{}%s\n\x1b[31m", "dL/d({}%s↵\ufffd[31m) += dL/dL * dL/d({}%s↵\ufffd[31m) = 1 * 2 = 2"),
    ],
)
def test_labels_are_names_whatever_they_hold(label: str, shown: str) -> None:
    [step] = steps_of(Value(3.0, label) * 2.0)
    assert str(step) == shown


def test_long_labels_are_cut_and_equal_ones_told_apart() -> None:
    long = steps_of(Value(3.0, "x" * 1000) * 2.0)[0]
    assert len(str(long)) < 160
    twins = [str(step).split(" +=")[0] for step in steps_of(Value(1.0, "w") + Value(2.0, "w"))]
    assert sorted(twins) == ["dL/dw", "dL/dw#2"]


def test_a_root_with_a_label_is_called_by_it() -> None:
    loss = Value(3.0, "w") * 2.0
    loss.label = "loss"
    assert str(steps_of(loss)[0]) == "dloss/dw += dloss/dloss * dloss/dw = 1 * 2 = 2"


# -- warnings, errors, and loops left half way --------------------------------------------------------


@pytest.mark.parametrize("start", [Value.backward_steps, backward_steps, Value.trace])
def test_a_root_that_is_not_finite_gets_the_warning_of_backward(start: Callable[[Value], Any]) -> None:
    root = log(Value(0.0, "x")) * 2.0
    with pytest.warns(RuntimeWarning) as by_backward:
        root.backward()
    root.zero_grad()  # the warning shows gradients too
    with pytest.warns(RuntimeWarning) as caught:
        start(root)
    assert [str(w.message) for w in caught] == [str(w.message) for w in by_backward]
    assert caught[0].filename == __file__


@pytest.mark.parametrize("method", ["backward", "backward_steps", "trace"])
def test_a_constant_has_no_pass_to_step_through(method: str) -> None:
    with no_grad():
        root = Value(3.0) * 2.0
    for constant in (root, Value(6.0).detach(), Constant(6.0)):
        with pytest.raises(RuntimeError) as error:
            getattr(constant, method)()
        assert str(error.value) == (
            f"{method}() from Constant(6, grad=0), which remembers no operations: it is a plain number, "
            "detached, or computed inside no_grad"
        )
        assert constant.grad == 0.0


def test_places_in_a_model_are_bracketed_as_in_explanations() -> None:
    model = MLP(1, [1], activation="tanh", output="tanh", seed=1)
    loss = model([2.0])
    weight = model.layers[0].neurons[0].w[0]
    step = next(step for step in loss.backward_steps() if step.operand is weight)
    assert str(step).startswith("dL/d(layers[0].neurons[0].w[0]) += ")
    assert str(explain(loss, weight)).startswith("dL/d(layers[0].neurons[0].w[0]) = ")


def test_only_a_value_can_be_stepped_through() -> None:
    with pytest.raises(TypeError, match=r"backward_steps takes the Value to start from, got 3\.0 \(float\)"):
        backward_steps(3.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("hook", [False, True])
def test_a_gradient_of_none_is_named(hook: bool) -> None:
    w = Value(2.0, label="w")
    w.grad = None  # type: ignore[assignment]  # what PyTorch's users write
    root = w * 3.0
    if hook:
        root.register_hook(nothing)
    with pytest.raises(TypeError, match=r"the gradient of Value\(2, .*label='w'\) is None: set it to 0\.0"):
        steps_of(root)


def test_a_loop_left_half_way_leaves_the_gradients_of_that_moment() -> None:
    a = Value(2.0, "a")
    square = a * a
    loss = square * a
    a.grad = 1.0
    for step in loss.backward_steps():
        if step.operand is a:
            break
    assert (a.grad, square.grad, loss.grad) == (1.0 + 4.0, 2.0, 1.0)
    a.zero_grad()
    loss.backward()
    assert a.grad == 12.0


def test_with_hooks_leaves_keep_what_they_held_in_a_loop_left_half_way() -> None:
    a = Value(2.0, "a")
    a.grad = 1.0
    a.register_hook(nothing)
    next(iter((a * a).backward_steps()))
    assert a.grad == 1.0 + 2.0


@pytest.mark.usefixtures("collector_off")
@pytest.mark.parametrize("hooks", [False, True])
def test_steps_and_loops_left_half_way_hold_nothing_back(hooks: bool) -> None:
    before = alive()
    x = Value(0.5)
    root = x
    for _ in range(100):
        root = (root * x).tanh()
    if hooks:
        root.register_hook(nothing)
    for step in root.backward_steps():
        assert "dL" in str(step)
        break
    steps_of(root)
    root.trace().goto(x)
    del root, x, step
    assert alive() == before


def test_what_a_hook_raises_comes_out_of_the_loop() -> None:
    x = Value(2.0)

    def refuse(gradient: float) -> None:
        raise LookupError("refused")

    handle = x.register_hook(refuse)
    with pytest.raises(LookupError, match="refused"):
        steps_of(x * x)
    handle.remove()
    x.grad = 0.0
    steps_of(x * x)
    assert x.grad == 4.0


def test_a_long_chain_is_stepped_through() -> None:
    x = Value(1.0)
    y = x
    with collector_paused():
        for _ in range(200_000):
            y = -y
        assert sum(1 for _ in y.backward_steps()) == 200_000
        assert x.grad == 1.0
        last = next(iter(y.backward_steps()))
        assert str(last) == "dL/dv199999 += dL/dL * dL/dv199999 = 1 * -1 = -1"
        del y, last


def test_a_recorded_gradient_from_before_is_added_to_as_backward_does() -> None:
    x = Value(2.0, "x")
    (x**3).backward(create_graph=True)
    steps = steps_of(x * x)
    assert x.grad.data == 12.0 + 4.0  # type: ignore[attr-defined]  # a Value, as create_graph leaves it
    assert str(steps[0]) == "dL/dx += dL/dL * dL/dx = 1 * 2 = 2"
    x.grad = 0.0


def test_a_trace_in_the_midst_of_a_loop_does_not_disturb_it() -> None:
    x = Value(2.0, "x")
    loss = (x * x) * (x + 1.0)
    for _ in loss.backward_steps():
        loss.trace().goto(x)
    assert x.grad == 16.0
