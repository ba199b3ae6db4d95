"""What fit refuses, before anything has changed."""

import math
from typing import Any

import pytest
from fitted_lines import INPUTS, TARGETS, absolute_error, line, trained

from chainrule.engine import Value, no_grad
from chainrule.nn import SGD, fit, squared_error
from chainrule.nn.lr_scheduler import ExponentialLR, ReduceLROnPlateau
from chainrule.nn.optimizer import LBFGS


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": [], "targets": []}, "fit needs at least one example, got none"),
        ({"inputs": [[1.0]]}, "fit got 1 inputs and 4 targets"),
        ({"epochs": 0}, "fit needs a whole number of epochs, at least 1, got 0"),
        ({"epochs": 2.5}, "fit needs a whole number of epochs, at least 1, got 2.5"),
        ({"metrics": {"loss": absolute_error}}, "call the metric something else"),
        ({"batch_size": 0}, "fit needs a batch_size of 1 or more, or None for all examples, got 0"),
        ({"batch_size": -2}, "fit needs a batch_size of 1 or more, or None for all examples, got -2"),
        ({"validation": ([[1.0]], [])}, "fit's validation got 1 inputs and 0 targets"),
        ({"validation": ([], [])}, "fit's validation needs at least one example, got none"),
        ({"inputs": [[1.0, 2.0]] * 4}, "MLP expects 1 inputs, got 2"),
        ({"validation": 1.0}, r"fit's validation is \(inputs, targets\) or a share between 0 and 1, got 1.0"),
        (
            {"validation": True},
            r"fit's validation is \(inputs, targets\) or a share between 0 and 1, got True",
        ),
        ({"validation": math.nan}, "a share between 0 and 1, got nan"),
        (
            {"validation": 0.5, "inputs": [[0.0]], "targets": [1.0]},
            "at least 2 examples to hold some out, got 1",
        ),
        ({"clip_norm": 0.0}, "fit's clip_norm is a number above zero, or None, got 0.0"),
        ({"clip_value": math.inf}, "fit's clip_value is a number above zero, or None, got inf"),
        ({"clip_value": True}, "fit's clip_value is a number above zero, or None, got True"),
        ({"schedule_every": "batch"}, "fit's schedule_every is 'epoch' or 'step', got 'batch'"),
        ({"not_finite": "ignore"}, "fit's not_finite is 'raise' or 'stop' or 'skip', got 'ignore'"),
        ({"checkpoint_every": 0}, "fit needs a checkpoint_every of 1 epoch or more, got 0"),
        (
            {"resume": True},
            r"fit\(resume=True\) needs to know from where: pass checkpoint=path, or resume=path",
        ),
    ],
)
def test_impossible_runs_are_refused(change: dict[str, Any], message: str) -> None:
    model = line()
    before = [p.data for p in model.parameters()]
    call: dict[str, Any] = {"inputs": INPUTS, "targets": TARGETS, "epochs": 2, **change}
    with pytest.raises(ValueError, match=message):
        fit(model, loss=squared_error, optimizer=SGD(model.parameters(), lr=0.1), **call)
    assert [p.data for p in model.parameters()] == before


def test_a_loss_in_which_nothing_is_recorded_is_refused() -> None:
    model = line()
    with no_grad(), pytest.raises(ValueError, match="nothing is recorded in it"):
        fit(model, INPUTS, TARGETS, loss=squared_error, optimizer=SGD(model.parameters()), epochs=1)
    with pytest.raises(ValueError, match=r"fit cannot learn from the loss 1\.0"):
        fit(model, INPUTS, TARGETS, loss=lambda o, t: 1.0, optimizer=SGD(model.parameters()))  # type: ignore[arg-type,return-value]


def test_metrics_are_given_by_name() -> None:
    metrics: Any = [absolute_error]
    with pytest.raises(TypeError, match="fit takes metrics by name"):
        fit(line(), INPUTS, TARGETS, loss=squared_error, optimizer=SGD([Value(1.0)]), metrics=metrics)


@pytest.mark.parametrize("validation", [5, (INPUTS,), "held out"])
def test_validation_is_a_pair_or_a_share(validation: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"fit's validation is \(inputs, targets\) or a share"):
        trained(None, validation=validation)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "MLP"}, r"fit takes a model that can be called, such as MLP\(2, \[8, 1\]\), got 'MLP'"),
        ({"loss": "hinge"}, "fit takes a loss that can be called, such as squared_error, got 'hinge'"),
        ({"optimizer": "adam"}, r"fit takes an optimizer, such as Adam\(model.parameters\(\)\), got 'adam'"),
        ({"optimizer": SGD}, r"fit takes an optimizer, such as Adam\(model.parameters\(\)\), got "),
        (
            {"optimizer": LBFGS([Value(1.0)])},
            r"call optimizer\.step\(closure\) yourself, with a closure over",
        ),
        (
            {"schedule": "cosine"},
            r"fit takes a schedule with a step\(\), such as StepLR\(optimizer, 10\), got 'cos",
        ),
    ],
)
def test_what_fit_cannot_call_is_refused(change: dict[str, Any], message: str) -> None:
    model = line()
    call: dict[str, Any] = {"model": model, "loss": squared_error, "optimizer": SGD(model.parameters())}
    with pytest.raises(TypeError, match=message):
        fit(inputs=INPUTS, targets=TARGETS, **(call | change))


def test_a_schedule_is_that_of_the_optimizer_and_goes_by_epochs_if_it_looks_at_the_loss() -> None:
    model = line()
    optimizer, other = SGD(model.parameters()), SGD(model.parameters())
    for schedule, message in (
        (
            ExponentialLR(other, 0.9),
            "fit's schedule changes another optimizer's learning rate: make it from the",
        ),
        (
            ReduceLROnPlateau(optimizer),
            "fit asks ReduceLROnPlateau after each epoch: leave schedule_every='ep",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            fit(
                model,
                INPUTS,
                TARGETS,
                loss=squared_error,
                optimizer=optimizer,
                schedule=schedule,
                schedule_every="step",
            )
