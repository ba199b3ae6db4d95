"""What `explain` gives as the reasons of a gradient."""

from chainrule.engine import Value, explain


def values() -> tuple[Value, Value]:
    """Return a parameter and an input, with labels."""
    return Value(-0.5, "w"), Value(3.0, "x")


def named(label: str, value: Value) -> Value:
    """Return the value with this label."""
    value.label = label
    return value


def why(loss: Value, w: Value) -> list[str]:
    """Return the reasons, which must be part of the text and of the LaTeX too."""
    found = explain(loss, w)
    assert all(cause in str(found) for cause in found.causes)
    assert found.latex().count(r"\text{why: }") == len(found.causes)
    return found.causes
