"""Article B's systems give the numbers of articles.md, and the script prints and draws them."""

import itertools
import math
from pathlib import Path
from xml.etree import ElementTree

import _article_b_descent as descent
import _article_b_example as example
import _article_b_gradient as gradient
import article_b
import pytest

from chainrule.engine import Value

PICTURES = ["losses", "two_valleys", "modes", "example_network", "example_graph", "vanishing"]

# the exact column of the table in articles.md
EXACT = {
    "delta 6": -0.328154,
    "delta 4": -0.040925,
    "delta 5": -0.049682,
    "delta 1": 0.001189,
    "delta 2": -0.010852,
    "delta 3": -0.004956,
    "w 4->6": 0.578104,
    "w 5->6": 0.812167,
    "w 1->4": -0.485881,
    "w 1->5": 0.317140,
    "w 2->4": 0.412737,
    "w 2->5": 0.615462,
    "w 3->5": 0.411800,
    "w bias->1": 0.499406,
    "w bias->2": -0.194574,
    "w x1->1": 0.299406,
    "w x1->2": 0.705426,
    "w x1->3": -0.097522,
    "output": 0.698076,
}

FORWARD = {
    "a1": 0.689974, "a2": 0.622459, "a3": 0.475021, "z4": -0.096004, "a4": 0.476018,
    "z5": 0.770476, "a5": 0.683624, "z6": 0.716546, "a6": 0.671846,
}  # fmt: skip


# -- B-G: the numerical example -----------------------------------------------------------------------


def test_forward_pass_of_the_example() -> None:
    before, _ = example.step()
    assert [before.z[unit].data for unit in (1, 2, 3)] == pytest.approx([0.8, 0.5, -0.1], rel=1e-15)
    for name, expected in FORWARD.items():
        values = before.a if name[0] == "a" else before.z
        assert values[int(name[1])].data == pytest.approx(expected, abs=5e-7)
        # The author's print, to its four digits.
        printed = float(example.FORWARD_PRINTED[name])
        assert values[int(name[1])].data == pytest.approx(printed, abs=5e-5)
    assert before.loss.data == pytest.approx(0.397726, abs=5e-7)


def test_every_number_of_the_step() -> None:
    rows = {name: exact for name, _, exact, *_ in example.trace()}
    assert rows == pytest.approx(EXACT, abs=5e-7)


def test_corrected_notebook_agrees_to_its_four_digits() -> None:
    for name, _, exact, corrected, _, _ in example.trace():
        # it cut -0.19457 and 0.81217 rather than rounding them
        assert exact == pytest.approx(float(corrected), abs=1e-4), name


def test_output_rises_and_loss_falls() -> None:
    before, after = example.step()
    assert f"{before.output:.4f}" == "0.6718"
    assert f"{after.output:.4f}" == "0.6981"
    assert after.loss.data == pytest.approx(0.359427, abs=5e-7)


def test_gradients_of_the_example_match_differences() -> None:
    assert example.furthest_from_differences() < 1e-10


@pytest.mark.parametrize(
    ("delta_slip", "rate_slip", "output"),
    [(False, False, 0.698076), (True, False, 0.698768), (False, True, 0.703719), (True, True, 0.704316)],
)
def test_printed_output_needs_both_slips(delta_slip: bool, rate_slip: bool, output: float) -> None:
    assert example.slipped_step(delta_slip, rate_slip).output == pytest.approx(output, abs=6e-7)


def test_step_without_slips_is_what_the_engine_does() -> None:
    before, after = example.step()
    by_hand = example.slipped_step(delta_slip=False, rate_slip=False)
    assert by_hand.deltas == pytest.approx(before.deltas, rel=1e-13)
    assert by_hand.weights == pytest.approx({c: w.data for c, w in after.weights.items()}, rel=1e-15)


def test_both_slips_replay_every_number_of_april() -> None:
    for name, _, _, _, replayed, april in example.trace():
        assert replayed == pytest.approx(float(april), abs=2e-4), name  # he rounded on the way
    assert f"{example.slipped_step(delta_slip=True, rate_slip=True).output:.4f}" == "0.7043"


@pytest.mark.parametrize("units", [u for k in range(4) for u in itertools.combinations((1, 2, 3), k)])
def test_all_eight_assignments_of_bias_and_input_agree(units: tuple[int, ...]) -> None:
    _, after = example.step(example.swapped(units))
    assert after.output == pytest.approx(0.6980763065856341, rel=1e-14)


def test_missing_connection_is_no_weight_of_zero() -> None:
    outputs = [f"{after:.4f}" for _, _, after in example.readings()]
    assert outputs == ["0.6981", "0.6982", "0.6982", "0.7329", "0.7331", "0.6981"]
    assert all(f"{before:.4f}" == "0.6718" for _, before, _ in example.readings())
    assert ("3", 4) not in example.network(example.WEIGHTS).weights


def test_weights_from_an_input_of_zero_get_no_gradient() -> None:
    before, _ = example.step({**example.WEIGHTS, ("x2", 1): 0.9})
    assert before.weights["x2", 1].grad == 0.0


# -- B-A to B-D: formulas -----------------------------------------------------------------------------


def test_bias_and_weight_of_a_constant_input_are_the_same() -> None:
    rows = gradient.both_bias_forms(gradient.CASES[0].model(), [0.7, -1.2], 0.5)
    assert len(rows) == 6 + 20
    for _, with_bias, with_weight in rows:
        assert with_bias == pytest.approx(with_weight, rel=1e-14)


def test_own_forward_pass_is_the_models() -> None:
    for case in gradient.CASES:
        model = case.model()
        outputs = model(case.x)
        outputs = [outputs] if isinstance(outputs, Value) else outputs
        assert [o.data for o in gradient.forward(model, case.x).a[-1]] == [o.data for o in outputs]


@pytest.mark.parametrize("case", gradient.CASES, ids=lambda case: case.name)
def test_deltas_agree_three_ways(case: gradient.Case) -> None:
    found = gradient.deltas(case)
    assert [len(layer) for layer in found.engine] == list(case.sizes[1:])
    assert found.apart(found.rule) < 1e-14
    assert found.apart(found.difference) < 1e-9
    assert found.weights_apart < 1e-14


def test_output_deltas_agree_with_their_products() -> None:
    rows = gradient.output_deltas()
    assert len(rows) == 7
    for row in rows:
        assert row.engine == pytest.approx(row.short, rel=1e-14)
        assert row.engine == pytest.approx(row.product, rel=1e-14)
    ready = gradient.ready_made_softmax_deltas((1.0, -0.5, 0.25), 1)
    assert ready == pytest.approx([row.short for row in rows[-3:]], rel=1e-14)


def test_losses_and_their_slopes() -> None:
    o = 0.25
    expected = {
        "squared, y = 1": (0.75**2, 2 * (o - 1)),
        "log loss, y = 1": (-math.log(o), -1 / o),
        "log loss, y = 0": (-math.log(1 - o), 1 / (1 - o)),
    }
    for name, numbers in expected.items():
        assert gradient.loss_and_slope(gradient.LOSSES[name], o) == pytest.approx(numbers, rel=1e-14)
    shares = [Value(0.2), Value(0.7), Value(0.1)]
    assert gradient.cross_entropy(shares, [0.0, 1.0, 0.0]).data == pytest.approx(-math.log(0.7))


def test_gradient_of_the_sum_is_the_sum_of_gradients() -> None:
    whole, parts = gradient.sum_of_gradients(gradient.CASES[0].model(), ((0.7, -1.2), (0.1, 0.4)), (1.0, 0.0))
    assert whole == pytest.approx(parts, rel=1e-13)


# -- B-B, B-E, B-F, B-H: learning ---------------------------------------------------------------------


def test_error_has_two_valleys_and_momentum_leaves_the_first() -> None:
    kinds = [kind for kind, _, _ in descent.turning_points(descent.error_at, -4.0, 4.0)]
    (_, local, higher), _, (_, best, lower) = descent.turning_points(descent.error_at, -4.0, 4.0)
    assert kinds == ["minimum", "maximum", "minimum"]
    assert higher > lower + 0.9
    assert descent.roll(descent.LEFT_START, 0.0)[-1][0] == pytest.approx(local, abs=0.003)
    assert descent.roll(descent.LEFT_START, 0.9)[-1][0] == pytest.approx(best, abs=0.003)


def test_three_modes_on_one_data_set() -> None:
    batch, mini, stochastic = descent.modes()
    assert (batch.steps_an_epoch, mini.steps_an_epoch, stochastic.steps_an_epoch) == (1, 12, 120)
    assert batch.losses[0] == mini.losses[0] == stochastic.losses[0]
    assert batch.rises == 0 < mini.rises < stochastic.rises
    assert stochastic.losses[-1] < mini.losses[-1] < batch.losses[-1] < 0.5 * batch.losses[0]


def test_algorithm_by_hand_and_engine_learn_the_same() -> None:
    learned = descent.learn_xor()
    assert learned.by_hand == pytest.approx(learned.by_engine, rel=1e-10)
    assert learned.weights_apart < 1e-12
    assert learned.by_engine[-1] < 0.02
    assert all(abs(o - y) < 0.05 for _, y, o in learned.outputs)


def test_macleod_sent_the_error_through_updated_weights() -> None:
    right = [row[1] for row in descent.macleod()]
    assert right == pytest.approx(
        [0.09907092883919034, 0.7976109598722038, 0.39713992422755456, 0.592645519442283], rel=1e-13
    )
    for _, exact, trap, printed in descent.macleod():
        half_a_digit = 0.5 * 10.0 ** -len(printed.split(".")[1])
        assert abs(exact - float(printed)) > half_a_digit
        assert trap == pytest.approx(float(printed), abs=2 * half_a_digit)  # he rounded on the way


def test_deltas_vanish_in_sigmoid_networks_only() -> None:
    sigmoid, tanh, relu = (descent.vanishing(name) for name in ("sigmoid", "tanh", "relu"))
    assert sigmoid.deltas == sorted(sigmoid.deltas)
    assert max(sigmoid.slopes[:-1]) <= 0.25
    assert sigmoid.deltas[0] < 1e-4
    assert min(tanh.deltas[0], relu.deltas[0]) > 0.05
    assert sigmoid.deltas[-1] == tanh.deltas[-1] == relu.deltas[-1] == pytest.approx(1.0)


def test_deltas_of_the_example_shrink_layer_by_layer() -> None:
    sizes = {unit: round(abs(delta), 4) for unit, delta in example.step()[0].deltas.items()}
    assert sizes == {6: 0.3282, 5: 0.0497, 4: 0.0409, 3: 0.005, 2: 0.0109, 1: 0.0012}


def test_script_prints_the_numbers_and_draws_the_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    article_b.main(["--out", str(tmp_path)])
    printed = capsys.readouterr().out
    for number in ("0.6718 -> 0.6981", "0.704316", "0.703719", "0.698768", "0.698076", "0.7043", "0.359427"):
        assert number in printed
    drawn = sorted(tmp_path.iterdir())
    assert [path.name for path in drawn] == sorted(f"{name}.svg" for name in PICTURES)
    for path in drawn:
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
