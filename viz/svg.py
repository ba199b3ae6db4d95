"""Finishing graphviz's SVG: the same bytes for the same graph, tooltips, names, dark screens."""

import hashlib
import re
from collections.abc import Mapping

from .escape import in_xml
from .theme import dark_style

# In graphviz's output all text and all attributes are escaped, so a raw `<` always begins a tag.
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_GROUP = re.compile(r'<g id="(\w+)" class="(graph|node|edge|cluster)"([^>]*)>\s*<title>[^<]*</title>')
_FONT = re.compile(r'font-family="[^"]*"')


def finished(svg: str, source: str, texts: Mapping[str, str], *, adapts: bool) -> str:
    """Return an `<svg>` element, ready to stand in a file or in a page beside others.

    svg: what graphviz made of `source`.  texts: what to say of each element, by its id, with that of the
    whole under "graph".  adapts: whether it turns dark on dark screens.
    """
    svg = _COMMENT.sub("", svg[svg.index("<svg") :])
    # Ids must differ between the drawings of a page and be the same for the same graph.
    prefix = f"g{hashlib.sha256(source.encode()).hexdigest()[:8]}"

    def described(group: re.Match[str]) -> str:
        name, kind, rest = group.groups()
        text = in_xml(texts.get(name, ""))
        return f'<g id="{prefix}-{name}" class="{kind}"{rest}>\n<title>{text}</title>'

    svg = _GROUP.sub(described, svg)
    # Where Helvetica is missing, fonts of the same widths: dot has measured the text for the boxes.
    svg = _FONT.sub("font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\"", svg)
    opening = f'<svg class="chainrule" role="img" aria-label="{in_xml(texts["graph"])}"'
    # No id for it: a notebook may show the same drawing twice.
    end = svg.index(">") + 1
    svg = f"{svg[:end]}\n<desc>{in_xml(texts.get('reading', ''))}</desc>{svg[end:]}"
    if adapts:
        opening = opening.replace("chainrule", "chainrule chainrule-auto", 1)
        end = svg.index(">") + 1
        svg = f"{svg[:end]}\n<style>{dark_style('svg.chainrule-auto')}</style>{svg[end:]}"
    return svg.replace("<svg", opening, 1)
