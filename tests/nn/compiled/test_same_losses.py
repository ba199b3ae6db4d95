"""Every loss in machine code is descended as on Values."""

from typing import Any

import pytest
from both_ways import HEIGHTS, POINTS, SIDES, SIGNS, Make, both, scorer

from chainrule.engine import log, softmax, total
from chainrule.nn import (
    MLP,
    Adam,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    circles,
    cross_entropy,
    gaussian_nll_loss,
    half_squared_error,
    hinge,
    huber_loss,
    kl_div,
    l1_loss,
    log_loss,
    log_loss_from_logits,
    mse_loss,
    nll_loss,
    poisson_nll_loss,
    smooth_l1_loss,
    softmax_cross_entropy,
    squared_error,
    squared_hinge,
)

LOSSES: dict[str, tuple[Any, Make, Any]] = {
    "squared_error": (squared_error, lambda: scorer(outputs=2), HEIGHTS),
    "half_squared_error": (half_squared_error, scorer, [a for a, _ in HEIGHTS]),
    "mse_loss": (mse_loss, lambda: scorer(outputs=2), HEIGHTS),
    "mse, sum": (lambda o, t: mse_loss(o, t, reduction="sum"), lambda: scorer(outputs=2), HEIGHTS),
    "mse, none": (lambda o, t: total(mse_loss(o, t, reduction="none")), lambda: scorer(outputs=2), HEIGHTS),
    "l1_loss": (l1_loss, lambda: scorer(outputs=2), HEIGHTS),
    "huber_loss": (lambda o, t: huber_loss(o, t, delta=0.3), lambda: scorer(outputs=2), HEIGHTS),
    "smooth_l1_loss": (lambda o, t: smooth_l1_loss(o, t, beta=0.5), lambda: scorer(outputs=2), HEIGHTS),
    "hinge": (hinge, scorer, SIGNS),
    "squared_hinge": (squared_hinge, scorer, SIGNS),
    "log_loss": (lambda o, t: log_loss(o.sigmoid(), t), scorer, SIDES),
    "log_loss_from_logits": (log_loss_from_logits, scorer, SIDES),
    "from logits, soft": (log_loss_from_logits, scorer, [0.1 + 0.8 * side for side in SIDES]),
    "binary_cross_entropy": (lambda o, t: binary_cross_entropy(o.sigmoid(), t), scorer, SIDES),
    "bce with logits, weighted": (
        lambda o, t: binary_cross_entropy_with_logits([o], [t], 0.7, pos_weight=3.0),
        scorer,
        SIDES,
    ),
    "softmax_cross_entropy": (softmax_cross_entropy, lambda: scorer(outputs=2), SIDES),
    "cross_entropy, weighted": (
        lambda o, t: cross_entropy(o, t, weight=[1.0, 2.5], reduction="sum", label_smoothing=0.1),
        lambda: scorer(outputs=2),
        SIDES,
    ),
    "cross_entropy, shares": (
        cross_entropy,
        lambda: scorer(outputs=2),
        [[0.25 + 0.5 * side, 0.75 - 0.5 * side] for side in SIDES],
    ),
    "cross_entropy, any shares": (
        lambda o, t: cross_entropy(o, t, label_smoothing=0.1),
        lambda: scorer(outputs=2),
        [[k / 59, 1.0 - k / 59] for k in range(60)],
    ),
    "few numbers that are branched on": (
        lambda o, t: squared_error(o, t) if t > 0.4 else l1_loss(o, t),
        scorer,
        [0.3 + 0.2 * side for side in SIDES],
    ),
    "nll_loss": (lambda o, t: nll_loss([log(p) for p in softmax(o)], t), lambda: scorer(outputs=2), SIDES),
    "kl_div": (
        lambda o, t: kl_div([log(p) for p in softmax(o)], t),
        lambda: scorer(outputs=2),
        [[0.25 + 0.5 * side, 0.75 - 0.5 * side] for side in SIDES],
    ),
    "poisson_nll_loss": (poisson_nll_loss, scorer, [float(k % 5) for k in range(60)]),
    "poisson, full": (lambda o, t: poisson_nll_loss(o, t, full=True), scorer, [0.07 * k for k in range(60)]),
    "kl_div, any shares": (
        lambda o, t: kl_div([log(p) for p in softmax(o)], t, reduction="sum"),
        lambda: scorer(outputs=2),
        [[k / 59, 1.0 - k / 59] for k in range(60)],
    ),
    "log_loss, any shares": (
        lambda o, t: log_loss(o.sigmoid(), t),
        scorer,
        [k / 59 for k in range(60)],
    ),
    "from logits, any shares": (
        lambda o, t: binary_cross_entropy_with_logits([o], [t], pos_weight=2.0),
        scorer,
        [k / 59 for k in range(60)],
    ),
    "gaussian_nll_loss": (
        lambda o, t: gaussian_nll_loss([o[0]], [t], [o[1].exp()]),
        lambda: scorer(outputs=2),
        [a for a, _ in HEIGHTS],
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_descended_alike(name: str) -> None:
    loss, model, targets = LOSSES[name]
    both(model, POINTS, targets, loss, lambda p: Adam(p, lr=0.02))


# -- what a loss may do with its target ------------------------------------------------------------------


def test_a_loss_of_ones_own_may_branch_on_the_target_and_look_things_up_by_it() -> None:
    weight = {"inner": 2.0, "outer": 0.5}

    def loss(output: Any, target: dict[str, Any]) -> Any:
        side = 1.0 if target["ring"] == "outer" else -1.0
        return weight[target["ring"]] * (1.0 - side * output).relu() + target["pull"] * output**2

    points, rings = circles(40, seed=1)
    targets = [
        {"ring": "outer" if ring else "inner", "pull": 0.01 * k, "known": k > -1}
        for k, ring in enumerate(rings)
    ]
    both(scorer, points, targets, loss)


def test_more_different_whole_numbers_than_cases_are_read_as_numbers() -> None:
    both(scorer, POINTS, list(range(60)), lambda o, t: squared_error(o * 60.0, t) / 3600.0)


def test_a_penalty_on_parameters_is_part_of_every_examples_loss() -> None:
    latest: list[MLP] = []

    def model() -> MLP:
        latest.append(scorer())
        return latest[-1]

    def loss(output: Any, target: int) -> Any:
        return hinge(output, target) + 1e-2 * total([w * w for w in latest[-1].parameters()])

    both(model, POINTS, SIGNS, loss)
