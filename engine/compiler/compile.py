"""`compile`: record once, replay as machine code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .arguments import Call, Signature
from .bound import Bound
from .listing import Listing
from .record import structure
from .stats import Stats
from .variant import Argnums, Options, Reduce, Variant


def compile(
    f: Callable[..., Any],
    *,
    argnums: Argnums = 0,
    batch: str | int | Sequence[str | int] = (),
    reduce: Reduce = None,
    exact: bool = False,
) -> Kernel:
    """Return `f` as machine code: recorded at the first call, and replayed at every further one.

    f: a function of numbers in lists, dictionaries, dataclasses, arrays and modules, written with Values in
    mind: operators, functions of the engine, loops. It runs once for each structure of its arguments.
    What it reads from around itself is fixed by that run, but for Values, which are read at every call.
    argnums: the arguments that `value_and_grad` and `grad` differentiate by.
    batch: names or places of arguments that hold one entry for each sample of a batch, along their first
    axis; `f` itself is written for one sample.
    reduce: what becomes of the results for the samples: their mean, their sum, or with None one of each.
    Derivatives by arguments that all samples share are summed over the samples (with "mean" averaged).
    exact: add and multiply in the order and with the roundings of Python: the same result to the last bit.
    Without it products are rounded together with their sums, long sums add up in another order, and exp, log,
    tanh, sin, cos and their like, where many are wanted at once, are right to 1.5 ulp instead of C's 1.

    Machine code is kept on disk, under a key of everything it follows from, so that a program which starts
    again records and does not compile. The environment variable CHAINRULE_CACHE names the folder (without
    it, where the system keeps such files); empty, it switches this off.

    >>> from chainrule.engine import tanh
    >>> kernel = compile(lambda w, x: tanh(w[0] * x + w[1]), batch="x", reduce="mean")
    >>> value, gradient = kernel.value_and_grad([0.5, 0.25], [1.0, -1.0])
    >>> print(f"{value:.4f}", [f"{part:.4f}" for part in gradient])
    0.1951 ['-0.1717', '0.7683']
    """
    if reduce not in (None, "mean", "sum"):
        raise ValueError(f"compile: reduce is 'mean', 'sum' or None, got {reduce!r}")
    batched = [batch] if isinstance(batch, str | int) else list(batch)
    if reduce and not batched:
        raise ValueError(f"compile: reduce={reduce!r} needs batch= to say which arguments hold the samples")
    return Kernel(f, batched, Options(argnums, reduce, exact, threads=1))


class Kernel:
    """A compiled function; see `compile`."""

    def __init__(self, f: Callable[..., Any], batch: Sequence[str | int], options: Options) -> None:
        self._f, self._options = f, options
        self._signature = Signature(f, batch)
        self._variants: dict[Any, Variant] = {}
        self._last: Variant | None = None
        self.__name__ = self._signature.name
        self.__doc__ = getattr(f, "__doc__", None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns, as floats; with a batch arrays of one a sample, or reduced."""
        call = self._signature.call(args, kwargs)
        return self._variant(call).value(call)

    def value_and_grad(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Return the function's value and its derivatives by the arguments `argnums`, in their structure."""
        call = self._signature.call(args, kwargs)
        return self._variant(call).value_and_grad(call)

    def grad(self, *args: Any, **kwargs: Any) -> Any:
        """Return the derivatives of the function's value by the arguments `argnums`, in their structure."""
        return self.value_and_grad(*args, **kwargs)[1]

    def bind(self, *args: Any, **kwargs: Any) -> Bound:
        """Return value and gradient at these very arguments, to be run again and again as they change.

        Each `bound()` reads the arguments anew, as `value_and_grad` with the same objects would: what was
        written into an array since, an element of a list, a parameter of a module. Contiguous arrays of
        float64 are read where they are, at no cost. Changed structure (another length) is refused with
        ValueError. `bound.value` and `bound.grad` are what the last run left; see `Bound`.

        >>> import numpy as np
        >>> x = np.array([3.0, 4.0])
        >>> bound = compile(lambda x: x[0] * x[0] * x[1]).bind(x)
        >>> bound(), bound.grad
        (36.0, array([24.,  9.]))
        >>> x[0] = 1.0
        >>> bound(), bound.grad
        (4.0, array([8., 1.]))
        """
        call = self._signature.call(args, kwargs)
        return Bound(self._variant(call), call)

    def variant(self, *args: Any, **kwargs: Any) -> Variant:
        """Return what there is for arguments of this structure, to be looked at; recorded if it is new."""
        return self._variant(self._signature.call(args, kwargs))

    @property
    def variants(self) -> list[Variant]:
        """What was recorded so far, one for each structure of arguments."""
        return list(self._variants.values())

    @property
    def tape(self) -> Listing:
        """What the function did, an entry a line, for the arguments of the last call; see `variant`."""
        return self._last_variant("tape").tape

    @property
    def ir(self) -> str:
        """The machine code in LLVM's language, for the arguments of the last call; see `variant`."""
        return self._last_variant("ir").ir

    @property
    def stats(self) -> Stats:
        """Sizes, loops and times, for the arguments of the last call; see `variant`."""
        return self._last_variant("stats").stats

    def python(self) -> Callable[..., Any]:
        """Return the tape as a plain Python function, for the arguments of the last call; see `variant`."""
        return self._last_variant("python()").python()

    def _last_variant(self, wanted: str) -> Variant:
        if self._last is None:
            raise RuntimeError(
                f"{self.__name__} has not been called yet, so nothing is recorded: call it, or use "
                f"kernel.variant(...).{wanted} with arguments like those it will get"
            )
        return self._last

    def _variant(self, call: Call) -> Variant:
        key = (call.names, *map(structure, call.firsts() if call.batches else call.held))
        variant = self._variants.get(key)
        if variant is None:
            variant = self._variants[key] = Variant(self._f, self.__name__, self._options, call)
        self._last = variant
        return variant

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}>"
