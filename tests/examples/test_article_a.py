"""Article A's systems give the numbers of articles.md, and the script prints and draws them."""

import math
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import _article_a as systems
import article_a
import pytest
from _show import slope

# n, w, to four digits, a = 1.5 w, C: worked out with pencil and paper, not with this engine
SEQUENCE = [
    (0, 0.8, "0.8000", 1.2, 0.49),
    (1, 0.59, "0.5900", 0.885, 0.148225),
    (2, 0.4745, "0.4745", 0.71175, 0.0448380625),
    (3, 0.410975, "0.4110", 0.6164625, 0.01356351390625),
    (4, 0.37603625, "0.3760", 0.564054375, 0.0041029629566),
    (5, 0.3568199375, "0.3568", 0.53522990625, 0.0012411462944),
    (6, 0.346250965625, "0.3463", 0.5193764484375, 0.0003754467540),
    (7, 0.34043803109375, "0.3404", 0.510657046640625, 0.0001135726431),
    (8, 0.3372409171015625, "0.3372", 0.50586137565, 0.0000343557245),
    (9, 0.335482504405859, "0.3355", 0.50322375661, 0.0000103926067),
    (10, 0.334515377423223, "0.3345", 0.50177306613, 0.0000031437635),
    (11, 0.333983457582773, "0.3340", 0.50097518637, 0.0000009509885),
    (12, 0.333690901670525, "0.3337", 0.50053635251, 0.0000002876740),
]

PICTURES = ["perceptron", "activations", "difference_quotient", "chain_rule", "two_nodes", "parabola",
            "learning_rates"]  # fmt: skip


def test_first_step_has_both_factors_of_the_chain_rule() -> None:
    first = systems.step(0.8)
    found = (first.a, first.cost, first.dcost_da, first.da_dw, first.dcost_dw, first.new_w)
    assert found == pytest.approx((1.2, 0.49, 1.4, 1.5, 2.1, 0.59), rel=1e-14)
    assert first.dcost_da * first.da_dw == first.dcost_dw


@pytest.mark.parametrize(("n", "w", "four_digits", "a", "cost"), SEQUENCE)
def test_sequence_of_weights(n: int, w: float, four_digits: str, a: float, cost: float) -> None:
    step = systems.descend(n + 1)[n]
    assert step.w == pytest.approx(w, rel=1e-14)
    assert f"{step.w:.4f}" == four_digits
    assert step.a == pytest.approx(a, rel=1e-11)
    assert step.cost == pytest.approx(cost, abs=6e-14)  # the table's digits end there
    assert step.w == pytest.approx(systems.closed_form(n), rel=1e-14)
    assert step.cost == pytest.approx(0.49 * 0.3025**n, rel=1e-9)


def test_four_digits_reach_a_third_first_at_step_18() -> None:
    shown = [f"{step.w:.4f}" for step in systems.descend(19)]
    assert shown[13:] == ["0.3335", "0.3334", "0.3334", "0.3334", "0.3334", "0.3333"]


@pytest.mark.parametrize(("name", "rate", "behaviour"), systems.RATES)
def test_each_step_multiplies_the_distance_by_its_factor(name: str, rate: float, behaviour: str) -> None:
    walk = systems.descend(12, rate)
    for n, step in enumerate(walk):
        assert step.w - 1 / 3 == pytest.approx((0.8 - 1 / 3) * (1 - 4.5 * rate) ** n, abs=1e-12)


def test_rate_of_four_ninths_swings_between_two_weights() -> None:
    weights = [step.w for step in systems.descend(6, 4 / 9)]
    assert weights == pytest.approx([0.8, -2 / 15] * 3, rel=1e-12)


def test_curves_pass_through_the_points_of_the_article() -> None:
    assert systems.network(0.0)[2].data == 0.25
    assert systems.network(1 / 3)[2].data == pytest.approx(0.0, abs=1e-30)


def test_perceptron_shows_its_three_steps() -> None:
    neuron = systems.perceptron([0.5, -1.0, 2.0], [0.8, 0.3, 0.4], -0.3, "tanh")
    found = (neuron.s.data, neuron.z.data, neuron.y.data)
    assert found == pytest.approx((0.9, 0.6, math.tanh(0.6)), rel=1e-14)


@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.parametrize("activation", systems.PANEL)
def test_perceptron_takes_any_number_of_inputs(n: int, activation: str) -> None:
    xs, ws = [0.1 * i - 0.2 for i in range(n)], [0.5 - 0.3 * i for i in range(n)]
    neuron = systems.perceptron(xs, ws, 0.25, activation)
    s = sum(x * w for x, w in zip(xs, ws, strict=True))
    assert neuron.s.data == pytest.approx(s)
    assert neuron.z.data == pytest.approx(s + 0.25)


@pytest.mark.parametrize("name", systems.PANEL)
@pytest.mark.parametrize("z", [-1.3, 0.4, 2.0])
def test_slopes_of_activations_match_differences(name: str, z: float) -> None:
    f = systems.PANEL[name]
    expected = slope(lambda t: systems.value_and_slope(f, t)[0], z)
    assert systems.value_and_slope(f, z)[1] == pytest.approx(expected, abs=1e-9)


def test_difference_quotient_tends_to_the_derivative() -> None:
    rows = systems.difference_quotients(systems.cube, 1.5, [10.0**-k for k in range(8)])
    assert rows[0][:3] == (1.0, 12.25, 12.25)
    # Dy/Dx = 3 x^2 + 3 x Dx + Dx^2: the distance shrinks with Dx
    for step, _, _, distance in rows:
        assert distance == pytest.approx(4.5 * step + step**2, rel=0.02)


def test_derivatives_by_formula_engine_and_difference_agree() -> None:
    for x in (0.4, 1.5):
        for _, _, formula, engine, difference in systems.derivative_table(x):
            assert engine == pytest.approx(formula, rel=1e-14)
            assert engine == pytest.approx(difference, abs=1e-7)


def test_rules_agree_with_the_engine() -> None:
    for _, by_rule, engine in systems.rules(1.5):
        assert engine == pytest.approx(by_rule, rel=1e-13)


def test_chain_rule_is_the_product_of_two_slopes() -> None:
    whole = systems.chain(1.5)
    assert whole.dy_dx == whole.dy_du * whole.du_dx
    assert whole.dy_dx == pytest.approx(3.0 * math.cos(2.25), rel=1e-15)
    for *_, product, quotient in systems.chain_quotients(1.5, (0.1, 1e-3)):
        assert product == pytest.approx(quotient, rel=1e-12)


def test_script_prints_the_numbers_and_draws_the_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    article_a.main(["--out", str(tmp_path / "new" / "folder")])
    printed = capsys.readouterr().out
    for number in ("0.59", "0.4745", "0.148225", "0.3333", "2.1", "6.75"):
        assert number in printed
    drawn = sorted((tmp_path / "new" / "folder").iterdir())
    assert [path.name for path in drawn] == sorted(f"{name}.svg" for name in PICTURES)
    for path in drawn:
        assert ElementTree.parse(path).getroot().tag.endswith("svg")


def test_perceptron_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    article_a.main(["--no-pictures", "--inputs", "1", "-2", "--weights", "3", "1", "--bias", "-4",
                    "--activation", "relu"])  # fmt: skip
    printed = capsys.readouterr().out
    assert "the activation, here relu" in printed
    assert "Pictures" not in printed


def test_as_many_weights_as_inputs_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        article_a.main(["--no-pictures", "--inputs", "1", "2"])
    assert "2 inputs need as many weights, got 3" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["article_a", "article_b", "article_c"])
def test_scripts_print_without_pictures_from_anywhere(name: str, tmp_path: Path) -> None:
    script = Path(article_a.__file__).with_name(f"{name}.py")
    # ASCII on a pipe, so that every terminal and code page can show it.
    run = subprocess.run(
        [sys.executable, "-W", "error", str(script), "--no-pictures"],
        cwd=tmp_path, capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert run.stdout
    assert not run.stderr
    assert not list(tmp_path.iterdir())
