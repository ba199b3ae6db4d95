"""`draw(kernel)`: a compiled function as its arguments, the loops it became, and its results."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chainrule.engine import Value, dot, relu, sin, tanh, total
from chainrule.engine.compiler import compile, irregular
from chainrule.engine.compiler.outline import MOST, MOST_NAMED, Flow, Part
from chainrule.viz import draw


def loss(w: Any, x: Any) -> Any:
    return relu(dot(w[:3], x) + w[3]) ** 2


def batch() -> Any:
    kernel = compile(loss, batch="x", reduce="mean")
    kernel.value_and_grad([1.0, 2.0, 3.0, 4.0], [[1.0, 0.5, 0.25], [1.0, -0.5, 0.75]])
    return kernel


def cards(text: str) -> list[str]:
    found = re.findall(r"^  n\d+ \[.*?label=<(.*)>\]$", text, re.MULTILINE)
    return [" ".join(re.sub(r"<[^>]*>", " ", html).split()) for html in found]


def parts(kernel: Any, kind: str) -> list[Part]:
    return [part for part in kernel.outline.parts if part.kind == kind]


def test_arguments_and_results_have_cards_with_how_many_numbers() -> None:
    shown = cards(draw(batch()).dot)
    assert shown[:2] == ["w argument 4 numbers", "x argument 3 numbers a sample"]
    assert shown[-2:] == ["value result 1 number", "by w result 4 numbers"]


def test_loops_say_when_they_run_and_whether_only_derivatives_need_them() -> None:
    kernel = batch()
    (first, *_), shown = parts(kernel, "value"), cards(draw(kernel).dot)
    assert (first.title, first.each) == ("each sample", True)
    assert shown[2].startswith("each sample value sum of 1 + 3 products")
    assert any(card.startswith("over the batch derivatives") for card in shown)


def test_all_operations_are_on_cards_and_no_more() -> None:
    kernel = batch()
    stats, outline = kernel.stats, kernel.outline
    each = sum(part.operations for part in outline.parts if part.operations_each)
    once = sum(part.operations for part in outline.parts if not part.operations_each)
    assert (once, each) == (stats.flops_once, stats.flops_per_sample)
    computed = [part for part in outline.parts if part.kind in ("value", "derivatives")]
    assert sum(part.numbers for part in computed) == stats.nodes


def test_an_arrow_counts_each_number_once_however_often_it_is_read() -> None:
    kernel = compile(lambda x: x[0] * x[0] * x[1] + x[2])
    kernel([2.0, 3.0, 5.0])
    names = [part.title for part in kernel.outline.parts]
    assert names == ["x", "once", "value"]
    assert kernel.outline.flows == (Flow(0, 1, 3), Flow(1, 2, 1))


def test_a_loop_over_time_is_one_card_that_says_how_many_steps() -> None:
    def chain(p: Any) -> Any:
        x = p[0]
        for _ in range(200):
            x = sin(x) * p[1]
        return x

    kernel = compile(chain)
    kernel.value_and_grad([0.3, 0.9])
    assert any(
        "for 199 steps: sin" in card or "for 198 steps: sin" in card for card in cards(draw(kernel).dot)
    )


@pytest.mark.parametrize("by_table", [False, True])
def test_a_picture_is_bounded_however_irregular_the_kernel(
    by_table: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not by_table:
        monkeypatch.setattr(irregular, "FEWEST_STEPS", 1 << 40)  # all of it is written out
    operations: list[Callable[[Any], Any]] = [sin, tanh, lambda v: v * v, lambda v: v + 1.5]

    def tangle(x: Any) -> Any:
        held, state = list(x), 1
        for _ in range(3000):
            state = state * 48271 % 2147483647
            a, b = held[state % len(held)], held[state // 7 % len(held)]
            held.append(operations[state % 4](a) * 0.5 + b)
        return total(held[-50:])

    kernel = compile(tangle)
    kernel.value_and_grad([0.1, 0.2, 0.3])
    computed = [part for part in kernel.outline.parts if part.kind in ("value", "derivatives")]
    assert (kernel.outline.loops > 500) is not by_table
    assert len(computed) <= MOST
    drawing = draw(kernel)
    assert re.search(r"in [\d,]+ loops on \d+ cards$", drawing.caption)
    assert "more" in cards(drawing.dot)[2]


def test_many_arguments_share_a_card() -> None:
    kernel = compile(lambda *xs: total(list(xs)), argnums=tuple(range(30)))
    kernel.value_and_grad(*[1.0] * 30)
    arguments, results = parts(kernel, "argument"), parts(kernel, "result")
    assert arguments[0].title == "argument 0"
    assert (len(arguments), arguments[-1].title, arguments[-1].numbers) == (MOST_NAMED + 1, "others", 18)
    assert (results[-1].title, sum(part.numbers for part in results)) == ("by others", 31)


@pytest.mark.parametrize(
    ("f", "titles"),
    [
        (lambda x: 3.0, []),
        (lambda x: x, ["x", "value"]),
        (lambda x: [x * x, x, 2.0], ["x", "once", "value"]),
    ],
)
def test_functions_that_compute_little_are_drawn(f: Callable[[Any], Any], titles: list[str]) -> None:
    kernel = compile(f)
    kernel(2.0)
    assert [part.title for part in kernel.outline.parts] == titles
    assert draw(kernel).svg.startswith("<svg")


def test_values_from_outside_are_an_argument() -> None:
    w = Value(3.0)
    kernel = compile(lambda x: w * x)
    kernel(2.0)
    assert [part.title for part in parts(kernel, "argument")] == ["x", "Values from outside"]


def test_a_kernel_that_was_not_called_says_what_to_do() -> None:
    with pytest.raises(
        RuntimeError,
        match=r"loss has not been called yet, so there is nothing to draw: call it once, "
        r"or draw\(kernel\.variant\(\.\.\.\)\) with arguments like those it will get",
    ):
        draw(compile(loss))


def test_a_variant_is_drawn_without_a_call() -> None:
    variant = compile(loss).variant([1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 1.0])
    assert cards(draw(variant).dot)[-1] == "by w result 4 numbers"


def test_options_of_graphs_are_refused() -> None:
    for name, given in {"fold": "none", "depth": 2, "top": 3, "max_nodes": 10}.items():
        with pytest.raises(ValueError, match=f"{name}= is for graphs of Values: draw"):
            draw(batch(), **{name: given})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="theme must be"):
        draw(batch(), theme="blue")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rankdir must be"):
        draw(batch(), rankdir="RL")  # type: ignore[arg-type]


def test_a_function_of_any_name_is_drawn(tmp_path: Path) -> None:
    def f(**named: Any) -> Any:
        return total(list(named.values()))

    f.__name__ = '<b>"\\N\n'
    kernel = compile(f)
    kernel(**{'<i>&"\\N': 1.0, "größe": 2.0})
    drawing = draw(kernel, theme="dark", rankdir="TB")
    assert drawing.save(tmp_path / "kernel.svg").read_text(encoding="utf-8").startswith("<svg")
    assert "größe" in drawing.dot
    assert "&lt;i&gt;&amp;&quot;" in drawing.dot


def test_two_kernels_stand_beside_each_other_and_every_card_is_told() -> None:
    drawing = draw(batch())
    both = drawing | draw(compile(loss).variant([1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 1.0]))
    assert both.svg.startswith("<svg")
    assert drawing.caption == repr(drawing)[len("<Drawing: ") : -1]
    assert len(drawing.texts["reading"].splitlines()) == 1 + len(batch().outline.parts)
    names = set(re.findall(r'id="(\w+)"', drawing.dot))
    assert names == set(drawing.texts) - {"reading"}


def test_pictures_need_no_llvmlite_unless_a_kernel_is_drawn() -> None:
    code = "import sys; from chainrule.viz import draw; from chainrule.engine import Value\n"
    code += "draw(Value(2.0)); print('llvmlite' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
