"""Parameters, and the objects that hold them."""

import threading
from abc import ABCMeta
from collections.abc import Iterator, Mapping
from typing import Any, Self, TypeVar

from ..engine import Value
from . import conscience, state
from .summary import Summary, summary_of
from .tree import Holder, containers, held_in, parameters, path, walk, written

M = TypeVar("M")


class Parameter(Value):
    """A Value that training may change: a weight or a bias. Pictures show it as one.

    >>> Parameter(0.5, label="w")
    Parameter(0.5, grad=0, label='w')
    """

    __slots__ = ()
    kind = "param"


class PlaceName(str):
    """A label that says where a module holds a parameter; unlike one of the user's, it may be replaced."""

    __slots__ = ()


class _LabelsParameters(ABCMeta):
    """Labels a module's parameters by their places in it as soon as its `__init__` is done.

    Modules that are made inside another's `__init__` are left to that one.
    """

    def __call__(cls: type[M], *args: Any, **settings: Any) -> M:
        is_outermost = not getattr(_making, "underway", False)
        _making.underway = True
        try:
            made: M = super().__call__(*args, **settings)  # type: ignore[misc]  # it is type.__call__
        finally:
            _making.underway = not is_outermost
        if is_outermost and isinstance(made, Module):
            made.label_parameters()
        return made


_making = threading.local()


class Module(Holder, metaclass=_LabelsParameters):
    """What holds parameters: subclass it, keep parameters and modules in attributes, define `__call__`.

    `forward`, as PyTorch has it, will do in the place of `__call__`.

    Parameters are found by themselves, in the order of the attributes: Values that are leaves (made by
    you, not by an operation), in modules, lists, tuples, dictionaries, dataclasses and object arrays,
    nested as you like. Those without a label get one that says where they are when the module is made:
    `layers[0].neurons[2].w[1]`. A module around it names them anew; a label of your own stays.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Parameter(2.0), Parameter(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line(3.0).data, [name for name, _ in line.named_parameters()], line.slope.label
    (7.0, ['slope', 'offset'], 'slope')
    """

    training: bool = True
    """True after `train()` and at first, False after `eval()`; what `Dropout` goes by."""

    # Any: subclasses say what they take.
    def __call__(self, *args: Any, **settings: Any) -> Any:
        """Return what `forward` returns; a module that defines `__call__` itself needs none."""
        forward = getattr(self, "forward", None)
        if forward is None:
            raise TypeError(
                f"{type(self).__name__} cannot be called: define __call__(self, x) in it, or forward(self, x)"
            )
        return forward(*args, **settings)

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Yield each parameter once, with its dotted path: `layers.0.neurons.2.w.1`."""
        return ((path(place), parameter) for place, parameter in parameters(self))

    def parameters(self) -> list[Value]:
        """Return the parameters, each once, in the order of `named_parameters`."""
        return held_in(self)[1]

    def named_modules(self) -> Iterator[tuple[str, "Module"]]:
        """Yield this module, under the name "", and each module inside once, with its dotted path."""
        return ((path(place), part) for place, part in walk(self) if isinstance(part, Module))

    def modules(self) -> list["Module"]:
        """Return this module and every module inside it, each once."""
        return [part for part in held_in(self)[0] if isinstance(part, Module)]

    def _containers(self) -> list[Any] | None:
        """Return the dictionaries, lists and tuples in which everything in this module is held.

        While each of them holds the same objects under the same names, `parameters` and `modules` give the
        same: compiled functions go by that. None where that cannot be said, as where a subclass finds its
        parameters in another way.
        """
        own = type(self).parameters is Module.parameters and type(self).modules is Module.modules
        return containers(self) if own and not {"parameters", "modules"} & vars(self).keys() else None

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """Yield each module that this one holds itself, not inside another one, with its dotted path."""
        inside = walk(self, into_modules=False)
        return (
            (path(place), part) for place, part in inside if isinstance(part, Module) and part is not self
        )

    def children(self) -> list["Module"]:
        """Return the modules that this one holds itself."""
        return [module for _, module in self.named_children()]

    def train(self, mode: bool = True) -> Self:
        """Put this module and every one inside into training mode, or out of it; return this one."""
        if not isinstance(mode, bool):
            raise TypeError(f"train takes True or False, got {mode!r}; to train a model, see fit")
        for module in self.modules():
            vars(module)["training"] = mode  # so in frozen dataclasses too
        return self

    def eval(self) -> Self:
        """Put this module and every one inside into evaluation mode: `train(False)`."""
        return self.train(False)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradient of every parameter to zero; call it before each backward pass.

        set_to_none: taken for PyTorch's sake; a gradient is a float here and becomes 0.0 either way.
        """
        parameters = list(self.parameters())
        conscience.before_zeroing(self, parameters)
        for parameter in parameters:
            parameter.grad = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Return the number of every parameter by key: plain floats, in nested lists where there are many.

        A layer gives `weight`, a row for each neuron, and `bias`; an embedding `weight`; a parameter its
        number, a list of parameters a list. What is held in two places is given twice. The numbers are
        copies: training on does not change them.
        Raises ValueError where two parts have the same key.

        >>> from chainrule.nn import Layer
        >>> layer = Layer(2, 1, seed=0)
        >>> layer.load_state_dict({"weight": [[0.5, -1.0]], "bias": [0.25]})
        Keys(missing_keys=[], unexpected_keys=[])
        >>> layer.state_dict()
        {'weight': [[0.5, -1.0]], 'bias': [0.25]}
        """
        return {entry.key: state.numbers(entry.cells) for entry in state.entries(self)}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> state.Keys:
        """Give every parameter its number from what `state_dict` returned; return the keys left alone.

        state_dict: lists, NumPy arrays and tensors will do, as long as they have the shapes of this
        model. A sparse layer's missing connections must be 0.
        strict: refuse keys that are missing or that the model does not have; False leaves both alone
        and returns which they were, in `missing_keys` and `unexpected_keys`.
        Raises ValueError that names every key and both shapes of what does not fit, TypeError for what is
        no number. Nothing is changed then.
        """
        return state.load(self, state_dict, strict)

    def summary(self) -> Summary:
        """Return a table of the layers with their shapes and how many parameters they have; print it.

        >>> from chainrule.nn import MLP
        >>> print(MLP(2, [16, 1]).summary())
        name      layer                              shapes                     parameters
        layers.0  Layer(2, 16, activation=relu)      weight [16, 2], bias [16]          48
        layers.1  Layer(16, 1, activation=identity)  weight [1, 16], bias [1]           17
        total                                                                           65
        """
        return summary_of(self)

    def label_parameters(self) -> None:
        """Label each parameter by its place in this module, where the user has given it no label.

        Done when a module is made; call it after adding parameters later.
        """
        for place, parameter in parameters(self):
            if not parameter.label or isinstance(parameter.label, PlaceName):
                parameter.label = PlaceName(written(place))

    def extra_repr(self) -> str:
        """Return what stands in the brackets after the class's name; override it, as in PyTorch."""
        return ""

    def _head(self) -> str:
        """Return the module in one line, without what is inside it."""
        return f"{type(self).__name__}({self.extra_repr()})"

    def _shown(self) -> list[tuple[str, Any]]:
        """Return (name, part) for what a repr shows inside: the children."""
        return list(self.named_children())

    def __repr__(self) -> str:
        return nested_repr(self)


def nested_repr(module: Module) -> str:
    """Return a line for `module` and, indented, one for each module inside, as PyTorch does.

    Modules that write themselves keep their own text. Deep nesting and cycles do no harm.
    """
    lines: list[str] = []
    open_modules: set[int] = set()
    stack: list[tuple[int, str, Any]] = [(0, "", module)]
    while stack:
        depth, name, part = stack.pop()
        indent = "  " * depth
        if isinstance(part, set):  # the end of a module, whose identity is in the set
            open_modules -= part
            lines.append(f"{indent})")
        elif not isinstance(part, Module) or type(part).__repr__ is not Module.__repr__:
            text = repr(part) if isinstance(part, Module) else getattr(part, "__name__", repr(part))
            lines.append(f"{indent}{name}{text}".replace("\n", f"\n{indent}"))
        elif id(part) in open_modules:
            lines.append(f"{indent}{name}{type(part).__name__}(...)")
        elif inside := part._shown():
            open_modules.add(id(part))
            lines.append(f"{indent}{name}{part._head().removesuffix(')')}")
            stack.append((depth, "", {id(part)}))
            stack += [(depth + 1, f"({inner}): ", held) for inner, held in reversed(inside)]
        else:
            lines.append(f"{indent}{name}{part._head()}")
    return "\n".join(lines)
