"""What fit cannot compile, what it then does on Values instead, and what it refuses."""

import random
import subprocess
import sys
from typing import Any

import pytest
from compiled_fits import HEIGHTS, POINTS, numbers, scorer, trained

from chainrule.engine import RecordingError, Value, no_grad, record_sources, strict
from chainrule.nn import MLP, SGD, Module, log_loss_from_logits, softmax_cross_entropy, squared_error
from chainrule.nn.optimizer import LBFGS

# -- what cannot be compiled -----------------------------------------------------------------------------


class Branching(Module):
    def __init__(self) -> None:
        self.inner = scorer()

    def __call__(self, x: Any) -> Any:
        out = self.inner(x)
        return out if out > 0.0 else out * 0.5  # the line that the error shows


def test_a_branch_is_refused_with_its_line_and_auto_trains_on_values() -> None:
    line = (
        r"test_fit_refusals\.py, line \d+: "
        r"return out if out > 0\.0 else out \* 0\.5  # the line that the error shows"
    )
    with pytest.raises(RecordingError, match=rf"(?s)fit\(compiled=True\): a branch on a number.*{line}"):
        trained(Branching())
    with pytest.raises(RecordingError) as caught:
        trained(Branching())
    assert str(caught.value).count("test_fit_refusals.py, line") == 1
    eager, expected = trained(Branching(), compiled=False)
    auto, history = trained(Branching(), compiled="auto")
    assert (history.compiled, numbers(auto), history.loss) == (False, numbers(eager), expected.loss)


class Noisy(Module):
    """Adds noise of its own, which a recording would keep as it is."""

    def __init__(self) -> None:
        self.inner, self.rng = scorer(), random.Random(3)

    def __call__(self, x: Any) -> Any:
        return self.inner(x) + self.rng.gauss(0.0, 0.1)


class Counting(Module):
    def __init__(self) -> None:
        self.inner, self.calls = scorer(), 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return self.inner(x) * self.calls


@pytest.mark.parametrize("model", [Noisy, Counting])
def test_what_a_recording_would_freeze_is_noticed(model: Any) -> None:
    with pytest.raises(
        RecordingError, match=r"the loss of an example is .* compiled and .* on Values: the mod"
    ):
        trained(model())


def test_a_refused_recording_draws_nothing_from_the_generators() -> None:
    eager, _ = trained(Noisy(), compiled=False)
    auto, history = trained(Noisy(), compiled="auto")
    assert not history.compiled
    assert numbers(auto) == numbers(eager)


def hooked() -> MLP:
    model = scorer()
    model.parameters()[0].register_hook(lambda gradient: 2.0 * gradient)
    return model


def watched() -> MLP:
    model = scorer()
    model.parameters()[0].break_when(lambda step: False)
    return model


@pytest.mark.parametrize(("model", "what"), [(hooked, "has a hook"), (watched, "has a watchpoint")])
def test_hooks_and_watchpoints_keep_training_on_values(model: Any, what: str) -> None:
    with pytest.raises(RecordingError, match=rf"layers\[0\].*{what}: train on Values, without compiled"):
        trained(model())
    assert not trained(model(), compiled="auto")[1].compiled


class Hooking(Module):
    def __init__(self) -> None:
        self.inner = scorer()

    def __call__(self, x: Any) -> Any:
        out = self.inner(x)
        out.register_hook(lambda gradient: gradient * 2.0)
        return out


def test_hooks_inside_a_model_are_noticed() -> None:
    with pytest.raises(RecordingError, match=r"(?s)machine code calls no hooks.*out\.register_hook\(lambda"):
        trained(Hooking())
    assert not trained(Hooking(), compiled="auto")[1].compiled


@pytest.mark.parametrize(
    ("block", "what"),
    [
        (strict, r"strict\(\) looks at every result"),
        (record_sources, r"record_sources\(\) notes where every Value"),
    ],
)
def test_what_looks_at_every_value_keeps_training_on_values(block: Any, what: str) -> None:
    with block(), pytest.raises(RecordingError, match=what):
        trained()
    with block():
        assert not trained(compiled="auto")[1].compiled


def test_no_grad_is_the_mistake_it_always_is() -> None:
    for compiled in ("auto", False):
        with no_grad(), pytest.raises(ValueError, match="nothing is recorded in it"):
            trained(compiled=compiled)


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        ([*POINTS[:-1], [*POINTS[-1], 0.0]], HEIGHTS, r"inputs\[39\] has another structure than inputs\[0\]"),
        ([[Value(0.1), x] for x, _ in POINTS], HEIGHTS, r"inputs\[0\] holds Value\(0\.1, grad=0\) \(Value\)"),
        (POINTS, [*HEIGHTS[:-1], [HEIGHTS[-1]]], "the targets differ in structure"),
    ],
)
def test_examples_that_make_no_rows_are_refused(inputs: Any, targets: Any, message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        trained(FirstTwo(), inputs=inputs, targets=targets, loss=lambda o, t: squared_error([o], t))


class FirstTwo(Module):
    def __init__(self) -> None:
        self.inner = scorer()

    def __call__(self, x: Any) -> Any:
        return self.inner(x[:2])


class OwnStep(SGD):
    def step(self, closure: Any = None) -> None:
        super().step(closure)


def test_an_optimizer_with_a_step_of_its_own_is_refused() -> None:
    model = scorer()
    with pytest.raises(
        RecordingError, match="OwnStep has a step of its own, and machine code is made of an optim"
    ):
        trained(model, optimizer=OwnStep(model.parameters()))
    with pytest.raises(TypeError, match="fit takes a step for the gradient of each batch, and LBFGS"):
        trained(model, optimizer=LBFGS(model.parameters()))


def test_compiled_says_what_it_may_be() -> None:
    with pytest.raises(ValueError, match=r"fit's compiled is True, False or 'auto', got 'always'"):
        trained(compiled="always")


def test_mistakes_are_the_same_as_on_values() -> None:
    for compiled in (True, "auto", False):
        with pytest.raises(ValueError, match="has 1 classes, 0 to 0, got target 3"):
            trained(
                MLP(2, [3]),
                targets=[3] * 40,
                loss=lambda o, t: softmax_cross_entropy(o[:1], t),
                compiled=compiled,
            )


@pytest.mark.parametrize("compiled", [True, "auto", False])
def test_targets_that_the_loss_refuses_are_refused(compiled: Any) -> None:
    targets = [0.03 * k for k in range(40)]  # the last ones are above 1
    with pytest.raises(ValueError, match=r"log_loss_from_logits takes targets between 0 and 1, got 1\.02"):
        trained(targets=targets, loss=log_loss_from_logits, compiled=compiled, shuffle=False)


def test_without_the_extra_auto_trains_on_values_and_true_says_what_to_install() -> None:
    program = """
import sys
sys.modules["llvmlite"] = None
from chainrule.nn import MLP, SGD, compiled_step, fit, squared_error
for compiled in (False, "auto", True):
    model = MLP(1, [1], seed=0)
    print(fit(model, [[0.0], [1.0]], [1.0, 3.0], loss=squared_error, optimizer=SGD(model.parameters()),
              epochs=1, compiled=compiled).compiled)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "False"]
    assert 'install it with pip install "chainrule[compile]"' in done.stderr


class Each(Module):
    """Multiplies each number of a sequence."""

    def __init__(self) -> None:
        self.w = Value(0.5)

    def __call__(self, x: Any) -> Any:
        return [self.w * number for number in x]


def test_sequences_of_different_lengths_say_so_before_the_loss_fails_on_them() -> None:
    xs, ys = [[0.1, 0.2], [0.1, 0.2, 0.3]], [[1.0, 0.0], [1.0, 0.0, 1.0]]
    with pytest.raises(
        RecordingError, match=r"inputs\[1\] has another structure .* batches of a structure each"
    ):
        trained(Each(), inputs=xs, targets=ys, loss=squared_error, compiled=True)
    assert not trained(Each(), inputs=xs, targets=ys, loss=squared_error, compiled="auto")[1].compiled
