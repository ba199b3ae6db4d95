"""`compile`: record once, replay as machine code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from types import MethodType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, overload

from .. import modes, transforms
from ..recorded import check_function
from ..tree import flatten
from ..value import Value, described
from .arguments import Call, Signature
from .bound import Bound
from .bound_ways import BoundWays
from .change import Change, change
from .elsewhere import check_no_options, no_attribute
from .kept import Kept
from .listing import Listing
from .looks import Looks
from .options import Argnums, Options, Reduce, checked
from .outline import Outline
from .record import what_changed
from .refusals import RecordingError
from .rounding import ErrorBound
from .stats import Stats
from .variant import Variant


@overload
def compile(
    f: Callable[..., Any],
    *,
    argnums: Argnums = 0,
    batch: str | int | Sequence[str | int] = (),
    reduce: Reduce = None,
    exact: bool = False,
    threads: int | Literal["auto"] = 1,
    dtype: Literal["float64", "float32"] = "float64",
) -> Kernel: ...
@overload
def compile(
    *,
    argnums: Argnums = 0,
    batch: str | int | Sequence[str | int] = (),
    reduce: Reduce = None,
    exact: bool = False,
    threads: int | Literal["auto"] = 1,
    dtype: Literal["float64", "float32"] = "float64",
) -> Callable[[Callable[..., Any]], Kernel]: ...
def compile(
    f: Callable[..., Any] | None = None,
    *,
    argnums: Argnums = 0,
    batch: str | int | Sequence[str | int] = (),
    reduce: Reduce = None,
    exact: bool = False,
    threads: int | Literal["auto"] = 1,
    dtype: Literal["float64", "float32"] = "float64",
    **elsewhere: Any,
) -> Kernel | Callable[[Callable[..., Any]], Kernel]:
    """Return `f` as machine code: recorded at the first call, and replayed at every further one.

    f: a function of numbers in lists, dictionaries, dataclasses, arrays and modules, written with Values in
    mind: operators, functions of the engine, loops. It runs once for each structure of its arguments.
    Without it the options make a decorator: `@compile(batch="x")`, as `@compile` does without any.
    What it reads from around itself is fixed by that run, but for Values, which are read at every call: so
    are the numbers that `random` or a clock gave it then. Of a module or another object among the
    arguments, and of the module that `f` is or is a method of, it is looked at how it is built: the classes
    of the modules inside and their order, which parameter is where, functions, and settings (numbers,
    texts, truth values, enums, classes) in attributes, lists, tuples, dictionaries, sets and NumPy arrays
    of at most 10,000 elements, and a thousand elements of larger ones; where these change, `f` runs again.
    Of the rest of a larger array, and of objects inside that are no modules, it counts which ones they are,
    not what is changed inside them; attributes of classes do not count. See docs/compiler/anatomy.md, and
    docs/compiler.md for all that a recording keeps.
    A RecordingWarning says so where something changes at call after call. The 128 recordings used last are
    kept, and a module that is an argument is not kept alive.
    argnums: the arguments that `value_and_grad` and `grad` differentiate by.
    batch: names or places of arguments that hold one entry for each sample of a batch, along their first
    axis; `f` itself is written for one sample.
    reduce: what becomes of the results for the samples: their mean, their sum, or with None one of each:
    an array in the place of each number, and of an array one with the samples as its first axis.
    Derivatives by arguments that all samples share are summed over the samples (with "mean" averaged).
    exact: add and multiply in the order and with the roundings of Python: the same result to the last bit, of
    derivatives of any order. That order follows from the way which numbers take through branches: those of
    formulas that a derivative of a derivative goes through (`tanh`, `pow`, `logsumexp`, ...), and the choices
    of `sort`, `median`, `softmax`, `interp`, `piecewise` and `take`. So `f` runs again, and is compiled, for
    each way that calls go, up to 16 of them; calls that go yet another way run in Python. With a batch each
    sample goes its own way, and sums over the samples take one after the other, whatever `threads` says; a
    mean is such a sum divided by their number.
    Without it products are rounded together with their sums, long sums add up in another order, and exp, log,
    tanh, sin, cos and their like, where many are wanted at once, are right to 1.5 ulp instead of C's 1.
    threads: how many shards of a batch may be computed at the same time; "auto": one a processor. A shard has
    at least 4,000,000 operations, so small batches have fewer. Sums over the samples are those of the shards,
    added in turn: for one number of threads they are the same at every run, for another number they may
    differ in the last digits, unless `exact`. What belongs to one sample does not depend on it.
    dtype: "float32" computes with half as many digits, and in half the memory: arguments are rounded to it,
    arrays of results have it. Functions such as exp are computed as float64 and rounded. It cannot be exact;
    `error_bound` says how far results may be from those on Values.

    Machine code is kept on disk, under a key of everything it follows from, so that a program which starts
    again records and does not compile. The environment variable CHAINRULE_CACHE names the folder (without
    it, where the system keeps such files); empty, it switches this off.

    >>> from chainrule.engine import tanh
    >>> kernel = compile(lambda w, x: tanh(w[0] * x + w[1]), batch="x", reduce="mean")
    >>> value, gradient = kernel.value_and_grad([0.5, 0.25], [1.0, -1.0])
    >>> print(f"{value:.4f}", [f"{part:.4f}" for part in gradient])
    0.1951 ['-0.1717', '0.7683']
    """
    check_no_options(elsewhere)
    if f is None:
        chosen: dict[str, Any] = {"argnums": argnums, "batch": batch, "reduce": reduce}
        return partial(compile, **chosen, exact=exact, threads=threads, dtype=dtype)
    check_function(f, "compile")
    batched, options = checked(argnums, batch, reduce, exact, threads, dtype)
    return Kernel(f, batched, options)


class Kernel:
    """A compiled function; see `compile`."""

    def __init__(self, f: Callable[..., Any], batch: Sequence[str | int], options: Options) -> None:
        self._f, self._batch, self._options = f, batch, options
        self._signature = Signature(f, batch, options.dtype)
        self._last: Variant | None = None
        self._modules: list[Any] = []
        """Those that the last one was recorded with: they live on."""
        self._looks = Looks()
        self.__name__ = self._signature.name
        self.__module__ = getattr(f, "__module__", None) or __name__
        self._kept = Kept(self.__name__)
        self._variants = self._kept.variants
        self.__doc__ = getattr(f, "__doc__", None)
        self.__wrapped__ = f
        """What was compiled: `inspect.signature`, `help` and doctest find it there."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns, as floats; with a batch arrays of one a sample, or reduced.

        Inside a function that is recorded or differentiated itself, on Values of that, the function runs on
        these as it would without `compile`: its operations belong to the outer one's.
        """
        if self._is_inside(args, kwargs):
            return self._f(*args, **kwargs)
        call = self._signature.call(args, kwargs)
        return self._variant(call).value(call)

    def value_and_grad(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Return the function's value and its derivatives by the arguments `argnums`, in their structure."""
        if self._is_inside(args, kwargs):
            return transforms.value_and_grad(self._f, self._options.argnums)(*args, **kwargs)
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
        variant = self._variant(call)
        if not variant.follows(variant.differentiates):
            return Bound(variant, call)
        return BoundWays(variant, call, self._signature.again(args, kwargs, self._looks))

    def error_bound(self, *args: Any, **kwargs: Any) -> ErrorBound:
        """Return how far value and derivatives at these arguments may be from those on Values.

        A pair: `.value` has the structure of what the function returns and `.grad` that of `kernel.grad`,
        None where the function returns several numbers. Each number is a bound, of first order, for the
        distance between machine code and Values; with a batch, between machine code and the sum (the mean)
        of what the samples give on Values, taken in turn. It is 0 where both round alike: with exact=True
        everywhere. Where a number on the way is not finite, or may be on either
        side of a pole, it may be inf or nan. The kernel runs once, and then the program node by node in
        Python, which takes as long as on Values or longer. See docs/compiler.md.

        >>> kernel = compile(lambda x: x[0] * x[1] + x[2])
        >>> kernel.error_bound([0.1, 0.2, 0.3]).value < 1e-15
        True
        >>> compile(lambda x: x[0] * x[1] + x[2], exact=True).error_bound([0.1, 0.2, 0.3])
        ErrorBound(value=0.0, grad=[0.0, 0.0, 0.0])
        """
        call = self._signature.call(args, kwargs, "float64")
        return self._variant(call).error_bound(call)

    def variant(self, *args: Any, **kwargs: Any) -> Variant:
        """Return what there is for arguments of this structure, to be looked at; recorded if it is new."""
        return self._variant(self._signature.call(args, kwargs))

    @property
    def variants(self) -> list[Variant]:
        """What was recorded so far and is kept, one for each structure of arguments, used last at the end.

        There are at most 128. Modules among the arguments, and in lists, tuples and dictionaries there, are
        not kept alive: with one goes what was recorded for it.
        """
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

    @property
    def outline(self) -> Outline:
        """The loops and what they read, for the arguments of the last call; `chainrule.viz.draw` draws it."""
        if self._last is None:
            raise RuntimeError(
                f"{self.__name__} has not been called yet, so there is nothing to draw: call it once, or "
                "draw(kernel.variant(...)) with arguments like those it will get"
            )
        return self._last.outline

    def python(self) -> Callable[..., Any]:
        """Return the tape as a plain Python function, for the arguments of the last call; see `variant`."""
        return self._last_variant("python()").python()

    def _is_inside(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Return whether the arguments are Values that an outer function is recorded or differentiated by."""
        if not modes.recorders and not modes.differentiating.get():
            return False
        if not any(isinstance(leaf, Value) for leaf in flatten([args, kwargs])[0]):
            return False
        if self._batch:
            raise RecordingError(
                f"{self.__name__} takes a batch, which a function that is recorded or differentiated cannot "
                "hand on as Values: call the function that was compiled, for each sample, or compile the "
                "derivative of it, as in compile(hessian(f), batch=...)"
            )
        return True

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Return the function for an instance of the class that it stands in; see `Method`."""
        return self if instance is None else Method(self, instance)

    if not TYPE_CHECKING:  # to which it would say that there is everything

        def __getattr__(self, name: str) -> NoReturn:
            raise no_attribute(self.__dict__.get("__name__", "kernel"), name)

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Copy and pickle the function and its options; a copy records and compiles for itself.

        One that stands where its function was written, decorated, is found there again, as functions are.
        """
        name = getattr(self._f, "__qualname__", "<locals>")
        there: Any = sys.modules.get(self.__module__)
        for part in name.split("."):
            there = getattr(there, part, None)
        return name if there is self else (Kernel, (self._f, self._batch, self._options))

    def _last_variant(self, wanted: str) -> Variant:
        if self._last is None:
            raise RuntimeError(
                f"{self.__name__} has not been called yet, so nothing is recorded: call it, or use "
                f"kernel.variant(...).{wanted} with arguments like those it will get"
            )
        return self._last

    def _variant(self, call: Call) -> Variant:
        key = self._signature.structures(call, self._looks)
        variant = self._variants.get(key)
        if variant is None:
            variant = self._recorded(key, call)
        if variant is not self._last:
            self._kept.use(key)
            self._last, self._modules = variant, variant.modules()
        return variant

    def _recorded(self, key: tuple[Any, ...], call: Call) -> Variant:
        def compared(before: tuple[Any, ...]) -> Change:
            return change(
                before, key, self._signature.names(call), self._signature.looked_at(call), what_changed
            )

        different = self._kept.change(compared)  # from before: the function may change its arguments
        variant = Variant(self._f, self.__name__, self._options, call)
        self._kept.add(key, variant, different)
        return variant

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}>"


_OF_INSTANCES = {"value_and_grad", "grad", "bind", "error_bound", "variant"}


class Method:
    """A compiled function of a class, for one instance of it, which is its first argument.

    It counts: argument 0 of `argnums` and `batch` is the instance, so `model.loss.value_and_grad(x, y)` gives
    the derivatives by the parameters of the model.
    """

    __slots__ = ("__func__", "__self__")

    def __init__(self, function: Kernel, instance: object) -> None:
        self.__func__, self.__self__ = function, instance

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__func__(self.__self__, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.__func__, name)
        if name == "__wrapped__":
            return MethodType(found, self.__self__)
        return partial(found, self.__self__) if name in _OF_INSTANCES else found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Method):
            return NotImplemented
        return self.__func__ is other.__func__ and self.__self__ is other.__self__

    def __hash__(self) -> int:
        return hash((id(self.__func__), id(self.__self__)))

    def __reduce__(self) -> tuple[Any, ...]:
        return Method, (self.__func__, self.__self__)

    def __repr__(self) -> str:
        return f"{self.__func__!r} of {described(self.__self__)}"
