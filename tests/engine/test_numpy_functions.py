"""NumPy's functions on object arrays of Values: which ones work, and what the others say.

Works means: the numbers are those of the same call on floats, and so are the derivatives, held against
central differences. The rest ends in an error, whose text stands here; none gives a wrong gradient in
silence, but the few whose ways with ties and nan are pinned at the end.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from arrays import values

from chainrule.engine import Value, maximum

A = np.array([0.5, -1.25, 2.0])
B = np.array([1.5, 0.25, -0.75])
POSITIVE = np.array([0.5, 1.25, 2.0])
OTHER = np.array([1.5, 0.25, 0.75])
SMALL = np.array([0.5, -0.25, 0.75])
LARGE = np.array([1.5, 3.25, 2.0])
M = np.array([[2.0, -1.0], [0.5, 3.0]])
N = np.array([[0.25, 1.5], [-2.0, 1.0]])
X = np.array([1.0, 2.0])


def number(x: Any) -> float:
    return x.data if isinstance(x, Value) else float(x)


def one_number(outcome: Any) -> Any:
    """Return a sum of the outcomes, each with a weight of its own."""
    return sum((i + 1.0) * (-1.0) ** i * x for i, x in enumerate(np.ravel(outcome).tolist()))


def assert_works(call: Callable[..., Any], *plain: Any) -> None:
    """Compare `call` on Values with `call` on floats, and its gradient with central differences."""
    arrays = [values(x) for x in plain]
    got, expected = np.asarray(call(*arrays), dtype=object), np.asarray(call(*plain), dtype=float)
    assert got.shape == expected.shape
    np.testing.assert_allclose([number(x) for x in np.ravel(got)], np.ravel(expected), rtol=1e-14, atol=1e-15)
    loss = one_number(got)
    if isinstance(loss, Value):
        loss.backward()
    h = 1e-6  # the rule's own error is h**2 times third derivatives, the rounding's is eps / h: 1e-10
    for i, array in enumerate(arrays):
        for place in np.ndindex(array.shape):
            ahead, behind = ([np.array(x) for x in plain] for _ in range(2))
            ahead[i][place] += h
            behind[i][place] -= h
            slope = (one_number(call(*ahead)) - one_number(call(*behind))) / (2.0 * h)
            assert array[place].grad == pytest.approx(float(slope), rel=1e-7, abs=1e-7), (i, place)


# -- functions of one element -------------------------------------------------------------------------

FROM_THE_TABLE = {
    # NumPy calls the method of that name, so each of these works once the table has the row.
    **dict.fromkeys(["exp", "exp2", "expm1", "sin", "cos", "tan", "tanh", "sinh", "cosh", "arctan"], A),
    **dict.fromkeys(["log", "log2", "log10", "log1p", "sqrt", "cbrt"], POSITIVE),
    **dict.fromkeys(["arcsin", "arccos", "arctanh"], SMALL),
    **dict.fromkeys(["arcsinh", "degrees", "radians", "deg2rad", "rad2deg", "fabs"], A),
    "arccosh": LARGE,
}


@pytest.mark.parametrize("name", FROM_THE_TABLE)
def test_a_function_of_one_works_where_the_table_has_it(name: str) -> None:
    function, plain = getattr(np, name), FROM_THE_TABLE[name]
    if hasattr(Value, name):
        assert_works(function, plain)
        return
    with pytest.raises(TypeError) as error:
        function(values(plain))
    assert str(error.value) == (
        f"loop of ufunc does not support argument 0 of type Value which has no callable {name} method"
    )


@pytest.mark.parametrize("name", ["hypot", "arctan2", "fmod"])
def test_a_function_of_two_works_where_the_table_has_it(name: str) -> None:
    function = getattr(np, name)
    if hasattr(Value, name):
        assert_works(function, POSITIVE, OTHER)
        return
    with pytest.raises(AttributeError) as error:
        function(values(POSITIVE), values(OTHER))
    assert str(error.value) == f"'Value' object has no attribute '{name}'"


# -- what works ---------------------------------------------------------------------------------------

Case = tuple[str, Callable[..., Any], tuple[Any, ...]]


def case(name: str, *plain: Any, call: Callable[..., Any] | None = None) -> Case:
    """Return a case: `numpy.<name>` called with these arrays, or `call` where there is more to say."""
    return name, call or operator.attrgetter(name)(np), plain


WORKS: list[Case] = [
    # element by element
    *[case(name, A) for name in ("negative", "positive", "absolute", "abs", "square", "reciprocal", "sign")],
    *[case(name, A) for name in ("conjugate", "conj", "real", "sinc", "nan_to_num", "logical_not")],
    *[case(name, A, B) for name in ("add", "subtract", "multiply", "divide", "true_divide")],
    *[case(name, A, B) for name in ("maximum", "minimum", "fmax", "fmin")],
    *[case(name, A, B) for name in ("greater", "less", "equal", "not_equal", "greater_equal", "less_equal")],
    case("power", POSITIVE, OTHER),
    case("power with numbers", A, call=lambda a: np.power(a, 3.0)),
    case("operators", A, B, call=lambda a, b: (2.0 - a) * b / (1.0 + a**2) - -b),
    case("clip", A, call=lambda a: np.clip(a, -1.0, 1.5)),
    case("clip, the method", A, call=lambda a: a.clip(-1.0, 1.5)),
    case("clip by Values", A, B, call=lambda a, b: np.clip(a, b - 2.0, b + 1.0)),
    case("where", A, B, call=lambda a, b: np.where(a > b, a * b, 0.0)),
    case("select", A, B, call=lambda a, b: np.select([a > 1.0, a > 0.0], [a * b, b], 7.0)),
    case("piecewise", A, call=lambda a: np.piecewise(a, [a > 0.0], [lambda x: x * x, lambda x: x * 3.0])),
    case("vectorize", A, call=lambda a: np.vectorize(lambda x: x * x)(a)),
    case("frompyfunc", A, call=lambda a: np.frompyfunc(lambda x: x * x, 1, 1)(a)),
    # reductions
    *[case(name, A) for name in ("sum", "mean", "prod", "var", "std", "max", "min", "ptp", "median")],
    *[case(name, A) for name in ("cumsum", "cumprod", "average", "argmax", "argmin", "argsort", "sort")],
    *[case(name, A) for name in ("nansum", "nanmean", "nanmax", "nanmin", "nanvar", "count_nonzero")],
    *[case(name, A) for name in ("unique", "nonzero")],
    case("sum of rows", M, call=lambda m: m.sum(axis=1)),
    case("mean of columns", M, call=lambda m: m.mean(axis=0)),
    case("std of rows", M, call=lambda m: np.std(m, axis=1)),
    case("max of rows", M, call=lambda m: np.max(m, axis=1)),
    case("var with ddof", A, call=lambda a: a.var(ddof=1)),
    case("sum with initial", A, call=lambda a: np.sum(a, initial=1.0)),
    case("sum with where", A, call=lambda a: np.sum(a, where=[True, False, True], initial=0.0)),
    case("mean, the method", A, call=lambda a: a.mean()),
    case("average with weights", A, B + 1.0, call=lambda a, w: np.average(a, weights=w)),
    case("quantile", A, call=lambda a: np.quantile(a, 0.3)),
    case("percentile", A, call=lambda a: np.percentile(a, 30.0)),
    case("add.reduce", A, call=np.add.reduce),
    case("add.accumulate", A, call=np.add.accumulate),
    case("multiply.outer", A, B, call=np.multiply.outer),
    case("maximum.reduce", A, call=np.maximum.reduce),
    case("softmax", A, call=lambda a: np.exp(a - a.max()) / np.exp(a - a.max()).sum()),
    # linear algebra
    *[case(name, A, B) for name in ("dot", "inner", "outer", "vdot", "kron", "convolve", "correlate")],
    *[case(name, M, N) for name in ("dot", "matmul", "inner", "kron")],
    case("@", M, X, call=lambda m, x: m @ x),
    case("@ of matrices", M, N, call=lambda m, n: m @ n),
    case("@ with numbers", M, call=lambda m: N @ m @ X),
    case("tensordot", M, N, call=lambda m, n: np.tensordot(m, n, axes=1)),
    case("einsum", A, B, call=lambda a, b: np.einsum("i,i", a, b)),
    case("einsum of matrices", M, N, call=lambda m, n: np.einsum("ij,kj->ik", m, n)),
    case("einsum, optimized", M, N, X, call=lambda m, n, x: np.einsum("ij,jk,k", m, n, x, optimize=True)),
    case("trace", M),
    case("cross", A, B),
    case("linalg.matrix_power", M, call=lambda m: np.linalg.matrix_power(m, 3)),
    case("linalg.multi_dot", M, N, X, call=lambda *arrays: np.linalg.multi_dot(arrays)),
    case("linalg.norm", A),
    case("linalg.norm of order 1", A, call=lambda a: np.linalg.norm(a, 1)),
    case("linalg.norm of order inf", A, call=lambda a: np.linalg.norm(a, np.inf)),
    case("linalg.norm of rows", M, call=lambda m: np.linalg.norm(m, axis=1)),
    case("linalg.norm of a matrix", M, call=lambda m: np.linalg.norm(m, "fro")),
    *[case(name, M, X) for name in ("matvec",) if hasattr(np, name)],
    *[case(name, A, B) for name in ("vecdot",) if hasattr(np, name)],
    *[case(f"linalg.{name}", A) for name in ("vector_norm",) if hasattr(np.linalg, name)],
    # shape and order
    *[case(name, M) for name in ("transpose", "ravel", "flip", "copy", "diag", "triu", "tril")],
    *[case(name, A) for name in ("diff", "ediff1d", "diag", "vander", "atleast_2d")],
    *[case(name, A) for name in ("trapezoid", "cumulative_sum") if hasattr(np, name)],
    case("reshape", M, call=lambda m: m.reshape(4)),
    case("concatenate", A, B, call=lambda a, b: np.concatenate([a, b])),
    case("concatenate with numbers", A, call=lambda a: np.concatenate([a, B])),
    case("stack", A, B, call=lambda a, b: np.stack([a, b])),
    case("vstack", A, B, call=lambda a, b: np.vstack([a, b])),
    case("hstack", A, B, call=lambda a, b: np.hstack([a, b])),
    case("roll", A, call=lambda a: np.roll(a, 1)),
    case("repeat", A, call=lambda a: np.repeat(a, 2)),
    case("tile", A, call=lambda a: np.tile(a, 2)),
    case("pad", A, call=lambda a: np.pad(a, 1)),
    case("take", A, call=lambda a: np.take(a, [2, 0, 2])),
    case("indexing", M, call=lambda m: m[:, ::-1][m[:, ::-1] > 0.0]),
    case("broadcast_to", A, call=lambda a: np.broadcast_to(a, (2, 3))),
    case("meshgrid", A, B, call=lambda a, b: np.multiply(*np.meshgrid(a, b))),
    case("apply_along_axis", M, call=lambda m: np.apply_along_axis(lambda row: (row * row).sum(), 1, m)),
    case("searchsorted", A, call=lambda a: np.searchsorted(np.sort(a), 0.7)),
    case("digitize", A, call=lambda a: np.digitize(a, [0.0, 1.0])),
    case("array_equal", A, call=lambda a: np.array_equal(a, a.copy())),
    case("isin", A, call=lambda a: np.isin(a, [0.5])),
    case("zeros_like", A),
    case("ones_like", A),
    case("full_like", A, call=lambda a: np.full_like(a, 2.0)),
    # polynomials and grids
    case("polyval", A, call=lambda a: np.polyval(a, 2.0)),
    case("polyval at Values", A, call=lambda a: np.polyval([1.0, -2.0, 3.0], a)),
    case("Polynomial", A, call=np.polynomial.Polynomial([1.0, -2.0, 3.0])),
]
if np.lib.NumpyVersion(np.__version__) >= "2.0.0":  # errors before, and any and all gave Values
    WORKS += [
        case("any", A),
        case("all", A),
        case("allclose, the floats second", A, call=lambda a: np.allclose(a, A)),
        case("isclose, the floats second", A, call=lambda a: np.isclose(a, B)),
        case("linspace", A, call=lambda a: np.linspace(a[0], a[1], 4)),
    ]


@pytest.mark.parametrize(("name", "call", "plain"), WORKS, ids=[name for name, *_ in WORKS])
def test_it_works_and_so_does_its_gradient(
    name: str, call: Callable[..., Any], plain: tuple[Any, ...]
) -> None:
    assert_works(call, *plain)


# -- what does not ------------------------------------------------------------------------------------

NO_LOOP = (
    "ufunc '{}' not supported for the input types, and the inputs could not be safely coerced to any "
    "supported types according to the casting rule ''safe''"
)
NO_FLOAT = (
    "float(Value) would drop the gradient in silence: use v.item() for the plain number, or the methods "
    "and functions of chainrule.engine (v.exp(), exp(v)) to keep it"
)
NO_CAST = "Cannot cast ufunc '{}' input{} from dtype('O') to dtype('float64') with casting rule 'same_kind'"
NO_ARRAY = "Cannot cast array data from dtype('O') to dtype('float64') according to the rule 'safe'"


def on_values(name: str, *plain: Any) -> Callable[[], Any]:
    """Return a call of `numpy.<name>` on arrays of Values with these numbers."""
    return lambda: operator.attrgetter(name)(np)(*map(values, plain))


FAILS: list[tuple[str, Callable[..., Any], str]] = [
    # NumPy has no loop over objects for these, whatever methods a Value has; chainrule.engine's own
    # functions (logsumexp([x, y])), and the same functions on [v.data for v in array], are the way out.
    *[
        (name, on_values(name, A), NO_LOOP.format(name))
        for name in ("isnan", "isfinite", "isinf", "signbit", "modf", "frexp", "spacing")
    ],
    *[
        (name, on_values(name, A, B), NO_LOOP.format(name))
        for name in ("logaddexp", "logaddexp2", "copysign", "float_power", "divmod", "heaviside", "nextafter")
    ],
    ("allclose", lambda: np.allclose(A, values(A)), NO_LOOP.format("isfinite")),
    ("isclose", lambda: np.isclose(values(A), values(A)), NO_LOOP.format("isfinite")),
    ("assert_allclose", lambda: np.testing.assert_allclose(A, values(A)), NO_LOOP.format("isfinite")),
    ("histogram", lambda: np.histogram(values(A)), NO_LOOP.format("isfinite")),
    ("array_equal, equal_nan", lambda: np.array_equal(values(A), A, equal_nan=True), NO_LOOP.format("isnan")),
    # these compute in floats, and so would lose the gradient
    ("array of floats", lambda: np.array([Value(1.0)], dtype=float), NO_FLOAT),
    ("astype", lambda: values(A).astype(float), NO_FLOAT),
    ("fromiter", lambda: np.fromiter(values(A), dtype=float), NO_FLOAT),
    ("into an array of floats", lambda: np.zeros(1).__setitem__(0, Value(1.0)), NO_FLOAT),
    ("gradient", lambda: np.gradient(values(A)), NO_FLOAT),
    ("i0", lambda: np.i0(values(A)), NO_FLOAT),
    ("linalg.qr", lambda: np.linalg.qr(values(M)), NO_FLOAT),
    ("interp", lambda: np.interp(values(X), X, X), NO_ARRAY),
    ("interp among Values", lambda: np.interp(0.7, X, values(X)), NO_ARRAY),
    ("bincount", lambda: np.bincount(values(A)), NO_ARRAY.replace("float", "int")),
    # LAPACK knows no objects
    *[
        (f"linalg.{name}", on_values(f"linalg.{name}", M), NO_CAST.format(name, ""))
        for name in ("inv", "det", "slogdet")
    ],
    ("linalg.solve", lambda: np.linalg.solve(values(M), values(X)), NO_CAST.format("solve1", " 0")),
    ("linalg.cholesky", on_values("linalg.cholesky", M), "Cannot cast ufunc 'cholesky"),  # _lo, _up
    ("linalg.svd", on_values("linalg.svd", M), "Cannot cast ufunc 'svd"),
    ("linalg.eig", lambda: np.linalg.eig(values(M)), NO_LOOP.format("isfinite")),
    # asks the sum for its dtype
    ("linalg.norm, order 3", lambda: np.linalg.norm(values(A), 3), "'Value' object has no attribute 'dtype'"),
    ("cov", lambda: np.cov(values(M)), "'float' object has no attribute 'shape'"),
    ("into floats in place", lambda: np.zeros(3).__iadd__(values(A)), "Cannot cast ufunc 'add' output"),
]


@pytest.mark.parametrize(("name", "call", "text"), FAILS, ids=[name for name, *_ in FAILS])
def test_it_ends_in_an_error(name: str, call: Callable[[], Any], text: str) -> None:
    with pytest.raises((TypeError, AttributeError)) as error:
        call()
    assert str(error.value).startswith(text)


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "round", "rint"])
def test_rounding_is_flat(name: str) -> None:
    assert_works(getattr(np, name), A + 0.1)  # away from where it jumps


@pytest.mark.parametrize("name", ["mod", "remainder", "floor_divide"])
def test_remainders_and_whole_quotients(name: str) -> None:
    function = getattr(np, name)
    assert_works(lambda a: function(a, 2.0), A + 0.1)
    assert_works(lambda a: function(2.5, a), A + 0.1)
    assert_works(function, A + 0.1, B + 3.0)


# -- what works in NumPy's own way --------------------------------------------------------------------


def test_at_a_tie_numpys_maximum_goes_one_way_and_the_engines_both() -> None:
    x, y = values([1.0]), values([1.0])
    np.maximum(x, y)[0].backward()
    assert (x[0].grad, y[0].grad) == (1.0, 0.0)
    x, y = values([1.0]), values([1.0])
    maximum(x[0], y[0]).backward()
    assert (x[0].grad, y[0].grad) == (0.5, 0.5)


def test_numpys_maximum_hands_back_one_of_its_operands_as_it_is() -> None:
    x: Any = Value(1.0)
    assert np.maximum(x, 0.5) is x
    assert np.maximum(x, 2.0) == 2.0
    assert type(np.maximum(x, 2.0)) is float


def test_numpy_does_not_see_nan_in_an_array_of_objects() -> None:
    array = values([math.nan, 1.0])
    assert math.isnan(np.nan_to_num(array)[0].data)
    with np.errstate(invalid="ignore"):  # some NumPys remark on comparing nan
        assert np.nansum(array).data == 1.0  # this one asks whether x != x
