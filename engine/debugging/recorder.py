"""What `record_sources` does with every value that is made: noting the instruction, and little else.

This runs at each operation, so it is written for speed. What is found out once about an instruction, its
site, answers for every value made there; where it depends on the callers, callers.py remembers on which.
"""

from __future__ import annotations

import linecache
from contextvars import ContextVar
from sys import _getframe
from types import CodeType, FrameType
from typing import Any

from ..about import About
from ..primitive import Primitive
from ..value import Constant, Value
from . import written
from .callers import CALLER, MOST_STRANGERS, Callers, Found, Inside, Seen
from .places import ModulePaths, Places
from .source import FirstUse, Made, Site
from .warn import OWN_FOLDERS

_OWN, _OWN_METHOD, _METHOD, _FUNCTION, _TOP = "own", "own method", "method", "function", "top"
open_scopes: ContextVar[str] = ContextVar("scopes", default="")
_scope_here = open_scopes.get
scopes_open = 0
"""How many blocks of `scope` are open, in all threads together; while none is, the variable is not asked."""

_new = object.__new__


class Recorder:
    """Notes the source of each value, and knows the sites that one block of `record_sources` has seen."""

    def __init__(self, frames: bool, since: float) -> None:
        self.frames = frames
        self.since = since
        self.codes: dict[int, CodeType] = {}  # by their identity; kept, so that these stay theirs
        self.kinds: dict[int, str] = {}  # what code is
        self.instructions: dict[int, bytes] = {}
        # By the code, then the instruction, of the operation's caller.
        self.known: dict[int, dict[int, Found]] = {}
        # Of these, those of two codes: a sum and what it adds up take turns.
        self.latest: tuple[CodeType | None, dict[int, Found], CodeType | None, dict[int, Found]]
        self.latest = None, {}, None, {}
        # By the address of the instruction: code objects hold their instructions, so that no two of those
        # alive, all of which are kept, have the same sum of identity and offset.
        self.sites: dict[int, Site] = {}
        self.results: dict[tuple[Site, int], Site] = {}
        self.after: dict[Seen, Found] = {}
        self.scoped: dict[tuple[Site, str], Made] = {}
        self.places = Places()
        self.module_path = ModulePaths()

    def note(self, node: Value) -> None:
        """Note where `node` is being made: in the nearest function that is not chainrule's."""
        frame: Any = _getframe(3)  # above this, `record` and the operation
        try:
            code = frame.f_code
            # One attribute, so that threads that share it cannot mix two.
            latest, sites, latest_but_one, others = self.latest
            if code is not latest:
                if code is latest_but_one:
                    sites = others
                else:
                    others, sites = sites, self.known[id(code)]
                    self.latest = code, sites, latest, others
            found: Any = sites[frame.f_lasti]
            while type(found) is Callers:
                frame = frame.f_back
                code = frame.f_code
                first, then = found.first
                if code is not first:
                    then = found.others[id(code)]
                found = then[frame.f_lasti] if found.exact else then
        except (KeyError, AttributeError):  # not from there yet, or from nowhere
            found = self._learn(_getframe(2))
            if found is None:
                return  # nobody's but ours: a thread that runs a function of the engine's
        if type(found) is not Site or scopes_open:
            made: Site | Made | None = None
            if not (scopes_open or self.frames):  # `_made` in short
                try:
                    if found.alone:
                        made = found.made[id(_getframe(found.alone).f_locals["self"])]
                    else:
                        variables = _getframe(found.inner).f_locals
                        inner = variables["forward"].__self__ if found.forwarded else variables["self"]
                        if found.outer != found.inner:
                            variables = _getframe(found.outer).f_locals
                        made = found.made[id(inner), id(variables["self"])]
                except (KeyError, AttributeError):  # the module's first time here
                    pass
            found = made or self._made(found)
        node.about = found
        step = found.step
        for operand in node.operands:
            if operand.primitive is None:
                if type(operand) is not Constant and not hasattr(operand, "about"):
                    self._note_leaf(operand, node, found.site)
            elif step is not None:  # a value that goes into the next one of the same call is not its result
                about = getattr(operand, "about", None)
                if about is found:
                    operand.about = step
                elif type(about) is Made:
                    if about.site is found.site:
                        operand.about = about.step  # type: ignore[assignment]  # there is one
                elif type(about) is About and about.source is not None and about.source.site is found.site:
                    about.source = about.source.step

    def _made(self, found: Site | Inside) -> Site | Made:
        """Return what is kept of a value that is made in a scope, or at a site that modules reach.

        One object for all that one module makes there: its path holds the module, so that its identity
        stays its own.
        """
        scope = _scope_here() if scopes_open else ""
        if isinstance(found, Site):
            if not scope:
                return found
            made = self.scoped.get((found, scope))
            if made is None:
                made = self.scoped[found, scope] = Made(found, scope)
            return made
        if found.inner < 0:
            return self._with_variables(Made(found.site, scope))
        inner = _getframe(1 + found.inner - found.forwarded).f_locals["self"]
        outer = _getframe(1 + found.outer).f_locals["self"]
        key: Any = id(inner) if found.alone else (id(inner), id(outer))
        if scope:
            key = key, scope
        made = found.made.get(key)
        if made is None:
            path = self.module_path(outer, inner)
            made = found.made[key] = Made(found.site, f"{scope}.{path}" if scope else path)
        return self._with_variables(made) if self.frames else made

    def _with_variables(self, made: Made) -> Made:
        frame = _standing_in(made.site.code, _getframe(CALLER + 2))
        return Made(made.site, made.module, (frame.f_globals, dict(frame.f_locals)))

    def _learn(self, operation: FrameType) -> Site | Inside | None:
        """Find out what is kept of what `operation` makes, for the next time too; None if it is only ours."""
        seen, before, called, frame = Seen(), None, operation, operation.f_back
        while frame is not None:
            seen = self._with(seen, frame, called.f_code)
            found = self.after.get(seen)
            if found is None:
                found = self.after[seen] = self._after(seen)
            if before is None:
                self.known.setdefault(id(frame.f_code), {})[frame.f_lasti] = found
            else:
                before.lead(frame, found)
            if not isinstance(found, Callers):
                return found
            before, called, frame = found, frame, frame.f_back
        return None if seen.site is None else self._end(seen, seen.site)

    def _after(self, seen: Seen) -> Found:
        """Return what is kept once that much has been seen, or whom it still depends on."""
        if seen.site is None or seen.returned or seen.strangers:
            return Callers(exact=seen.site is None or seen.returned)
        return self._end(seen, seen.site)

    def _end(self, seen: Seen, site: Site) -> Site | Inside:
        return site if seen.inner < 0 and not self.frames else Inside(site, seen)

    def _with(self, seen: Seen, frame: FrameType, called: CodeType) -> Seen:
        """Return what has been seen with one frame more.

        called: what it called: the operation, or what led to it.
        """
        kind = self.kinds.get(id(frame.f_code)) or self._kind(frame)
        frames, site, returned, outer, inner, forwarded, strangers = seen
        is_own = kind is _OWN or kind is _OWN_METHOD
        if site is None:
            if not is_own:
                site = self._site(frame, called)
                returned = self._returns(frame)
        elif returned and not self._returns(frame):
            returned = False
            site = site if is_own else self._result(site, frame, called)
        if strangers:
            if kind is _METHOD or kind is _OWN_METHOD:
                if inner == frames - 1 and is_own and "forward" in frame.f_code.co_varnames:
                    inner, forwarded = frames, True
                outer, inner = frames, frames if inner < 0 else inner
                strangers = MOST_STRANGERS
            strangers = 0 if kind is _TOP else strangers - (site is not None)
        return Seen(frames + 1 if strangers else 0, site, returned, outer, inner, forwarded, strangers)

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
        self.codes[id(code)] = code
        self.kinds[id(code)] = kind
        return kind

    def _site(self, frame: FrameType, called: CodeType) -> Site:
        """Return the site at which the user's frame stands."""
        code, at = frame.f_code, frame.f_lasti
        site = self.sites.get(id(code) + at)
        if site is None:
            several = written.makes_several(self._instructions(code), at)
            one = called is Primitive.__call__.__code__ or called.co_name == "method"
            site = self.sites[id(code) + at] = Site(code, at, self.since, several and not one)
        return site

    def _result(self, site: Site, frame: FrameType, called: CodeType) -> Site:
        """Return the site of a value that is returned, with that of the call, where what it gives is kept.

        What `sum` or the like is given is not its result, and of what `reduce` is given the last alone.
        """
        key = site, id(frame.f_code) + frame.f_lasti
        known = self.results.get(key)
        if known is None:
            passed_on = written.passed_on_by(frame.f_code, frame.f_lasti)
            if passed_on == called.co_name:  # one of the user's own of that name
                passed_on = ""
            caller = Site(frame.f_code, frame.f_lasti, self.since) if passed_on in ("", "reduce") else None
            known = Site(site.code, site.instruction, self.since, site.several, caller)
            if passed_on and known.step is None:
                known.step = Site(site.code, site.instruction, self.since)
                known.step._name = ""
            self.results[key] = known
        return known

    def _returns(self, frame: FrameType) -> bool:
        """Return whether the function returns at once what it is being given, chainrule's own ones too."""
        instructions = self._instructions(frame.f_code)
        return written.next_operation(instructions, frame.f_lasti) == "RETURN_VALUE"

    def _instructions(self, code: CodeType) -> bytes:
        known = self.instructions.get(id(code))
        if known is None:  # a copy: it is made at each access
            known = self.instructions[id(code)] = code.co_code
        return known

    def _note_leaf(self, leaf: Value, node: Value, site: Site) -> None:
        """Note the first use of a leaf, and its name where it can be found."""
        operands = node.operands
        place = 0
        while operands[place] is not leaf:
            place += 1
        found = self.places.names.pop(leaf, None)
        if found is None and not leaf.label:
            found = self.places.name(leaf, _standing_in(site.code, _getframe(CALLER + 1)), site)
        use = leaf.about = _new(FirstUse)  # filled here, because a call takes time at every leaf
        use.site, use.place, use.count, use.found = site, place, len(operands), found


def _standing_in(code: CodeType, frame: Any) -> FrameType:
    """Return the nearest frame, from the given one on outwards, that runs the code."""
    while frame.f_code is not code:
        frame = frame.f_back
    found: FrameType = frame
    return found
