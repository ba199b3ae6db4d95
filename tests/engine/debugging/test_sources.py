"""record_sources: the block, what it keeps and for whom."""

import copy
import gc
import pickle
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from source_of import source

from chainrule.engine import (
    Value,
    exp,
    explain,
    no_grad,
    record_sources,
    scope,
    topological_order,
)
from chainrule.engine.names import Names, own_name
from chainrule.viz import graph_text


def test_nothing_is_kept_outside() -> None:
    assert (Value(1.0) * 2.0).source is None
    with record_sources():
        pass
    y = Value(1.0) * 2.0
    assert y.source is None
    assert not hasattr(y, "about")


@pytest.mark.parametrize("decorate", [record_sources, record_sources(), record_sources(frames=False)])
def test_it_decorates_with_brackets_and_without(decorate: Callable[..., Any]) -> None:
    @decorate
    def compute(x: float) -> Value:
        y = Value(x) * 2.0
        return y  # noqa: RET504  # the name is the point

    for x in (1.0, 2.0):
        assert own_name(compute(x)) == "y"
    assert (Value(1.0) * 2.0).source is None


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(TypeError, match="record_sources decorates functions, got True: frames=True by keyw"):
        record_sources(True)  # type: ignore[call-overload]


def test_generators_and_coroutines_are_refused_where_they_are_decorated() -> None:
    def generator() -> Iterator[Value]:
        yield Value(1.0) * 2.0

    async def coroutine() -> Value:
        return Value(1.0) * 2.0

    for decorate, name in ((record_sources, "record_sources"), (no_grad, "no_grad"), (no_grad(), "no_grad")):
        for function in (generator, coroutine):
            with pytest.raises(TypeError) as caught:
                decorate(function)
            assert str(caught.value).startswith(f"@{name} around <function test_generators")
            assert str(caught.value).endswith(
                "would end before its body runs, as that is a generator or a coroutine: write "
                f"`with {name}():` inside it"
            )
    with pytest.raises(TypeError, match="@record_sources around"):
        record_sources(frames=True)(generator)


def test_it_holds_for_its_own_thread_only() -> None:
    made: list[Value] = []
    with record_sources():
        thread = threading.Thread(target=lambda: made.append(Value(1.0) * 2.0))
        thread.start()
        thread.join()
    assert made[0].source is None


def test_values_that_are_cut_off_are_called_what_they_were_assigned_to() -> None:
    with record_sources():
        w = Value(2.0)
        target = (w * 3.0).detach()
        with no_grad():
            frozen = w * 2.0
            both = exp(frozen).detach()
        loss = w * target + frozen + both
    assert [source(v).text for v in (target, frozen)] == ["(w * 3.0).detach()", "w * 2.0"]
    assert [own_name(v) for v in (target, frozen, both)] == ["target", "frozen", "both"]
    order = topological_order(loss)
    assert [Names(order)[v] for v in (target, frozen, both)] == ["target", "frozen", "both"]
    assert "dv2/dw = target = 6    v2 = w × target = 12" in str(explain(loss, w))
    assert r"{w} \cdot {\text{target}} = 12" in explain(loss, w).latex()
    tree = graph_text(loss)
    assert all(text in tree for text in ("w × target", "target = 6", "v4 + both"))


def test_outside_cut_off_values_know_no_source_as_all_others() -> None:
    with no_grad():
        assert (Value(1.0) * 2.0).source is None
    assert Value(1.0).detach().source is None


@pytest.mark.parametrize("name", [3, None, "", ["encoder"]])
def test_a_scope_without_a_name_is_refused_where_it_is_written(name: Any) -> None:
    with pytest.raises(TypeError, match=r'^scope takes the name of what is computed inside, "encoder", got'):
        scope(name)


def test_copies_and_pickles_leave_the_source_behind() -> None:
    with record_sources(frames=True):
        y = Value(1.0) * 2.0
    assert source(y).name == "y"
    assert copy.deepcopy(y).source is None
    assert pickle.loads(pickle.dumps(y)).source is None


def test_hooks_and_sources_go_together() -> None:
    with record_sources():
        x = Value(2.0)
        y = x * x
        seen: list[float] = []
        x.register_hook(seen.append)
        y.register_hook(seen.append)
        z = y + x
    z.backward()
    assert seen == [1.0, 5.0]
    assert [own_name(value) for value in (x, y, z)] == ["x", "y", "z"]


def test_a_graph_with_sources_is_freed_without_the_collector() -> None:
    freed = []

    class Noted(Value):
        def __del__(self) -> None:
            freed.append(self.data)

    def compute() -> float:
        leaf = Noted(2.0)
        return (leaf * 3.0).data

    gc.disable()
    try:
        with record_sources():
            compute()
            assert freed == [2.0]
    finally:
        gc.enable()
    assert freed == [2.0]


def test_many_nodes_made_at_one_line_share_its_site() -> None:
    with record_sources():
        y = Value(1.0)
        for _ in range(20_000):
            y = y + 1.0
    assert own_name(y) == "y"
    assert len({id(v.about) for v in topological_order(y) if v.primitive}) <= 2


def test_objects_that_misbehave_do_no_harm() -> None:
    class Hostile:
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError("no")

        def __len__(self) -> int:
            raise RuntimeError("no")

    with record_sources():
        hostile, x = [Hostile()], Value(1.0)
        own = Hostile()
        y = (lambda: x)() * 2.0
    assert own_name(y) == "y"
    assert own_name(y.operands[0]) == "x"
    assert hostile
    assert own is not None
