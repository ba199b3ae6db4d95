"""What the losses refuse, and what they then say."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from elementwise import ELEMENTWISE, name_of

from chainrule.engine import Value
from chainrule.nn import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cosine_embedding_loss,
    cosine_similarity,
    cross_entropy,
    gaussian_nll_loss,
    hinge,
    huber_loss,
    kl_div,
    nll_loss,
    poisson_nll_loss,
    smooth_l1_loss,
    squared_hinge,
)

# -- refusals -----------------------------------------------------------------------------------------

TWO = [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize("loss", [*ELEMENTWISE, hinge, squared_hinge], ids=name_of)
def test_shapes_that_differ_are_refused_by_name(loss: Any) -> None:
    name = name_of(loss)
    for outputs, targets, message in (
        ([0.5], [1, 1], "got 1 outputs and 2 targets"),
        ([], [], "needs at least one output, got none"),
        (TWO, [1, 1], r"got outputs of shape \[2, 2\] and targets of shape \[2\]"),
        (TWO, [[1, 1], [1]], r"got outputs of shape \[2, 2\] and targets of shape \[2, \(2, 1\)\]"),
        (0.5, TWO, r"got outputs of shape \[\] and targets of shape \[2, 2\]"),
    ):
        with pytest.raises(ValueError, match=f"{name} {message}"):
            loss(outputs, targets)
    with pytest.raises(ValueError, match=f"{name}: reduction must be 'mean', 'sum' or 'none', got 'avg'"):
        loss(Value(0.5), 1, reduction="avg")
    with pytest.raises(ValueError, match=f"{name}: reduction must be 'mean', 'sum' or 'none', got 'avg'"):
        loss([Value(0.5)], [1], reduction="avg")
    with pytest.raises(TypeError, match=f"{name} takes Values and plain numbers, got 'a'"):
        loss(["a"], [1])
    for target in ("a", ["a"], [None]):
        with pytest.raises(TypeError, match=f"{name} takes Values and plain numbers as targets, got"):
            loss([0.5], target)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda: huber_loss(0.5, 1.0, delta=0.0), r"huber_loss: delta must be above zero, got 0\.0"),  # type: ignore[call-overload]
        (lambda: huber_loss(0.5, 1.0, delta=math.inf), "huber_loss: delta must be above zero, got inf"),  # type: ignore[call-overload]
        (lambda: smooth_l1_loss(0.5, 1.0, beta=-1.0), r"smooth_l1_loss: beta must be zero or more, got -1"),  # type: ignore[call-overload]
        (lambda: binary_cross_entropy(1.5, 1), "takes probabilities between 0 and 1, got .*: for a raw scor"),  # type: ignore[call-overload]
        (lambda: binary_cross_entropy(0.5, 2), "binary_cross_entropy takes targets between 0 and 1, got 2"),  # type: ignore[call-overload]
        (lambda: binary_cross_entropy(0.5, 1, [1, 2]), r"weight must be a number or a list with one for"),  # type: ignore[call-overload]
        (lambda: binary_cross_entropy(0.5, 1, -1.0), "weight must hold finite numbers of zero or more, got"),  # type: ignore[call-overload]
        (lambda: binary_cross_entropy(0.5, 1, "a"), "weight must hold finite numbers of zero or more, got '"),  # type: ignore[call-overload]
        (lambda: binary_cross_entropy_with_logits(0.5, -1), "takes targets between 0 and 1, got -1"),  # type: ignore[call-overload]
        (
            lambda: binary_cross_entropy_with_logits(0.5, 1, pos_weight=math.nan),  # type: ignore[call-overload]
            "pos_weight must hold finite numbers of zero or more, got nan",
        ),
        (lambda: hinge([0.5, 0.5], [1, 0]), "hinge takes targets -1 and 1, got 0"),
        (lambda: squared_hinge(0.5, 2), "squared_hinge takes targets -1 and 1, got 2"),  # type: ignore[call-overload]
        (lambda: cross_entropy([0.5, 0.5], 2), "cross_entropy has 2 classes, 0 to 1, got target 2: pass the"),
        (lambda: cross_entropy([0.5, 0.5], 1.0), r"cross_entropy has 2 classes, 0 to 1, got target 1\.0"),
        (lambda: cross_entropy([0.5, 0.5], True), "cross_entropy has 2 classes, 0 to 1, got target True"),
        (lambda: cross_entropy([0.5, 0.5], [1.0]), "cross_entropy has 2 classes but 1 target probabilities"),
        (lambda: cross_entropy([0.5, 0.5], [2, 0]), "takes target probabilities between 0 and 1, got 2"),
        (lambda: cross_entropy(TWO, [1]), "cross_entropy got 2 examples and 1 targets"),
        (lambda: cross_entropy(TWO, 1), "cross_entropy got 2 examples and 1 targets"),
        (lambda: cross_entropy([], 1), "cross_entropy needs at least one class, got none"),
        (lambda: cross_entropy([0.5, 0.5], 1, [1.0]), "cross_entropy has 2 classes but 1 weights"),
        (lambda: cross_entropy([0.5, 0.5], 1, [1.0, -1.0]), "weight must hold finite numbers of zero or mor"),
        (lambda: cross_entropy([0.5, 0.5], 1, label_smoothing=2), "label_smoothing must be between 0 and 1"),
        (lambda: cross_entropy([0.5, 0.5], 1, reduction="avg"), "cross_entropy: reduction must be 'mean', '"),
        (lambda: nll_loss([0.5, 0.5], [0.5, 0.5]), "nll_loss has 2 classes, 0 to 1, got target"),
        (lambda: nll_loss([0.5, 0.5], 7), "nll_loss has 2 classes, 0 to 1, got target 7"),
        (lambda: kl_div([0.5], [-0.5]), r"kl_div takes target probabilities of zero or more, got -0\.5: see"),
        (lambda: kl_div([0.5], [math.nan]), "kl_div takes target probabilities of zero or more, got nan"),
        (lambda: poisson_nll_loss([0.5], [-1]), "poisson_nll_loss takes counts of zero or more as targets"),
        (lambda: poisson_nll_loss([0.5], [1], eps=-1), "poisson_nll_loss: eps must be zero or more, got -1"),
        (lambda: gaussian_nll_loss([0.5], [1], -1.0), "var must hold finite numbers of zero or more, got -1"),
        (lambda: gaussian_nll_loss([0.5], [1], [-1.0]), r"takes variances of zero or more, got -1\.0"),
        (lambda: gaussian_nll_loss([0.5], [1], [1, 1]), "gaussian_nll_loss: var must be one number or as ma"),
        (lambda: gaussian_nll_loss([0.5], [1], 1.0, eps=0.0), r"gaussian_nll_loss: eps must be above zero,"),
        (lambda: cosine_similarity([0.5], [1, 1]), "needs two vectors of the same length, got 1 and 2"),  # type: ignore[list-item]
        (lambda: cosine_similarity([], []), "needs two vectors of the same length, got 0 and 0"),
        (lambda: cosine_embedding_loss([0.5], [1], 0), "cosine_embedding_loss takes targets -1 and 1, got 0"),
        (lambda: cosine_embedding_loss([0.5], [1], 1, margin=2), "margin must be between -1 and 1, got 2"),
        (lambda: cosine_embedding_loss([[0.5]], [[1]], [1, 1]), "got 1 and 1 vectors and 2 targets"),
        (lambda: cosine_embedding_loss([0.5], [1], 1, reduction="avg"), "reduction must be 'mean', 'sum' or"),
    ],
)
def test_what_a_loss_cannot_take_is_refused(loss: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        loss()


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda: cross_entropy(Value(0.5), 1), "cross_entropy needs a list of logits, .* got one Value"),  # type: ignore[call-overload]
        (lambda: cross_entropy("ab", 1), "cross_entropy needs a list of logits, .* got 'ab'"),
        (lambda: nll_loss(Value(0.5), 1), "nll_loss needs a list of log-probabilities, .* got one Value"),  # type: ignore[call-overload]
        (lambda: cross_entropy([0.5, "a"], 1), "cross_entropy takes Values and plain numbers, got 'a'"),
        (lambda: cosine_similarity(Value(0.5), [1]), "cosine_similarity takes two vectors, lists of Values,"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_list_of_outputs_is_refused(loss: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        loss()
