"""Optimizers, schedules and losses beside PyTorch's numbers, over 100 steps each.

The numbers are recorded in tests/data by record_torch.py there, which holds the cases.
"""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from chainrule import nn
from chainrule.engine import Value, exp, log_softmax, sigmoid, sin, tanh

DATA = Path(__file__).parent.parent / "data"
CLOSE = 1e-12
"""The two round in another order: a few units in the last place, grown over 100 steps."""


def recorder() -> Any:
    spec = importlib.util.spec_from_file_location("record_torch", DATA / "record_torch.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cases(name: str) -> list[Any]:
    return [
        pytest.param(case, id=f"{i} {case.get('name', '')}")
        for i, case in enumerate(json.loads((DATA / name).read_text(encoding="utf-8")))
    ]


def flat(held: Any) -> list[float]:
    if isinstance(held, list):
        return [number for part in held for number in flat(part)]
    return [held.data if isinstance(held, Value) else held]


def close(ours: Any, theirs: Any) -> bool:
    return flat(ours) == pytest.approx(flat(theirs), rel=CLOSE, abs=CLOSE)


# -- optimizers ---------------------------------------------------------------------------------------


def optimizer_of(case: Any, p: list[Value]) -> nn.Optimizer:
    groups = [{**group, "params": [p[i] for i in group["params"]]} for group in case["groups"]]
    made: nn.Optimizer = getattr(nn, case["name"])(groups, **case["settings"])
    return made


def step(optimizer: nn.Optimizer, p: list[Value], hill: Any) -> list[float]:
    optimizer.zero_grad()
    hill(p, sin, tanh).backward()
    optimizer.step()
    return [v.data for v in p]


@pytest.mark.parametrize("case", cases("torch-optimizers.json"))
def test_every_step_of_an_optimizer_is_pytorchs(case: Any) -> None:
    module = recorder()
    p = [Value(x) for x in module.START]
    optimizer = optimizer_of(case, p)
    after = [step(optimizer, p, module.hill) for _ in case["after"]]
    assert len(after) == 100
    assert close(after, case["after"])


@pytest.mark.parametrize("case", cases("torch-optimizers.json"))
def test_a_state_that_went_through_json_goes_on_bit_for_bit(case: Any) -> None:
    module = recorder()
    p = [Value(x) for x in module.START]
    optimizer = optimizer_of(case, p)
    for _ in range(5):
        step(optimizer, p, module.hill)
    q = [Value(v.data) for v in p]
    other = optimizer_of(
        {**case, "settings": {}, "groups": [{"params": g["params"]} for g in case["groups"]]}, q
    )
    other.load_state_dict(json.loads(json.dumps(optimizer.state_dict())))
    assert other.state_dict() == optimizer.state_dict()
    for _ in range(5):
        assert step(optimizer, p, module.hill) == step(other, q, module.hill)


# -- schedules ----------------------------------------------------------------------------------------


def schedules_of(case: Any) -> tuple[nn.Optimizer, list[Any]]:
    optimizer = nn.SGD([{"params": [Value(0.0)], "lr": 0.5}, {"params": [Value(0.0)], "lr": 0.125}])
    if "plateau" in case:
        return optimizer, [nn.ReduceLROnPlateau(optimizer, **case["plateau"])]
    named = case.get("together") or case["sequence"]
    made = [getattr(nn, name)(optimizer, **settings) for name, settings in named]
    if "sequence" in case:
        made = [nn.SequentialLR(optimizer, made, case["milestones"])]
    return optimizer, made


def rates_of(optimizer: nn.Optimizer, made: list[Any], case: Any, start: int = 0) -> list[list[float]]:
    rates = []
    for epoch in range(start, 100):
        rates.append([group["lr"] for group in optimizer.param_groups])
        for schedule in made:
            schedule.step(*([case["losses"][epoch]] if "plateau" in case else []))
        assert made[-1].get_last_lr() == [group["lr"] for group in optimizer.param_groups]
    return rates


@pytest.mark.parametrize("case", cases("torch-schedules.json"))
def test_every_rate_of_a_schedule_is_pytorchs(case: Any) -> None:
    assert close(rates_of(*schedules_of(case), case), case["rates"])


@pytest.mark.parametrize("case", cases("torch-schedules.json"))
def test_a_schedules_state_that_went_through_json_goes_on_bit_for_bit(case: Any) -> None:
    optimizer, made = schedules_of(case)
    for epoch in range(33):
        for schedule in made:
            schedule.step(*([case["losses"][epoch]] if "plateau" in case else []))
    other, others = schedules_of(case)
    other.load_state_dict(json.loads(json.dumps(optimizer.state_dict())))
    for schedule, another in zip(made, others, strict=True):
        another.load_state_dict(json.loads(json.dumps(schedule.state_dict())))
        assert another.state_dict() == schedule.state_dict()
    assert rates_of(optimizer, made, case, start=33) == rates_of(other, others, case, start=33)


# -- losses -------------------------------------------------------------------------------------------


def outputs_of(case: Any, x: Any) -> Any:
    """Squeeze the inputs into what the loss takes, as the recorder does."""
    row_by_row = {"nll_loss": log_softmax, "kl_div": log_softmax}.get(case["name"])
    if row_by_row is not None:
        return [row_by_row(row) for row in x]
    each = {"binary_cross_entropy": sigmoid}.get(
        case["name"], exp if case["kind"] == "counts of rates" else None
    )
    return x if each is None else [[each(v) for v in row] for row in x]


@pytest.mark.parametrize("case", cases("torch-losses.json"))
def test_a_loss_and_its_gradients_are_pytorchs_along_a_descent(case: Any) -> None:
    one = case["kind"].startswith("one ")
    x = [[Value(number) for number in row] for row in ([case["start"]] if one else case["start"])]
    losses = []
    for number in range(100):
        outputs = outputs_of(case, x)
        loss = getattr(nn, case["name"])(outputs[0] if one else outputs, case["target"], **case["settings"])
        if number % case["every"] == 0:
            losses.append(loss)
        for term in [loss] if isinstance(loss, Value) else flat_values(loss):
            term.backward()
        for v in [v for row in x for v in row]:
            v.data -= 0.05 * v.grad
            v.grad = 0.0
    assert [shape(ours) for ours in losses] == [shape(theirs) for theirs in case["losses"]]
    assert close(losses, case["losses"])
    assert close(x[0] if one else x, case["end"])


def flat_values(held: Any) -> list[Value]:
    return [value for part in held for value in flat_values(part)] if isinstance(held, list) else [held]


def shape(held: Any) -> Any:
    return [shape(part) for part in held] if isinstance(held, list) else None


# -- the recording itself -----------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")  # PyTorch's own, about its reductions
def test_the_recorded_numbers_are_what_pytorch_computes() -> None:
    pytest.importorskip("torch")
    for name, made in recorder().record().items():
        kept = json.loads((DATA / name).read_text(encoding="utf-8"))
        made = json.loads(json.dumps(made))
        assert [strip(case) for case in made] == [strip(case) for case in kept]
        for new, old in zip(made, kept, strict=True):
            for key in ("after", "rates", "losses", "end"):
                assert key not in old or close(new[key], old[key]), (name, old)


def strip(case: Any) -> Any:
    return {key: held for key, held in case.items() if key not in ("after", "rates", "losses", "end")}
