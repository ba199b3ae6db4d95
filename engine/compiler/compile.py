"""`compile`: record once, replay as machine code."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..tree import flatten
from ..value import Value, described
from .kernel import Compiled
from .record import Recording, parameters_of, record, structure

Reduce = Literal["mean", "sum"] | None
Argnums = int | Sequence[int]


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

    >>> from chainrule.engine import tanh
    >>> kernel = compile(lambda w, x: tanh(w[0] * x + w[1]), batch="x", reduce="mean")
    >>> value, gradient = kernel.value_and_grad([0.5, 0.25], [1.0, -1.0])
    >>> print(f"{value:.4f}", [f"{part:.4f}" for part in gradient])
    0.1951 ['-0.1717', '0.7683']
    """
    return Kernel(f, argnums, batch, reduce, exact)


class Kernel:
    """A compiled function; see `compile`."""

    def __init__(
        self,
        f: Callable[..., Any],
        argnums: Argnums,
        batch: str | int | Sequence[str | int],
        reduce: Reduce,
        exact: bool,
    ) -> None:
        if reduce not in (None, "mean", "sum"):
            raise ValueError(f"compile: reduce is 'mean', 'sum' or None, got {reduce!r}")
        self._f = f
        self._argnums, self._reduce, self._exact = argnums, reduce, exact
        self._batch = [batch] if isinstance(batch, str | int) else list(batch)
        if reduce and not self._batch:
            raise ValueError(
                f"compile: reduce={reduce!r} needs batch= to say which arguments hold the samples"
            )
        self._variants: dict[Any, _Variant] = {}
        self.__name__ = getattr(f, "__name__", "kernel")
        self.__doc__ = getattr(f, "__doc__", None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns, as floats; with a batch arrays of one a sample, or reduced."""
        variant, call = self._variant(args, kwargs)
        return variant.value(call)

    def value_and_grad(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Return the function's value and its derivatives by the arguments `argnums`, in their structure."""
        variant, call = self._variant(args, kwargs)
        return variant.value_and_grad(call)

    def grad(self, *args: Any, **kwargs: Any) -> Any:
        """Return the derivatives of the function's value by the arguments `argnums`, in their structure."""
        return self.value_and_grad(*args, **kwargs)[1]

    def _variant(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[_Variant, _Call]:
        held, names = [*args, *kwargs.values()], tuple(kwargs)
        samples = self._samples(len(args), names)
        firsts, batches, count = [], {}, None
        for place, argument in enumerate(held):
            if place not in samples:
                firsts.append(argument)
                continue
            array = _as_batch(argument, self._called(place, args, names))
            if count is not None and len(array) != count[1]:
                raise ValueError(
                    f"{self.__name__}: the batched arguments have different lengths: "
                    f"{count[0]} has {count[1]} samples, {self._called(place, args, names)} has {len(array)}"
                )
            count = count or (self._called(place, args, names), len(array))
            batches[place] = array
            firsts.append(argument[0] if hasattr(argument, "dtype") else _one_sample(argument))
        key = (names, tuple([structure(part) for part in firsts]))
        variant = self._variants.get(key)
        if variant is None:
            variant = self._variants[key] = _Variant(self, firsts, names, samples)
        return variant, _Call(held, batches, 0 if count is None else count[1])

    def _called(self, place: int, args: tuple[Any, ...], names: tuple[str, ...]) -> str:
        if place >= len(args):
            return names[place - len(args)]
        parameters = _parameter_names(self._f)
        return parameters[place] if place < len(parameters) else f"argument {place}"

    def _samples(self, positional: int, names: tuple[str, ...]) -> set[int]:
        """Return the places of the batched arguments in this call."""
        places = set()
        parameters = _parameter_names(self._f)
        for wanted in self._batch:
            if isinstance(wanted, str):
                if wanted in names:
                    places.add(positional + names.index(wanted))
                elif wanted in parameters and parameters.index(wanted) < positional:
                    places.add(parameters.index(wanted))
                else:
                    raise TypeError(f"{self.__name__}: batch names {wanted!r}, which this call does not give")
            elif -positional <= wanted < positional:
                places.add(wanted % positional)
            else:
                raise TypeError(
                    f"{self.__name__}: batch says argument {wanted}, but the call has {positional}"
                )
        return places

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}>"


def _parameter_names(f: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        return []


def _one_sample(argument: Any) -> Any:
    try:
        return argument[0]
    except (IndexError, KeyError, TypeError):
        raise ValueError(
            f"a batch needs at least one sample along its first axis, got {described(argument)}"
        ) from None


def _as_batch(argument: Any, name: str) -> NDArray[np.float64]:
    try:
        array = np.asarray(argument, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(
            f"the batched argument {name} must be an array of numbers, or lists that make one, got "
            f"{described(argument)}"
        ) from None
    if array.ndim == 0 or len(array) == 0:
        raise ValueError(f"the batched argument {name} needs at least one sample, got {described(argument)}")
    return array.reshape(len(array), -1)


class _Call:
    """The arguments of one call."""

    def __init__(self, held: list[Any], batches: dict[int, NDArray[np.float64]], samples: int) -> None:
        self.held, self.batches, self.samples = held, batches, samples

    def shared(self, outside: list[Value], scale: bool) -> NDArray[np.float64]:
        """Return the numbers of the arguments that are not batched, and of Values from outside, in a row."""
        parts: list[Any] = []
        for place, argument in enumerate(self.held):
            if place not in self.batches:
                parts.append(numbers_of(argument))
        if scale:
            parts.append(np.array([1.0 / self.samples]))
        parts.append(np.array([value.data for value in outside], np.float64))
        return np.ascontiguousarray(np.concatenate(parts), np.float64)

    def rows(self) -> NDArray[np.float64] | None:
        """Return the numbers of the batched arguments, a line for each sample."""
        if not self.batches:
            return None
        return np.ascontiguousarray(np.concatenate(list(self.batches.values()), axis=1))


def numbers_of(argument: Any) -> NDArray[np.float64]:
    """Return the numbers in an argument, in a row."""
    if isinstance(argument, float):
        return np.array([argument])
    if isinstance(argument, np.ndarray) and argument.dtype.kind in "fiu":
        return argument.astype(np.float64, copy=False).ravel()
    parameters = parameters_of(argument)
    leaves = parameters if parameters is not None else flatten(argument)[0]
    return np.array([leaf.data if isinstance(leaf, Value) else float(leaf) for leaf in leaves], np.float64)


class _Variant:
    """The kernel for one structure of arguments."""

    def __init__(self, kernel: Kernel, firsts: list[Any], names: tuple[str, ...], samples: set[int]) -> None:
        self.kernel, self.firsts, self.names, self.samples = kernel, firsts, names, samples
        self.recording: Recording = record(kernel._f, firsts, names, samples)
        inputs = self.recording.inputs
        self.batched = np.array(
            [place in samples for place, entries in enumerate(inputs) for _ in entries], bool
        )
        self._compiled: dict[tuple[bool, bool], Compiled] = {}

    def value(self, call: _Call) -> Any:
        outputs, _ = self._run(call, gradient=False)
        return self.recording.of_outputs(outputs)

    def value_and_grad(self, call: _Call) -> tuple[Any, Any]:
        if len(self.recording.outputs) != 1:
            raise TypeError(
                f"value_and_grad needs a function that returns one number, "
                f"{self.kernel.__name__} returned {len(self.recording.outputs)}"
            )
        (value,), gradients = self._run(call, gradient=True)
        return self.recording.of_outputs([value]), gradients

    def _places(self) -> list[int]:
        argnums = self.kernel._argnums
        positional = len(self.firsts) - len(self.names)
        if not positional:
            return list(range(len(self.firsts)))
        places = [argnums] if isinstance(argnums, int) else list(argnums)
        for place in places:
            if not -positional <= place < positional:
                raise TypeError(
                    f"compile: argnums={argnums!r}, but there are {positional} positional arguments"
                )
        return [place % positional for place in places]

    def _run(self, call: _Call, gradient: bool) -> tuple[list[Any], Any]:
        compiled = self._made(gradient, guarded=self.kernel._exact)
        arguments = (call.shared(self.recording.outside, compiled.scaled), call.rows())
        once, each = compiled.run(*arguments)
        if gradient and not compiled.guarded and (np.isnan(once).any() or np.isnan(each).any()):
            # The fast form differs only where an adjoint of 0 met a partial that is not finite: it says nan.
            once, each = self._made(gradient, guarded=True).run(*arguments)
        numbers = compiled.sorted(once, each)
        wanted = self.recording.outputs
        computed = iter(numbers)
        outputs = [
            self._constant(number, call) if isinstance(number, float) else self._whole(next(computed), call)
            for number in wanted
        ]
        if not gradient:
            return outputs, None
        return outputs, self._structured(list(computed), call)

    def _constant(self, number: float, call: _Call) -> Any:
        if not self.batched.any() or self.kernel._reduce == "mean":
            return number
        return number * call.samples if self.kernel._reduce else np.full(call.samples, number)

    def _whole(self, number: Any, call: _Call) -> Any:
        """Return one result: of a batch not reduced an array, also where all samples have the same."""
        alike = isinstance(number, float) and self.batched.any() and not self.kernel._reduce
        return np.full(call.samples, number) if alike else number

    def _structured(self, gradients: list[Any], call: _Call) -> Any:
        """Return the derivatives in the structure of the arguments they are by."""
        computed = iter(gradients)
        parts: list[Any] = []
        for place in self._places():
            count = len(self.recording.inputs[place])
            numbers = [next(computed) for _ in range(count)]
            argument = call.held[place]
            if place in self.samples:
                array = np.zeros((call.samples, count))
                for column, number in enumerate(numbers):
                    array[:, column] = number  # one of each sample, or one for all: 0 where nothing flows
                parts.append(array.reshape(np.shape(argument)))
            elif parameters_of(argument) is not None:
                parts.append([float(number) for number in numbers])
            else:
                parts.append(flatten(argument)[1]([float(number) for number in numbers]))
        if self.names and len(self.names) == len(call.held):
            return dict(zip(self.names, parts, strict=True))
        return parts[0] if isinstance(self.kernel._argnums, int) else tuple(parts)

    def _made(self, gradient: bool, guarded: bool) -> Compiled:
        made = self._compiled.get((gradient, guarded))
        if made is None:
            recording = self.recording
            if guarded:
                recording = record(self.kernel._f, self.firsts, self.names, self.samples, careful=True)
            outputs = [number for number in recording.outputs if not isinstance(number, float)]
            by = [entry for place in self._places() for entry in recording.inputs[place]] if gradient else []
            made = self._compiled[gradient, guarded] = Compiled(
                recording.tape,
                outputs,
                by,
                self.batched,
                reduce=self.kernel._reduce if self.batched.any() else None,
                exact=self.kernel._exact,
                guarded=guarded,
            )
        return made
