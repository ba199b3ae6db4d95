"""A real debugpy, asked as VS Code asks it, with `justMyCode` on; docs/stepping.md shows these screens."""

from collections.abc import Callable
from typing import Any

Program = Callable[[str], str]
Transcript = Callable[[str, str], None]
Editor = Any  # of conftest.py, which pytest does not let others import


def line_of(text: str, program: str) -> int:
    """Return the number of the line that consists of `text`."""
    return [line.strip() for line in program.splitlines()].index(text) + 1


def shown(stop: Any, *names: str) -> str:
    """Return what an editor would show of a stop: its place, the stack, and some variables."""
    variables = stop.variables()
    lines = [f"stopped at {stop.places[0]}", f"    called from {', '.join(stop.places[1:])}"]
    return "\n".join([*lines, *[f"    {name} = {variables[name]}" for name in names]]) + "\n"


def test_a_loop_of_ones_own_needs_no_settings(
    editor: Editor, program: Program, transcript: Transcript
) -> None:
    text = program("loop")
    line = line_of("print(step)", text)
    editor.debug(text, [{"line": line, "condition": "step.operand is w"}])
    first = editor.stop()
    assert first.places == [f"main.py:{line} train", f"main.py:{line_of('train()', text)} <module>"]
    assert first.evaluate("step.pending") == "1"
    screen = shown(first, "step", "z", "p")
    second = first.go_on()
    assert second.evaluate("str(step)") == "'dL/dw += dL/dv2 * dv2/dw = 0.5 * -1 = -0.5'"
    assert second.evaluate("step.pending") == "0"
    screen += shown(second, "step", "z", "p")
    assert second.go_on() is None
    assert editor.printed.endswith("\n-1.6868 -0.5934\n")
    transcript("debugpy, a loop of your own", screen)


def test_a_watchpoint_stops_in_the_users_file(
    editor: Editor, program: Program, transcript: Transcript
) -> None:
    text = program("watchpoint")
    line = line_of("loss.backward()", text)
    editor.debug(text)
    stop = editor.stop()
    assert stop.places == [
        f"main.py:{line} watchpoint on w",
        f"main.py:{line} train",
        f"main.py:{line_of('train()', text)} <module>",
    ]
    assert stop.evaluate("step.contribution < -1") == "True"
    transcript("debugpy, a watchpoint", shown(stop, "step", "loss", "p", "z"))
    opened = stop.opened("step")  # as by a click in the Variables pane
    assert {"index", "node", "operand", "upstream", "partial", "contribution", "pending"} < set(opened)
    assert opened["operand"] == "Value(-0.5, grad=-1.18676, label='w')"
    assert stop.opened("step", "operand")["label"] == "'w'"
    assert stop.go_on() is None


def test_step_over_from_a_watchpoint_goes_on_in_the_users_file(editor: Editor, program: Program) -> None:
    text = program("watchpoint").replace("lambda step: abs(step.contribution) > 1", "when='sign_change'")
    editor.debug(text.replace("0.5 * w**2", "w * 1.5"))
    stop = editor.stop().go_on("next")
    assert stop.places[0] == f"main.py:{line_of('loss.backward()', text)} train"
    assert stop.go_on() is None


def test_a_breakpoint_at_the_same_line_is_a_stop_of_its_own(editor: Editor, program: Program) -> None:
    text = program("watchpoint")
    line = line_of("loss.backward()", text)
    editor.debug(text, [{"line": line}])
    stop = editor.stop()
    assert stop.places[0] == f"main.py:{line} train"
    stop = stop.go_on()
    assert stop.places[0] == f"main.py:{line} watchpoint on w"
    assert stop.go_on() is None


def test_without_just_my_code_the_pass_is_in_the_stack(editor: Editor, program: Program) -> None:
    editor.debug(program("watchpoint"), just_my_code=False)
    stop = editor.stop()
    assert [place.split()[1] for place in stop.places[:5]] == [
        "watchpoint",
        "walk",
        "backward",
        "backward",
        "train",
    ]
    assert stop.evaluate("(node, operand is step.operand)", frame=1).endswith("True)")
    assert stop.evaluate("upstream * partial == contribution", frame=1) == "True"
    assert stop.go_on() is None


def test_just_my_code_does_not_stop_in_our_package(editor: Editor, program: Program) -> None:
    # Or the other tests would show nothing: a plain breakpoint() inside the package is passed by.
    library = "import chainrule.engine.hooks as library\n"
    library += "exec(compile('def in_library(step):\\n    breakpoint()\\n    return False', "
    library += "library.__file__, 'exec'), vars(library))\nin_library = library.in_library\n"
    text = library + program("watchpoint").replace("lambda step: abs(step.contribution) > 1", "in_library")
    editor.debug(text)
    seen = []
    stop = editor.stop()
    while stop is not None:
        seen.append(stop.places[0])
        stop = stop.go_on()
    assert seen == [] or seen[0].endswith(" train")  # the latter, a line too late, with Python 3.13
