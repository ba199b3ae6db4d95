"""explain(loss, w): the chain rule in words and numbers, the paths it is the sum over, and LaTeX."""

import math
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

from chainrule.engine import Value, explain, maximum, no_grad, total
from chainrule.engine.debugging.explained import ENDS
from chainrule.engine.debugging.notation import latex_text
from chainrule.nn import MLP, squared_error


def neuron() -> tuple[Value, Value]:
    """Return the loss of a neuron with a penalty, and its weight, from which two paths lead up."""
    x, w = Value(2.0, "x"), Value(-0.5, "w1")
    z = w * x
    z.label = "z"
    y = z.tanh()
    y.label = "ŷ"
    loss = (y - 0.25) ** 2 + w * w
    loss.label = "loss"
    return loss, w


def test_every_factor_is_named_and_the_sum_is_the_gradient() -> None:
    loss, w = neuron()
    text = str(explain(loss, w))
    assert text == (
        "dloss/dw1 = −2.6994: where w1 grows a little, loss falls 2.6994 times as much.\n"
        "\n"
        "1. loss ← v8 ← v6 ← ŷ ← z ← w1\n"
        "   dloss/dv8 · dv8/dv6 · dv6/dŷ · dŷ/dz · dz/dw1 = 1 · (−2.0232) · 1 · 0.42 · 2 = −1.6994\n"
        "\n"
        "2. loss ← v1 ← w1\n"
        "   dloss/dv1 · dv1/dw1[1] = 1 · (−0.5) = −0.5\n"
        "\n"
        "3. loss ← v1 ← w1\n"
        "   dloss/dv1 · dv1/dw1[2] = 1 · (−0.5) = −0.5\n"
        "\n"
        "sum: (−1.6994) + (−0.5) + (−0.5) = −2.6994\n"
        "\n"
        "dloss/dv8 = 1                 loss = v8 + v1 = 1.2733\n"
        "dv8/dv6 = 2 · v6 = −2.0232    v8 = v6 ^ 2 = 1.0233\n"
        "dv6/dŷ = 1                    v6 = ŷ − 0.25 = −1.0116\n"
        "dŷ/dz = 1 − ŷ² = 0.42         ŷ = tanh(z) = −0.7616\n"
        "dz/dw1 = x = 2                z = w1 × x = −1\n"
        "dloss/dv1 = 1                 loss = v8 + v1 = 1.2733\n"
        "dv1/dw1[1] = w1 = −0.5        v1 = w1 × w1 = 0.25\n"
        "dv1/dw1[2] = w1 = −0.5        v1 = w1 × w1 = 0.25"
    )


def test_programs_read_the_same_from_attributes() -> None:
    loss, w = neuron()
    found = explain(loss, w, k=2)
    everything = explain(loss, w, k=None)
    loss.backward()
    assert (found.total, found.count) == (w.grad, 3)
    assert [path.product for path in found.paths] == [path.product for path in everything.paths[:2]]
    assert found.rest == pytest.approx(-0.5)
    assert found.share == pytest.approx(2.1994 / 2.6994, rel=1e-4)
    assert (everything.rest, everything.share) == (0.0, 1.0)
    names = [(factor.name, factor.formula, factor.partial) for factor in found.factors]
    assert ("dŷ/dz", "1 − ŷ²", 1.0 - math.tanh(1.0) ** 2) in [(n, f, pytest.approx(p)) for n, f, p in names]  # type: ignore[comparison-overlap]
    assert [value.label for value in found.paths[0].values] == ["loss", "", "", "ŷ", "z", "w1"]
    assert (found.causes, found.notes) == ([], [])
    assert repr(found) == "<dloss/dw1 = −2.6994: print it to read why>"


def test_gradients_are_neither_read_nor_changed() -> None:
    loss, w = neuron()
    w.grad = 7.0
    assert explain(loss, w).total == pytest.approx(-2.6994, abs=1e-4)
    assert (w.grad, loss.grad) == (7.0, 0.0)


# -- sums over paths ----------------------------------------------------------------------------------


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Value, list[Value]]:
    """Draw a graph of up to 14 operations over two leaves."""
    leaves = [Value(draw(st.floats(-2.0, 2.0, width=16))) for _ in range(2)]
    values = list(leaves)
    for _ in range(draw(st.integers(1, 14))):
        x, y = draw(st.sampled_from(values)), draw(st.sampled_from(values))
        make: Any = draw(
            st.sampled_from(
                [
                    lambda x, y: (x + y) * 0.7,
                    lambda x, y: (x * y).tanh(),
                    lambda x, y: x - 0.5 * y,
                    lambda x, y: (x * x + 1.0).log() - y.relu(),
                    lambda x, y: total([x, y, x]) * 0.5,
                    maximum,
                ]
            )
        )
        values.append(make(x, y))
    return values[-1], leaves


@settings(max_examples=200)
@given(graphs())
def test_the_paths_add_up_to_the_gradient(graph: tuple[Value, list[Value]]) -> None:
    root, leaves = graph
    for leaf in leaves:
        leaf.grad = 0.0
    root.backward()
    for leaf in leaves:
        if explain(root, leaf).count > 2000:
            continue
        found = explain(root, leaf, k=None)
        sizes = math.fsum([abs(path.product) for path in found.paths])
        assert found.total == leaf.grad
        assert math.fsum([path.product for path in found.paths]) == pytest.approx(
            leaf.grad, rel=1e-12, abs=1e-12 * sizes
        )
        assert len(found.paths) == found.count


def diamonds(layers: int) -> tuple[Value, Value]:
    x = Value(0.5, "x")
    value = x
    for _ in range(layers):
        value = value * 0.25 + value * 0.75
    return value, x


def test_of_more_paths_than_can_be_walked_the_largest_are_shown_with_their_share() -> None:
    root, x = diamonds(60)
    found = explain(root, x, k=2)
    assert found.count == 2**60
    root.backward()
    assert found.total == x.grad == 1.0
    assert [path.product for path in found.paths] == pytest.approx([0.75**60, 0.75**59 * 0.25], rel=1e-12)
    assert found.rest == pytest.approx(1.0 - 0.75**60 - 0.75**59 * 0.25, rel=1e-12)
    assert (
        "These are the largest 2 of 1,152,921,504,606,846,976 paths, 4.2522e−6 % of the sum of all sizes "
        "|product|.\nsum: 3.1892e−8 + 1.0631e−8 + 1 from the others = 1\n"
    ) in str(found)
    # What makes the second path another one lies between the ends that are shown.
    assert " ← … 112 more … ← " in str(found)
    assert " ← … 112 more, by v265 ← v264 … ← " in str(explain(root, x, k=62))


def test_a_number_of_paths_beyond_the_floats_is_said_in_powers_of_ten() -> None:
    root, x = diamonds(1200)
    assert "This is the largest of about 1.72e361 paths" in str(explain(root, x, k=1))


def test_all_paths_of_a_network_are_found() -> None:
    model = MLP(3, [16, 16, 16, 1], activation="tanh", seed=1)
    loss = squared_error(model([0.5, -1.0, 2.0]), 1.0)
    w = model.layers[0].neurons[3].w[1]
    loss.backward()
    found = explain(loss, w, k=None)
    assert found.count == 16 * 16
    assert math.fsum([path.product for path in found.paths]) == pytest.approx(w.grad, rel=1e-12)


def test_a_long_path_shows_its_ends_and_the_product_between() -> None:
    x = Value(1.0, "x")
    value = x
    for _ in range(20_000):
        value = value * 0.9999
    text = str(explain(value, x))
    assert "(19,992 factors)" in text
    assert "0.9999 · 0.9999 · 0.9999 · 0.9999 · 0.1354 · 0.9999" in text
    assert "L ← v39998 ← v39996 ← v39994 ← v39992 ← … 19,992 more … ← v6 ← v4 ← v2 ← x\n" in text
    assert text.count(" = 0.9999    ") == 2 * ENDS  # a line for each factor shown
    assert len(text) < 3000


def test_the_root_by_itself_is_one() -> None:
    x = Value(3.0, "x")
    found = explain(x, x)
    assert str(found) == "dx/dx = 1: where x grows a little, x grows as much."
    assert (found.total, found.count) == (1.0, 1)


# -- what cannot be explained -------------------------------------------------------------------------


def test_what_is_no_value_is_refused() -> None:
    x = Value(1.0)
    with pytest.raises(TypeError, match=r"explain\(loss, w\) takes two Values; w is 3.0 \(float\)"):
        explain(x, 3.0)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(TypeError, match=r"explain\(loss, w\) takes two Values; loss is \[\] \(list\)"):
        explain([], x)  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize("k", [0, -1, True, 2.0])
def test_a_k_that_is_no_number_of_paths_is_refused(k: int) -> None:
    x = Value(1.0)
    with pytest.raises(
        ValueError, match=r"explain\(k=...\) takes how many paths to show, at least 1, or None"
    ):
        explain(x, x, k=k)


def test_all_of_too_many_paths_are_refused_with_their_number() -> None:
    root, x = diamonds(20)
    with pytest.raises(ValueError, match=r"k=None\) would show 1,048,576 paths: pass a k of at most 100,000"):
        explain(root, x, k=None)


# -- LaTeX --------------------------------------------------------------------------------------------

HOSTILE = [
    r"\end{aligned}", r"\input{/etc/passwd}", "}{", "$x$", "50 %", "a & b", "#1", "x_1^2", "~", "new\nline",
    "w1", "ŷ", "x₂", "δ", "a − y", "漢字", "😀", "\x1b[31m", "‮evil", '"<script>', "|", "\\", "ς", "Ο", "ϕ",
]  # fmt: skip


def lines_of(latex: str) -> list[str]:
    first, *lines, last = latex.split("\n")
    assert (first, last) == (r"\begin{aligned}", r"\end{aligned}")
    return [line.removesuffix(r" \\") for line in lines]


def test_the_same_content_as_latex() -> None:
    loss, w = neuron()
    lines = lines_of(explain(loss, w).latex())
    assert lines[0] == r"\frac{\partial \text{loss}}{\partial w_{1}} &= -2.6994"
    assert lines[2] == (
        r"\text{path 2: } & \frac{\partial \text{loss}}{\partial v_{1}} \cdot "
        r"\frac{\partial v_{1}}{\partial w_{1}}^{[1]} = 1 \cdot \left(-0.5\right) = -0.5"
    )
    assert lines[4] == (
        r"\text{sum: } & \left(-1.6994\right) + \left(-0.5\right) + \left(-0.5\right) = -2.6994"
    )
    assert lines[8] == (
        r"\frac{\partial \hat{y}}{\partial z} & = 1 - {\hat{y}}^{2} = 0.42, "
        r"\quad \hat{y} = \operatorname{tanh}\left(z\right) = -0.7616"
    )
    assert explain(loss, w)._repr_latex_() == f"$$\n{explain(loss, w).latex()}\n$$"


def test_nothing_in_a_label_is_a_command_of_latex() -> None:
    assert latex_text("a_b") == r"\text{a}\_\text{b}"
    assert latex_text(r"\x{#$&%~^}") == (r"\backslash \text{x}\{\#\$\&\%\sim \wedge \}")
    inside = re.findall(r"\\text\{(.*?)\}", latex_text("".join(map(chr, range(32, 1024)))))
    assert not set("".join(inside)) & set("\\{}$&#%_^~")


@pytest.mark.filterwarnings("ignore:Font .* does not have a glyph")
@pytest.mark.parametrize("label", HOSTILE)
def test_latex_of_any_label_is_a_formula(label: str) -> None:
    x, w = Value(-2.0, label), Value(0.5, label)
    y = (w * x).relu()
    y.label = label
    with no_grad():
        cut = w * x
    cut.label = label
    parser = MathTextParser("path")  # type: ignore[no-untyped-call, unused-ignore]  # matplotlib's own
    for found in (explain(y * (w / x) ** 2, w, k=1), explain(cut * 2.0, w)):
        for line in lines_of(found.latex()):
            alone = line.replace(r"\&", "+")  # matplotlib, unlike LaTeX, has no \&
            assert alone.count("&") == 1
            assert alone.count("{") - alone.count(r"\{") == alone.count("}") - alone.count(r"\}")
            parser.parse(f"${alone.replace('&', '')}$")


@pytest.mark.parametrize("label", HOSTILE)
def test_text_of_any_label_is_harmless(label: str) -> None:
    x, w = Value(-2.0, label), Value(0.5, label)
    text = str(explain((w * x).tanh(), w))
    assert not any(harmful in text for harmful in ("\x1b", "‮", "\a"))
    assert len(text.split("\n")) == 7


@pytest.mark.parametrize(
    ("x", "said"), [(-1.0, "−1: but L itself is NaN"), (0.0, "inf: but L itself is −inf")]
)
def test_a_root_that_is_not_finite_neither_grows_nor_falls(x: float, said: str) -> None:
    w = Value(x, "w")
    assert str(explain(w.log(), w)).startswith(f"dL/dw = {said}; diagnose(...) says where that starts.\n")
