"""Plain text as the formats of pictures need it. What is plain is said in the engine's words.py."""

from xml.sax.saxutils import escape as xml_escaped


def in_html_label(text: str) -> str:
    r"""Return plain text as DOT's HTML-like labels need it.

    Backslashes are doubled: DOT expands \N and \G to names even there.

    >>> in_html_label("<b>\\N")
    '&lt;b&gt;\\\\N'
    """
    return in_xml(text).replace("\\", "\\\\")


def in_xml(text: str) -> str:
    """Return plain text as XML needs it, in a text or an attribute."""
    return xml_escaped(text, {'"': "&quot;"})
