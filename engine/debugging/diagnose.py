"""Where inf and nan start: `diagnose`, and the one line of it that a warning has room for."""

from __future__ import annotations

import math

from ..graph import gradient_number, hooked_leaves, operations, topological_order
from ..known import check_known
from ..modes import NotFiniteError
from ..names import own_name
from ..trouble import SUM_OVERFLOW, Trouble, call_text, trouble_of
from ..value import Constant, Value, described
from .diagnosis import Diagnosis, Finding, called

_MOST_NOTES = 3
DATA = Trouble(
    lambda *_: True,
    "the number was given, no operation made it",
    "look at the data, or at the step that last changed this number",
    (),
)
PARAMETER = DATA._replace(
    what="a parameter is no finite number any more: an earlier step made it so",
    cure="diagnose the loss of that step; a smaller learning rate, or clipped gradients",
)
PRODUCT_OVERFLOW = Trouble(
    lambda *_: True,
    "a product of derivatives is beyond the floats, which end at 1.8e308",
    "scale the numbers down, or compute with logarithms; steps in a chain this steep need clipped gradients",
    (),
)
EARLIER = Trouble(
    lambda *_: True,
    "the gradient was not finite before: an earlier backward pass left that, and gradients add up",
    "call zero_grad() before each backward pass, and diagnose the earlier loss",
    (),
)
HOOKED = "the derivatives are finite: a hook made it so, or an earlier backward pass did"


def diagnose(loss: Value) -> Diagnosis:
    """Return where inf or nan started: in the values that reach `loss`, or in its derivatives.

    Named are the operation with its operands, its line in the source where `record_sources()` was on, the
    path to the loss, and the usual cure; see docs/diagnose.md for the list. Looks only: it may be
    called before `backward()` or after, and changes no gradient. Where the loss is finite the
    derivatives are computed anew, by the partials that stand in the graph.
    Raises TypeError for what is no Value.

    >>> from chainrule.engine import Value, log
    >>> p = Value(0.0, label="p")
    >>> report = diagnose(5.0 - log(p))
    >>> report.cause, report.operation
    ('the logarithm of 0', 'log')
    >>> print(diagnose(log(p + 1.0)))
    the root is 0. It, its derivatives and all that reaches it are finite (4 values).
    """
    check_known("diagnose", loss)
    if not isinstance(loss, Value):
        raise TypeError(f"diagnose takes the Value to look at, a loss, got {described(loss)}")
    order = topological_order(loss)
    notes: list[str] = []
    if not math.isfinite(loss.data):
        findings = _values_on_the_way(loss)
        named = {finding.value for finding in findings}
        others = sum(value not in named for value in _starts(order))
        if others:
            notes.append(f"{others} other value{'s' * (others != 1)} of the graph became inf or nan as well")
    else:
        for value in _starts(order)[:_MOST_NOTES]:
            notes.append(f"{_value_text(value)}, but none of that reaches the root's value")
        findings = _derivatives(loss, notes)
        if not findings:
            findings = [Finding(v, _grad_text(v), *EARLIER[1:3], (v,)) for v in order if _earlier(v)][:1]
    return Diagnosis(loss, tuple(findings), tuple(notes), len(order))


def one_line(root: Value) -> str:
    """Return where the inf or nan that reached `root` started, on one line."""
    first, *before = [f"{finding.text}: {finding.what}" for finding in _values_on_the_way(root)]
    return "; before that ".join([first, *before[:1]])


def check_gradients(root: Value) -> None:
    """Raise NotFiniteError where a backward pass from `root` left a leaf a gradient that is inf or nan."""
    order = topological_order(root)
    bad = next(filter(_has_bad_gradient, order), None)
    if bad is None:
        return
    findings = _derivatives(root, [])
    if findings:
        raise NotFiniteError(f"{findings[0].text}: {findings[0].what}")
    hooked = hooked_leaves(root, order) is not None
    raise NotFiniteError(f"{_grad_text(bad)}: {HOOKED if hooked else EARLIER.what}")


def _has_bad_gradient(value: Value) -> bool:
    if value.primitive is not None or isinstance(value, Constant) or value.grad is None:
        return False
    return not math.isfinite(gradient_number(value.grad))


def _values_on_the_way(root: Value) -> list[Finding]:
    """Return where what made `root` inf or nan started, and for a nan where infinities made it, those."""
    findings: list[Finding] = []
    path = [root]
    while True:
        value = path[-1]
        culprit = _culprit(value)
        is_start = culprit is None or (math.isnan(value.data) and not math.isnan(culprit.data))
        if is_start:
            findings.append(_finding(value, tuple(reversed(path))))
        if culprit is None:
            return findings
        path.append(culprit)


def _culprit(value: Value) -> Value | None:
    """Return the operand that made `value` inf or nan, if one did: a nan rather than an inf."""
    bad = _bad_operands(value)
    flows = [operand for operand, partial in bad if partial != 0.0] or [operand for operand, _ in bad]
    return next((operand for operand in flows if math.isnan(operand.data)), flows[0] if flows else None)


def _bad_operands(value: Value) -> list[tuple[Value, float]]:
    pairs = zip(value.operands, value.partials, strict=True)
    return [(operand, partial) for operand, partial in pairs if not math.isfinite(operand.data)]


def _starts(order: list[Value]) -> list[Value]:
    """Return the values at which inf or nan starts: those that are, of operands that are not.

    A plain number inf in a formula, such as a bound that is open, is none.
    """
    return [
        value
        for value in order
        if not math.isfinite(value.data)
        and not isinstance(value, Constant)
        and all(math.isfinite(operand.data) for operand in value.operands)
    ]


def _finding(value: Value, path: tuple[Value, ...]) -> Finding:
    if value.primitive is not None:
        trouble = trouble_of(value.primitive, value.operands, value.data)
    else:
        trouble = PARAMETER if type(value).kind == "param" else DATA
    return Finding(value, _value_text(value), trouble.what, trouble.cure, path)


def _value_text(value: Value) -> str:
    name = own_name(value)
    if value.primitive is None:
        kind = {"param": "the parameter", "const": "the plain number"}.get(type(value).kind, "the input")
        return f"{kind} {f'{name} ' if name else ''}is {value.data}"
    given = f"{name} = " if name else ""
    return f"{given}{call_text(value.primitive, value.operands)} is {value.data}"


def _derivatives(root: Value, notes: list[str]) -> list[Finding]:
    """Return where, on the way down from `root`, the first derivative stops being finite."""
    adjoint: dict[Value, float] = {root: 1.0}
    via: dict[Value, Value] = {}  # through which value a derivative came
    findings: list[Finding] = []
    hidden: list[str] = []
    others = 0

    def found(node: Value, text: str, trouble: Trouble) -> None:
        nonlocal others
        if findings:
            others += 1
            return
        path = [node]
        while path[-1] is not root:
            path.append(via[path[-1]])
        findings.append(Finding(node, text, trouble.what, trouble.cure, tuple(path)))

    for node in reversed(operations(root)):
        upstream = adjoint.get(node, 0.0)
        for place, (operand, partial) in enumerate(zip(node.operands, node.partials, strict=True)):
            if isinstance(operand, Constant):
                continue  # nobody asks for it
            if upstream == 0.0:
                if not math.isfinite(partial):
                    hidden.append(f"{_partial_text(node, place)}, but only a gradient of zero gets there")
                continue
            contribution = upstream * partial
            if not math.isfinite(partial):
                assert node.primitive is not None
                found(node, _partial_text(node, place), trouble_of(node.primitive, node.operands, node.data))
            elif not math.isfinite(contribution):
                through = f"the gradient {upstream:.6g} times the derivative {partial:.6g} of {_text(node)}"
                found(node, f"{through} is {contribution}", PRODUCT_OVERFLOW)
            else:
                known = adjoint.get(operand, 0.0)
                via.setdefault(operand, node)
                if math.isfinite(known + contribution):
                    adjoint[operand] = known + contribution
                else:
                    sums = (
                        f"the gradient of {_operand_name(node, place)}, {known:.6g} plus {contribution:.6g}"
                    )
                    found(node, f"{sums}, is {known + contribution}", SUM_OVERFLOW)
    notes += hidden[:_MOST_NOTES]
    if len(hidden) > _MOST_NOTES:
        notes.append(f"the same holds for {len(hidden) - _MOST_NOTES:,} more derivatives")
    if others:
        many = (
            "derivatives are not finite by themselves" if others > 1 else "derivative is not finite by itself"
        )
        notes.append(f"{others:,} more {many}")
    return findings


def _earlier(value: Value) -> bool:
    grad = value.grad
    return value.primitive is None and type(grad) is float and not math.isfinite(grad)


def _grad_text(value: Value) -> str:
    return f"the gradient that {called(value)} holds is {value.grad}"


def _partial_text(node: Value, place: int) -> str:
    by = _operand_name(node, place)
    return f"the derivative of {_text(node)} by {by} is {node.partials[place]}"


def _text(node: Value) -> str:
    assert node.primitive is not None
    return call_text(node.primitive, node.operands)


def _operand_name(node: Value, place: int) -> str:
    """Return what an operand is called in the operation's text: its name, or its letter, or its place."""
    letters = place < 3 and len(node.operands) <= 3 and not any(map(own_name, node.operands))
    variadic = node.primitive is None or node.primitive.variadic
    other = "xyz"[place] if letters and not variadic else f"operand {place + 1}"
    return own_name(node.operands[place]) or other
