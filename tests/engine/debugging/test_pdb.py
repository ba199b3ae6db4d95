"""A real pdb in a process of its own, driven by its commands; docs/stepping.md shows these screens."""

import inspect
import sys
from collections.abc import Callable

from chainrule.engine import graph

Session = Callable[..., str]
Program = Callable[[str], str]
Transcript = Callable[[str, str], None]

ROUNDED = "p round(upstream, 5), partial, round(contribution, 5)"  # the last digits differ between libraries


def line_of(text: str, program: str) -> int:
    """Return the number of the line that consists of `text`."""
    return [line.strip() for line in program.splitlines()].index(text) + 1


def said(screen: str) -> dict[str, str]:
    """Return what followed each command."""
    answers = screen.split("(Pdb) ")[1:]
    return {command: answer for command, _, answer in (text.partition("\n") for text in answers)}


def numbers(answer: str) -> list[float]:
    """Return the numbers of a tuple as pdb shows it."""
    return [float(text) for text in answer.strip("()\n").split(", ")]


def test_a_loop_of_ones_own(pdb: Session, program: Program, transcript: Transcript) -> None:
    text = program("loop")
    line = line_of("print(step)", text)
    commands = [f"b {line}", "c", "p step", "p z", "condition 1 step.operand is w"]
    commands += ["c", "p step.node, step.pending", "c", "p str(step)", "p step.pending", "p w", "q"]
    screen = pdb(text, commands, "-m", "pdb")
    answers = said(screen)
    assert answers["p step"] == "<Step 0: dL/dv13 += dL/dL * dL/dv13 = 1 * 1 = 1>\n"
    assert answers["p step.pending"] == "0\n"
    assert f"> main.py({line})train()\n-> print(step)" in screen
    transcript("pdb, a loop of your own", screen)


def test_inside_backward(pdb: Session, program: Program, transcript: Transcript) -> None:
    text = program("watchpoint").replace("w.break_when(lambda step: abs(step.contribution) > 1)\n", "")
    line = line_of("operand.grad += contribution", inspect.getsource(graph))
    place = f"b chainrule/engine/graph:{line}"
    commands = [place, "c", "condition 1 operand.label == 'w'", "c", "p node", "p operand"]
    commands += [ROUNDED, "q"]
    screen = pdb(text, commands, "-m", "pdb")
    answers = said(screen)
    assert "-> operand.grad += contribution" in answers["c"]
    assert answers["p node"] == "Value(mul(-0.5, 2) = -1, grad=-0.593382)\n"
    assert answers["p operand"] == "Value(-0.5, grad=0, label='w')\n"
    assert numbers(answers[ROUNDED]) == [-0.59338, 2.0, -1.18676]
    transcript("pdb, inside backward", screen.replace(f"graph:{line}", "graph:…"))


def test_a_condition_where_the_breakpoint_is_set(pdb: Session, program: Program) -> None:
    text = program("loop")
    commands = [f"b main.py:{line_of('print(step)', text)}, abs(step.contribution) > 1", "c", "p step", "q"]
    answers = said(pdb(text, commands, "-m", "pdb"))
    assert answers["p step"] == "<Step 7: dL/dw += dL/dv6 * dv6/dw = -0.593382 * 2 = -1.18676>\n"


def test_a_watchpoint(pdb: Session, program: Program, transcript: Transcript) -> None:
    text = program("watchpoint")
    screen = pdb(text, ["p step", "p loss", "up", "p node, operand", ROUNDED, "c"])
    answers = said(screen)
    line = line_of("loss.backward()", text)
    assert screen.startswith(f"> main.py({line})watchpoint on w()\n-> loss.backward()\n")
    assert "dL/dw += " in answers["p step"]
    transcript("pdb, a watchpoint", screen)


def test_a_program_of_one_line_stops_at_it(pdb: Session) -> None:
    text = "from chainrule.engine import Value; w = Value(3.0, 'w'); w.break_when(bool); (w * 2.0).backward()"
    screen = pdb(text, ["p step.contribution", "c"])
    assert screen.startswith("> main.py(1)watchpoint on w()\n-> from")
    assert said(screen)["p step.contribution"] == "2.0\n"


def test_three_times_up_is_the_call_itself(pdb: Session, program: Program) -> None:
    screen = pdb(program("watchpoint"), ["up", "up", "up", "up", "p step", "c"])
    answers = said(screen)
    assert "train()\n-> loss.backward()" in answers["up"]
    assert answers["p step"] == "*** NameError: name 'step' is not defined\n"


def test_a_watchpoint_at_a_line_with_a_breakpoint_is_a_stop_of_its_own(
    pdb: Session, program: Program
) -> None:
    text = program("watchpoint").replace("\ntrain()", "\nbreakpoint()\ntrain()")
    line = line_of("loss.backward()", text)
    again = (
        ["c"] if sys.version_info >= (3, 13) else []
    )  # there pdb stops at the call, besides the breakpoint
    screen = pdb(text, [f"b {line}", "c", "c", "p str(step)", *again, "c"])
    assert screen.count(f"> main.py({line})train()") == 1
    assert screen.count(f"> main.py({line})watchpoint on w()") == 1 + len(again)
    assert "dL/dw += " in said(screen)["p str(step)"]


def test_stepping_with_a_watchpoint_stops_at_the_loop(pdb: Session, program: Program) -> None:
    text = program("loop").replace("def train", "w.break_when(when='sign_change')\n\n\ndef train")
    text = text.replace("0.5 * w**2", "w * 1.5")
    screen = pdb(text, ["p step.grad_before, step.grad_after", "c"])
    assert f"> main.py({line_of('for step in loss.backward_steps():', text)})watchpoint on w()" in screen
    before, after = numbers(said(screen)["p step.grad_before, step.grad_after"])
    assert before < 0 < after
