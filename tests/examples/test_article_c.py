"""Article C's systems give the numbers of articles.md, and the script prints and draws them."""

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import _article_c as systems
import article_c
import pytest
from _show import slope

PICTURES = ["hill", "restarts", "error_split", "linear_graph", "sigmoid", "sigmoid_graph"]


# -- C-A: the hill ------------------------------------------------------------------------------------


def test_hill_has_a_local_and_a_global_minimum() -> None:
    for place in (-2.0, 0.0, 3.0):
        assert slope(lambda x: systems.height(x).data, place) == pytest.approx(0.0, abs=1e-8)
    assert systems.height(3.0).data == pytest.approx(0.0, abs=1e-14)
    assert systems.height(-2.0).data == pytest.approx(125 / 12)


def test_left_start_ends_in_the_local_and_right_start_in_the_global_minimum() -> None:
    assert systems.walk_down(systems.LEFT_START)[-1][0] == pytest.approx(-2.0, abs=1e-3)
    assert systems.walk_down(systems.RIGHT_START)[-1] == pytest.approx((3.0, 0.0), abs=1e-3)


def test_descents_never_go_up() -> None:
    for walk in systems.drops():
        heights = [height for _, height in walk]
        assert all(later <= sooner + 1e-12 for sooner, later in pairwise(heights))


def test_random_restarts_find_the_sea() -> None:
    ends = [walk[-1][1] for walk in systems.drops()]
    assert min(ends) == pytest.approx(0.0, abs=1e-6)
    assert max(ends) > 10.0  # and some of them do not


# -- C-B: the error split -----------------------------------------------------------------------------


def test_shares_of_the_error() -> None:
    shares = systems.proportional_split(0.08, systems.INTO_FIRST)
    assert [f"{share:.4f}" for share in shares] == ["0.0436", "0.0073", "0.0109", "0.0182"]
    assert shares == pytest.approx([0.08 * w / 1.1 for w in (0.6, 0.1, 0.15, 0.25)], rel=1e-14)
    assert sum(shares) == pytest.approx(0.08)
    assert systems.even_split(0.08, systems.INTO_FIRST) == [0.02] * 4


def test_kleins_first_share_fits_a_sum_of_1_4() -> None:
    assert f"{0.08 * 0.6 / 1.4:.4f}" == "0.0343"


def test_matrix_form_is_all_splits_added() -> None:
    by_matrix = systems.times(systems.split_matrix(systems.WEIGHTS), systems.ERRORS)
    columns = list(zip(*systems.WEIGHTS, strict=True))
    splits = [
        systems.proportional_split(e, column) for e, column in zip(systems.ERRORS, columns, strict=True)
    ]
    assert by_matrix == pytest.approx([sum(shares) for shares in zip(*splits, strict=True)], rel=1e-14)
    assert sum(by_matrix) == pytest.approx(sum(systems.ERRORS))  # the split hands out every error whole


def test_short_form_is_the_gradient() -> None:
    by_engine, _ = systems.errors_by_engine(systems.WEIGHTS, systems.ERRORS)
    assert systems.times(systems.WEIGHTS, systems.ERRORS) == pytest.approx(by_engine, rel=1e-14)


def test_split_breaks_with_weights_of_both_signs() -> None:
    _, weights = systems.MIXED[0]
    shares = [share / 0.08 for share in systems.proportional_split(0.08, weights)]
    assert max(shares) > 1.0
    assert min(shares) < 0.0
    with pytest.raises(ZeroDivisionError):
        systems.proportional_split(0.08, systems.MIXED[-1][1])


def test_rashids_hidden_errors() -> None:
    found = [systems.times(systems.split_matrix(w), e) for _, w, e in systems.RASHID_STAGES]
    assert found[0] == pytest.approx([0.42, 0.88], rel=1e-14)
    assert found[1] == pytest.approx([0.362, 0.938], rel=1e-14)


# -- C-C: the sigmoid network -------------------------------------------------------------------------


def test_gradient_is_the_product_of_its_factors() -> None:
    rows = systems.factors()
    assert len(rows) == 12
    for row in rows:
        assert row.product == pytest.approx(row.engine, rel=1e-14)
        assert row.engine == pytest.approx(row.difference, abs=1e-10)
        assert row.bend <= 0.25


def test_rashids_weight_update() -> None:
    first, later = systems.rashid_update(1.5), systems.rashid_update(0.8)
    assert first.total == pytest.approx(2.3, rel=1e-14)
    assert (f"{first.output:.3f}", f"{first.bend:.3f}") == ("0.909", "0.083")
    assert (f"{first.gradient:.5f}", f"{first.new_w:.3f}") == ("-0.04969", "2.005")
    assert (f"{later.gradient:.5f}", f"{later.new_w:.5f}") == ("-0.02650", "2.00265")
    assert first.new_w == pytest.approx(2.0049691740194446, rel=1e-15)


def test_script_prints_the_numbers_and_draws_the_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    article_c.main(["--out", str(tmp_path)])
    printed = capsys.readouterr().out
    for number in (
        "0.0436",
        "0.0073",
        "0.0109",
        "0.0182",
        "0.0343",
        "0.362  0.938",
        "-0.0496917",
        "undefined",
    ):
        assert number in printed
    drawn = sorted(tmp_path.iterdir())
    assert [path.name for path in drawn] == sorted(f"{name}.svg" for name in PICTURES)
    for path in drawn:
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
