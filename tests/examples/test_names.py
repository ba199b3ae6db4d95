"""The names example reads names letter by letter, learns, and invents."""

import math
import random
from pathlib import Path
from xml.etree import ElementTree

import names
import numpy as np
import pytest

PICTURES = ["letters.svg", "loss.svg", "writing.svg"]


def test_a_name_is_read_in_windows_of_three_letters_to_its_end() -> None:
    contexts, letters = names.examples(["ab"])
    assert contexts == [(0, 0, 0), (0, 0, 1), (0, 1, 2)]
    assert letters == [1, 2, 0]


def test_the_loss_of_counting_pairs_is_that_of_a_count_by_hand() -> None:
    contexts, letters = names.examples(["ab", "ac"])
    # after the start: a twice of 2 + 27; after a: b once of 2 + 27; after b: the end once of 1 + 27
    expected = -(math.log(3 / 29) + math.log(2 / 29) + math.log(2 / 28)) / 3
    assert names.loss_of_counting(contexts, letters, ["ab"]) == pytest.approx(expected, rel=1e-14)


def test_the_same_seed_learns_and_invents_the_same() -> None:
    def run(seed: int) -> tuple[list[float], list[str]]:
        rng = random.Random(seed)
        model, history = names.train(["emma", "ava", "mia"] * 5, ["emma"], 2, rng)
        return history.loss, [names.invent(model, rng, 0.8) for _ in range(5)]

    assert run(0) == run(0)
    assert run(0) != run(1)


def test_a_few_names_can_be_learned_by_heart() -> None:
    rng = random.Random(0)
    model, history = names.train(["emma", "ava"] * 40, ["emma"], 6, rng)
    assert history.validation_loss[-1] < 0.2  # the first letter alone is open: ln 2 / 5 letters = 0.14
    assert {names.invent(model, rng, 0.2) for _ in range(10)} <= {"emma", "ava"}
    assert sum(names.chances(model, (0, 0, 0))) == pytest.approx(1.0, rel=1e-12)


def test_the_script_prints_and_draws_in_its_short_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loss = names.main(["--short", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert loss < math.log(27)
    assert "guessing has ln 27 = 3.296" in " ".join(printed.split())
    assert "Invented:" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == PICTURES
    for name in PICTURES:
        assert ElementTree.parse(tmp_path / name).getroot().tag.endswith("svg")


def test_letters_that_lie_on_each_other_are_moved_apart_and_no_others() -> None:
    places = np.array([[0.0, 0.0], [0.01, 0.0], [0.1, 0.05], [3.0, 3.0]])
    moved = names._apart(places, 0.2)
    distances = np.linalg.norm(moved[:, None] - moved[None, :], axis=2) + np.eye(4)
    assert distances.min() > 0.19
    assert moved[3].tolist() == [3.0, 3.0]
    assert places[1].tolist() == [0.01, 0.0]
