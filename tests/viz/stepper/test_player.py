"""The page's scripts without a page: in V8, at every step, with the numbers of the engine."""

import json
import math
import random
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_mini_racer import MiniRacer

from chainrule.engine import Value, topological_order
from chainrule.engine.words import number
from chainrule.viz.page.assemble import part, part_of
from chainrule.viz.scene import Cards
from chainrule.viz.stepper.model import steps_of
from chainrule.viz.stepper.page import model

GRAPHS = run_path(str(Path(__file__).parents[2] / "worked" / "stepped.py"))["GRAPHS"]

HELPERS = """
let player;
const state = () => JSON.stringify([player.position, player.computed, player.gradients, player.arrived,
  player.handed].flat(), (_, x) => typeof x === "number" && !Number.isFinite(x) ? String(x) : x);
"""


class Scripts:
    """The scripts that know no document, loaded, with a player."""

    def __init__(self) -> None:
        self.engine = MiniRacer()
        self.engine.eval(part("numbers.js"))
        for name in ("player.js", "words.js"):
            self.engine.eval(part_of("chainrule.viz.stepper", f"page/{name}"))
        self.engine.eval(HELPERS)

    def load(self, root: Value) -> None:
        sent = json.dumps(model(steps_of(topological_order(root))))
        self.engine.eval(f"player = new Player(modelFrom({sent}))")

    def __call__(self, expression: str) -> Any:
        return json.loads(str(self.engine.eval(f"JSON.stringify({expression})")))

    def go(self, position: int) -> None:
        self.engine.eval(f"player.goTo({position})")

    def gradients(self) -> list[float | None]:
        return [
            x if x is None else float(x)
            for x in self("player.gradients.map((x) => x === null ? x : String(x))")
        ]

    def sentence(self) -> str:
        return str(self.engine.eval("sentence(player)"))


@pytest.fixture(scope="module")
def scripts() -> Scripts:
    return Scripts()


def cards(root: Value) -> list[Value]:
    return Cards(topological_order(root)).cards


@pytest.mark.parametrize("name", GRAPHS)
def test_every_step_forward_and_back_has_the_engines_gradients(scripts: Scripts, name: str) -> None:
    root = GRAPHS[name]()
    scripts.load(root)
    values, first = cards(root), scripts("player.seed")
    expected: list[dict[Value, float]] = [{root: 1.0}]
    for step in root.trace():
        expected.append(expected[-1] | {step.operand: step.grad_after})
    assert scripts("player.last") == first + len(expected) - 1
    forward = []
    for position in range(scripts("player.last") + 1):
        scripts.go(position)
        reached = expected[position - first] if position >= first else {}
        assert scripts.gradients() == [reached.get(value) for value in values]
        forward.append(scripts.engine.eval("state()"))
    for position in reversed(range(len(forward))):
        scripts.go(position)
        assert scripts.engine.eval("state()") == forward[position]
    scripts.go(10**9)
    root.backward()
    for value, gradient in zip(values, scripts.gradients(), strict=True):
        assert gradient is None or abs(gradient - value.grad) <= 1e-12


def test_leaves_are_there_at_once_and_operations_one_by_one(scripts: Scripts) -> None:
    scripts.load(Value(2.0, "a") * Value(3.0, "b") + Value(1.0, "c"))
    counts = []
    for position in range(4):
        scripts.go(position)
        counts.append(sum(scripts("player.computed")))
    assert counts == [3, 4, 5, 5]


def test_a_card_is_complete_when_its_last_part_has_arrived(scripts: Scripts) -> None:
    a = Value(3.0, "a")
    scripts.load(a * a)
    assert scripts("[player.seed, player.completeAt(0), player.completeAt(1)]") == [2, 4, 2]
    scripts.go(3)
    assert scripts("[player.isComplete(0), player.arrived[0], player.expected[0]]") == [False, 1, 2]
    scripts.go(4)
    assert scripts("player.isComplete(0)") is True


def test_any_jump_ends_where_single_steps_do(scripts: Scripts) -> None:
    scripts.load(GRAPHS["article B"]())
    last = scripts("player.last")
    at = []
    for position in range(last + 1):
        scripts.go(position)
        at.append(scripts.engine.eval("state()"))
    order = random.Random(0)
    for position in [order.randrange(last + 1) for _ in range(200)]:
        scripts.go(position)
        assert scripts.engine.eval("state()") == at[position]


def test_positions_beyond_the_ends_are_the_ends(scripts: Scripts) -> None:
    scripts.load(Value(2.0) * 3.0)
    for position, reached in ((-5, 0), (1.4, 1), (99, 3), ("NaN", 3)):
        scripts.engine.eval(f"player.goTo({position})")
        assert scripts("player.position") == reached


def test_nan_and_inf_arrive(scripts: Scripts) -> None:
    a, b = Value(0.0, "a"), Value(0.0, "b")
    root = a / b
    scripts.load(root)
    scripts.go(99)
    reached = dict(zip([value.label for value in cards(root)], scripts.gradients(), strict=True))
    assert reached["a"] == math.inf
    assert math.isnan(reached["b"] or 0.0)


# -- words ----------------------------------------------------------------------------------------------


def sentences(scripts: Scripts, root: Value) -> list[str]:
    scripts.load(root)
    said = []
    for position in range(scripts("player.last") + 1):
        scripts.go(position)
        said.append(scripts.sentence())
    return said


def test_each_step_says_what_happens(scripts: Scripts) -> None:
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    c = a * b
    c.label = "c"
    loss = c + a
    loss.label = "loss"
    assert sentences(scripts, loss) == [
        "The leaves have their numbers. 2 operations follow.",
        "Forward: c = a · b = 2 · −3 = −6. Noted on its edges, for the way back: its local derivatives, "
        "−3 for a and 2 for b.",
        "Forward: loss = c + a = −6 + 2 = −4. Noted on its edges, for the way back: its local derivatives, "
        "1 for c and 1 for a.",
        "Backward: loss moves exactly as much as itself, so its own gradient is 1. From here the chain rule "
        "goes back, edge by edge.",
        "Backward: loss hands c its own gradient times the local derivative, 1 · 1 = 1. The gradient of c is "
        "complete: 1.",
        "Backward: loss hands a its own gradient times the local derivative, 1 · 1 = 1. The gradient of a so "
        "far, from 1 of its 2 uses: 1.",
        "Backward: c hands a its own gradient times the local derivative, 1 · −3 = −3. The gradient of a is "
        "complete: 1 + −3 = −2.",
        "Backward: c hands b its own gradient times the local derivative, 1 · 2 = 2. The gradient of b is "
        "complete: 2. That was the last step.",
    ]


def test_where_nothing_flows_the_sentence_says_why(scripts: Scripts) -> None:
    x = Value(-2.0, "x")
    said = sentences(scripts, (x.relu().exp() - 1.0) * 0.0)
    assert "relu(x) = relu(−2) = 0" in said[1]
    assert "does not move with v" in " ".join(said) or "is 0, so nothing flows back to" in " ".join(said)
    assert said[-1].startswith("Backward: the gradient of v1 is 0, so nothing flows back to x.")
    assert sentences(scripts, x.relu() * 2.0)[-1].startswith(
        "Backward: v1 does not move with x (a dead unit, as x = −2 is below 0), so nothing flows back."
    )


def test_what_the_operation_has_to_say_is_said(scripts: Scripts) -> None:
    said = sentences(scripts, Value(6.3, "x").sigmoid())[-1]
    assert "1 · 0.0018 = 0.0018 (saturated, as L = 0.9982 is near its limit)." in said


def test_a_hook_has_its_sentence(scripts: Scripts) -> None:
    a = Value(2.0, "a")
    a.register_hook(lambda gradient: 0.5 * gradient)
    assert sentences(scripts, a * 3.0)[-1] == (
        "Backward: a hook of a changes its gradient from 3 to 1.5. That was the last step."
    )


def test_a_leaf_alone_has_its_sentences(scripts: Scripts) -> None:
    assert sentences(scripts, Value(3.0, "a")) == [
        "a was made by no operation: nothing is computed.",
        "Backward: a moves exactly as much as itself, so its own gradient is 1. That is all.",
    ]


def test_formulas_are_one_line_for_screen_readers(scripts: Scripts) -> None:
    x, y = Value(2.0, "x"), Value(0.5, "y")
    assert "L = x² = 2² = 4." in sentences(scripts, x**2)[1]
    assert "L = x^(y) = 2^(0.5) = 1.4142." in sentences(scripts, x**y)[1]
    assert "L = x² = (−2)² = 4." in sentences(scripts, Value(-2.0, "x") ** 2)[1]


def test_cards_say_what_they_are_and_how_far_they_have_come(scripts: Scripts) -> None:
    a = Value(0.1, "a")
    scripts.load(a * a)
    said = []
    for position in (0, 3, 4):
        scripts.go(position)
        said.append([scripts.engine.eval(f"cardSentence(player, {card})") for card in (0, 1)])
    assert said == [
        ["a, input, data 0.1, no gradient yet", "L, root, a · a, not computed yet, no gradient yet"],
        [
            "a, input, data 0.1, gradient so far 0.1, 1 of 2 uses",
            "L, root, a · a, data 0.010000000000000002, gradient 1, complete",
        ],
        [
            "a, input, data 0.1, gradient 0.2, complete",
            "L, root, a · a, data 0.010000000000000002, gradient 1, complete",
        ],
    ]


# -- numbers --------------------------------------------------------------------------------------------


def shown(scripts: Scripts, xs: list[float]) -> list[str]:
    sent = json.dumps([x if math.isfinite(x) else str(x) for x in xs])
    return list(scripts(f"{sent}.map((x) => shownNumber(received(x)))"))


def test_numbers_are_written_as_python_writes_them(scripts: Scripts) -> None:
    order = random.Random(0)
    xs = [0.0, -0.0, math.inf, -math.inf, math.nan, 1e-3, 9.99995e-4, 99999.99996, 1e5, 5e-324, 1.8e308 / 1.1]
    xs += [order.choice((-1, 1)) * 10.0 ** order.uniform(-320, 308) for _ in range(3000)]
    xs += [order.choice((-1, 1)) * 10.0 ** order.uniform(-5, 6) for _ in range(3000)]
    xs += [order.randrange(-(10**6), 10**6) / 32.0 for _ in range(3000)]  # half of them lie halfway
    xs += [float(10 * order.randrange(10**4, 10**5) + 5) * 10.0**n for n in range(20) for _ in range(50)]
    assert shown(scripts, xs) == [number(x) for x in xs]


@settings(max_examples=300)
@given(st.lists(st.floats(), min_size=20))
def test_any_numbers_are_written_as_python_writes_them(scripts: Scripts, xs: list[float]) -> None:
    assert shown(scripts, xs) == [number(x) for x in xs]
