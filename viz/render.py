"""From DOT text to a picture: graphviz with the system's `dot`, else pygraphviz, which brings its own."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_library = Lock()  # the C library behind pygraphviz is not made for several threads


class RenderError(RuntimeError):
    """No graphviz could draw the picture; the message says what was tried and what to install."""


class _NotThisWayError(Exception):
    """One way of drawing does not work here, and why."""


def render(source: str, format: str) -> bytes:
    """Return the picture that graphviz makes of DOT text.

    format: "svg", "png", "pdf" or another that graphviz knows.
    Raises RenderError where neither a system `dot` nor pygraphviz works.

    >>> render("digraph { a -> b }", "svg")[:5]
    b'<?xml'
    """
    reasons = []
    for way in (_by_system_dot, _by_pygraphviz):
        try:
            return way(source, format)
        except _NotThisWayError as reason:
            reasons.append(str(reason))
    raise RenderError(
        f"no graphviz could draw this as {format}: {'; '.join(reasons)}. Install either: "
        '`pip install "chainrule[viz]"` brings graphviz and pygraphviz, and the package graphviz of your '
        "system (apt, brew, winget, ...) brings `dot`."
    )


def _by_system_dot(source: str, format: str) -> bytes:
    try:
        import graphviz
    except ImportError as error:
        raise _NotThisWayError("the package graphviz is not installed") from error
    try:
        return bytes(graphviz.pipe("dot", format, source.encode(), quiet=True))
    except graphviz.ExecutableNotFound as error:
        raise _NotThisWayError("there is no `dot` on the PATH") from error
    except graphviz.CalledProcessError as error:
        raise _NotThisWayError(f"`dot` failed ({_first_line(error.stderr)})") from error
    except OSError as error:
        raise _NotThisWayError(f"`dot` does not run ({error.strerror})") from error


def _by_pygraphviz(source: str, format: str) -> bytes:
    with _library, warnings.catch_warnings(), _silence():
        warnings.simplefilter("ignore")  # its bindings warn on newer Pythons; nobody here can act on that
        try:
            import pygraphviz
        except ImportError as error:
            raise _NotThisWayError("pygraphviz is not installed") from error
        try:
            graph = pygraphviz.AGraph(string=source)
            picture = graph.draw(format=format, prog="dot")
            graph.close()
        except Exception as error:  # the package names no class for its errors
            raise _NotThisWayError(f"pygraphviz failed ({error})") from error
    if not picture:
        raise _NotThisWayError(f"pygraphviz made no {format}")
    return bytes(picture)


@contextmanager
def _silence() -> Iterator[None]:
    """Drop what C code prints on standard error: remarks on fonts that nobody here can act on."""
    try:
        kept = os.dup(2)
    except OSError:  # a program without a console has no standard error
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _first_line(text: bytes) -> str:
    return text.decode(errors="replace").strip().partition("\n")[0] or "it said nothing"
