"""Which callers decide what is kept of a value, and what was found for each of them.

A site may be reached from several functions, from inside a module and from elsewhere. From the operation's
caller outwards each function either settles what is kept or leads on to the next one.
"""

from __future__ import annotations

from types import CodeType, FrameType
from typing import Any, NamedTuple

from .source import Made, Site

CALLER = 3
"""How far above `Recorder.note` the operation's caller is: `record` and the operation are between."""
MOST_STRANGERS = 3
"""How many functions are passed in search of the module that called them."""


class Seen(NamedTuple):
    """What has been seen of the functions at work where a value is made, from its caller outwards.

    frames: how many of them.
    site: where the value is made, with the site of the call if it is returned; None: only functions of ours.
    returned: whether all since the site return at once what they were given.
    outer, inner: the first and the last called of the modules' methods; -1 without any.
    forwarded: whether the last called one is told by `Module.__call__`, which calls `forward`: it has few
    variables, and all that a function has are copied to read one.
    strangers: how many more functions may stand between a module and here.
    """

    frames: int = 0
    site: Site | None = None
    returned: bool = False
    outer: int = -1
    inner: int = -1
    forwarded: bool = False
    strangers: int = MOST_STRANGERS


class Callers:
    """Where it depends on the next caller what is kept: what was found for each, by its code.

    exact: whether by its instruction as well; then what is known of a code is a dictionary by that.
    first: the code that came first, mostly the only one, and what is known of it.
    others: what is known of all other code, by its identity.
    """

    __slots__ = ("exact", "first", "others")

    def __init__(self, exact: bool) -> None:
        self.exact = exact
        self.first: tuple[CodeType | None, Any] = None, None  # one attribute, so that threads cannot mix two
        self.others: dict[int, Any] = {}

    def lead(self, caller: FrameType, found: Found) -> None:
        """Remember what was found for this caller."""
        code, then = self.first
        if code is not caller.f_code:
            then = self.others.get(id(caller.f_code))
        if self.exact:
            then = {} if then is None else then
            then[caller.f_lasti] = found
        else:
            then = found
        if code is None:
            self.first = caller.f_code, then
        elif code is not caller.f_code:
            self.others[id(caller.f_code)] = then


class Inside:
    """A site that modules reach: which of the functions at work are theirs, and what was made there.

    outer, inner, forwarded: see `Seen`; as far above `Recorder.note` as they are.
    alone: the same, where one method is both and has its module as `self`; 0 where not.
    made: by the identities of both modules, of one where it is alone; and the scope if there is one.
    """

    __slots__ = ("alone", "forwarded", "inner", "made", "outer", "site")

    def __init__(self, site: Site, seen: Seen) -> None:
        self.site, self.forwarded = site, seen.forwarded
        self.outer, self.inner = (-1, -1) if seen.inner < 0 else (CALLER + seen.outer, CALLER + seen.inner)
        self.alone = self.inner if self.inner == self.outer and not seen.forwarded else 0
        self.made: dict[Any, Made] = {}


Found = Site | Inside | Callers
"""What the functions seen so far lead to; a site alone where no module is at work."""
