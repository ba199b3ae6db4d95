"""Losses under PyTorch's names: values by hand, deltas, reductions, weights, and what they refuse.

Beside PyTorch's own numbers: test_torch_numbers.py. The older names: test_loss.py.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value, log_softmax, softmax
from chainrule.nn import (
    MLP,
    SGD,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cosine_embedding_loss,
    cosine_similarity,
    cross_entropy,
    fit,
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


def gradients(loss: Value, leaves: list[Value]) -> list[float]:
    for leaf in leaves:
        leaf.grad = 0.0
    loss.backward()
    return [leaf.grad for leaf in leaves]


def values(*numbers: float) -> list[Value]:
    return [Value(number) for number in numbers]


# -- the articles' deltas -----------------------------------------------------------------------------


def test_regression_has_a_delta_in_proportion_to_o_minus_y() -> None:
    """Article B, B-D: identity and squared loss."""
    o = values(1.25, -0.5)
    assert gradients(mse_loss(o, [1.0, 2.0]), o) == [0.25, -2.5]  # 2 (o - y) / n
    assert gradients(mse_loss(o, [1.0, 2.0], reduction="sum"), o) == [0.5, -5.0]
    assert gradients(half_squared_error(o, [1.0, 2.0]), o) == [0.25, -2.5]


@pytest.mark.parametrize("y", [0, 1, 0.25])
def test_a_sigmoid_with_binary_cross_entropy_has_the_delta_o_minus_y(y: float) -> None:
    """Article B, B-D: sigmoid and log loss."""
    z = Value(0.7)
    o = z.sigmoid()
    for loss in (binary_cross_entropy(o, y), binary_cross_entropy_with_logits(z, y)):
        assert gradients(loss, [z]) == pytest.approx([o.data - y], rel=1e-14)


@pytest.mark.parametrize("y", [2, [0.0, 0.0, 1.0], [0.2, 0.5, 0.3]])
def test_a_softmax_with_cross_entropy_has_the_deltas_o_minus_y(y: Any) -> None:
    """Article B, B-D: softmax and cross-entropy."""
    z = values(-2.85, 0.86, 0.28)
    o = [share.data for share in softmax(z)]
    shares = y if isinstance(y, list) else [0.0, 0.0, 1.0]
    expected = pytest.approx([a - b for a, b in zip(o, shares, strict=True)], rel=1e-13)
    assert gradients(cross_entropy(z, y), z) == expected
    if not isinstance(y, list):
        assert gradients(nll_loss(log_softmax(z), y), z) == expected


def test_article_cs_error_has_the_gradient_of_its_formula() -> None:
    """Article C, C-C: half the squared error behind a sigmoid: -(t - o) o (1 - o) h."""
    w, h, t = Value(0.6), 0.9, 1.0
    o = (w * h).sigmoid()
    expected = -(t - o.data) * o.data * (1.0 - o.data) * h
    assert gradients(half_squared_error(o, t), [w]) == pytest.approx([expected], rel=1e-14)


# -- values by hand -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "value", "slope"),
    [
        (lambda o: l1_loss(o, 1.0), 2.0, 1.0),
        (lambda o: l1_loss(o, 3.0), 0.0, 0.0),
        (lambda o: huber_loss(o, 1.0), 1.5, 1.0),
        (lambda o: huber_loss(o, 1.0, delta=2.0), 2.0, 2.0),
        (lambda o: huber_loss(o, 1.0, delta=4.0), 2.0, 2.0),
        (lambda o: huber_loss(o, 5.0, delta=0.5), 0.875, -0.5),
        (lambda o: smooth_l1_loss(o, 1.0, beta=4.0), 0.5, 0.5),
        (lambda o: smooth_l1_loss(o, 1.0, beta=0.5), 1.75, 1.0),
        (lambda o: smooth_l1_loss(o, 1.0, beta=0.0), 2.0, 1.0),
        (lambda o: squared_hinge(o, 1), 0.0, 0.0),
        (lambda o: squared_hinge(o, -1), 16.0, 8.0),
        (lambda o: poisson_nll_loss(o, 2, log_input=False, eps=0.0), 3.0 - 2.0 * math.log(3.0), 1.0 / 3.0),
        (lambda o: gaussian_nll_loss(o, 1.0, 4.0), 0.5 * (math.log(4.0) + 1.0), 0.5),
    ],
)
def test_losses_of_three_and_their_slopes(loss: Callable[[Value], Value], value: float, slope: float) -> None:
    o = Value(3.0)
    result = loss(o)
    assert result.data == pytest.approx(value, rel=1e-15)
    assert gradients(result, [o]) == pytest.approx([slope], rel=1e-15)


@pytest.mark.parametrize(
    ("logit", "target", "loss", "delta"),
    [
        (1000.0, 1, 0.0, 0.0),
        (-1000.0, 1, 1000.0, -1.0),
        (1000.0, 0, 1000.0, 1.0),
        (40.0, 1, math.exp(-40.0), -math.exp(-40.0)),
        (-40.0, 0, math.exp(-40.0), math.exp(-40.0)),
    ],
)
def test_the_loss_of_a_logit_is_exact_where_it_is_huge_or_tiny(
    logit: float, target: int, loss: float, delta: float
) -> None:
    z = Value(logit)
    for result in (
        binary_cross_entropy_with_logits(z, target),
        binary_cross_entropy_with_logits(z, target, pos_weight=1.0),
        log_loss_from_logits(z, target),
    ):
        assert result.data == pytest.approx(loss, rel=1e-15, abs=0.0)
        assert gradients(result, [z]) == pytest.approx([delta], rel=1e-15, abs=0.0)


def test_a_certain_and_wrong_probability_costs_infinitely_much() -> None:
    assert binary_cross_entropy(Value(0.0), 1).data == math.inf
    assert binary_cross_entropy(Value(1.0), 1).data == 0.0


def test_cross_entropy_takes_huge_logits_and_classes_ruled_out() -> None:
    assert cross_entropy(values(1e300, -1e300), 0).data == 0.0
    z = values(0.0, -math.inf, 0.0)
    assert cross_entropy(z, 0).data == pytest.approx(math.log(2.0), rel=1e-15)
    assert cross_entropy(z, [0.5, 0.0, 0.5]).data == pytest.approx(math.log(2.0), rel=1e-15)


def test_the_divergence_of_a_distribution_from_itself_is_zero_and_no_share_costs_nothing() -> None:
    z = values(0.5, -1.0, 2.0)
    same = [share.data for share in softmax(z)]
    assert kl_div(log_softmax(z), same, reduction="sum").data == pytest.approx(0.0, abs=1e-16)
    assert kl_div(values(-math.inf, 0.0), [0.0, 1.0], reduction="sum").data == 0.0


def test_targets_may_be_values_and_get_a_gradient() -> None:
    z, t = values(0.5, -1.0), values(0.25, 0.75)
    logs = [share.data for share in log_softmax(z)]
    assert gradients(cross_entropy(z, t), t) == pytest.approx([-x for x in logs], rel=1e-14)
    o, y = Value(1.0), Value(3.0)
    assert gradients(mse_loss([o], [y]), [y]) == [4.0]


def test_a_variance_learns_also_where_it_counts_as_eps() -> None:
    v = Value(0.0)
    loss = gaussian_nll_loss(values(1.0), [1.0], [v], eps=0.25)
    assert loss.data == 0.5 * math.log(0.25)
    assert gradients(loss, [v]) == [2.0]


# -- cosines ------------------------------------------------------------------------------------------


def test_cosines_by_hand() -> None:
    assert cosine_similarity(values(3.0, 0.0), [2.0, 0.0]).data == 1.0
    assert cosine_similarity(values(3.0, 0.0), [0.0, 2.0]).data == 0.0
    assert cosine_similarity(values(0.0, 0.0), [1.0, 2.0]).data == 0.0
    a, b = values(1.0, 2.0, 2.0), values(2.0, 1.0, 2.0)
    assert cosine_similarity(a, b).data == pytest.approx(8.0 / 9.0, rel=1e-15)
    assert cosine_embedding_loss(a, b, 1).data == pytest.approx(1.0 / 9.0, rel=1e-11)
    assert cosine_embedding_loss(a, b, -1, margin=0.5).data == pytest.approx(8.0 / 9.0 - 0.5, rel=1e-11)
    each = cosine_embedding_loss([a, a], [b, b], [1, -1], reduction="none")
    assert [term.data for term in each] == pytest.approx([1.0 / 9.0, 8.0 / 9.0], rel=1e-11)


def test_cosines_are_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    rows, others, sides = [[0.5, -1.0, 2.0], [1.0, 0.25, -3.0]], [[1.0, 1.0, 0.5], [-1.0, 2.0, 0.0]], [1, -1]
    for kind in ("mean", "sum", "none"):
        x = torch.tensor(rows, dtype=torch.float64, requires_grad=True)
        y = torch.tensor(others, dtype=torch.float64)
        theirs = torch.nn.functional.cosine_embedding_loss(
            x, y, torch.tensor(sides), margin=-0.9, reduction=kind
        )
        theirs.sum().backward()
        a = [values(*row) for row in rows]
        ours = cosine_embedding_loss(a, others, sides, margin=-0.9, reduction=kind)
        terms = ours if isinstance(ours, list) else [ours]
        assert [term.data for term in terms] == pytest.approx(theirs.reshape(-1).tolist(), rel=1e-12)
        for term in terms:
            term.backward()
        assert [v.grad for row in a for v in row] == pytest.approx(x.grad.reshape(-1).tolist(), rel=1e-12)
        similarity = torch.nn.functional.cosine_similarity(x, y).tolist()
        ours_each = [cosine_similarity(p, q).data for p, q in zip(a, others, strict=True)]
        assert ours_each == pytest.approx(similarity, rel=1e-14)


# -- shapes and reductions ----------------------------------------------------------------------------

ELEMENTWISE: list[Any] = [
    squared_error,
    half_squared_error,
    mse_loss,
    l1_loss,
    huber_loss,
    smooth_l1_loss,
    log_loss,
    binary_cross_entropy,
    log_loss_from_logits,
    binary_cross_entropy_with_logits,
    poisson_nll_loss,
    kl_div,
    partial(gaussian_nll_loss, var=1.0),
]


@pytest.mark.parametrize("loss", [*ELEMENTWISE, hinge, squared_hinge], ids=str)
def test_reductions_are_of_the_terms_in_the_shape_of_the_outputs(loss: Any) -> None:
    outputs, targets = [values(0.25, 0.5), values(0.75, 0.125)], [[1, 1], [1, 1]]
    terms = loss(outputs, targets, reduction="none")
    assert [len(row) for row in terms] == [2, 2]
    numbers = [term.data for row in terms for term in row]
    assert loss(outputs, targets, reduction="sum").data == pytest.approx(sum(numbers), rel=1e-15)
    assert loss(outputs, targets, reduction="mean").data == pytest.approx(sum(numbers) / 4.0, rel=1e-15)
    assert [term.data for term in loss(outputs[0], targets[0], reduction="none")] == numbers[:2]
    assert loss(outputs[0][0], 1, reduction="none").data == numbers[0]
    assert loss(np.array(outputs), np.array(targets), reduction="sum").data == pytest.approx(sum(numbers))


def test_the_older_names_give_sums_and_pytorchs_means() -> None:
    outputs, targets = values(0.5, 0.25), [1.0, 0.0]
    pairs: list[Any] = [
        (squared_error, mse_loss),
        (log_loss, binary_cross_entropy),
        (log_loss_from_logits, binary_cross_entropy_with_logits),
    ]
    for whole, mean in pairs:
        assert whole(outputs, targets).data == pytest.approx(2.0 * mean(outputs, targets).data, rel=1e-15)
    assert softmax_cross_entropy(outputs, 1).data == cross_entropy(outputs, 1).data


def test_class_losses_reduce_over_the_examples() -> None:
    z = [values(1.0, 2.0, 0.5), values(0.0, -1.0, 3.0)]
    losses = [softmax_cross_entropy(z[0], 2).data, softmax_cross_entropy(z[1], 0).data]
    assert [loss.data for loss in cross_entropy(z, [2, 0], reduction="none")] == losses
    assert cross_entropy(z, [2, 0], reduction="sum").data == sum(losses)
    assert cross_entropy(z, [2, 0]).data == sum(losses) / 2.0
    assert cross_entropy(z, np.array([2, 0])).data == sum(losses) / 2.0
    assert cross_entropy(z[0], 2, reduction="none").data == losses[0]
    assert cross_entropy(z[:1], [2], reduction="none")[0].data == losses[0]


def test_class_weights_divide_the_mean_by_the_weights_of_the_targets() -> None:
    z = [values(1.0, 2.0), values(0.0, -1.0)]
    a, b = softmax_cross_entropy(z[0], 0).data, softmax_cross_entropy(z[1], 1).data
    assert cross_entropy(z, [0, 1], [3.0, 1.0]).data == pytest.approx((3.0 * a + b) / 4.0, rel=1e-15)
    assert cross_entropy(z, [0, 1], [3.0, 1.0], reduction="sum").data == pytest.approx(3.0 * a + b, rel=1e-15)
    assert nll_loss([log_softmax(row) for row in z], [0, 1], [3.0, 1.0]).data == pytest.approx(
        (3.0 * a + b) / 4.0, rel=1e-15
    )


def test_examples_that_are_ignored_do_not_count() -> None:
    z = [values(1.0, 2.0), values(0.0, -1.0)]
    only = softmax_cross_entropy(z[1], 1).data
    assert cross_entropy(z, [-100, 1]).data == only
    assert [v.data for v in cross_entropy(z, [5, 1], ignore_index=5, reduction="none")] == [0.0, only]
    assert nll_loss([log_softmax(row) for row in z], [-100, 1]).data == only
    assert math.isnan(cross_entropy(z, [-100, -100]).data)
    assert cross_entropy(z, [-100, -100], reduction="sum").data == 0.0


def test_weights_of_terms_may_be_one_a_row_or_all() -> None:
    p, t = [values(0.25, 0.5), values(0.75, 0.125)], [[1, 0], [0, 1]]
    terms = [term.data for row in binary_cross_entropy(p, t, reduction="none") for term in row]
    for weight, each in ((2.0, [2.0] * 4), ([1.0, 3.0], [1.0, 3.0] * 2), ([[1, 2], [3, 4]], [1, 2, 3, 4])):
        expected = sum(w * x for w, x in zip(each, terms, strict=True))
        found = binary_cross_entropy(p, t, weight, reduction="sum").data
        assert found == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        (mse_loss, 1.0),
        (l1_loss, 1.0),
        (huber_loss, 1.0),
        (smooth_l1_loss, 1.0),
        (hinge, 1),
        (squared_hinge, 1),
        (binary_cross_entropy_with_logits, 1),
        (partial(binary_cross_entropy_with_logits, pos_weight=2.0), 1),
        (poisson_nll_loss, 3),
        (partial(gaussian_nll_loss, var=1.0), 1.0),
    ],
)
def test_fit_takes_each_of_them_as_it_is(loss: Any, target: float) -> None:
    model = MLP(1, [1], seed=0)
    history = fit(
        model, [[0.0], [1.0]], [target] * 2, loss=loss, optimizer=SGD(model.parameters(), lr=0.1), epochs=20
    )
    assert history.loss[-1] < history.loss[0]


def test_fit_takes_those_of_classes_too() -> None:
    for loss in (cross_entropy, partial(cross_entropy, weight=[1.0, 2.0], label_smoothing=0.1)):
        model = MLP(1, [2], seed=0)
        optimizer = SGD(model.parameters(), lr=0.5)
        history = fit(model, [[0.0], [1.0]], [0, 1], loss=loss, optimizer=optimizer, epochs=20)
        assert history.loss[-1] < history.loss[0]


# -- refusals -----------------------------------------------------------------------------------------

TWO = [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize("loss", [*ELEMENTWISE, hinge, squared_hinge], ids=str)
def test_shapes_that_differ_are_refused_by_name(loss: Any) -> None:
    name = getattr(loss, "func", loss).__name__
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
