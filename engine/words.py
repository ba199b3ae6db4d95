"""Words for people: numbers as messages and pictures show them, and labels made harmless.

Labels hold whatever a user put there. They are shown, never interpreted: not by DOT, not by HTML, not
by a terminal or a text editor that follows direction marks.
"""

import math
import unicodedata

LONGEST_LABEL = 40
_LONGEST_TEXT = 2000
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_LINE_ENDS = ("\r\n", "\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029")
_NEW_LINE = "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}"
_DIRECTION_MARKS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def number(x: float) -> str:
    """Return `x` with four decimals at most, in scientific form where it is very small or large.

    >>> [number(x) for x in (0.0, 2.0, -0.46549, 2.5e-7, -1e5, float("nan"), float("-inf"))]
    ['0', '2', '−0.4655', '2.5e−7', '−1e5', 'NaN', '−inf']
    """
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "inf" if x > 0.0 else "−inf"
    if x == 0.0:
        return "0"
    if 1e-3 <= abs(x) < 1e5:
        return _real_minus(_without_zeros(f"{x:.4f}"))
    mantissa, exponent = f"{x:.4e}".split("e")
    return _real_minus(f"{_without_zeros(mantissa)}e{int(exponent)}")


def exact(x: float) -> str:
    """Return `x` with every digit it takes to get the same float back.

    >>> exact(-0.1 * 3)
    '−0.30000000000000004'
    """
    return _real_minus(repr(float(x)).removesuffix(".0")) if math.isfinite(x) else number(x)


def _without_zeros(digits: str) -> str:
    return digits.rstrip("0").rstrip(".")


def _real_minus(digits: str) -> str:
    return digits.replace("-", "−")


def plain(label: object) -> str:
    r"""Return any label as one line of text that is legal in XML and reads in the order it is stored.

    Line ends become a visible mark, tabs a space; control characters, direction marks, lone surrogates
    and what else XML forbids become U+FFFD.

    >>> plain("two\nlines, a bell \a and \u202e") == "two↵lines, a bell \ufffd and \ufffd"
    True
    """
    if label is None:
        return ""
    try:
        text = str(label)
    except Exception:  # a label is for show: one that cannot be shown must not cost the picture
        text = f"<{type(label).__name__}>"
    text = text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
    for end in _LINE_ENDS:
        text = text.replace(end, _NEW_LINE)
    return "".join(
        [_REPLACEMENT if _harmful(character) else character for character in text.replace("\t", " ")]
    )


def _harmful(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Cc", "Cs")
        or character in _DIRECTION_MARKS
        or ord(character) & 0xFFFE == 0xFFFE  # the last two of each plane are no characters
    )


def cut(text: str, width: int = LONGEST_LABEL) -> str:
    """Return `text`, or its beginning and an ellipsis where it is longer than `width`."""
    return text if len(text) <= width else text[: width - 1] + "…"
