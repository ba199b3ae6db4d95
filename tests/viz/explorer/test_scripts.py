"""The page's scripts without a page: what is seen when branches open, and where it stands."""

import json
import random
from itertools import pairwise
from typing import Any

import pytest
from py_mini_racer import MiniRacer

from chainrule.engine import Value, topological_order
from chainrule.nn import MLP, cross_entropy
from chainrule.viz.explorer.model import model
from chainrule.viz.page.assemble import part, part_of


class Scripts:
    def __init__(self) -> None:
        self.engine = MiniRacer()
        self.engine.eval(part("numbers.js"))
        for name in ("folded.js", "layout.js", "sentences.js"):
            self.engine.eval(part_of("chainrule.viz.explorer", f"page/{name}"))
        self.engine.eval("let folded;")

    def load(self, root: Value) -> None:
        self.engine.eval(f"folded = new Folded({json.dumps(model(topological_order(root)))})")

    def __call__(self, expression: str) -> Any:
        return json.loads(str(self.engine.eval(f"JSON.stringify({expression})")))


@pytest.fixture(scope="module")
def scripts() -> Scripts:
    return Scripts()


def network(sizes: list[int]) -> Value:
    net = MLP(3, sizes, activation="tanh", seed=0)
    loss = cross_entropy(net([1.0, 2.0, 3.0]), 1)
    loss.backward()
    return loss


def layout(scripts: Scripts, nodes: list[dict[str, Any]], arrows: list[dict[str, int]]) -> Any:
    return scripts(
        f"(() => {{ const found = arranged({json.dumps(nodes)}, {json.dumps(arrows)});"
        "return { ...found, boxes: [...found.boxes] }; })()"
    )


def overlap(a: Any, b: Any) -> bool:
    return bool(
        a["x"] < b["x"] + b["width"] and b["x"] < a["x"] + a["width"]
        and a["y"] < b["y"] + b["height"] and b["y"] < a["y"] + a["height"]
    )  # fmt: skip


SEEN = "folded.visible().flatMap((id) => folded.values(id)).sort((a, b) => a - b)"


def test_opening_and_folding_shows_every_value_once(scripts: Scripts) -> None:
    scripts.load(network([4, 3]))
    count = scripts("folded.count")
    assert scripts(SEEN) == list(range(count))
    rng = random.Random(0)
    for _ in range(40):
        branch = count + rng.randrange(scripts("folded.branches.length"))
        scripts.engine.eval(
            f"folded.open.has({branch}) ? folded.close({branch})"
            f" : (folded.reveal({branch}), folded.open.add({branch}))"
        )
        assert scripts(SEEN) == list(range(count))


def test_arrows_stand_for_every_edge_between_cards(scripts: Scripts) -> None:
    scripts.load(network([4, 3]))
    edges = scripts("folded.edges.length")
    hidden = scripts("folded.edges.filter((e) => folded.home(e.operand) === folded.home(e.user)).length")
    assert scripts("folded.arrows().reduce((sum, arrow) => sum + arrow.edges.length, 0)") == edges - hidden
    assert hidden > 0
    assert scripts("folded.openAll(10000)") == 0
    assert scripts("folded.visible()") == list(range(scripts("folded.count")))
    assert scripts("folded.arrows().reduce((sum, arrow) => sum + arrow.edges.length, 0)") == edges


def test_open_all_keeps_within_its_limit(scripts: Scripts) -> None:
    scripts.load(network([20, 20, 3]))
    closed = scripts("folded.openAll(60)")
    assert closed > 0
    assert len(scripts("folded.visible()")) <= 60


def test_a_summary_has_the_gradients_of_the_parameters(scripts: Scripts) -> None:
    net = MLP(3, [4, 3], activation="tanh", seed=0)
    loss = cross_entropy(net([1.0, 2.0, 3.0]), 1)
    loss.backward()
    scripts.load(loss)
    [place] = scripts("folded.visible().filter((id) => folded.title(id) === 'layers[0]')")
    found = scripts(f"folded.summary({place})")
    grads = [parameter.grad for parameter in net.layers[0].parameters()]
    assert found["params"] == 16
    assert found["rms"] == pytest.approx((sum(g * g for g in grads) / 16) ** 0.5, rel=1e-12)
    assert abs(found["largest"]) == max(map(abs, grads))


def test_cards_do_not_overlap_and_arrows_point_ahead(scripts: Scripts) -> None:
    rng = random.Random(1)
    for count in (1, 2, 10, 60):
        nodes = [
            {
                "id": i,
                "width": rng.randint(60, 200),
                "height": rng.randint(26, 80),
                "group": rng.choice([None, 1, 2]),
            }
            for i in range(count)
        ]
        pairs = {tuple(sorted(rng.sample(range(count), 2))) for _ in range(2 * count)} if count > 1 else set()
        arrows = [{"from": a, "to": b} for a, b in sorted(pairs)]
        found = layout(scripts, nodes, arrows)
        boxes = dict(found["boxes"])
        assert sorted(boxes) == list(range(count))
        places = list(boxes.values())
        assert not any(overlap(a, b) for i, a in enumerate(places) for b in places[:i])
        for box in places:
            assert 0.0 <= box["x"] <= found["width"] - box["width"] + 1e-9
            assert -1e-9 <= box["y"] <= found["height"] - box["height"] + 1e-6
        for arrow, way in zip(arrows, found["ways"], strict=True):
            a, b = boxes[arrow["from"]], boxes[arrow["to"]]
            assert way[0] == pytest.approx([a["x"] + a["width"], a["y"] + a["height"] / 2])
            assert way[-1] == pytest.approx([b["x"], b["y"] + b["height"] / 2])
            assert all(p[0] <= q[0] for p, q in pairwise(way))


def test_arrows_that_point_back_are_drawn_too(scripts: Scripts) -> None:
    nodes = [{"id": i, "width": 80, "height": 40, "group": None} for i in range(3)]
    found = layout(scripts, nodes, [{"from": a, "to": b} for a, b in ((0, 1), (1, 2), (2, 0))])
    assert len(found["ways"]) == 3
    assert found["ways"][2][0][0] > found["ways"][2][-1][0]


def test_arrows_say_the_chain_rule(scripts: Scripts) -> None:
    w, x = Value(3.0, "w"), Value(2.0, "x")
    loss = (w * x).tanh() + w
    loss.label = "loss"
    loss.backward()
    scripts.load(loss)
    said = scripts("folded.arrows().map((arrow) => arrowWords(folded, arrow))")
    assert len(said) == 5
    assert (
        "∂loss/∂w += upstream × local = ∂loss/∂loss · ∂loss/∂w = 1 · 1 = 1, one of 2 that add up to 1."
        in said
    )
    assert (
        sum("∂loss/∂v2 += upstream × local = ∂loss/∂v3 · ∂v3/∂v2 = 1 · 2.4577e−5 =" in one for one in said)
        == 1
    )
