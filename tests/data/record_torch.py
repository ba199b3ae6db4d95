"""Writes torch-optimizers.json, torch-schedules.json and torch-losses.json: PyTorch's numbers, in float64.

    python tests/data/record_torch.py        # needs torch

Each case holds its settings as well, so that tests/nn/test_torch_numbers.py makes the same from the file
alone. `record()` returns what would be written; a test compares it with the files where torch is there.
"""

import json
import random
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
STEPS = 100
START = (1.0, -2.0, 0.5)

Case = dict[str, Any]

OPTIMIZERS: list[tuple[str, Case]] = [
    ("SGD", {"lr": 0.01}),
    ("SGD", {"lr": 0.01, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.01, "momentum": 0.9}),
    ("SGD", {"lr": 0.01, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"lr": 0.01, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.001, "momentum": 0.8, "nesterov": True, "weight_decay": 0.2, "maximize": True}),
    ("Adam", {"lr": 0.05}),
    ("Adam", {"lr": 0.05, "betas": [0.5, 0.9], "eps": 1e-3}),
    ("Adam", {"lr": 0.05, "weight_decay": 0.2}),
    ("Adam", {"lr": 0.05, "amsgrad": True}),
    ("Adam", {"lr": 0.01, "betas": [0.8, 0.99], "weight_decay": 0.1, "amsgrad": True, "maximize": True}),
    ("AdamW", {"lr": 0.05}),
    ("AdamW", {"lr": 0.05, "betas": [0.5, 0.9], "eps": 1e-3, "weight_decay": 0.3}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.3, "amsgrad": True, "maximize": True}),
    ("RMSprop", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.01, "alpha": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.5}),
    ("RMSprop", {"lr": 0.01, "centered": True, "eps": 1e-2}),
    (
        "RMSprop",
        {"lr": 0.001, "alpha": 0.9, "eps": 1e-2, "weight_decay": 0.1, "momentum": 0.5, "centered": True,
         "maximize": True},
    ),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.05}),
    (
        "Adagrad",
        {"lr": 0.1, "lr_decay": 0.05, "weight_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3,
         "maximize": True},
    ),
]  # fmt: skip
"""Name and settings; parameters in one group."""

GROUPS: list[tuple[str, Case, list[Case]]] = [
    (
        "SGD",
        {"lr": 0.01, "momentum": 0.5},
        [{"params": [0]}, {"params": [1, 2], "lr": 0.002, "momentum": 0.9}],
    ),
    ("Adam", {"lr": 0.05}, [{"params": [0, 2], "betas": [0.5, 0.9]}, {"params": [1], "amsgrad": True}]),
    ("AdamW", {"lr": 0.05}, [{"params": [2]}, {"params": [0, 1], "weight_decay": 0.5, "lr": 0.01}]),
    ("RMSprop", {"lr": 0.01}, [{"params": [0]}, {"params": [1, 2], "centered": True, "eps": 1e-2}]),
    ("Adagrad", {"lr": 0.1}, [{"params": [0], "lr_decay": 0.1}, {"params": [1, 2]}]),
]
"""The same with groups; "params" says which parameters are in each."""

SCHEDULES: list[list[tuple[str, Case]]] = [
    [("StepLR", {"step_size": 7})],
    [("StepLR", {"step_size": 1, "gamma": 0.97})],
    [("MultiStepLR", {"milestones": [5, 30, 30, 80], "gamma": 0.3})],
    [("ExponentialLR", {"gamma": 0.95})],
    [("CosineAnnealingLR", {"T_max": 20})],
    [("CosineAnnealingLR", {"T_max": 33, "eta_min": 0.01})],
    [("LinearLR", {})],
    [("LinearLR", {"start_factor": 0.1, "end_factor": 0.7, "total_iters": 40})],
    [("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 60})],
    [("ExponentialLR", {"gamma": 0.97}), ("LinearLR", {"start_factor": 0.2, "total_iters": 10})],
    [("StepLR", {"step_size": 9, "gamma": 0.5}), ("CosineAnnealingLR", {"T_max": 50})],
]
"""Schedules that step together on one optimizer."""

SEQUENCES: list[tuple[list[tuple[str, Case]], list[int]]] = [
    ([("LinearLR", {"total_iters": 10}), ("CosineAnnealingLR", {"T_max": 90})], [10]),
    ([("ExponentialLR", {"gamma": 0.9}), ("StepLR", {"step_size": 5}), ("LinearLR", {})], [20, 60]),
    ([("MultiStepLR", {"milestones": [0, 3]}), ("MultiStepLR", {"milestones": [0, 2]})], [50]),
]
"""Schedules one after another, and the milestones between them."""

PLATEAUS: list[Case] = [
    {"patience": 3},
    {"patience": 2, "factor": 0.5, "cooldown": 4, "threshold": 0.05, "min_lr": 0.01},
    {"patience": 1, "mode": "max", "threshold_mode": "abs", "threshold": 0.01, "factor": 0.7},
    {"patience": 0, "mode": "max", "factor": 0.9, "min_lr": [0.05, 0.0], "eps": 1e-3},
    {"patience": 4, "threshold_mode": "abs", "threshold": 0.2},
]

LOSSES: list[tuple[str, str, Case]] = [
    *[("mse_loss", "numbers", {"reduction": kind}) for kind in ("mean", "sum", "none")],
    *[("l1_loss", "numbers", {"reduction": kind}) for kind in ("mean", "sum", "none")],
    *[("huber_loss", "numbers", {"reduction": kind, "delta": 0.7}) for kind in ("mean", "sum", "none")],
    *[("smooth_l1_loss", "numbers", {"reduction": kind, "beta": 0.4}) for kind in ("mean", "sum", "none")],
    ("smooth_l1_loss", "numbers", {"beta": 0.0}),
    *[("binary_cross_entropy", "probabilities", {"reduction": kind}) for kind in ("mean", "sum", "none")],
    ("binary_cross_entropy", "probabilities", {"weight": [0.5, 2.0, 1.0, 0.0]}),
    *[
        ("binary_cross_entropy_with_logits", "shares", {"reduction": kind})
        for kind in ("mean", "sum", "none")
    ],
    ("binary_cross_entropy_with_logits", "shares", {"pos_weight": [3.0, 0.5, 1.0, 2.0]}),
    (
        "binary_cross_entropy_with_logits",
        "sides",
        {"pos_weight": [3.0, 0.5, 1.0, 2.0], "weight": [0.5, 2.0, 1.0, 0.1], "reduction": "sum"},
    ),
    *[("cross_entropy", "classes", {"reduction": kind}) for kind in ("mean", "sum", "none")],
    *[
        (
            "cross_entropy",
            "classes",
            {"reduction": kind, "weight": [0.5, 2.0, 1.0, 0.1], "label_smoothing": 0.2, "ignore_index": 3},
        )
        for kind in ("mean", "sum", "none")
    ],
    *[
        (
            "cross_entropy",
            "distributions",
            {"reduction": kind, "weight": [0.5, 2.0, 1.0, 0.1], "label_smoothing": 0.2},
        )
        for kind in ("mean", "sum", "none")
    ],
    ("cross_entropy", "one class", {"weight": [0.5, 2.0, 1.0, 0.1]}),
    ("cross_entropy", "one distribution", {"label_smoothing": 0.1}),
    *[("nll_loss", "classes", {"reduction": kind}) for kind in ("mean", "sum", "none")],
    ("nll_loss", "classes", {"weight": [0.5, 2.0, 1.0, 0.1], "ignore_index": 2}),
    *[("kl_div", "distributions", {"reduction": kind}) for kind in ("mean", "sum", "none", "batchmean")],
    ("kl_div", "log distributions", {"log_target": True, "reduction": "sum"}),
    *[("poisson_nll_loss", "counts", {"reduction": kind}) for kind in ("mean", "sum", "none")],
    ("poisson_nll_loss", "counts", {"full": True}),
    ("poisson_nll_loss", "counts of rates", {"log_input": False, "full": True, "eps": 1e-3}),
    *[("gaussian_nll_loss", "numbers", {"var": [[0.5, 1.0, 2.0, 3.0]] * 3, "reduction": kind})
      for kind in ("mean", "sum", "none")],
    ("gaussian_nll_loss", "numbers", {"var": [[0.0, 1.0, 0.1, 3.0]] * 3, "full": True, "eps": 0.2}),
]  # fmt: skip
"""Name, kind of targets, and settings."""


def hill(p: Any, sin: Any, tanh: Any) -> Any:
    """Return the height that optimizers go down, of PyTorch's tensors or of Values."""
    return (p[0] - 3.0 * p[1]) ** 2 / (1.0 + 0.1 * p[1] ** 2) + sin(p[0] * p[2]) + tanh(p[2]) ** 2


def numbers(held: Any) -> Any:
    """Return a tensor's numbers in nested lists."""
    return held.detach().tolist()


def record_optimizers(torch: Any) -> list[Case]:
    """Return 100 steps down (or up) one hill by each optimizer: the parameters after each of them."""
    cases = [(name, settings, [{"params": [0, 1, 2]}]) for name, settings in OPTIMIZERS] + GROUPS
    recorded = []
    for name, settings, groups in cases:
        p = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in START]
        made = [{**group, "params": [p[i] for i in group["params"]]} for group in groups]
        optimizer = getattr(torch.optim, name)(made, **settings)
        after = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            hill(p, torch.sin, torch.tanh).backward()
            optimizer.step()
            after.append([x.item() for x in p])
        recorded.append({"name": name, "settings": settings, "groups": groups, "after": after})
    return recorded


def record_schedules(torch: Any) -> list[Case]:
    """Return the rates of two groups over 100 epochs of each schedule."""
    scheduler = torch.optim.lr_scheduler

    def fresh() -> Any:
        groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in (0.5, 0.125)]
        return torch.optim.SGD(groups, lr=0.1)

    def followed(optimizer: Any, step: Any) -> list[list[float]]:
        rates = []
        for _ in range(STEPS):
            rates.append([group["lr"] for group in optimizer.param_groups])
            optimizer.step()
            step()
        return rates

    recorded: list[Case] = []
    for together in SCHEDULES:
        optimizer = fresh()
        made = [getattr(scheduler, name)(optimizer, **settings) for name, settings in together]
        rates = followed(optimizer, lambda made=made: [schedule.step() for schedule in made])
        recorded.append({"together": together, "rates": rates})
    for sequence, milestones in SEQUENCES:
        optimizer = fresh()
        made = [getattr(scheduler, name)(optimizer, **settings) for name, settings in sequence]
        rates = followed(optimizer, scheduler.SequentialLR(optimizer, made, milestones).step)
        recorded.append({"sequence": sequence, "milestones": milestones, "rates": rates})
    rng = random.Random(0)
    for settings in PLATEAUS:
        optimizer = fresh()
        schedule = scheduler.ReduceLROnPlateau(optimizer, **settings)
        losses = [1.0 / (1 + epoch // 9) + rng.gauss(0.0, 0.01) for epoch in range(STEPS)]
        left = iter(losses)
        rates = followed(optimizer, lambda schedule=schedule, left=left: schedule.step(next(left)))
        recorded.append({"plateau": settings, "losses": losses, "rates": rates})
    return recorded


def targets(kind: str, rng: random.Random) -> Any:
    """Return targets for three examples of four outputs, or for one."""
    rows, columns = 3, 4
    distributions = []
    for _ in range(rows):
        shares = [rng.random() for _ in range(columns)]
        distributions.append([share / sum(shares) for share in shares])
    grid = [[rng.random() for _ in range(columns)] for _ in range(rows)]
    return {
        "numbers": [[3.0 * x - 1.5 for x in row] for row in grid],
        "probabilities": grid,
        "shares": grid,
        "sides": [[float(x > 0.5) for x in row] for row in grid],
        "classes": [2, 0, 3],
        "distributions": distributions,
        "one class": 1,
        "one distribution": distributions[0],
        "log distributions": [[-3.0 * x for x in row] for row in grid],
        "counts": [[float(int(5.0 * x)) for x in row] for row in grid],
        "counts of rates": [[float(int(5.0 * x)) for x in row] for row in grid],
    }[kind]


def record_losses(torch: Any) -> list[Case]:
    """Return 100 steps of descent on the inputs of each loss: its value and, at the end, where they are.

    An input is squeezed into what the loss takes: probabilities by a sigmoid, log-probabilities by
    log_softmax, rates by an exponential. Where the reduction is "none" the terms' sum is descended.
    """
    rng = random.Random(1)
    recorded: list[Case] = []
    for name, kind, settings in LOSSES:
        target = targets(kind, rng)
        rows = 1 if kind.startswith("one ") else 3
        start = [[rng.gauss(0.0, 1.0) for _ in range(4)] for _ in range(rows)]
        start_or_row = start[0] if kind.startswith("one ") else start
        x = torch.tensor(start_or_row, dtype=torch.float64, requires_grad=True)
        integers = kind in ("classes", "one class")
        t = torch.tensor(target, dtype=torch.int64 if integers else torch.float64)
        options = {
            key: torch.tensor(value, dtype=torch.float64) if isinstance(value, list) else value
            for key, value in settings.items()
        }
        losses = []
        every = 20 if settings.get("reduction") == "none" else 1  # lists are long
        for step in range(STEPS):
            out = x
            if name == "binary_cross_entropy":
                out = torch.sigmoid(x)
            elif name in ("nll_loss", "kl_div"):
                out = torch.log_softmax(x, dim=-1)
            elif kind == "counts of rates":
                out = torch.exp(x)
            loss = getattr(torch.nn.functional, name)(out, t, **options)
            if step % every == 0:
                losses.append(numbers(loss))
            [gradient] = torch.autograd.grad(loss.sum(), [x])
            x = (x - 0.05 * gradient).detach().requires_grad_()
        recorded.append({
            "name": name, "kind": kind, "settings": settings, "target": target, "start": start_or_row,
            "every": every, "losses": losses, "end": numbers(x),
        })  # fmt: skip
    return recorded


def record() -> dict[str, list[Case]]:
    """Return the contents of each file."""
    import torch

    torch.set_default_dtype(torch.float64)
    try:
        return {
            "torch-optimizers.json": record_optimizers(torch),
            "torch-schedules.json": record_schedules(torch),
            "torch-losses.json": record_losses(torch),
        }
    finally:
        torch.set_default_dtype(torch.float32)


def main() -> None:
    """Write the files."""
    for name, cases in record().items():
        lines = ",\n".join(json.dumps(case) for case in cases)
        (HERE / name).write_text(f"[\n{lines}\n]\n", encoding="utf-8")
        print(f"{name}: {len(cases)} cases")


if __name__ == "__main__":
    main()
