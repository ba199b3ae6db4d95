"""Stand-ins: what they record."""

import copy
from typing import Any

import pytest

from chainrule.engine import TABLE, Value, no_grad, take
from chainrule.engine.compiler.recorder import Recorder
from chainrule.engine.compiler.tape import DETACH, EQUAL, LESS, LESS_EQUAL
from chainrule.engine.compiler.traced import Condition, RecordingError, Traced


def two(**options: Any) -> tuple[Recorder, Any, Any]:
    recorder = Recorder(**options)
    return recorder, recorder.stand_in(recorder.input()), recorder.stand_in(recorder.input())


def test_it_is_a_value_to_the_program_and_shows_its_entry() -> None:
    _, x, y = two()
    assert isinstance(x * y, Value)
    assert f"it is {x * y!r}" == "it is <recorded v3 = mul(v0, v1), no number yet>"
    assert f"it is {x:.3f}" == f"it is {x}" == "it is <recorded v0 = input 0, no number yet>"


def test_data_item_and_detach_are_the_number_without_its_history() -> None:
    recorder, x, _ = two()
    for made in (x.data, x.item(), x.detach()):
        assert recorder.tape[made.entry] == (DETACH, (0,))
        assert made.operands == ()
        assert made.primitive is None


def test_operands_and_primitive_are_those_on_the_tape() -> None:
    _, x, y = two()
    z = x * y
    assert z.primitive is TABLE["mul"]
    assert [part is operand for part, operand in zip(z.operands, (x, y), strict=True)] == [True, True]
    assert z.itself.entry == z.entry


def test_no_derivative_goes_to_the_index_of_a_choice() -> None:
    _, x, i = two()
    chosen = take([x, x * x], i)
    assert [part.entry for part in chosen.operands] == [0, 2]
    assert all(isinstance(partial, Condition) for partial in chosen.recorded_partials)


def test_comparisons_turn_into_the_two_there_are() -> None:
    recorder, x, y = two()
    for made, kind, operands in (
        (x < y, LESS, (0, 1)),
        (x > y, LESS, (1, 0)),
        (x <= y, LESS_EQUAL, (0, 1)),
        (x >= y, LESS_EQUAL, (1, 0)),
        (x == y, EQUAL, (0, 1)),
    ):
        assert isinstance(made, Condition)
        assert recorder.tape[made.entry] == (kind, operands)


def test_conditions_combine_and_turn_round() -> None:
    recorder, x, y = two()
    both, either, neither = (x < y) & (x < 1.0), (x < y) | (x < 1.0), x != y
    for numbers, expected in (
        ([0.0, 2.0], [1.0, 1.0, 1.0]),
        ([2.0, 3.0], [0.0, 1.0, 1.0]),
        ([2.0, 2.0], [0.0, 0.0, 0.0]),
    ):
        replayed = recorder.tape.replay(numbers)
        assert [replayed[made.entry] for made in (both, either, neither)] == expected


def test_conditions_combine_with_truth_values_and_nothing_else() -> None:
    recorder, x, _ = two()
    both, either = (x < 0.0) & True, False | (x < 0.0)
    numbers = recorder.tape.replay([-1.0, 0.0])
    assert (numbers[both.entry], numbers[either.entry]) == (1.0, 1.0)
    with pytest.raises(TypeError):
        (x < 0.0) & 2.0


def test_partials_are_recorded_with_both_sides_of_their_branches() -> None:
    recorder, x, _ = two()
    (partial,) = x.relu().recorded_partials
    assert [recorder.tape.replay([at, 0.0])[partial.entry] for at in (-2.0, 0.0, 3.0)] == [0.0, 0.0, 1.0]


def test_a_product_with_a_plain_number_is_no_entry_where_none_is_needed() -> None:
    _, x, _ = two()
    assert x.recorded_product(0.0, x) is None
    assert x.recorded_product(1.0, x) is x


def test_a_careful_recorder_lets_an_adjoint_of_0_win() -> None:
    for careful in (False, True):
        recorder, factor, partial = two(careful=careful)
        product = factor.recorded_product(factor, partial)
        assert recorder.derives
        found = recorder.tape.replay([0.0, float("inf")])[product.entry]
        assert found == 0.0 if careful else found != found
        assert recorder.tape.replay([2.0, 3.0])[product.entry] == 6.0


def test_a_comparison_after_derivatives_is_noted() -> None:
    recorder, x, y = two()
    _ = x < y
    assert not recorder.compares_derivatives
    x.recorded_product(x, y)
    assert not recorder.compares_derivatives
    _ = x < y
    assert recorder.compares_derivatives


def test_a_number_cannot_be_put_in_its_place() -> None:
    _, x, _ = two()
    with pytest.raises(RecordingError, match=r"assigning to \.data .* would be lost"):
        x.data = 0.0


def test_labels_are_kept_on_the_tape() -> None:
    recorder, x, _ = two()
    x.label = "x"
    x.label = ""
    assert recorder.tape.labels == {0: "x"}
    assert x.label == "x"


def test_copies_are_made_from_what_copies_of_values_are_made_from() -> None:
    recorder, x, y = two()
    z = x * y
    assert [part.entry for part in copy.copy(z).operands] == [0, 1]
    for leaf in (copy.copy(x), copy.deepcopy(x), copy.deepcopy(z)):
        assert recorder.tape.kind(leaf.entry) is DETACH
    one, other = copy.deepcopy([z, z])
    assert one is other
    assert one is not z


def test_it_is_a_key_by_which_one_it_is_as_a_value_is() -> None:
    _, x, y = two()
    assert {x: 1, y: 2}[x] == 1
    assert x not in {y: 2}


def test_what_is_no_number_is_equal_to_none() -> None:
    _, x, _ = two()
    assert (x == None, x != None, x == "a", x != "a") == (False, True, False, True)  # noqa: E711


def test_a_comparison_is_no_key_and_is_not_turned_round_by_a_tilde() -> None:
    recorder, x, y = two()
    with pytest.raises(RecordingError, match=r"a dictionary or a set looks a comparison up.* use where"):
        {True: 1.0}[x < y]
    with pytest.raises(
        RecordingError, match=r"~ makes -2 of Python's True.* use where\(condition, 0.0, 1.0\)"
    ):
        _ = ~(x < y)
    assert copy.deepcopy([x < y])[0].entry == copy.copy(x < y).entry - 1
    either = ((x < y) ^ (x < 1.0)) * 1.0
    replayed = [
        recorder.tape.replay(numbers)[either.entry] for numbers in ([0.0, 1.0], [2.0, 3.0], [0.0, -1.0])
    ]
    assert replayed == [0.0, 1.0, 1.0]
    with pytest.raises(TypeError):
        (x < y) ^ 2.0


def test_a_comparison_inside_no_grad_is_one() -> None:
    _, x, y = two()
    with no_grad():
        assert isinstance(x < y, Condition)
    assert issubclass(Condition, Traced)
