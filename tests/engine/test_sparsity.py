"""Sparse Jacobians: the entries of a pattern alone, and the pattern found in the recorded graph."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import optimize, sparse

from chainrule.engine import (
    Sparsity,
    Value,
    black_box,
    forget,
    grad,
    hessian,
    jacobian,
    jacobian_sparsity,
    sin,
    total,
    where,
)

X = [0.3, -1.2, 2.0, 0.7]
PAIRS = [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3)]


def steps(x: Any) -> list[Any]:
    return [sin(b - a) * b for a, b in pairwise(x)]


def mixed(x: Any) -> list[Any]:
    """Outputs that share operations, one that is an input, one that is a number, and one twice."""
    shared = sin(x[0] * x[1])
    return [shared * shared + x[2] * shared, x[3], 2.0, x[1], shared, shared]


def dense(f: Any, x: Any) -> Any:
    return np.array(jacobian(f)(x))


# -- the entries alone ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("f", [steps, mixed])
def test_every_entry_is_the_whole_jacobians_to_the_last_bit(f: Any, mode: Any) -> None:
    pattern = jacobian_sparsity(f)(X)
    whole = np.array(jacobian(f, mode=mode)(X))
    values = jacobian(f, mode=mode, sparsity=pattern)(X)
    assert all(type(value) is float for value in values)
    made = sparse.csr_matrix((values, pattern.cols, pattern.indptr), shape=pattern.shape)
    assert (made.toarray() == whole).all()


MASK = np.zeros((3, 4), bool)
for entry in PAIRS:
    MASK[entry] = True


@pytest.mark.parametrize(
    "pattern",
    [
        PAIRS,
        tuple(PAIRS),
        np.array(PAIRS),
        ([i for i, _ in PAIRS], [j for _, j in PAIRS]),
        MASK.nonzero(),
        MASK,
        MASK.tolist(),
        sparse.csr_matrix(MASK),
        sparse.coo_array(MASK.astype(float)),
        Sparsity([i for i, _ in PAIRS], [j for _, j in PAIRS], (3, 4)),
    ],
)
def test_a_pattern_may_be_given_in_any_of_its_forms(pattern: Any) -> None:
    whole = dense(steps, X)
    assert jacobian(steps, sparsity=pattern)(X) == [whole[entry] for entry in PAIRS]


def test_values_stand_in_the_patterns_order() -> None:
    whole = dense(steps, X)
    assert jacobian(steps, sparsity=PAIRS[::-1])(X) == [whole[entry] for entry in PAIRS[::-1]]
    columns = sparse.csc_matrix(MASK)
    columns.data = np.array(jacobian(steps, sparsity=columns)(X))
    assert (columns.toarray() == whole).all()


def test_entries_that_f_does_not_have_are_zero() -> None:
    everywhere = np.ones((3, 4), bool)
    for mode in ("reverse", "forward"):
        values = jacobian(steps, mode=mode, sparsity=everywhere)(X)
        assert values == dense(steps, X).ravel().tolist()
    assert jacobian(lambda x: [1.0, 2.0], sparsity=[(1, 0)])(X) == [0.0]
    assert jacobian(lambda x: [1.0, 2.0], sparsity=[])(X) == []


def test_an_array_gives_an_array() -> None:
    values = jacobian(steps, sparsity=PAIRS)(np.array(X))
    assert isinstance(values, np.ndarray)
    assert values.dtype == float
    values = jacobian(lambda x: np.array(steps(x)), sparsity=PAIRS)(X)
    assert isinstance(values, np.ndarray)


def test_columns_are_the_numbers_of_all_chosen_arguments() -> None:
    def f(a: Any, b: Any) -> Any:
        return {"sum": a + b["x"], "product": a * b["y"]}

    derivatives = jacobian(f, argnums=(0, 1), sparsity=[(0, 0), (0, 1), (1, 0), (1, 2)])
    assert derivatives(2.0, {"x": 3.0, "y": 5.0}) == [1.0, 1.0, 5.0, 2.0]


def test_entries_that_depend_on_others_values_can_be_differentiated_again() -> None:
    w = Value(3.0)
    first, second = jacobian(lambda x: [w * x[0], x[1] ** 2], sparsity=[(0, 0), (1, 1)])([1.0, 2.0])
    (first * second).backward()
    assert w.grad == 4.0
    gradient = grad(lambda x: total(jacobian(steps, sparsity=PAIRS)(x)))(X)
    whole = grad(lambda x: total([number for row in jacobian(steps)(x) for number in row]))(X)
    assert gradient == pytest.approx(whole, rel=1e-14)


def test_a_hessian_takes_a_pattern_too() -> None:
    def rosenbrock(x: Any) -> Any:
        return sum(100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))

    start = np.array([1.3, 0.7, 0.8, 1.9, 1.2])
    pattern = jacobian_sparsity(grad(rosenbrock))(start)
    assert len(pattern) == 13  # three diagonals
    values = hessian(rosenbrock, sparsity=pattern)(start)
    made = sparse.csr_matrix((values, pattern.cols, pattern.indptr), shape=pattern.shape)
    assert made.toarray() == pytest.approx(optimize.rosen_hess(start), rel=1e-13)


def test_a_long_chain_of_equations_takes_as_long_as_its_entries() -> None:
    n = 3_000  # of 9 million entries 6,000 are not zero
    x = [0.001 * i for i in range(n)]
    pattern = jacobian_sparsity(lambda x: [b * b - a for a, b in pairwise(x)])(x)
    values = jacobian(lambda x: [b * b - a for a, b in pairwise(x)], sparsity=pattern)(x)
    assert values == [number for b in x[1:] for number in (-1.0, 2.0 * b)]


# -- the pattern ----------------------------------------------------------------------------------------


def test_the_pattern_is_found_row_by_row() -> None:
    pattern = jacobian_sparsity(mixed)(X)
    assert list(zip(pattern.rows, pattern.cols, strict=True)) == [
        (0, 0), (0, 1), (0, 2), (1, 3), (3, 1), (4, 0), (4, 1), (5, 0), (5, 1),
    ]  # fmt: skip
    assert pattern.shape == (6, 4)
    assert pattern.indptr == [0, 3, 4, 4, 5, 7, 9]
    assert len(pattern) == 9


def test_a_partial_that_is_zero_by_chance_is_in_the_pattern() -> None:
    pattern = jacobian_sparsity(lambda x: [where(x[0] > 0.0, x[0], x[1]), x[1] - x[1], 0.0 * x[0]])(X[:2])
    assert pattern.rows == [0, 0, 1, 2]
    assert pattern.cols == [0, 1, 1, 0]


def test_what_is_detached_is_not_in_the_pattern() -> None:
    assert jacobian_sparsity(lambda x: [x[0] * x[1].detach()])([2.0, 3.0]).cols == [0]


def test_a_black_box_is_one_operation() -> None:
    row = black_box("noisy", lambda x: 2.0 * x, lambda x: 2.0)
    try:
        assert jacobian_sparsity(lambda x: [row(x[1])])(X).cols == [1]
        assert jacobian(lambda x: [row(x[1])], sparsity=[(0, 1)])(X) == pytest.approx([2.0])
    finally:
        forget("noisy")


def test_row_starts_need_rows_in_their_order() -> None:
    with pytest.raises(ValueError, match="indptr needs the entries row by row"):
        _ = Sparsity([1, 0], [0, 0], (2, 1)).indptr


# -- errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    ["diagonal", 3, {0: 1}, [1, 2], [(0, 1, 2)], [("a", "b")], [(0.5, 1)], [(0, None)], [[True, 2]],
     [[True], [True, False]], np.eye(4), np.eye(4, dtype=int), np.zeros(3, bool)],
)  # fmt: skip
def test_what_is_no_pattern_is_refused(wrong: Any) -> None:
    with pytest.raises(
        TypeError, match=r"sparsity is a list of pairs \(row, column\), a tuple \(rows, columns\), "
    ):
        jacobian(steps, sparsity=wrong)(X)


def test_a_pattern_of_another_shape_is_refused() -> None:
    text = r"the sparsity has the shape \(3, 3\), and the Jacobian \(3, 4\): f has 3 outputs and 4 inputs"
    for wrong in (np.eye(3, dtype=bool), sparse.eye(3), Sparsity([0], [0], (3, 3))):
        with pytest.raises(ValueError, match=text):
            jacobian(steps, sparsity=wrong)(X)
    with pytest.raises(ValueError, match="the sparsity has 2 rows, but 1 columns for them"):
        jacobian(steps, sparsity=([0, 1], [0]))(X)


@pytest.mark.parametrize("out", [(3, 0), (0, 4), (-1, 0), (0, -1)])
def test_an_entry_out_of_range_is_refused(out: tuple[int, int]) -> None:
    text = rf"names the entry \({out[0]}, {out[1]}\), which is not there: f has 3 outputs and 4 inputs"
    with pytest.raises(ValueError, match=text):
        jacobian(steps, sparsity=[*PAIRS, out])(X)


def test_an_entry_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"names the entry \(1, 2\) twice"):
        jacobian(steps, sparsity=[*PAIRS, (1, 2)])(X)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_an_entry_that_is_left_out_is_named(mode: Any) -> None:
    text = "output 1 depends on input 2, which the sparsity leaves out: name that entry too"
    with pytest.raises(ValueError, match=text):
        jacobian(steps, mode=mode, sparsity=[pair for pair in PAIRS if pair != (1, 2)])(X)
