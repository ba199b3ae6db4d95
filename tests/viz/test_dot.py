"""The text of a picture: which cards and arrows it has, and what stands on them."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule.engine import TABLE, Constant, Primitive, Value, dot, forget, no_grad, record_sources, total
from chainrule.engine.words import number, plain
from chainrule.viz import draw, draw_dot
from chainrule.viz.theme import Palette


class Parameter(Value):
    __slots__ = ()
    kind = "param"


def neuron_with_decay(*, backward: bool = True) -> Value:
    """Return the loss of the neuron in the pictures: tanh, squared error, weight decay on one weight."""
    x1, x2, y = Value(2.0, label="x₁"), Value(-1.0, label="x₂"), Constant(0.2, label="y")
    w1, w2, b = Parameter(-0.5, label="w₁"), Parameter(0.75, label="w₂"), Parameter(0.9, label="b")
    y_hat = (w1 * x1 + w2 * x2 + b).tanh()
    loss = (y_hat - y) ** 2 + 0.5 * w1**2
    y_hat.label, loss.label = "ŷ", "L"
    if backward:
        loss.backward()
    return loss


def cards(text: str) -> dict[str, str]:
    """Return what stands on each card, by its name: words in order, without the mark-up."""
    found = re.findall(r"^  (n\d+) \[.*?label=<(.*)>\]$", text, re.MULTILINE)
    return {name: " ".join(re.sub(r"<[^>]*>", " ", html).split()) for name, html in found}


def arrows(text: str) -> list[tuple[str, str, str]]:
    """Return each arrow's two ends and what stands on it, in order."""
    found = re.findall(r"^  (n\d+) -> (n\d+) \[(.*)\]$", text, re.MULTILINE)
    return [
        (a, b, " ".join(re.sub(r'<[^>]*>|\w+=("[^"]*"|[\w.]*)|>', " ", rest).split())) for a, b, rest in found
    ]


def card_of(label: str, text: str) -> str:
    return next(words for words in cards(text).values() if label in words.split())


def test_each_card_shows_operation_label_kind_data_and_gradient() -> None:
    text = draw(neuron_with_decay()).dot
    assert card_of("w₁", text) == "w₁ param data −0.5 grad −2.3621"
    assert card_of("x₁", text) == "x₁ input data 2 grad 0.4655"
    assert card_of("ŷ", text) == "tanh ŷ data −0.6911 grad −1.7821"
    assert card_of("L", text) == "+ L loss data 0.919 grad 1"


def test_constants_show_no_gradient() -> None:
    assert card_of("y", draw(neuron_with_decay()).dot) == "y target data 0.2"
    with no_grad():
        frozen = Value(3.0) * 2.0
    assert list(cards(draw(frozen).dot).values()) == ["const data 6"]


def test_an_unnamed_constant_used_once_stands_in_its_users_card() -> None:
    x = Value(2.0, label="x")
    operations = {
        "( ) × 0.5": x * 0.5,
        "0.5 × ( )": 0.5 * x,
        "( )²": x**2,
        "( )⁻¹⁰": x**-10,
        "( ) ^ 0.5": x**0.5,
        "2 ^ ( )": 2**x,
        "( ) − (−1)": x - -1.0,
        "1 ÷ ( )": 1 / x,
        "max(·, 0)": x.maximum(0.0),
    }
    for header, value in operations.items():
        first, *others = cards(draw(value).dot).values()
        assert first.startswith(f"{header} root data")
        assert len(others) == 1


def test_constants_that_do_not_fit_in_a_card_are_pills() -> None:
    shared = Constant(0.5)
    x = Value(2.0)
    twice = draw(x * shared + shared)
    assert list(cards(twice.dot).values()).count("0.5 const") == 1
    assert len(arrows(twice.dot)) == 4
    row = draw(total([x, 1.0, 2.5]))
    assert {"1 const", "2.5 const"} <= set(cards(row.dot).values())
    both = draw(TABLE["mul"].apply((Constant(2.0), Constant(3.0))))
    assert len(cards(both.dot)) == 3


def test_arrows_from_constants_carry_no_number() -> None:
    text = draw(neuron_with_decay()).dot
    y = next(name for name, words in cards(text).items() if words.startswith("y target"))
    assert [words for tail, _, words in arrows(text) if tail == y] == [""]


def test_both_arrows_of_a_times_a_are_drawn() -> None:
    a = Value(3.0, label="a")
    b = a * a
    b.backward()
    assert arrows(draw(b).dot) == [("n0", "n1", "×3 = 3"), ("n0", "n1", "×3 = 3")]


def test_contributions_stand_only_where_several_add_up() -> None:
    text = draw(neuron_with_decay()).dot
    sums = [words for _, _, words in arrows(text) if "=" in words]
    assert sorted(sums) == ["×2 = −1.8621", "×−1 = −0.5"]


def test_operands_keep_their_order() -> None:
    a, b = Value(6.0, label="a"), Value(3.0, label="b")
    text = draw(a / b).dot
    names = {words.split()[0]: name for name, words in cards(text).items()}
    assert [tail for tail, _, _ in arrows(text)] == [names["a"], names["b"]]
    assert "ordering=in" in text
    assert "ordering=in" not in draw(a + b).dot


def test_before_a_backward_pass_gradients_are_dashes() -> None:
    text = draw(neuron_with_decay(backward=False)).dot
    assert all(words.endswith("grad —") for words in cards(text).values() if "target" not in words)
    assert not [words for _, _, words in arrows(text) if "=" in words]


def test_an_old_gradient_of_a_leaf_is_not_shown_for_a_new_root() -> None:
    w = Value(2.0, label="w")
    (w * w).backward()
    assert card_of("w", draw(w * 3.0).dot) == "w input data 2 grad —"


def test_a_gradient_of_exactly_zero_is_0_after_the_pass() -> None:
    x = Value(-1.0, label="x")
    out = x.relu() + 1.0
    out.backward()
    assert card_of("x", draw(out).dot) == "x input data −1 grad 0"


def test_a_graph_of_one_leaf_is_one_card() -> None:
    text = draw(Value(1.0, label="only")).dot
    assert cards(text) == {"n0": "only input data 1 grad —"}
    assert arrows(text) == []


def test_not_a_number_and_infinity_are_words_on_red() -> None:
    x = Value(0.0, label="x")
    out = x.log() * 0.0
    with pytest.warns(RuntimeWarning):
        out.backward()
    text = draw(out, theme="light").dot
    assert sorted(re.findall(r'BGCOLOR="#cf222e"><FONT[^>]*>([^<]*)', text)) == ["NaN", "−inf"]
    assert {words for _, _, words in arrows(text)} == {"×inf", "×0"}


def test_a_zero_adjoint_wins_over_an_infinite_partial() -> None:
    x = Value(0.0, label="x")
    out = x.sqrt() * 0.0 + x * 2.0
    out.backward()
    assert sorted(words for _, _, words in arrows(draw(out).dot) if "= " in words) == ["×2 = 2", "×inf = 0"]


def test_the_size_of_a_gradient_is_its_level_and_its_sign_the_colour() -> None:
    palette = Palette("light")
    grounds = [palette.chip(x, 10.0).ground for x in (10.0, 4.0, 3.9, 1.0, 0.9, 0.1, 0.09, 0.0)]
    assert grounds == [palette[f"plus {level}"] for level in (3, 3, 2, 2, 1, 1, 0)] + [palette["zero"]]
    assert palette.chip(-4.0, 10.0).ground == palette["minus 3"]
    assert palette.chip(math.nan, 10.0).ground == palette["bad"]


def test_negative_contributions_are_dashed_and_thickness_is_size() -> None:
    a, b = Value(1.0, label="a"), Value(1.0, label="b")
    out = 4.0 * a - b
    out.backward()
    lines = dict(re.findall(r'^  \S+ -> \S+ \[id="(\w+)" (.*?) label', draw(out).dot, re.MULTILINE))
    assert ["style=dashed" in line for line in lines.values()].count(True) == 1
    widths = sorted(float(re.search(r"penwidth=([\d.]+)", line)[1]) for line in lines.values())  # type: ignore[index]
    assert widths == [1.5, 1.5, 3.0]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_numbers_on_chips_can_be_read(theme: str) -> None:
    palette = Palette(theme)  # type: ignore[arg-type]
    for x in (1.0, 0.2, 0.02, 0.001, 0.0, math.inf, -1.0, -0.2, -0.02, -0.001):
        chip = palette.chip(x, 1.0)
        bright, dim = sorted((luminance(chip.ground), luminance(chip.text)), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, (theme, x)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour as WCAG 2 defines it."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_each_role_has_a_light_colour_of_its_own() -> None:
    from chainrule.viz.theme import _ROLES

    assert len({light for light, _ in _ROLES.values()}) == len(_ROLES)


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_every_primitive_shows_its_sign(row: Primitive) -> None:
    out = row.apply(tuple(map(Value, row.points[0])))
    out.label = "out"
    assert card_of("out", draw(out).dot).startswith(f"{row.symbol or row.name} out root data")


def test_a_primitive_defined_outside_is_drawn_by_its_row() -> None:
    twice = Primitive(
        name="twice_it",
        symbol="<twice>",
        formula="2 & x",
        evaluate=lambda x: 2.0 * x,
        partials=lambda x, out: (2.0,),
        points=((1.0,),),
    )
    try:
        assert "&lt;twice&gt;" in draw(twice(Value(1.0))).dot
    finally:
        forget("twice_it")


def test_one_card_however_many_operands() -> None:
    ws = [Parameter(0.1 * i, label=f"w{i}") for i in range(8)]
    xs = [Value(1.0 + i, label=f"x{i}") for i in range(8)]
    text = draw(dot(ws, xs)).dot
    assert len(cards(text)) == 17
    assert len(arrows(text)) == 16
    assert "Σ x·y root data 16.8 grad —" in cards(text).values()


def test_the_same_graph_gives_the_same_text() -> None:
    assert draw(neuron_with_decay()).dot == draw(neuron_with_decay()).dot


def test_the_same_graph_gives_the_same_bytes_in_another_process() -> None:
    program = (
        "import sys\nfrom test_dot import draw, neuron_with_decay\n"
        "drawing = draw(neuron_with_decay())\nsys.stdout.buffer.write((drawing.dot + drawing.svg).encode())"
    )
    here = Path(__file__).parent
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=here,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "12345")
    }
    assert len(outputs) == 1
    assert outputs.pop().startswith(b"digraph chainrule {")


def test_a_long_chain_is_drawn_without_recursion() -> None:
    x = Value(1.0)
    for _ in range(2500):
        x = x.tanh()
    assert len(cards(draw(x, fold="none", max_nodes=10_000).dot)) == 2501


def test_too_many_values_are_refused_with_both_numbers() -> None:
    x = Value(1.0)
    for _ in range(400):
        x = x.tanh()
    with pytest.raises(ValueError, match=r"has 401 values and max_nodes is 150: .* or pass max_nodes=401"):
        draw(x, fold="none")
    assert len(cards(draw(x, max_nodes=401).dot)) == 401


def test_large_graphs_have_no_numbers_on_their_arrows() -> None:
    x = Value(1.0)
    for _ in range(199):
        x = x.tanh()
    assert all(words.startswith("×") for _, _, words in arrows(draw(x, max_nodes=200).dot))
    assert {words for _, _, words in arrows(draw(x.tanh(), max_nodes=201).dot)} == {""}


def test_wrong_arguments_are_named() -> None:
    x = Value(1.0)
    with pytest.raises(TypeError, match=r"draw\(root\) takes one Value, .*; got 2.0 \(float\)"):
        draw(2.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"got \[Value\(1, grad=0\)\] \(list\)"):
        draw([x])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rankdir must be 'LR' or 'TB', got 'RL'"):
        draw_dot(x, rankdir="RL")
    with pytest.raises(ValueError, match="format must be 'svg', 'png', 'pdf' or 'dot', got 'bmp'"):
        draw_dot(x, format="bmp")
    with pytest.raises(ValueError, match="theme must be 'auto', 'light' or 'dark', got 'pink'"):
        draw(x, theme="pink")  # type: ignore[arg-type]


def test_a_drawing_is_of_the_moment_it_was_made() -> None:
    w = Value(2.0, label="w")
    out = w * 3.0
    drawing = draw(out)
    out.backward()
    w.data = 5.0
    assert card_of("w", drawing.dot) == "w input data 2 grad —"


@pytest.mark.parametrize(
    ("x", "shown"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-2.5, "−2.5"),
        (0.123456, "0.1235"),
        (0.001, "0.001"),
        (0.00099, "9.9e−4"),
        (99999.0, "99999"),
        (100000.0, "1e5"),
        (-1.23456789e300, "−1.2346e300"),
        (5e-324, "4.9407e−324"),
        (math.nan, "NaN"),
        (math.inf, "inf"),
        (-math.inf, "−inf"),
    ],
)
def test_numbers_are_short_and_have_a_real_minus(x: float, shown: str) -> None:
    assert number(x) == shown


def test_a_label_that_cannot_be_shown_does_not_cost_the_picture() -> None:
    class Stubborn:
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert plain(Stubborn()) == "<Stubborn>"
    assert plain(None) == ""
    assert plain(0) == "0"


def test_recorded_gradients_are_shown_as_their_numbers() -> None:
    x = Value(2.0, label="x")
    y = x**3
    y.backward(create_graph=True)
    assert isinstance(x.grad, Value)
    assert card_of("x", draw(y).dot) == "x input data 2 grad 12"
    y.grad = Value(1.0)
    assert card_of("x", draw(y).dot) == "x input data 2 grad 12"
    assert any("gradient d root / d x = 12" in text for text in draw(y)._texts.values())
    x.grad = 0.0


@pytest.mark.parametrize("at_the_root", [False, True])
def test_a_gradient_of_none_is_a_dash(at_the_root: bool) -> None:
    x = Value(2.0, label="x")
    y = x * 3.0
    y.backward()
    (y if at_the_root else x).grad = None  # type: ignore[assignment]  # what PyTorch's hands may write
    drawing = draw(y)
    assert card_of("x", drawing.dot) == "x input data 2 grad —"
    assert card_of("root", drawing.dot).endswith("grad —" if at_the_root else "grad 1")
    assert any("gradient: none before backward()" in text for text in drawing._texts.values())


def test_a_value_in_the_midst_without_a_gradient_passes_nothing_on() -> None:
    x = Value(2.0, label="x")
    middle = x * 3.0
    y = middle.tanh()
    y.backward()
    middle.grad = None  # type: ignore[assignment]
    assert next(words for _, _, words in arrows(draw(y).dot)) == "×3"


def test_names_that_were_recorded_stand_where_labels_would() -> None:
    with record_sources():
        x = Value(2.0)
        slope = Value(3.0, label="w")
        hidden = (slope * x).tanh()
        loss = (hidden - 0.5) ** 2
    loss.backward()
    drawing = draw(loss)
    assert card_of("x", drawing.dot).startswith("x input data 2")
    assert card_of("w", drawing.dot).startswith("w input data 3"), "a label always wins"
    assert card_of("hidden", drawing.dot).startswith("tanh hidden data")
    assert card_of("loss", drawing.dot).startswith("( )² loss root data")
    assert repr(drawing) == f"<Drawing: Graph of 8 values; loss = {number(loss.data)}>"
    assert any(text.startswith("hidden\ntanh: ") for text in drawing._texts.values())
