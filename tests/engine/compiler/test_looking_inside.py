"""What was recorded and what became of it can be read: tape, Python, LLVM's language, numbers."""

import bdb
import inspect
import math
import random
from typing import Any

import numpy as np
import pytest

from chainrule.engine import TABLE, Value, clip, exp, grad, logsumexp, tanh, value_and_grad, where
from chainrule.engine.compiler import compile
from chainrule.nn import MLP


def loss(w: Any, x: Any) -> Any:
    error = tanh(w[0] * x) - 0.5
    return error * error


def test_the_tape_shows_labels_and_source_lines() -> None:
    kernel = compile(loss)
    kernel([Value(2.0, label="slope")], 3.0)
    tape = kernel.tape
    first = inspect.getsourcelines(loss)[1]
    assert str(tape).splitlines() == [
        "v0 = input 0  # slope",
        "v1 = input 1",
        f"v2 = mul(v0, v1)  # test_looking_inside.py:{first + 1}: w[0] * x",
        f"v3 = tanh(v2)  # test_looking_inside.py:{first + 1}: tanh(w[0] * x)",
        f"v4 = 0.5  # test_looking_inside.py:{first + 1}: tanh(w[0] * x) - 0.5",
        f"v5 = sub(v3, v4)  # test_looking_inside.py:{first + 1}: tanh(w[0] * x) - 0.5",
        f"v6 = mul(v5, v5)  # test_looking_inside.py:{first + 2}: error * error",
    ]
    lines = list(tape)
    assert (len(tape), tape[0], tape[-1], tape[:2]) == (7, lines[0], lines[6], lines[:2])
    assert repr(tape) == "<tape of 7 entries>"
    with pytest.raises(IndexError):
        tape[7]


def test_labels_are_shown_and_never_interpreted() -> None:
    kernel = compile(lambda x: x * 2.0)
    kernel(Value(1.0, label="two\nlines"))
    assert kernel.tape[0] == "v0 = input 0  # two↵lines"
    assert kernel.python()(3.0) == 6.0


@pytest.mark.parametrize("name", ["tape", "ir", "stats", "python"])
def test_before_a_call_there_is_nothing_to_look_at(name: str) -> None:
    kernel = compile(loss)
    with pytest.raises(
        RuntimeError, match="loss has not been called yet, so nothing is recorded: call it, or"
    ):
        kernel.python() if name == "python" else getattr(kernel, name)
    variant = kernel.variant([1.0], 2.0)
    assert kernel.variants == [variant]
    assert kernel.variant([7.0], 3.0) is variant
    assert getattr(variant, name)


def test_the_last_call_decides_which_variant_is_shown() -> None:
    kernel = compile(lambda x: sum(x))
    kernel([1.0, 2.0])
    assert len(kernel.tape) == 3
    kernel([1.0, 2.0, 3.0])
    assert len(kernel.tape) == 5
    assert [len(variant.tape) for variant in kernel.variants] == [3, 5]


def test_ir_and_stats_are_those_of_what_ran() -> None:
    kernel = compile(lambda w, x: tanh(w * x), batch="x", reduce="sum")
    assert "define void @run" in kernel.variant(2.0, [1.0]).ir
    kernel(2.0, [1.0, 2.0])
    value_only = kernel.stats
    kernel.value_and_grad(2.0, [1.0, 2.0])
    both = kernel.stats
    assert both.nodes > value_only.nodes
    assert (both.entries, value_only.entries) == (4, 4)
    assert both.flops_per_sample > value_only.flops_per_sample >= 2
    assert set(both.seconds) >= {"recording", "normal form", "derivatives", "groups", "text", "machine code"}
    assert min(both.code_bytes, both.table_bytes, both.memory_bytes, *both.seconds.values()) > 0
    assert "each sample: tanh" in str(both)


def test_a_layer_is_shown_as_a_nest() -> None:
    kernel = compile(lambda model, x: model(x))
    kernel(MLP(12, [16, 1], seed=0), np.ones(12))
    assert any("for 16: sum of" in line for line in kernel.stats.loops)


def test_the_tape_as_python_is_source_that_reads_and_runs() -> None:
    kernel = compile(loss)
    kernel([2.0], 3.0)
    source = inspect.getsource(kernel.python())
    first = inspect.getsourcelines(loss)[1]
    assert source.splitlines() == [
        "def loss(w, x):",
        "    v0, = numbers_of(w)",
        "    v1, = numbers_of(x)",
        f"    v2 = v0 * v1  # test_looking_inside.py:{first + 1}: w[0] * x",
        f"    v3 = tanh(v2)  # test_looking_inside.py:{first + 1}: tanh(w[0] * x)",
        f"    v5 = v3 - 0.5  # test_looking_inside.py:{first + 1}: tanh(w[0] * x) - 0.5",
        f"    v6 = v5 * v5  # test_looking_inside.py:{first + 2}: error * error",
        "    return structured([v6])",
    ]


class Lines(bdb.Bdb):
    """A debugger that steps through everything and notes where it was."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, int]] = []

    def user_line(self, frame: Any) -> None:
        """Note the line."""
        self.seen.append((frame.f_code.co_name, frame.f_lineno))
        self.set_step()


def test_a_debugger_steps_through_the_tape_as_python() -> None:
    kernel = compile(loss)
    kernel([2.0], 3.0)
    debugger = Lines()
    assert debugger.runcall(kernel.python(), [2.0], 3.0) == loss([2.0], 3.0)
    assert [line for name, line in debugger.seen if name == "loss"] == [2, 3, 4, 5, 6, 7, 8]


def test_python_equals_eager_on_every_row() -> None:
    rng = random.Random(0)
    for row in TABLE.values():
        for point in row.points[:2] or [(0.5,) * max(row.arity, 1)]:
            f = lambda x, row=row: row(*x)  # noqa: E731
            kernel = compile(f)
            kernel(list(point))
            for _ in range(2):
                x = (
                    [number + rng.uniform(0.0, 1e-3) for number in point]
                    if row.name != "polygamma"
                    else point
                )
                found, expected = kernel.python()(list(x)), row(*x)
                assert found == expected or (math.isnan(found) and math.isnan(expected)), row


def test_python_takes_what_the_kernel_takes() -> None:
    outside = Value(2.0, label="outside")
    model = MLP(2, [3, 1], seed=0)

    def f(model: Any, x: Any, *, scale: Any) -> Any:
        inside = where(x["a"] < 0.0, -1.0, clip(x["a"], 0.0, 1.0)) * math.inf if scale is None else 1.0
        return {"y": model([x["a"], x["b"]]) * outside * scale["s"] * inside, "same": x["b"], "one": 1.0}

    kernel = compile(f)
    arguments: dict[str, Any] = {"scale": {"s": -0.5}}
    kernel(model, {"a": 1.0, "b": 2.0}, **arguments)
    assert kernel.python()(model, {"a": 0.25, "b": 3.0}, **arguments) == {
        name: getattr(number, "data", number)
        for name, number in f(model, {"a": 0.25, "b": 3.0}, **arguments).items()
    }
    batched = compile(lambda w, x: w * exp(x), batch="x")
    batched(2.0, [1.0, 2.0])
    assert batched.python()(2.0, 1.0) == 2.0 * exp(1.0)


def test_derivatives_that_the_function_takes_itself_are_on_the_tape() -> None:
    kernel = compile(grad(lambda x: logsumexp(x)))
    x = [0.5, 1.0, -2.0]
    kernel(x)
    assert kernel.python()(x) == pytest.approx(value_and_grad(lambda x: logsumexp(x))(x)[1], rel=1e-15)


def test_a_lambda_has_a_name_to_be_called_by() -> None:
    kernel = compile(lambda x: -x)
    kernel(1.0)
    assert inspect.getsource(kernel.python()).startswith("def replay(x):\n")
    assert kernel.python()(-0.0) == 0.0
