"""What `record_sources` does with every value that is made: noting the instruction, and little else.

This runs at each operation, so it is written for speed. An instruction is known by its address, one
number; what is found out about it once, its site, then answers for every value made there.
"""

from __future__ import annotations

import linecache
from contextvars import ContextVar
from sys import _getframe
from types import CodeType, FrameType
from typing import Any, NamedTuple

from ..about import About
from ..primitive import Primitive
from ..value import Constant, Value
from . import written
from .places import ModulePaths, Places
from .source import FirstUse, Made, Site
from .warn import OWN_FOLDERS

_OWN, _OWN_METHOD, _METHOD, _FUNCTION, _TOP = "own", "own method", "method", "function", "top"
_CALLER = 4
"""How far above a method that `note` calls the operation's caller is: `note`, `record` and the operation."""
_MOST_STRANGERS = 3
"""How many functions are passed in search of the module that called them."""
open_scopes: ContextVar[tuple[str, ...]] = ContextVar("scopes", default=())
_scopes_here = open_scopes.get
scopes_open = 0
"""How many blocks of `scope` are open, in all threads together; while none is, the variable is not asked."""

_new = object.__new__
_NONE: dict[int, Site] = {}


class _Trail(NamedTuple):
    """The functions at work where a value is made, from the operation's caller on outwards.

    codes: of the second one to the last that matters.
    user: which is the first that is not chainrule's.
    outer, inner: the first and the last called of the modules' methods; -1 without any.
    whole: False where the stack ended: the next one to come this way may have more callers.
    """

    codes: tuple[CodeType, ...]
    user: int
    outer: int
    inner: int
    whole: bool


class Recorder:
    """Notes the source of each value, and knows the sites that one block of `record_sources` has seen."""

    def __init__(self, frames: bool, since: float) -> None:
        self.frames = frames
        self.since = since
        self.kinds: dict[int, str] = {}  # what code is, by its identity
        self.codes: list[CodeType] = []  # kept, so that their identities stay theirs
        self.instructions: dict[int, bytes] = {}
        # By the address of the instruction: code objects hold their instructions, so that no two of those
        # alive, all of which are kept, have the same sum of identity and offset.
        self.sites: dict[int, Site] = {}
        # By code and offset: where an operator is written, or a function that calls it, such as sum.
        self.plain: dict[int, dict[int, Site]] = {}
        self.latest: tuple[CodeType | None, dict[int, Site]] = None, _NONE  # those of one code, the newest's
        self.trails: dict[int, _Trail] = {}  # the latest ones from there
        self.callers: dict[tuple[int, int], Site] = {}
        self.made: dict[int, tuple[Made, Site, object, tuple[str, ...]]] = {}
        self.places = Places()
        self.module_path = ModulePaths()

    def note(self, node: Value) -> None:
        """Note where `node` is being made: in the nearest function that is not chainrule's."""
        frame = _getframe(3)  # above this, `record` and the operation
        code, sites = self.latest  # one attribute, so that threads that share it cannot mix two
        if frame.f_code is not code:
            sites = self.plain.get(id(frame.f_code), _NONE)
        site: Any = sites.get(frame.f_lasti)
        if site is None or (scopes_open and _scopes_here()):
            self._note(node)
            return
        if site.near is not None:
            as_before = False
            try:
                caller: Any = frame.f_back
                if caller.f_code is site.near:
                    if site.returned:
                        site = site.results[caller.f_lasti]
                    as_before = site.far is None or caller.f_back.f_code is site.far
            except (KeyError, AttributeError):  # not called from there yet, or from nowhere
                pass
            if not as_before:
                self._note(node)
                return
        node.about = site
        step = site.step
        for operand in node.operands:
            if operand.primitive is None:
                if type(operand) is not Constant and not hasattr(operand, "about"):
                    self._note_leaf(operand, node, site, frame)
            elif step is not None and getattr(operand, "about", None) is site:
                operand.about = step

    def _note(self, node: Value) -> None:
        """Do the same wherever it is made."""
        start = _getframe(_CALLER)
        trail = self._trail(start)
        if trail.user < 0:
            return  # nobody's but ours: a thread that runs a function of the engine's
        frame = _getframe(_CALLER + trail.user)
        site = first = self.sites.get(id(frame.f_code) + frame.f_lasti) or self._new_site(frame, trail)
        caller = frame.f_back
        if first.returned:
            site = self._called_from(first, caller)
        known: Site | Made = site
        scopes = _scopes_here() if scopes_open else ()
        if trail.inner >= 0:
            outer, inner = _getframe(_CALLER + trail.outer), _getframe(_CALLER + trail.inner)
            known = self._in_module(site, scopes, outer.f_locals["self"], inner.f_locals["self"])
        elif scopes:
            known = Made(site, ".".join(scopes))
        elif trail.user == 0 and trail.whole and not self.frames:
            near, far = (*trail.codes, None, None)[:2]
            if first.near is not near:
                first.results = {}
            site.near, site.far = first.near, first.far = near, far
            if site.caller is not None and caller is not None and site.caller.stands_at(caller):
                first.results[caller.f_lasti] = site
            sites = self.plain[id(frame.f_code)]
            sites[frame.f_lasti] = first
            self.latest = frame.f_code, sites
        if self.frames:
            known = Made(site, known.module, (frame.f_globals, dict(frame.f_locals)))
        node.about = known
        several = site.several
        for operand in node.operands:
            if operand.primitive is None:
                if type(operand) is not Constant:
                    try:
                        operand.about  # noqa: B018  # quicker than hasattr for what has it, as most weights do
                    except AttributeError:
                        self._note_leaf(operand, node, site, frame)
            elif several:  # a value that goes into the next one of the same call is not the call's result
                try:
                    about = operand.about
                except AttributeError:
                    continue
                if about is site:
                    operand.about = site.step  # type: ignore[assignment]  # there is one
                elif type(about) is Made:
                    if about.site is site:
                        operand.about = about.step  # type: ignore[assignment]
                elif type(about) is About and about.source is not None and about.source.site is site:
                    about.source = about.source.step

    def _trail(self, frame: FrameType) -> _Trail:
        """Return what the functions at work are, from that of the given frame outwards."""
        start = id(frame.f_code) + frame.f_lasti
        trail = self.trails.get(start)
        if trail is not None:
            caller: Any = frame
            try:
                for code in trail.codes:
                    caller = caller.f_back
                    if caller.f_code is not code:
                        break
                else:
                    return trail
            except AttributeError:  # None: there are not so many this time
                pass
        trail = self._explored(frame)
        if trail.whole:
            self.trails[start] = trail
        return trail

    def _explored(self, frame: FrameType | None) -> _Trail:
        """Do the same where they are others than the last time."""
        codes: list[CodeType] = []
        user = outer = inner = -1
        strangers = _MOST_STRANGERS
        while frame is not None and strangers:
            kind = self._known_kind(frame)
            if user < 0 and kind is not _OWN and kind is not _OWN_METHOD:
                user = len(codes)
            if kind is _METHOD or kind is _OWN_METHOD:
                outer = len(codes)
                inner = outer if inner < 0 else inner
                strangers = _MOST_STRANGERS
            codes.append(frame.f_code)
            if kind is _TOP:
                break
            strangers -= user >= 0
            frame = frame.f_back
        return _Trail(tuple(codes[1:]), user, outer, inner, frame is not None or not strangers)

    def _known_kind(self, frame: FrameType) -> str:
        return self.kinds.get(id(frame.f_code)) or self._kind(frame)

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
        self.plain[id(code)] = {}
        return kind

    def _new_site(self, frame: FrameType, trail: _Trail) -> Site:
        """Return the site at which the user's frame stands."""
        code, at = frame.f_code, frame.f_lasti
        called = _getframe(_CALLER + trail.user).f_code  # what it called: the operation, or what led to it
        instructions = self._instructions(code)
        is_call = written.operation_at(instructions, at).startswith("CALL")
        one = called is Primitive.__call__.__code__ or called.co_name == "method"
        returned = written.next_operation(instructions, at) == "RETURN_VALUE"
        site = self.sites[id(code) + at] = Site(code, at, self.since, is_call and not one, returned)
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
        if frame is None or self._known_kind(frame) in (_OWN, _OWN_METHOD):
            return site
        key = (id(site), id(frame.f_code) + frame.f_lasti)
        known = self.callers.get(key)
        if known is None:
            caller = Site(frame.f_code, frame.f_lasti, self.since)
            known = Site(site.code, site.instruction, self.since, site.several, caller=caller)
            self.callers[key] = known
        return known

    def _in_module(self, site: Site, scopes: tuple[str, ...], outer: object, inner: object) -> Made:
        """Return what is kept of a value that a module makes, one object for all it makes at that site.

        outer, inner: the first and the last called of the modules at work.
        """
        known = self.made.get(id(inner))
        if known is None or known[1] is not site or known[2] is not outer or known[3] != scopes:
            made = Made(site, ".".join((*scopes, self.module_path(outer, inner))))
            known = self.made[id(inner)] = made, site, outer, scopes
        return known[0]  # its path holds the module, so that its identity stays its own

    def _note_leaf(self, leaf: Value, node: Value, site: Site, frame: FrameType) -> None:
        """Note the first use of a leaf, and its name where it can be found."""
        operands = node.operands
        place = 0
        while operands[place] is not leaf:
            place += 1
        found = self.places.names.pop(leaf, None)
        if found is None and not leaf.label:
            found = self.places.name(leaf, frame, site)
        use = leaf.about = _new(FirstUse)  # filled here, because a call takes time at every leaf
        use.site, use.place, use.count, use.found = site, place, len(operands), found
