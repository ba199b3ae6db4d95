"""From parts to one HTML file: no network, no server, and a policy that allows neither."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from importlib.resources import files
from string import Template
from typing import Any

from ..escape import in_xml
from ..theme import Theme, variables


def part(name: str) -> str:
    """Return one of the parts that pages share: they are files of their own, edited as what they are."""
    return part_of(f"{__package__}", f"parts/{name}")


def part_of(package: str, name: str) -> str:
    """Return the text of a file that lies in a package."""
    return files(package).joinpath(*name.split("/")).read_text(encoding="utf-8")


def controls(unit: str, rail: str = "", more: str = "") -> str:
    """Return the buttons and the slider that `controls.js` moves a page by.

    unit: what they move by, "step" or "epoch".  rail: what stands below the slider.  more: other buttons.
    """
    return Template(part("controls.html")).substitute(unit=unit, rail=rail.strip(), more=more)


def assembled(
    *,
    title: str,
    theme: Theme,
    help: str,
    main: str,
    styles: Sequence[str],
    scripts: Sequence[str],
    data: Any,
) -> str:
    """Return a page as the text of a file; the same for the same parts and data.

    title: any text.  help, main: HTML, without anything a user wrote.  styles, scripts: after those
    that every page has.  data: what the scripts read, as JSON's own types; all user text is in here.
    """
    style = f":root{{{variables()}}}\n" + "\n".join([part("base.css"), *styles])
    script = "\n".join([part("numbers.js"), part("dom.js"), *scripts])
    return Template(part("frame.html")).substitute(
        title=in_xml(title),
        theme=theme,
        policy=f"default-src 'none'; img-src data:; script-src '{_digest(script)}'; "
        f"style-src '{_digest(style)}'; base-uri 'none'; form-action 'none'",
        style=style,
        script=script,
        help=help,
        main=main,
        model=in_script(data),
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def in_script(data: Any) -> str:
    r"""Return `data` as JSON that can stand in a `<script>` element, whatever its texts hold.

    >>> in_script({"label": "</script>\u2028"})
    '{"label":"\\u003c/script\\u003e\\u2028"}'
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)  # all but ASCII is escaped
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def json_number(x: float) -> float | str:
    """Return `x` as JSON has it: NaN and the infinities as texts, which `received` in numbers.js reads."""
    return x if math.isfinite(x) else str(x)
