"""Labels that try to be more than labels, and what is shown of them."""

HOSTILE = [
    ("</script><img onerror=alert(1)>", "</script><img onerror=alert(1)>"),
    ("<b>hi</b>", "<b>hi</b>"),
    ('"]; evil [', '"]; evil ['),
    (r"\N \G \L \E", r"\N \G \L \E"),
    ("nul \0 bell \a escape \x1b[31m", "nul � bell � escape �[31m"),
    ("\u202egnp.exe", "�gnp.exe"),
    ("x" * 500, "x" * 39 + "…"),
    ("two\nlines\r\nand three", "two↵lines↵and three"),
    ("trailing\\", "trailing\\"),
    ("\u2028separated\u2029", "↵separated↵"),
    ("&lt;&amp;&#60;", "&lt;&amp;&#60;"),
    ("a lone \ud800 surrogate \uffff", "a lone � surrogate �"),
]
