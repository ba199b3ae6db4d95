"""What a picture says when the pointer rests on it: full labels, every digit, the step of the chain rule."""

import math

from ..engine import Value
from ..engine.names import own_name
from ..engine.words import exact, number, plain
from .fold.figures import Figures, counted, spread_text
from .scene import Arrow, Scene, is_constant
from .summary import Summary


def tooltips(scene: Scene, summary: Summary | None = None) -> dict[str, str]:
    """Return the text for each card and arrow by its name in the picture, and the whole's under "graph"."""
    texts = {"graph": caption(scene, summary)}
    texts |= {scene.names[value]: _of_value(value, scene) for value in scene.cards}
    texts |= {arrow.name: _of_arrow(arrow, scene) for arrow in scene.arrows}
    if summary is not None:
        texts |= {summary.name(group): _of_group(summary.figures(group)) for group in summary.cards}
        texts |= {flow.name: counted(flow.count, "value") for flow in summary.flows}
    return texts


def caption(scene: Scene, summary: Summary | None = None) -> str:
    """Return one sentence for those who cannot see the picture."""
    root, many = scene.root, summary.cards if summary is not None else ()
    graph = f"Graph of {counted(scene.whole, 'value')}"
    if many or scene.neurons:
        graph += f" in {counted(len(many) + len(scene.cards), 'card')}"
    elif not scene.complete:
        graph = f"{len(scene.values):,} of the {counted(scene.whole, 'value')} of a graph"
    return f"{graph}; {scene.name_of(root)} = {number(float(root.data))}"


def _of_group(says: Figures) -> str:
    lines = [says.title, *says.lines, f"data: {spread_text(says.data)}"]
    if says.gradient is not None:
        lines.append(f"gradients{f' of {says.of}' if says.of else ''}: {spread_text(says.gradient)}")
    return "\n".join([*lines, *says.marks])


def _of_value(value: Value, scene: Scene) -> str:
    name = plain(value.label) or own_name(value)
    lines = [name] if name else []
    if value.primitive is None:
        lines.append(plain(type(value).kind))
    else:
        row = value.primitive
        lines.append(f"{plain(row.name)}: {plain(row.formula)}{_with_constant(value, scene)}")
    lines.append(f"data = {exact(float(value.data))}")
    return "\n".join(lines + _of_gradient(value, scene))


def _with_constant(value: Value, scene: Scene) -> str:
    constant = scene.folded.get(value)
    if constant is None:
        return ""
    return f", {'x' if value.operands[0] is constant else 'y'} = {exact(float(constant.data))}"


def _of_gradient(value: Value, scene: Scene) -> list[str]:
    if is_constant(value):
        return ["a constant: no gradient is asked for"]
    gradient = scene.gradient(value)
    if gradient is None:
        return ["gradient: none before backward()"]
    # A pass that began beyond the root left other gradients than those of the root.
    of = (
        f" d {scene.name_of(scene.root)} / d {scene.name_of(value)}"
        if scene.flowing_into[scene.root] == 1.0
        else ""
    )
    lines = [f"gradient{of} = {exact(gradient)}"]
    received = scene.flowing_into[value]
    explained = len(scene.values) == scene.whole and not scene.neurons  # every use has its arrow
    if explained and value.primitive is None and not _agree(gradient, received):
        lines.append(f"of which {exact(received)} in this picture; other passes or other code made the rest")
    return lines


def _agree(x: float, y: float) -> bool:
    return not math.isfinite(x) or math.isclose(x, y, rel_tol=1e-9)


def _of_arrow(arrow: Arrow, scene: Scene) -> str:
    local = f"d {scene.name_of(arrow.user)} / d {scene.name_of(arrow.operand)} = {exact(arrow.partial)}"
    if arrow.contribution is None:
        return local
    upstream = exact(scene.gradient(arrow.user) or 0.0)
    return f"{local}\nflows back: {upstream} · {exact(arrow.partial)} = {exact(arrow.contribution)}"
