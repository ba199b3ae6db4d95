"""What a kernel takes: nothing in an argument that it does not look at stays as it was in silence."""

import array
import copy
import io
import pickle
import threading
import time
from collections import deque
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value, grad, hessian, jacobian, sin, where
from chainrule.engine.compiler import RecordingError, compile
from chainrule.engine.compiler.arguments import (
    Call,
    Signature,
    as_batch,
    in_place,
    is_plain_array,
    numbers_of,
    one_sample,
)
from chainrule.nn import MLP, Dropout, Module, Parameter


def square(x: Any) -> Any:
    return x * x


def test_truth_values_of_numpy_are_told_apart() -> None:
    kernel = compile(lambda x, flag: x if flag else -x)
    assert [kernel(1.0, np.True_), kernel(1.0, np.False_), kernel(1.0, np.True_)] == [1.0, -1.0, 1.0]


def test_masks_and_arrays_of_text_are_told_apart_by_what_they_hold() -> None:
    x = np.array([1.0, 2.0])
    chosen = compile(lambda x, mask: x[mask].sum())
    assert chosen(x, np.array([True, False])) == 1.0
    assert chosen(x, np.array([False, True])) == 2.0
    named = compile(lambda x, names: x if names[0] == "a" else -x)
    assert [named(1.0, np.array(["a"])), named(1.0, np.array(["b"]))] == [1.0, -1.0]


def test_complex_arrays_are_refused() -> None:
    with pytest.raises(TypeError, match="compile takes real numbers, got complex ones"):
        compile(lambda x: x[0])(np.array([1j]))


def test_a_setting_of_an_object_that_has_changed_counts() -> None:
    class Scaled:
        factor = 0.0

        def __init__(self) -> None:
            self.factor = 2.0

    scaled = Scaled()
    kernel = compile(lambda scaled, x: x * scaled.factor)
    assert kernel(scaled, 3.0) == 6.0
    scaled.factor = 5.0
    assert kernel(scaled, 3.0) == 15.0
    assert len(kernel.variants) == 2


def test_a_module_put_into_evaluation_mode_is_recorded_again() -> None:
    class Outer(Module):
        def __init__(self) -> None:
            self.w = Parameter(3.0)
            self.inner = Dropout(1.0)

        def __call__(self, x: Any) -> Any:
            return self.inner(self.w * x)

    outer = Outer()
    kernel = compile(lambda outer, x: outer(x))
    assert kernel(outer, 2.0) == 0.0
    outer.eval()
    assert kernel(outer, 2.0) == 6.0


def test_a_batch_of_truth_values_is_one_of_numbers() -> None:
    kernel = compile(lambda x, mask: where(mask, x, -x), batch="mask")
    assert kernel(2.0, [True, False]).tolist() == [2.0, -2.0]
    assert kernel(2.0, np.array([False, True])).tolist() == [-2.0, 2.0]
    columns = compile(lambda x, mask: where(mask[0], x, -x), batch="mask")
    assert columns(2.0, np.array([[True], [False]])).tolist() == [2.0, -2.0]


def test_sets_are_told_apart_by_what_they_hold() -> None:
    kernel = compile(lambda x, known: x if 1 in known else -x)
    known = {1}
    assert kernel(2.0, known) == 2.0
    known.clear()
    assert kernel(2.0, known) == -2.0


@pytest.mark.parametrize(
    "held",
    [
        deque([1.0, 2.0]),
        array.array("d", [1.0, 2.0]),
        (x for x in [1.0, 2.0]),
        iter([1.0, 2.0]),
        map(abs, [1.0]),
        [zip([1.0], [2.0], strict=True)],
    ],
)
def test_containers_that_are_not_looked_into_are_refused(held: Any) -> None:
    with pytest.raises(TypeError, match=r"compile does not look into .*: give it as a list or a NumPy array"):
        compile(lambda x: sum(x))(held)


def test_a_file_among_the_arguments_is_an_object_as_any() -> None:
    file = io.StringIO()

    def f(x: Any, log: Any) -> Any:
        print(x, file=log)
        return 2.0 * x

    kernel = compile(f)
    assert [kernel(1.0, file), kernel(3.0, file)] == [2.0, 6.0]
    assert file.getvalue() == "<recorded v0 = input 0, no number yet>\n"


def test_argnums_that_name_nothing_are_refused_at_once() -> None:
    with pytest.raises(TypeError, match="compile: argnums must be an int or several, got 'x'"):
        compile(square, argnums="x")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"compile: argnums=\(0, 0\) names an argument twice"):
        compile(square, argnums=(0, 0))


def test_kernels_inside_other_functions_are_part_of_them() -> None:
    kernel = compile(square)
    assert compile(lambda x: kernel(x) + 1.0).value_and_grad(3.0) == (10.0, 6.0)
    assert compile(lambda x: kernel.value_and_grad(x)[1])(3.0) == 6.0
    assert grad(kernel)(3.0) == grad(lambda x: kernel(x) * x)(3.0) / 4.5 == 6.0
    assert grad(kernel.grad)(3.0) == 2.0


def test_a_kernel_on_numbers_inside_another_function_is_machine_code() -> None:
    kernel = compile(square)
    assert compile(lambda x: x * kernel(2.0))(3.0) == 12.0
    assert len(kernel.variants) == 1


def test_a_kernel_with_a_batch_inside_another_function_is_refused() -> None:
    kernel = compile(square, batch=0)
    with pytest.raises(
        RecordingError, match=r"square takes a batch, which .* call the function that was compiled"
    ):
        compile(lambda x: kernel([x, x])[0])(1.0)
    with pytest.raises(RecordingError, match="square takes a batch"):
        grad(lambda x: kernel([x])[0])(1.0)


def test_kernels_are_copied_and_pickled_with_their_options() -> None:
    kernel = compile(square, batch=0, reduce="sum")
    assert kernel([1.0, 2.0]) == 5.0
    for other in (copy.copy(kernel), copy.deepcopy(kernel), pickle.loads(pickle.dumps(kernel))):
        assert other.variants == []
        assert other.value_and_grad([1.0, 3.0])[0] == 10.0


@compile
def decorated(x: Any) -> Any:
    return x * x


class Decorated:
    @compile(argnums=1)
    def scaled(self, x: Any) -> Any:
        return 3.0 * x


renamed = compile(square)


def test_a_decorated_function_is_pickled_by_its_name_as_functions_are() -> None:
    assert decorated(3.0) == 9.0
    for kernel in (decorated, Decorated.scaled):
        assert pickle.loads(pickle.dumps(kernel)) is kernel
        assert copy.copy(kernel) is copy.deepcopy([kernel])[0] is kernel
    assert decorated.__module__ == __name__
    bound = pickle.loads(pickle.dumps(Decorated().scaled))
    assert bound(2.0) == 6.0
    other = pickle.loads(pickle.dumps(renamed))
    assert other is not renamed
    assert other(3.0) == 9.0


def test_of_results_in_arrays_the_samples_are_the_first_axis() -> None:
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    f = lambda x: sin(x[0]) * x[1] + x[2] ** 3  # noqa: E731
    for transformed in (grad(f), hessian(f), jacobian(lambda x: x * x[0])):
        want = np.array([transformed(sample) for sample in x])
        got = compile(transformed, batch=0)(x)
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=1e-13)
        np.testing.assert_allclose(compile(transformed, batch=0)(x[:1]), want[:1], rtol=1e-13)
    entries = compile(jacobian(lambda x: [x[0] * x[1], x[2]]), batch=0)(x)
    assert [rows.tolist() for rows in entries] == [[[2.0, 1.0, 0.0], [5.0, 4.0, 0.0]], [[0.0, 0.0, 1.0]] * 2]


def test_chosen_entries_of_a_jacobian_are_the_only_ones_computed() -> None:
    def chain(x: Any) -> Any:
        return [sin(b - a) for a, b in pairwise(x)]

    def band(x: Any) -> Any:
        rows = jacobian(chain)(x)
        return [rows[i][j] for i in range(len(rows)) for j in (i, i + 1)]

    x = [0.1, 0.4, 0.9, 1.6]
    kernel = compile(band)
    np.testing.assert_allclose(kernel(x), band(x), rtol=1e-15)
    dense = compile(jacobian(chain))
    dense(x)
    assert kernel.stats.nodes <= dense.stats.nodes


def test_where_takes_a_truth_value_from_the_arguments() -> None:
    kernel = compile(lambda x, flag: where(flag, x, -x))
    assert [kernel(2.0, 1), kernel(2.0, 0)] == [2.0, -2.0]


def test_threads_that_record_one_module_at_once_do_not_see_each_other_s_stand_ins() -> None:
    w = Parameter(3.0)

    class Slow(Module):
        def __init__(self) -> None:
            self.w = w

        def __call__(self, x: Any) -> Any:
            time.sleep(0.01)
            return self.w * x

    slow, found, failed = Slow(), [], []
    kernel = compile(lambda slow, x: slow(x))

    def call(x: float) -> None:
        time.sleep(0.002 * x)
        try:
            found.append(kernel(slow, x) / x)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=call, args=(float(x),)) for x in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert found == [3.0] * 6
    assert type(w) is Parameter


# -- what a call brings --------------------------------------------------------------------------------------


def call_of(batch: list[str | int], *args: Any, **kwargs: Any) -> Call:
    return Signature(lambda w, x, y=0.0, **_: 0.0, batch, "float64").call(args, kwargs)


def test_a_call_without_a_batch_is_its_arguments() -> None:
    call = call_of([], 1.0, [2.0], y=3.0)
    assert (call.held, call.names, call.samples) == ([1.0, [2.0], 3.0], ("y",), 0)
    assert call.firsts() == call.held


def test_batched_arguments_are_in_the_order_of_the_arguments() -> None:
    call = call_of(["y", "x"], 5.0, [[1.0, 2.0], [3.0, 4.0]], y=[7, 8])
    assert [one.tolist() for one in call.batches.values()] == [[[1.0, 2.0], [3.0, 4.0]], [[7.0], [8.0]]]
    assert call.firsts() == [5.0, [1.0, 2.0], 7]
    assert (call.samples, call.shape(1), call.shape(2)) == (2, (2, 2), (2,))


def test_batched_arguments_are_found_by_place_from_either_end() -> None:
    assert call_of([-1], 5.0, [1.0, 2.0]).batches.keys() == {1}
    assert call_of([0], [1.0, 2.0], 5.0).batches.keys() == {0}


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (["z"], "batch names 'z', which this call does not give"),
        (["y"], "batch names 'y', which this call does not give"),
        ([2], "batch says argument 2, but the call has 2"),
        ([-3], "batch says argument -3, but the call has 2"),
    ],
)
def test_batched_arguments_that_are_missing_are_named(batch: list[str | int], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call_of(batch, 1.0, [2.0])


def test_a_batch_needs_samples_along_its_first_axis() -> None:
    nothing: list[Any] = [[], 5.0]
    for held in nothing:
        with pytest.raises(ValueError, match="the batched argument x needs at least one sample"):
            as_batch(held, "x", "float64")
        with pytest.raises(ValueError, match="a batch needs at least one sample along its first axis"):
            one_sample(held)
    with pytest.raises(TypeError, match="the batched argument x must be an array of numbers"):
        as_batch([[1.0], [2.0, 3.0]], "x", "float64")


def test_numbers_are_read_in_any_structure() -> None:
    assert list(numbers_of(2.0)) == [2.0]
    assert list(numbers_of(np.array([[1, 2], [3, 4]]))) == [1, 2, 3, 4]
    assert numbers_of({"a": 1, "b": [Value(2.0), 3.0]}) == [1.0, 2.0, 3.0]
    assert numbers_of(Parameter(4.0)) == [4.0]
    assert len(numbers_of(MLP(2, [3]))) == 9


def test_only_plain_arrays_are_read_where_they_are() -> None:
    numbers = np.zeros((4, 4))
    assert is_plain_array(numbers, "float64")
    for other in (numbers.T[1:], numbers[:, ::2], numbers.astype(">f8"), numbers.astype("f4"), [0.0]):
        assert not is_plain_array(other, "float64")


WINDOWS = np.lib.stride_tricks.sliding_window_view
CROOKED = np.zeros(8 * 60 + 1, np.uint8)[1:].view(np.float64).reshape(3, 20).T
ROWS_OF_3 = np.arange(60.0).reshape(20, 3)
READ_IN_PLACE: dict[str, tuple[Any, bool]] = {
    "lines": (ROWS_OF_3, True),
    "Fortran's order": (np.asfortranarray(ROWS_OF_3), True),
    "every other column of it": (np.asfortranarray(np.arange(120.0).reshape(20, 6))[:, ::2], True),
    "its columns from the last to the first": (np.asfortranarray(ROWS_OF_3)[:, ::-1], True),
    "windows": (WINDOWS(np.arange(22.0), 3), True),
    "a column": (np.arange(20.0)[:, None], True),
    "every other line": (np.arange(120.0).reshape(40, 3)[::2], False),
    "every other sample": (np.asfortranarray(np.arange(120.0).reshape(40, 3))[::2], False),
    "every other number": (np.arange(40.0)[::2, None], False),
    "from the last to the first": (ROWS_OF_3[::-1], False),
    "one number for all of a sample": (np.broadcast_to(np.arange(20.0)[:, None], (20, 3)), False),
    "one sample for all": (np.broadcast_to(np.arange(3.0), (20, 3)), False),
    "other bytes": (np.asfortranarray(ROWS_OF_3.astype(">f8")), False),
    "float32": (np.asfortranarray(ROWS_OF_3.astype("f4")), False),
    "off the boundary": (CROOKED, False),
    "columns off the boundary": (np.lib.stride_tricks.as_strided(np.arange(60.0), (20, 3), (8, 12)), False),
}


@pytest.mark.parametrize("name", READ_IN_PLACE)
def test_samples_that_follow_a_rule_are_read_in_place_and_all_are_read_right(name: str) -> None:
    batch, expected = READ_IN_PLACE[name]
    assert in_place(batch, "float64") == expected
    kernel = compile(lambda x: [2.0 * x[0] + x[-1], x[0] * x[-1]], batch=0, argnums=())
    bound = kernel.bind(batch)
    bound.run()
    x = batch.astype(float)
    for found in (bound.value, kernel(batch)):
        assert np.array(found).tolist() == [
            (2.0 * x[:, 0] + x[:, -1]).tolist(),
            (x[:, 0] * x[:, -1]).tolist(),
        ]


def test_arguments_without_names_of_their_own_are_numbered_in_errors() -> None:
    signature = Signature(lambda *xs: xs[0], [1], "float64")
    with pytest.raises(ValueError, match="the batched argument argument 1 needs at least one sample"):
        signature.call((1.0, []), {})
    named = Signature(lambda x, **rest: x, ["y"], "float64")
    with pytest.raises(ValueError, match="the batched argument y needs at least one sample"):
        named.call((1.0,), {"y": []})
