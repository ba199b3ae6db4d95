"""What other tools call things: an option or a method that is none here gets an error that says what is."""

from __future__ import annotations

from collections.abc import Iterable

_STATIC = (
    "texts, truth values and None among the arguments are fixed, and recorded once each; fix a number, such "
    "as a count for range(n), before compiling: compile(functools.partial(f, n=3))"
)
_BATCH = 'batch="x" or batch=1 names the arguments that hold one entry for each sample'
_FIXED = "it is always so: what cannot be recorded is a RecordingError, and nothing runs in Python instead"
_MACHINE = "there is one way, machine code for this processor; the choices are exact=, threads= and dtype="

OPTIONS = {
    "static_argnums": _STATIC,
    "static_argnames": _STATIC,
    "in_axes": _BATCH,
    "out_axes": _BATCH,
    "has_aux": "compile(value_and_grad(f, has_aux=True)) gives ((value, aux), gradient)",
    "donate_argnums": "kernel.bind(...).into(array) writes results into an array, also one that is read",
    "donate_argnames": "kernel.bind(...).into(array) writes results into an array, also one that is read",
    "fullgraph": _FIXED,
    "nopython": _FIXED,
    "dynamic": "arguments of another structure or length are recorded when they come first",
    "backend": _MACHINE,
    "mode": _MACHINE,
    "device": _MACHINE,
    "parallel": 'threads="auto" shares out the samples of a batch',
    "fastmath": "it rounds as suits the processor unless exact=True",
    "cache": "machine code is kept on disk anyway; the environment variable CHAINRULE_CACHE names the folder",
}
"""Options of JAX's jit and vmap, PyTorch's compile and Numba's jit, and what to write."""

_DERIVATIVE = "compile the derivative: compile({name}(f))"
_MODULE = (
    "it reads a module's parameters at every call and has none: ask the module, and give that to fit and to "
    "compiled_step, which compile it themselves"
)
_LOOK = "kernel.variant(*args) records without a run; its tape, ir and stats show what came of it"

METHODS = {
    **dict.fromkeys(("hessian", "jacobian", "hvp", "jvp", "vjp", "derivative"), _DERIVATIVE),
    "gradient": "kernel.grad(*args) and kernel.value_and_grad(*args) are there",
    "backward": "kernel.value_and_grad(*args) gives the value and its derivatives",
    **dict.fromkeys(
        (
            "parameters",
            "named_parameters",
            "zero_grad",
            "state_dict",
            "load_state_dict",
            "modules",
            "train",
            "eval",
        ),
        _MODULE,
    ),
    **dict.fromkeys(("lower", "compile", "trace", "warmup"), _LOOK),
}
"""What a compiled function has elsewhere, and what a Kernel has."""


def check_no_options(given: Iterable[str]) -> None:
    """Raise TypeError for options that `compile` does not have."""
    for name in given:
        hint = OPTIONS.get(name)
        there = "there are argnums, batch, reduce, exact, threads and dtype"
        raise TypeError(f"compile has no option {name!r}: {hint or there}")


def no_attribute(kernel: str, name: str) -> AttributeError:
    """Return the error to raise where a Kernel is asked for something that it does not have."""
    hint = METHODS.get(name)
    said = f": {hint.format(name=name)}" if hint else ""
    return AttributeError(f"the compiled function {kernel} has no {name!r}{said}")
