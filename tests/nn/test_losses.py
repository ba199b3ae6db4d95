"""Losses under PyTorch's names: values by hand, deltas, shapes, reductions and weights.

Beside PyTorch's own numbers: test_torch_numbers.py. The older names: test_loss.py.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from elementwise import ELEMENTWISE, name_of

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


@pytest.mark.parametrize("loss", [*ELEMENTWISE, hinge, squared_hinge], ids=name_of)
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
