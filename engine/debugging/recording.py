"""Keeping for each value where it was made: `record_sources` and `scope`."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..about import About, OnlySource
from ..modes import watching
from ..primitive import Primitive
from ..value import Constant, Value
from . import written
from .ledger import branches
from .places import ModulePaths, Places
from .source import Made, Site
from .warn import OWN_FOLDERS

if TYPE_CHECKING:
    from contextlib import _GeneratorContextManager

F = TypeVar("F", bound=Callable[..., Any])

_OWN, _OWN_METHOD, _METHOD, _FUNCTION, _TOP = "own", "own method", "method", "function", "top"
_MOST_STRANGERS = 3
"""How many functions are passed in search of the module that called them."""
_scopes: ContextVar[tuple[str, ...]] = ContextVar("scopes", default=())


@overload
def record_sources(function: F, /) -> F: ...
@overload
def record_sources(*, frames: bool = False) -> _GeneratorContextManager[None]: ...
def record_sources(function: F | None = None, /, *, frames: bool = False) -> Any:
    """Keep, for every value made inside, where that was: `value.source`, and names in all messages.

    A context manager, `with record_sources():`, and a decorator, with brackets or without. Holds for the
    thread or task that opened it. Kept is the instruction; file, line, expression and name are looked up
    when asked for. Values made in chainrule's own functions count as made where those were called.
    Leaves are known from their first use: they are called as the variable, attribute or element that
    holds them then, `params[3]`. A label always wins over a name that was found. Comparisons of Values
    made inside are kept too, see `kinks`.
    Building a graph and its backward pass take two to three times as long inside, the graph a few bytes
    more; outside nothing changes.

    Up to Python 3.12 what the variables of a running function held when a leaf was sought there may live
    until it returns.

    frames: keep a copy of the local variables as well, for `value.debug()`. What they hold stays alive as
    long as the value: for short stretches only.

    >>> from chainrule.engine import Value
    >>> x = Value(2.0)
    >>> with record_sources():
    ...     y = x * x + 1.0
    ...     loss = y.tanh()
    >>> loss.source.name, loss.source.text, loss.operands[0].source.name, x.source.name
    ('loss', 'y.tanh()', 'y', 'x')
    """
    if function is None:
        return _recording(frames)
    if not callable(function):
        raise TypeError(f"record_sources decorates functions, got {function!r}: frames=True by keyword")
    return _recording(frames)(function)


@contextmanager
def _recording(frames: bool) -> Iterator[None]:
    with branches() as ledger, watching(_Recorder(frames, ledger.since)):
        yield


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Say what the values made inside belong to: `value.source.module` begins with it.

    Also a decorator. Scopes nest, `encoder.attention`, and hold for the thread or task that opened them.
    Modules of `chainrule.nn` need none: they are known by their places in each other. Both are noted
    inside `record_sources` only.

    >>> from chainrule.engine import Value, record_sources
    >>> with record_sources(), scope("encoder"):
    ...     h = Value(2.0) * 3.0
    >>> h.source.module
    'encoder'
    """
    token = _scopes.set((*_scopes.get(), name))
    try:
        yield
    finally:
        _scopes.reset(token)


class _Recorder:
    """Notes the source of each value, and knows the sites that one block of `record_sources` has seen."""

    def __init__(self, frames: bool, since: float) -> None:
        self.frames = frames
        self.since = since
        self.kinds: dict[int, str] = {}  # what code is, by its identity
        self.codes: list[CodeType] = []  # kept, so that their identities stay theirs
        self.instructions: dict[int, bytes] = {}
        self.sites: dict[tuple[int, int], Site] = {}
        self.callers: dict[tuple[int, int, int], Site] = {}
        self.places = Places()
        self.module_path = ModulePaths()

    def __call__(self, node: Value) -> None:
        """Note where `node` is being made: in the nearest function that is not chainrule's."""
        frame: FrameType | None = sys._getframe(3)  # above this, `record` and the operation
        kinds = self.kinds
        called: CodeType | None = None
        inner: FrameType | None = None  # the methods of modules that are at work
        outer: FrameType | None = None
        while frame is not None:
            code = frame.f_code
            kind = kinds.get(id(code)) or self._kind(frame)
            if kind is _OWN_METHOD:
                outer = frame
                inner = inner or frame
            elif kind is not _OWN:
                break
            called, frame = code, frame.f_back
        if frame is None:
            return  # nobody's but ours: a thread that runs a function of the engine's
        site = self.sites.get((id(code), frame.f_lasti)) or self._new_site(frame, called)
        if site.returned:
            site = self._called_from(site, frame.f_back)
        node.about = site
        several = site.several
        for operand in node.operands:
            if operand.primitive is None:
                if getattr(operand, "about", None) is None and type(operand) is not Constant:
                    self._note_leaf(operand, node, site, frame)
            elif several:  # a value that goes into the next one of the same call is not the call's result
                known = getattr(operand, "about", None)
                if known is site and site.step is not None:
                    operand.about = site.step
                elif type(known) is not Site and known is not None:
                    _note_step(known, site)
        caller: FrameType | None = frame
        strangers = _MOST_STRANGERS
        while caller is not None and strangers and kind is not _TOP:
            if kind is _METHOD or kind is _OWN_METHOD:
                outer = caller
                inner = inner or caller
                strangers = _MOST_STRANGERS
            strangers -= 1
            caller = caller.f_back
            if caller is not None:
                kind = kinds.get(id(caller.f_code)) or self._kind(caller)
        scopes = _scopes.get()
        if outer is not None or scopes or self.frames:
            if outer is not None and inner is not None:
                scopes = (*scopes, self.module_path(outer.f_locals["self"], inner.f_locals["self"]))
            node.about = made = Made(site, ".".join(scopes))
            if self.frames:
                made.variables = (frame.f_globals, dict(frame.f_locals))

    def _kind(self, frame: FrameType) -> str:
        """Return whose code the frame runs: ours or the user's, a module's method or another function."""
        code = frame.f_code
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        owner = frame.f_locals.get("self") if code.co_varnames[:1] == ("self",) else None
        is_method = hasattr(type(owner), "named_parameters")
        if code.co_filename.startswith(OWN_FOLDERS) or package == "numpy":  # which passes on what is ours
            kind = _OWN_METHOD if is_method else _OWN
        elif code.co_name == "<module>":
            kind = _TOP
        else:
            kind = _METHOD if is_method else _FUNCTION
        linecache.lazycache(code.co_filename, frame.f_globals)  # for sources that are no files
        self.kinds[id(code)] = kind
        self.codes.append(code)
        return kind

    def _new_site(self, frame: FrameType, called: CodeType | None) -> Site:
        """Return the site at which the frame stands.

        called: the function of chainrule's that the user's code called; None for the operation itself.
        """
        code, at = frame.f_code, frame.f_lasti
        called = called or sys._getframe(3).f_code
        instructions = self._instructions(code)
        is_call = written.operation_at(instructions, at).startswith("CALL")
        one = called is Primitive.__call__.__code__ or called.co_name == "method"
        returned = written.next_operation(instructions, at) == "RETURN_VALUE"
        site = self.sites[id(code), at] = Site(code, at, self.since, is_call and not one, returned)
        return site

    def _instructions(self, code: CodeType) -> bytes:
        known = self.instructions.get(id(code))
        if known is None:
            known = self.instructions[id(code)] = code.co_code
            self.codes.append(code)
        return known

    def _called_from(self, site: Site, frame: FrameType | None) -> Site:
        """Return the site of a value that is returned: with that of the call, if what it gives is kept."""
        # Functions that return at once what they were given pass it on, chainrule's own ones too.
        while frame is not None:
            instructions = self._instructions(frame.f_code)
            if written.next_operation(instructions, frame.f_lasti) != "RETURN_VALUE":
                break
            frame = frame.f_back
        if frame is None or self._kind(frame) in (_OWN, _OWN_METHOD):
            return site
        key = (id(site), id(frame.f_code), frame.f_lasti)
        known = self.callers.get(key)
        if known is None:
            caller = Site(frame.f_code, frame.f_lasti, self.since)
            known = Site(site.code, site.instruction, self.since, site.several, caller=caller)
            self.callers[key] = known
        return known

    def _note_leaf(self, leaf: Value, node: Value, site: Site, frame: FrameType) -> None:
        """Note the first use of a leaf, and its name where it can be found."""
        made = Made(site)
        made.used_as = (next(i for i, o in enumerate(node.operands) if o is leaf), len(node.operands))
        if not leaf.label:
            made.place = self.places.name(leaf, frame)
        leaf.about = made


def _note_step(known: About | OnlySource, site: Site) -> None:
    """Say of a value that was made at `site` that it is not the result, where more is known of it."""
    source = known.source
    if source is not None and source.site is site:
        if type(source) is Made and site.step is not None:
            source.site = site.step
        elif type(known) is About:
            known.source = site.step
