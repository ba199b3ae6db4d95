"""Why there is no gradient: each mistake, and the text that is shown."""

import math

from why import named, values, why

from chainrule.engine import Constant, Value, dot, explain, no_grad

# -- missing ------------------------------------------------------------------------------------------

UNUSED = "w is not in the graph of L: nothing that L was made from uses it"


def test_a_value_that_was_never_used() -> None:
    w, x = values()
    found = explain(x * 2.0, w)
    assert found.causes == [UNUSED]
    assert str(found) == f"dL/dw = 0: no gradient reaches w.\nWhy: {UNUSED}."
    assert (found.total, found.count, found.paths, math.isnan(found.share)) == (0.0, 0, [], True)


def test_a_value_that_was_detached() -> None:
    w, x = values()
    assert why(w.detach() * x, w) == [
        UNUSED,
        "the graph holds w as a constant, made by detach(): no gradient flows on from there",
    ]


def test_what_was_made_from_it_was_detached() -> None:
    w, x = values()
    assert why((w * x).detach() * x, w) == [
        UNUSED,
        "the graph holds a constant, made by detach(), −1.5: nothing flows on from there",
    ]


def test_what_was_made_from_it_was_made_under_no_grad() -> None:
    w, x = values()
    with no_grad():
        hidden = w * x
    assert why(hidden * x, w) == [
        UNUSED,
        "the graph holds a constant, made under no_grad, −1.5: nothing flows on from there",
    ]


def test_the_loss_itself_was_made_under_no_grad_or_detached_or_is_a_number() -> None:
    w, x = values()
    with no_grad():
        loss = w * x
    nothing = "nothing it was made from is recorded"
    assert why(loss, w) == [f"L is a constant, made under no_grad: {nothing}"]
    assert why((w * x).detach(), w) == [f"L is a constant, made by detach(): {nothing}"]
    assert why(Constant(2.0), w) == [f"L is a constant: {nothing}"]
    assert why(Value(2.0), w) == [f"L is a leaf: {nothing}"]


def test_only_its_number_was_used() -> None:
    w, x = values()
    question = "was it made from w.data or w.item()?"
    assert why(w.data * x, w) == [UNUSED, f"a constant holds the same number, −0.5: {question}"]
    assert why(Value(w.data, "copy") * x, w) == [
        UNUSED,
        f"the leaf copy holds the same number, −0.5: {question}",
    ]


def test_the_name_was_rebound_after_the_loss_was_made() -> None:
    w, x = values()
    loss = w * x
    w = w - 0.1
    assert why(loss, w) == [
        UNUSED,
        "what was passed is w − 0.1, made from w, which L uses: "
        "was the name rebound? To update it, change w.data",
    ]


def test_another_value_of_that_name_was_used() -> None:
    w, x = values()
    again = Value(0.25, "w")
    assert why(again * x, w) == [
        UNUSED,
        "the graph holds another value called w: was w rebound, copied or made anew?",
    ]


def test_the_arguments_are_the_wrong_way_round() -> None:
    w, x = values()
    loss = named("loss", w * x)
    assert why(w, loss) == ["loss was made from w, not w from loss: the arguments are the wrong way round"]


def test_of_many_relatives_a_few_are_named() -> None:
    w, _ = values()
    assert len(why(dot([w.detach() for _ in range(20)], [1.0] * 20), w)) == 5
