"""Several values copied at once: what they shared stays shared."""

import copy
import io
import itertools
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from copying import assert_same_but_apart, keeping_identity, pickled

from chainrule import engine, nn
from chainrule.engine import Value, copies, graph


@keeping_identity
def test_roots_copied_together_share_what_they_shared(way: Callable[[Any], Any]) -> None:
    x = Value(2.0, label="x")
    hidden = (x * x).tanh()
    first, second = hidden + 1.0, hidden * x
    again = way({"leaf": x, "roots": [first, second, first], "hidden": hidden, "square": hidden.operands[0]})
    one, two, three = again["roots"]
    assert one is three
    assert one.operands[0] is two.operands[0] is again["hidden"]
    assert again["hidden"].operands[0] is again["square"]
    assert two.operands[1] is again["square"].operands[0] is again["square"].operands[1] is again["leaf"]
    assert again["leaf"] is not x
    assert_same_but_apart(second, two)


@keeping_identity
def test_the_order_in_which_shared_things_come_does_not_matter(way: Callable[[Any], Any]) -> None:
    x = Value(2.0)
    nodes = [x]
    for _ in range(20):
        nodes.append(nodes[-1].sin() + x)
    for order in (nodes, nodes[::-1], nodes[::3] + nodes[1::3] + nodes[2::3]):
        places = [nodes.index(node) for node in order]
        again = dict(zip(places, way(order), strict=True))
        for i in range(20):
            assert again[i + 1].operands[0].operands[0] is again[i]
            assert again[i + 1].operands[1] is again[0]


@keeping_identity
def test_a_model_and_a_loss_of_it_stay_together(way: Callable[[Any], Any]) -> None:
    model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
    loss = (model([1.0, -2.0]) - 0.5) ** 2
    again, its_loss = way((model, loss))
    its_loss.backward()
    assert {parameter.grad for parameter in model.parameters()} == {0.0}
    loss.backward()
    for old, new in zip(model.parameters(), again.parameters(), strict=True):
        assert type(new) is nn.Parameter
        assert (old.data, old.grad, old.label) == (new.data, new.grad, new.label)
    assert again([0.5, 0.25]).data == model([0.5, 0.25]).data


def test_a_model_whose_activation_is_a_row_is_copied_and_pickled() -> None:
    model = nn.MLP(2, [3, 1], activation=engine.sin, seed=1)
    for again in (copy.deepcopy(model), pickled(model)):
        assert again([0.5, 0.25]).data == model([0.5, 0.25]).data


def test_a_lambda_in_a_model_cannot_be_pickled() -> None:
    with pytest.raises((pickle.PicklingError, AttributeError), match=r"lambda"):
        pickle.dumps(nn.MLP(2, [1], output=lambda z: z * 2.0))


@keeping_identity
def test_of_many_values_made_from_one_another_each_is_looked_at_once(
    way: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[Value] = []
    look = graph.operations

    def counted(*roots: Value, **options: Any) -> list[Value]:
        found = look(*roots, **options)
        looked_at.extend(found)
        return found

    monkeypatch.setattr(copies, "operations", counted)
    states = [Value(0.5)]
    for _ in range(2000):
        states.append(states[-1].sin())
    again = way([states[1000], *states])
    assert all(new.operands[0] is old for old, new in itertools.pairwise(again[1:]))
    assert len(looked_at) == 999  # those below the first one; of the others, each is all that is missing


def test_each_pickle_is_whole_while_another_pickler_still_lives() -> None:
    file = io.BytesIO()
    pickler = pickle.Pickler(file)
    states = [Value(0.5)]
    for _ in range(3000):  # far deeper than recursion could go
        states.append(states[-1].sin())
        pickler.dump(states[-1])
    root = states[-1] * 2.0
    assert_same_but_apart(root, pickled(root))
    file.seek(0)
    unpickler = pickle.Unpickler(file)
    again = [unpickler.load() for _ in range(3000)]
    assert all(new.operands[0] is old for old, new in itertools.pairwise(again))


class Refusing(Value):
    """A leaf that cannot be pickled, until it can."""

    __slots__ = ()
    refuses = True

    def __reduce__(self) -> tuple[Any, ...]:
        if self.refuses:
            raise pickle.PicklingError("not today")
        return super().__reduce__()


@pytest.mark.parametrize("dumps", [pickle.dumps, pickle._dumps])  # type: ignore[attr-defined]
def test_a_pickle_that_fails_does_not_spoil_the_next(
    dumps: Callable[[Any], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = Value(0.5), Refusing(1.0)
    nodes = [x * y]
    for _ in range(5000):
        nodes.append(nodes[-1].sin() + x)
    for node in nodes[::1000]:
        with pytest.raises(pickle.PicklingError, match="not today"):
            dumps([node, y])
    monkeypatch.setattr(Refusing, "refuses", False)
    for node in (nodes[-1], nodes[2000], nodes[4000]):
        assert_same_but_apart(node, pickle.loads(dumps(node)))
