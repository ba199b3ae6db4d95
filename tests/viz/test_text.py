"""The graph as a text tree, for terminals and logs."""

import io
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.engine import Value, dot, no_grad, total
from chainrule.nn import Parameter
from chainrule.viz import graph_text, print_graph


def neuron(passed: bool = True) -> Value:
    x, w = Value(2.0, "x"), Parameter(-0.5, "w")
    y = (w * x).tanh()
    y.label = "ŷ"
    loss = (y - 0.25) ** 2 + y
    loss.label = "loss"
    if passed:
        loss.backward()
    return loss


def test_each_value_is_a_line_with_how_it_was_made_and_what_flows_back() -> None:
    assert graph_text(neuron()).split("\n") == [
        "value                    made by    gradient  upstream · local = contribution",
        "loss = 0.2617            v7 + ŷ     1",
        "├─ v7 = 1.0233           v5 ^ 2     1         1 · 1 = 1",
        "│  └─ v5 = −1.0116       ŷ − 0.25   −2.0232   1 · (−2.0232) = −2.0232",
        "│     └─ ŷ = −0.7616     tanh(v2)   −1.0232   −2.0232 · 1 = −2.0232",
        "│        └─ v2 = −1      w × x      −0.4297   −1.0232 · 0.42 = −0.4297",
        "│           ├─ w = −0.5  param      −0.8594   −0.4297 · 2 = −0.8594",
        "│           └─ x = 2     input      0.2149    −0.4297 · (−0.5) = 0.2149",
        "└─ ŷ = −0.7616           see above  −1.0232   1 · 1 = 1",
    ]


def test_before_a_backward_pass_there_are_local_derivatives_only() -> None:
    lines = graph_text(neuron(passed=False)).split("\n")
    assert lines[1].split() == ["loss", "=", "0.2617", "v7", "+", "ŷ", "—"]
    assert lines[3].endswith("ŷ − 0.25   —         · (−2.0232)")


def test_print_graph_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    root = neuron()
    print_graph(root)
    assert capsys.readouterr().out == graph_text(root) + "\n"
    file = io.StringIO()
    print_graph(root, file, max_depth=1)
    assert file.getvalue() == graph_text(root, max_depth=1) + "\n"


class UnknownEncoding(io.StringIO):
    """A file that names an encoding Python does not know."""

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a StringIO has none
        return "no such encoding"


def test_a_terminal_without_these_letters_gets_ascii() -> None:
    root, texts = neuron(), []
    for encoding in ("ascii", "cp1252", "latin-1"):
        held = io.BytesIO()
        file = io.TextIOWrapper(held, encoding=encoding, newline="\n")
        print_graph(root, file)
        file.flush()
        texts.append(held.getvalue().decode(encoding))
    unknown = UnknownEncoding()
    print_graph(root, unknown)
    assert set(texts) == {unknown.getvalue()} == {graph_text(root, ascii=True) + "\n"}
    assert texts[0].isascii()
    assert texts[0].split("\n")[3:5] == [
        "|  `- v5 = -1.0116         \\u0177 - 0.25  -2.0232   1 * (-2.0232) = -2.0232",
        "|     `- \\u0177 = -0.7616  tanh(v2)       -1.0232   -2.0232 * 1 = -2.0232",
    ]


def test_one_leaf_is_a_tree_too() -> None:
    assert graph_text(Value(2.0, "x")).split("\n")[1].split() == ["x", "=", "2", "input", "—"]


def test_numbers_stand_in_the_operation_unless_that_is_cut_short() -> None:
    x = Value(2.0, "x")
    assert [line.split()[:4] for line in graph_text(dot([x], [3.0], 1.0)).split("\n")[1:]] == [
        ["L", "=", "7", "dot(x,"],
        ["└─", "x", "=", "2"],
    ]
    assert graph_text(total([x, *map(float, range(8))])).count("const") == 8


def test_both_uses_of_one_operand_have_a_line() -> None:
    a = Value(3.0, "a")
    square = a * a
    square.backward()
    assert [line.split("  ")[-1] for line in graph_text(square).split("\n")[2:]] == [
        " 1 · 3 = 3",
        " 1 · 3 = 3",
    ]


def test_levels_beyond_the_limit_are_counted() -> None:
    lines = graph_text(neuron(), max_depth=1).split("\n")
    assert len(lines) == 5
    assert lines[2].startswith("├─ v7 = 1.0233  v5 ^ 2")
    assert lines[3].startswith("└─ ŷ = −0.7616  tanh(v2)")
    assert lines[-1] == "… 4 of 7 values are not shown (max_nodes=200, max_depth=1)"


def test_a_value_that_is_cut_in_one_place_is_shown_whole_where_there_is_room() -> None:
    a = Value(2.0, "a")
    b = a.exp()
    b.label = "b"
    lines = graph_text((b * 3.0) * 4.0 + b, max_depth=2).split("\n")
    assert lines[-2].startswith("└─ b = 7.3891")
    assert lines[-1].startswith("   └─ a = 2")


def test_a_long_chain_goes_on_from_the_margin_and_is_cut_with_both_numbers() -> None:
    value = Value(1.0, "x")
    for _ in range(100_000):
        value = value * 1.0
    lines = graph_text(value, max_nodes=30).split("\n")
    assert len(lines) == 32
    assert lines[13].startswith(f"{'   ' * 11}└─ v199976 = 1  v199974 × 1, see below")
    assert lines[14].startswith("v199976 = 1 ")
    assert lines[-1] == "… 99,973 of 100,001 values are not shown (max_nodes=30)"
    assert max(map(len, lines)) < 130


def test_what_is_shared_between_blocks_is_shown_once() -> None:
    value = Value(1.0, "x")
    for _ in range(30):
        value = value + value
    lines = graph_text(value).split("\n")
    assert sum("see above" in line for line in lines) == 30
    assert sum("see below" in line for line in lines) == 2
    assert "not shown" not in lines[-1]


HOSTILE = ["two\nlines", "\x1b[31mred", "‮evil", "a\tb", "\a", "x" * 500, "├─ v1 = 2", "\ud800", ""]


@pytest.mark.parametrize("label", HOSTILE)
def test_labels_are_harmless(label: str) -> None:
    a = Value(2.0, label)
    lines = graph_text(a * a + a).split("\n")
    assert len(lines) == 6
    assert all(len(line) < 260 and line.isprintable() for line in lines)
    assert graph_text(a * a + a, ascii=True).isascii()


def test_gradients_that_are_missing_or_recorded_are_shown_as_what_they_are() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    product = x * y
    product.backward(create_graph=True)
    y.grad = None  # type: ignore[assignment]  # PyTorch's hands do that
    lines = graph_text(product).split("\n")
    assert lines[2].split()[4:] == ["input", "3", "1", "·", "3", "=", "3"]
    assert lines[3].split()[4:] == ["input", "—", "1", "·", "2", "=", "2"]


def test_a_zero_upstream_wins_over_an_infinite_partial() -> None:
    x = Value(0.0, "x")
    loss = x.sqrt() * 0.0 + x
    loss.backward()
    assert "0 · inf = 0" in graph_text(loss)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match=r"graph_text takes a Value, the root of a graph, got 3 \(int\)"):
        graph_text(3)  # type: ignore[arg-type]  # that is the point
    for limit in (0, -1, 1.5, True, None):
        with pytest.raises(
            ValueError, match=r"graph_text\(max_nodes=...\) takes a whole number of at least 1"
        ):
            graph_text(Value(1.0), max_nodes=limit)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(
        ValueError, match=r"graph_text\(max_depth=...\) takes a whole number of at least 0, got -1"
    ):
        graph_text(Value(1.0), max_depth=-1)


def test_what_no_grad_made_is_a_constant() -> None:
    with no_grad():
        value = Value(2.0) * 3.0
    assert graph_text(value).split("\n")[1].split() == ["6", "=", "6", "const"]


@st.composite
def graphs(draw: st.DrawFn) -> Value:
    """Draw a graph of up to 40 operations over two leaves."""
    values = [Value(1.5), Value(-0.5)]
    for _ in range(draw(st.integers(0, 40))):
        chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
        values.append(total([*chosen, 1.0]) if draw(st.booleans()) else chosen[0].tanh())
    return values[-1]


@settings(max_examples=100)
@given(graphs())
def test_every_edge_of_a_graph_has_one_line(root: Value) -> None:
    values, edges, stack = {root}, 0, [root]
    while stack:
        node = stack.pop()
        for operand in node.operands:
            if type(operand) is Value:
                edges += 1
                if operand not in values:
                    values.add(operand)
                    stack.append(operand)
    lines = graph_text(root, max_nodes=10**9).split("\n")[1:]
    blocks = [line for line in lines if line[0] not in "├│└ "]
    assert len(lines) - len(blocks) == edges
    assert sum("see above" in line for line in lines) == edges - len(values) + 1
    assert math.isfinite(root.data)
