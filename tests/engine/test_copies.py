"""Copies and pickles of graphs: what is kept of values and of subclasses; rows go by name."""

import copy
import math
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from copying import (
    WAYS,
    Way,
    assert_same_but_apart,
    described,
    every_way,
    example,
    keeping_identity,
    through_json,
)

from chainrule import nn
from chainrule.engine import TABLE, Constant, Primitive, Value, topological_order

# -- what is kept -------------------------------------------------------------------------------------


@every_way
def test_a_copy_equals_the_graph_to_the_last_bit_and_shares_nothing_with_it(way: Way) -> None:
    root = example()
    assert_same_but_apart(root, way(root))


@every_way
def test_a_copy_can_be_differentiated(way: Way) -> None:
    x = Value(0.5, label="x")
    y = (x * x).tanh() / x
    again = way(y)
    again.backward()
    assert (x.grad, y.grad) == (0.0, 0.0)
    y.backward()
    assert described(y) == described(again)


@every_way
@pytest.mark.parametrize("leaf", [Value(2.5, "x"), Constant(-0.0), nn.Parameter(math.nan, "w")])
def test_a_leaf_is_copied_with_its_class(way: Way, leaf: Value) -> None:
    leaf.grad = -math.inf
    assert_same_but_apart(leaf, way(leaf))


@pytest.mark.parametrize("way", [copy.copy, *WAYS], ids=lambda way: getattr(way, "__name__", ""))
def test_every_slot_is_kept_but_what_else_is_known_about_a_value(way: Way) -> None:
    y = Value(2.0) * 3.0
    y.label, y.grad = "y", 0.25
    y.register_hook(lambda gradient: 0.0)
    again = way(y)
    given = {name for name in Value.__slots__ if hasattr(again, name)}
    assert given == {*Value.__slots__} - {"about"}  # a new slot needs a decision: here, and in copies.py


def test_a_shallow_copy_is_another_value_of_the_same_operands() -> None:
    x = Value(3.0)
    y = x * x
    y.label, y.grad = "y", 2.0
    again = copy.copy(y)
    assert again is not y
    assert again.operands is y.operands
    assert (again.data, again.grad, again.partials, again.primitive) == (9.0, 2.0, y.partials, y.primitive)
    again.label = "z"
    again.backward()
    assert (y.label, y.grad, x.grad) == ("y", 2.0, 6.0)


# The grads of leaves may be Values, after backward(create_graph=True); they lead back to the leaf.


@every_way
def test_of_a_recorded_gradient_the_number_is_kept(way: Way) -> None:
    x = Value(3.0)
    y = x * x * x
    y.backward(create_graph=True)
    assert isinstance(x.grad, Value)
    again = way(y)
    leaf = next(node for node in topological_order(again) if node.primitive is None)
    assert type(leaf.grad) is float
    assert leaf.grad == 27.0
    assert copy.copy(x).grad is x.grad
    x.grad = 0.0  # the cycle would wait for the collector


# -- subclasses ---------------------------------------------------------------------------------------


class Named(Value):
    """A user's subclass with attributes."""

    def __init__(self, data: float, **attributes: Any) -> None:
        super().__init__(data)
        vars(self).update(attributes)


class Bounded(Value):
    """A user's subclass with slots; one of them private, so that Python changes its name."""

    __slots__ = ("__secret", "low")

    def __init__(self, data: float, low: float) -> None:
        super().__init__(data)
        self.low, self.__secret = low, [low]

    @property
    def secret(self) -> list[float]:
        return self.__secret


@keeping_identity
def test_what_subclasses_hold_is_kept(way: Callable[[Any], Any]) -> None:
    named, bounded = Named(1.0, unit="mm", seen=[1, 2]), Bounded(2.0, low=0.5)
    root = way(named * bounded)
    again, other = root.operands
    assert type(again) is Named
    assert vars(again) == {"unit": "mm", "seen": [1, 2]}
    assert vars(again)["seen"] is not vars(named)["seen"]
    assert type(other) is Bounded
    assert (other.low, other.secret) == (0.5, [0.5])
    assert other.secret is not bounded.secret


@keeping_identity
def test_slots_of_a_subclass_come_along_and_hooks_do_not(way: Callable[[Any], Any]) -> None:
    bounded = Bounded(2.0, low=0.5)
    bounded.register_hook(abs)
    again = way(bounded)
    assert again.low == 0.5
    assert not hasattr(again, "about")


def test_a_shallow_copy_of_a_subclass_holds_the_same_things() -> None:
    named, bounded = Named(1.0, seen=[1, 2]), Bounded(2.0, low=0.5)
    assert vars(copy.copy(named)) == vars(named)
    assert vars(copy.copy(named)) is not vars(named)
    assert vars(copy.copy(named))["seen"] is vars(named)["seen"]
    assert copy.copy(bounded).secret is bounded.secret


@keeping_identity
def test_a_leaf_that_holds_a_graph_made_from_it_is_copied_with_it(way: Callable[[Any], Any]) -> None:
    leaf = Named(2.0)
    vars(leaf)["square"] = leaf * leaf
    again = way(leaf)
    square = vars(again)["square"]
    assert square is not vars(leaf)["square"]
    assert square.operands == (again, again)
    assert square.operands[0] is again
    root = way(vars(leaf)["square"] + 1.0)
    assert vars(root.operands[0].operands[0])["square"] is root.operands[0]
    vars(leaf).clear()  # the cycle would wait for the collector


class Forgetful(Value):
    """A user's subclass with ideas of its own about copies."""

    __slots__ = ()

    def __deepcopy__(self, memo: dict[int, Any]) -> "Forgetful":
        made = memo[id(self)] = Forgetful(0.0)
        return made


def test_a_subclass_may_have_its_own_way_of_being_copied() -> None:
    leaf = Forgetful(2.0)
    again = copy.deepcopy(leaf * leaf + leaf)
    first, second = again.operands
    assert second.data == 0.0
    assert first.operands[0] is first.operands[1] is second


# -- rows go by name ----------------------------------------------------------------------------------


@pytest.fixture
def cube() -> Iterator[Primitive]:
    """A row of the user's own, taken out of the table afterwards."""
    yield Primitive(
        name="cube_for_pickles",
        formula="x ** 3",
        evaluate=lambda x: x * x * x,
        partials=lambda x, out: (3.0 * x * x,),
        points=((2.0,),),
    )
    TABLE.pop("cube_for_pickles", None)
    for owner in Value.__mro__:
        if "cube_for_pickles" in vars(owner):
            type.__delattr__(owner, "cube_for_pickles")


@every_way
def test_rows_are_never_copied(way: Way, cube: Primitive) -> None:
    y = way(cube(Value(2.0)))
    assert y.primitive is cube
    assert way is through_json or way(cube) is cube  # type: ignore[arg-type, comparison-overlap]


def test_a_pickle_with_a_row_that_is_not_there_says_which(cube: Primitive) -> None:
    kept = pickle.dumps(cube(Value(2.0)))
    assert b"3.0 * x" not in kept
    del TABLE["cube_for_pickles"]
    with pytest.raises(LookupError) as error:
        pickle.loads(kept)
    assert str(error.value) == (
        "the table has no row 'cube_for_pickles': define it, or import the module that does, "
        "before you load this"
    )
