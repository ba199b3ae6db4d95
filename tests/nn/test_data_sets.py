"""The shipped data sets are those of their sources; generated points lie where they should."""

import hashlib
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import datasets

from chainrule.nn import (
    circles,
    load_digits,
    load_iris,
    load_names,
    moons,
    noisy_function,
    sine,
    spirals,
    xor,
)

# -- shipped ------------------------------------------------------------------------------------------


def test_iris_is_that_of_scikit_learn() -> None:
    ours, theirs = load_iris(), datasets.load_iris()
    assert ours.inputs == theirs.data.tolist()
    assert ours.targets == theirs.target.tolist()
    assert ours.feature_names == tuple(theirs.feature_names)
    assert ours.target_names == tuple(theirs.target_names)


def test_digits_are_those_of_scikit_learn() -> None:
    ours, theirs = load_digits(), datasets.load_digits()
    assert ours.inputs == theirs.data.tolist()
    assert ours.targets == theirs.target.tolist()
    assert len(ours.feature_names) == 64
    assert ours.target_names == tuple(map(str, theirs.target_names))


def test_names_are_those_of_makemore() -> None:
    names = load_names()
    assert len(names) == 32_033
    # the checksum that its README gives, of names one a line without a last line end
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
    assert digest == "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"
    assert set("".join(names)) == set("abcdefghijklmnopqrstuvwxyz")


def test_data_sets_unpack_into_inputs_and_targets_that_are_the_callers() -> None:
    inputs, targets = load_iris()
    inputs.clear()
    targets.clear()
    assert repr(load_iris()) == "DataSet(150 examples of 4 numbers, 3 classes)"


def test_each_shipped_file_has_its_source_and_licence_beside_it() -> None:
    folder = files("chainrule.nn.data") / "sets"
    notes = (folder / "README.md").read_text(encoding="utf-8")
    shipped = {path.name for path in folder.iterdir()} - {"README.md"}
    assert shipped == {"iris.csv", "digits.csv.gz", "names.txt"}
    assert all(f"| `{name}` |" in notes for name in shipped)
    assert "CC BY 4.0" in notes
    assert "Permission is hereby granted, free of charge" in notes


def test_an_installed_package_loads_its_data_from_any_folder(tmp_path: Path) -> None:
    script = "from chainrule.nn import *; print(load_iris(), load_digits(), len(load_names()))"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"{load_iris()} {load_digits()} 32033\n"


# -- generated ----------------------------------------------------------------------------------------

SHAPES: list[Callable[..., tuple[list[list[float]], list[int]]]] = [moons, circles, spirals]


def test_moons_are_half_circles_of_radius_one() -> None:
    points, sides = moons(9, noise=0.0)
    assert sides == [-1] * 4 + [1] * 5
    for (x, y), side in zip(points, sides, strict=True):
        centre = (0.0, 0.0) if side < 0 else (1.0, 0.5)
        assert math.dist((x, y), centre) == pytest.approx(1.0, rel=1e-15)
        assert (y >= -1e-15) if side < 0 else (y <= 0.5 + 1e-15)


def test_moons_and_circles_have_the_shape_of_scikit_learns() -> None:
    for ours, theirs in ((moons, datasets.make_moons), (circles, datasets.make_circles)):
        points, sides = ours(9, noise=0.0)
        settings = {"factor": 0.5} if ours is circles else {}
        expected, classes = theirs(9, shuffle=False, noise=None, **settings)
        assert points == pytest.approx(expected, abs=1e-15)
        assert [(side + 1) // 2 for side in sides] == classes.tolist()


def test_moons_keep_their_numbers() -> None:
    points, _ = moons(100, seed=3)
    assert points[57] == [-0.014428427882933748, 0.13301381828077513]


@pytest.mark.parametrize("factor", [0.0, 0.5, 0.9])
def test_circles_have_their_radii(factor: float) -> None:
    points, sides = circles(11, noise=0.0, factor=factor)
    assert sides == [-1] * 5 + [1] * 6
    for point, side in zip(points, sides, strict=True):
        assert math.hypot(*point) == pytest.approx(1.0 if side < 0 else factor, rel=1e-15)


def test_the_second_spiral_is_the_first_turned_by_half_a_turn() -> None:
    points, sides = spirals(40, noise=0.0, turns=2.0)
    assert sides == [-1] * 20 + [1] * 20
    for (x, y), (u, v) in zip(points[:20], points[20:], strict=True):
        assert (u, v) == pytest.approx((-x, -y), abs=1e-14)
    radii = [math.hypot(*point) for point in points[:20]]
    assert radii == pytest.approx([i / 20 for i in range(1, 21)])
    angles = np.unwrap([math.atan2(y, x) for x, y in points[:20]])
    assert angles[-1] - angles[0] == pytest.approx(2 * math.tau * 19 / 20)


def test_xor_is_at_the_four_corners_in_turn() -> None:
    points, sides = xor(6)
    assert points == [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 1.0]]
    assert sides == [-1, 1, 1, -1, -1, 1]
    noisy, _ = xor(400, noise=0.1, seed=0)
    assert all(math.dist(p, q) < 0.6 for p, q in zip(noisy, points[:4] * 100, strict=True))


@pytest.mark.parametrize("shape", [*SHAPES, xor])
def test_points_follow_their_seed_and_noise_has_its_size(shape: Callable[..., Any]) -> None:
    assert shape(50, noise=0.1, seed=1) == shape(50, noise=0.1, seed=1)
    assert shape(50, noise=0.1, seed=1) != shape(50, noise=0.1, seed=2)
    (exact, sides), (noisy, same) = shape(2000, noise=0.0), shape(2000, noise=0.3, seed=0)
    assert sides == same
    assert abs(Counter(sides)[1] - Counter(sides)[-1]) <= 1
    off = [b - a for p, q in zip(exact, noisy, strict=True) for a, b in zip(p, q, strict=True)]
    assert np.std(off) == pytest.approx(0.3, rel=0.05)
    assert np.mean(off) == pytest.approx(0.0, abs=0.02)


def test_a_function_is_taken_at_even_steps_and_its_noise_has_its_size() -> None:
    inputs, targets = noisy_function(math.exp, 2001, low=-1.0, high=2.0, noise=0.3, seed=0)
    xs = [x for [x] in inputs]
    assert (xs[0], xs[-1]) == (-1.0, 2.0)
    assert [b - a for a, b in pairwise(xs)] == pytest.approx([3 / 2000] * 2000, rel=1e-9)
    assert np.std([y - math.exp(x) for x, y in zip(xs, targets, strict=True)]) == pytest.approx(0.3, rel=0.05)
    assert {type(y) for y in noisy_function(np.sin, 3, 0.0, 1.0)[1]} == {float}


def test_sine_is_a_sine() -> None:
    inputs, targets = sine(5, noise=0.0)
    assert [x for [x] in inputs] == pytest.approx([-math.pi, -math.pi / 2, 0.0, math.pi / 2, math.pi])
    assert targets == pytest.approx([0.0, -1.0, 0.0, 1.0, 0.0], abs=1e-15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: moons(1), "moons needs at least 2 points, got 1"),
        (lambda: moons(10, noise=-1.0), "moons needs finite noise of zero or more, got -1.0"),
        (lambda: moons(10, noise=math.nan), "moons needs finite noise of zero or more, got nan"),
        (lambda: circles(10, noise=math.inf), "circles needs finite noise of zero or more, got inf"),
        (lambda: circles(10, factor=1.0), "circles needs a factor from 0 to less than 1, got 1.0"),
        (lambda: spirals(10, turns=0.0), "spirals needs a finite number of turns above 0, got 0.0"),
        (lambda: spirals(0), "spirals needs at least 2 points, got 0"),
        (lambda: xor(0), "xor needs at least 1 point, got 0"),
        (lambda: sine(1), "sine needs at least 2 points, got 1"),
        (
            lambda: noisy_function(abs, 3, 1.0, 1.0),
            "noisy_function needs low < high, both finite, got 1.0 and",
        ),
        (lambda: noisy_function(abs, 3, 0.0, math.inf), "needs low < high, both finite, got 0.0 and inf"),
        (
            lambda: noisy_function(lambda x: math.inf, 3, 0.0, 1.0),
            r"noisy_function needs a function that is finite, got f\(0.0\) = inf",
        ),
    ],
)
def test_points_that_cannot_be_made_are_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("shape", [*SHAPES, xor, sine])
def test_the_number_of_points_is_whole(shape: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=f"{shape.__name__} needs a whole number of points, got 2.5"):
        shape(2.5)
