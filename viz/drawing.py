"""What users call: `draw(root)` and micrograd's `draw_dot(root)`, and the drawing that comes back."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ..engine import Value
from ..engine.files import path_of, refuse_folder, write_whole
from ..engine.value import described
from .beside import captions_of, combined
from .fold.plan import Fold
from .kernel_picture import HasOutline, is_kernel
from .picture import listed, picture, picture_of_kernel
from .render import RenderError, render
from .svg import finished
from .theme import Theme

FORMATS = ("svg", "png", "pdf", "dot")
EXAMPLE = "graph.svg"  # what to save, where a folder was given


class Drawing:
    """A graph as it stood when it was drawn: as DOT text at once, as a picture on demand.

    Made by `draw` and `draw_dot`. Notebooks show it; `save` writes it. It answers to the names that
    users of graphviz know: `source`, `format`, `pipe`, `render`.
    """

    def __init__(self, dot: str, texts: Mapping[str, str], *, theme: Theme, format: str) -> None:
        self.dot = dot
        """The graph in graphviz's language."""
        self.format = format
        """What `pipe` and `render` make when they are not told."""
        self._texts = texts
        self._theme = theme
        self._parts: tuple[Drawing, ...] = (self,)
        self._svg: str | None = None

    @property
    def texts(self) -> Mapping[str, str]:
        """What is said of each card and arrow, by the names in `dot`, and of the whole, under "graph".

        Under "reading" stands every card in topological order, for those who cannot see the picture.
        """
        return self._texts

    @property
    def caption(self) -> str:
        """What the picture shows, in one sentence."""
        return self._texts["graph"]

    def __or__(self, other: object) -> "Drawing":
        """Return both drawings as one picture, `before | after`, with captions; `a | b | c` takes more.

        They stand side by side or, where that would be too wide to read, one above the other. A drawing
        shows its graph as it stood when it was drawn, so an optimizer's step between two shows.

        >>> w = Value(2.0, label="w")
        >>> before = draw(w * w)
        >>> w.data -= 0.5
        >>> before | draw(w * w)
        <Drawing: before: Graph of 2 values; root = 4 | after: Graph of 2 values; root = 2.25>
        """
        return beside(*self._parts, *other._parts) if isinstance(other, Drawing) else NotImplemented

    @property
    def source(self) -> str:
        """The same as `dot`."""
        return self.dot

    @property
    def svg(self) -> str:
        """The picture as an `<svg>` element, for a file or a page. Raises RenderError without graphviz."""
        if self._svg is None:
            made = render(self.dot, "svg").decode()
            self._svg = finished(made, self.dot, self._texts, adapts=self._theme == "auto")
        return self._svg

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to `path` and return it; the suffix decides: .svg, .png, .pdf or .dot.

        A file of that name is replaced as a whole: there is never half a picture.
        Raises ValueError for another suffix, TypeError for what is no path, OSError where it cannot be
        written, and RenderError where there is no graphviz: the DOT text is then saved beside it, as
        `graph.svg.dot` for `graph.svg`.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = draw(Value(2.0, label="a") * 3.0).save(f"{folder}/graph.svg")
        ...     path.read_text(encoding="utf-8")[:4]
        '<svg'
        """
        target = path_of(path, "save(path)", EXAMPLE)
        refuse_folder(target, EXAMPLE)
        suffix = target.suffix.lower().removeprefix(".")
        if suffix not in FORMATS:
            page = "; show_graph(root, path) makes a page" * (suffix in ("html", "htm"))
            raise ValueError(
                f"cannot tell a format from {str(path)!r}: end it in {listed(FORMATS, '.')}{page}"
            )
        self._write(target, suffix, kept_as=target.with_name(target.name + ".dot"))
        return target

    def pipe(self, format: str | None = None) -> bytes:
        """Return the picture as the bytes of a file.

        format: "svg", "png", "pdf" or "dot"; the drawing's own without it.
        Raises ValueError for another, RenderError where there is no graphviz.

        >>> draw(Value(2.0)).pipe("dot").decode() == draw(Value(2.0)).dot
        True
        """
        format = self.format if format is None else _known_format(format)
        if format == "dot":
            return self.dot.encode()
        if format == "svg":
            return self.svg.encode()
        sharp = "{\n  dpi=144;" if format == "png" else "{"  # pixels for screens of today
        return render(self.dot.replace("{", sharp, 1), format)

    def render(
        self, filename: str | os.PathLike[str] = "graph", format: str | None = None, cleanup: bool = False
    ) -> str:
        """Write the DOT text to `filename`, the picture to `filename` and a suffix; return the latter's path.

        For code written for graphviz; `save` is simpler.
        cleanup: leave the picture only.

        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = draw(Value(2.0)).render(f"{folder}/gout", format="png")
        ...     sorted(os.listdir(folder))
        ['gout', 'gout.png']
        """
        format = self.format if format is None else _known_format(format)
        text, picture = Path(filename), Path(f"{os.fspath(filename)}.{format}")
        if not cleanup:
            write_whole(text, self.dot.encode(), EXAMPLE)
        self._write(picture, format, kept_as=text)
        return str(picture)

    def _write(self, target: Path, format: str, *, kept_as: Path) -> None:
        """Write one format; where that cannot be drawn, write the DOT text to `kept_as` and say so."""
        try:
            data = self.pipe(format)
        except RenderError as error:
            write_whole(kept_as, self.dot.encode(), EXAMPLE)
            raise RenderError(f"{error} The graph is saved as DOT text in {str(kept_as)!r}.") from error
        write_whole(target, data, EXAMPLE)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return what a notebook shows: the picture where it can be drawn, and text."""
        try:
            return {"text/plain": repr(self), "image/svg+xml": self.svg}
        except Exception as error:  # a cell's output must not turn into a traceback
            return {"text/plain": f"{self!r}\n{error}"}

    def __repr__(self) -> str:
        return f"<Drawing: {self.caption}>"


def draw(
    root: Value | HasOutline,
    *,
    fold: Fold = "auto",
    depth: int | None = None,
    around: Value | None = None,
    radius: int | None = None,
    only: Iterable[Value] | None = None,
    top: int | None = None,
    theme: Theme = "auto",
    rankdir: Literal["LR", "TB"] | None = None,
    max_nodes: int = 150,
) -> Drawing:
    """Return a drawing of what `root` was made from: a card for each value, or, of large graphs, for many.

    A card shows label, operation, number and gradient; an arrow `×` its local derivative, and, where a
    value is used more than once, `=` what flows back along it (the gradient is the sum of these). Orange
    is positive; blue and dashed negative. Gradients are those of the last `backward()`; before one they
    are dashes. An unnamed number used once stands in the card that uses it, `( ) × 0.5`; arrows from other
    constants are thin and bare, since no gradient flows along them. Dead and saturated units, kinks that
    were hit, NaN and inf are said in red.

    fold: "auto" folds graphs of more than `max_nodes` values, as far as it takes; "none" does not;
    "neuron" makes one card of each weighted sum with its activation: a row for each weight with its
    gradient (of many the largest), z, the slope, what comes out; "scope" makes one card of each layer and
    `scope`, and of other values that are alike. Such a card has the shape of its weights, the number of
    values, their root mean square (rms), and the rms and the largest of the gradients; the bar is full
    for the largest rms (of weights, or of other values) and a quarter shorter for each factor of ten.
    depth: how deep into scopes within scopes; as deep as can be taken in at a glance unless given.
    around, radius: draw what is at most `radius` arrows (2 unless given) away from the value `around`.
    only: draw these values: `only=path(w, loss)`.
    top: draw of each value's operands only those `top` with the largest contributions, and what these
    were made from. Cards say how much of their surroundings such pictures of a part leave out.
    theme: "light", "dark", or "auto": an SVG that follows the screen.
    rankdir: "LR" from left to right, "TB" from top to bottom; unless given to the right, and down where a
    row would be too long to read.
    max_nodes: how many cards there may be; above 200 values one by one, arrows carry no numbers.
    A compiled function, `compile(f)` that was called or `kernel.variant(...)`, is drawn as its arguments, the
    loops it became and its results, on 47 cards at most; of the options it takes theme and rankdir.
    Raises TypeError for what is not a Value, ValueError for other words and numbers than these, for a
    value that is not in the graph, and where `fold` or `depth` asks for more than `max_nodes` cards;
    RuntimeError for a compiled function that was not called.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b
    >>> c.backward()
    >>> draw(c)
    <Drawing: Graph of 3 values; root = −6>
    """
    if is_kernel(root):
        others = {"fold": fold != "auto", "depth": depth is not None, "around": around is not None}
        others |= {"radius": radius is not None, "only": only is not None, "top": top is not None}
        given = [name for name, given in (others | {"max_nodes": max_nodes != 150}).items() if given]
        return Drawing(*picture_of_kernel(root, theme, rankdir or "LR", given), theme=theme, format="svg")
    dot, texts = picture(
        root,
        fold=fold,
        depth=depth,
        around=around,
        radius=radius,
        only=only,
        top=top,
        theme=theme,
        rankdir=rankdir,
        max_nodes=max_nodes,
    )
    return Drawing(dot, texts, theme=theme, format="svg")


def beside(*drawings: Drawing, captions: Sequence[str] | None = None) -> Drawing:
    """Return several drawings as one picture, each with a caption above it; `before | after` in short.

    captions: one for each drawing; without them "before" and "after", or numbers, and what each shows.
    The picture has the theme and the direction of the first. Raises TypeError for what is no drawing,
    ValueError for fewer than two of them and for another number of captions.

    >>> w = Value(2.0, label="w")
    >>> beside(draw(w * w), draw(w + w), captions=["a product", "a sum"])
    <Drawing: a product | a sum>
    """
    for drawing in drawings:
        if not isinstance(drawing, Drawing):
            raise TypeError(f"beside takes drawings, as draw returns them; got {described(drawing)}")
    if len(drawings) < 2:
        raise ValueError(f"beside takes two drawings or more, got {len(drawings)}")
    captions = captions_of(drawings) if captions is None else captions
    if isinstance(captions, str) or len(captions) != len(drawings):
        count = 1 if isinstance(captions, str) else len(captions)
        raise ValueError(f"beside takes a caption for each of {len(drawings)} drawings, got {count}")
    first = drawings[0]
    both = Drawing(*combined(drawings, captions, first._theme), theme=first._theme, format=first.format)
    both._parts = drawings
    return both


def draw_dot(root: Value, format: str = "svg", rankdir: str = "LR", *, max_nodes: int = 150) -> Drawing:
    """Return `draw(root)`, called as micrograd's notebook calls it.

    format: what `pipe` and `render` make: "svg", "png", "pdf" or "dot".
    Raises ValueError for another format or rankdir, and what `draw` raises.

    >>> draw_dot(Value(2.0, label="a") + 1.0, rankdir="TB")
    <Drawing: Graph of 3 values; root = 3>
    """
    dot, texts = picture(root, theme="auto", rankdir=rankdir, max_nodes=max_nodes)
    return Drawing(dot, texts, theme="auto", format=_known_format(format))


def _known_format(format: str) -> str:
    if format not in FORMATS:
        raise ValueError(f"format must be {listed(FORMATS)}, got {format!r}")
    return format
