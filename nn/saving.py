"""A model's parameters in a file that PyTorch and others read: safetensors, a matrix for each layer."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ..engine.files import path_of
from ..engine.value import described
from .module import Module
from .state import Numbers, shape
from .tensors import CHECKPOINT, Tensor, check_whole, read_tensors, tensor_of, write_tensors
from .tree import is_sequence

FilePath = str | os.PathLike[str]
Names = Sequence[str] | None
M = TypeVar("M", bound=Module)
EXAMPLE = "model.safetensors"


def save(model: Module | Mapping[str, Any], path: FilePath, *, names: Names = None) -> None:
    """Write the parameters of `model` to the file `path`, in the safetensors format; see `load`.

    A layer gives a matrix `layers.0.weight` of shape [outputs, inputs] and a list `layers.0.bias`, as
    floats of 64 bits: PyTorch's layout. The file is replaced as a whole: whatever happens, the old one
    or the new one is there.

    model: a module, or what its `state_dict()` returned.
    names: what to call the layers in the file, in order. "sequential" stands for "0", "2", "4" ..., as in
    an nn.Sequential with an activation after each Linear, which then reads it with
    `sequential.load_state_dict(safetensors.torch.load_file(path))`.
    Raises OSError that says what to pass where the path cannot be written (folders are not created),
    ValueError for names that do not fit, ImportError without the extra `save`.

    >>> import tempfile
    >>> from chainrule.nn import MLP
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(2, [3, 1], seed=1), f"{folder}/model.safetensors")
    ...     again = load(MLP(2, [3, 1]), f"{folder}/model.safetensors")
    >>> again([1.0, 2.0]).data == MLP(2, [3, 1], seed=1)([1.0, 2.0]).data
    True
    """
    state = model.state_dict() if isinstance(model, Module) else model
    if not isinstance(state, Mapping):
        raise TypeError(f"save takes the model first, then the path, got {described(model)} first")
    target = path_of(path, "save(model, path)", EXAMPLE)
    pieces = matrices(state)
    called = {} if names is None else _names_given(names, list(pieces))
    write_tensors(target, {called.get(key, key): tensor_of(part) for key, part in pieces.items()}, EXAMPLE)


def load(model: M, path: FilePath = "", *, names: Names = None) -> M:
    """Give `model` the parameters in the safetensors file `path`; return the model.

    The model is made first, with the sizes of the one that was saved. Floats of 64, 32 and 16 bits are
    read. A file that PyTorch wrote for an nn.Sequential of Linear layers (`0.weight`, `2.weight` ...)
    fits an MLP of the same sizes: its numbered layers are taken in the order of their numbers. Of a
    checkpoint of `fit`, the parameters of its last epoch are taken.

    names: what the layers are called in the file, in the model's order: ["encoder", "head"].
    Nothing is changed unless everything fits. A pickle (`model.pt`) is never opened.
    Raises OSError where the file cannot be read; ValueError where it is no safetensors file, is cut
    short, or does not fit, which names every key with both shapes; ImportError without the extra `save`.

    >>> import tempfile
    >>> from chainrule.nn import MLP
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(2, [3, 1], seed=1), f"{folder}/model.safetensors", names=["encoder", "head"])
    ...     model = load(MLP(2, [3, 1]), f"{folder}/model.safetensors", names=["encoder", "head"])
    >>> model.state_dict() == MLP(2, [3, 1], seed=1).state_dict()
    True
    """
    if not isinstance(model, Module):
        raise TypeError(
            f"load takes the model first, made with the sizes of the saved one, then the path, got "
            f"{described(model)} first; load_state(path) reads a file without a model"
        )
    source = path_of(path, "load(model, path)", EXAMPLE)
    tensors, keys = _model_part(source), list(matrices(model.state_dict()))
    called = _names_found(keys, list(tensors)) if names is None else _names_given(names, keys)
    take(model, tensors, called, f"load {str(source)!r}")
    return model


def load_state(path: FilePath) -> dict[str, Numbers]:
    """Return the parameters in the safetensors file `path` by name, as floats in nested lists.

    Arguments and errors as for `load`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save({"weight": [[1.0, 2.0]], "bias": [0.5]}, f"{folder}/line.safetensors")
    ...     load_state(f"{folder}/line.safetensors")
    {'bias': [0.5], 'weight': [[1.0, 2.0]]}
    """
    source = path_of(path, "load_state(path)", EXAMPLE)
    return {
        key: _numbers(tensor, key, f"load {str(source)!r}") for key, tensor in _model_part(source).items()
    }


def take(model: Module, tensors: Mapping[str, Tensor], called: Mapping[str, str], what: str) -> None:
    """Give `model` the numbers in `tensors`.

    called: the names of the model's keys among the tensors; a key that is not in it is called the same.
    what: what is done, for the error's text.
    Raises ValueError that says what does not fit; nothing is changed then.
    """
    state = model.state_dict()
    pieces = matrices(state)
    called = {key: called.get(key, key) for key in pieces}
    problems = []
    for key, numbers in pieces.items():
        name, wanted = called[key], list(shape(numbers))
        also = "" if name == key else f" (for {key!r})"
        if name not in tensors:
            problems.append(f"{name!r}{also}, {wanted} in the model, is missing from the file")
        elif list(tensors[name].shape) != wanted:
            problems.append(
                f"{name!r}{also} is {list(tensors[name].shape)} in the file and {wanted} in the model"
            )
    known = set(called.values())
    problems += [
        f"{name!r}, {list(tensor.shape)} in the file, is not in the model"
        for name, tensor in tensors.items()
        if name not in known
    ]
    if problems:
        more = f"; and {len(problems) - 6} more" if len(problems) > 6 else ""
        raise ValueError(f"cannot {what} into {type(model).__name__}: {'; '.join(problems[:6])}{more}")
    found = {key: _numbers(tensors[called[key]], called[key], what) for key in pieces}
    model.load_state_dict(_joined(state, found))


def matrices(state: Mapping[str, Any]) -> dict[str, Numbers]:
    """Return a state with every entry an array: lists whose parts differ in length become an entry each.

    >>> matrices({"weight": [[1.0, 2.0]], "biases": [[0.1, 0.2], [0.3]]})
    {'weight': [[1.0, 2.0]], 'biases.0': [0.1, 0.2], 'biases.1': [0.3]}
    """
    pieces: dict[str, Numbers] = {}
    stack = list(state.items())[::-1]
    while stack:
        key, held = stack.pop()
        if not all(isinstance(length, int) for length in shape(held)):
            stack += reversed([(f"{key}.{i}", part) for i, part in enumerate(held)])
        elif key in pieces:
            raise ValueError(f"cannot save two parts of a model under one name, {key!r}: rename one")
        else:
            pieces[key] = held
    return pieces


def _joined(state: Mapping[str, Any], pieces: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Return `pieces` in the lists that `matrices` took apart."""
    whole: dict[str, Any] = {}
    stack: list[tuple[Any, Any, str, Any]] = [(whole, key, key, held) for key, held in state.items()]
    while stack:
        into, at, key, held = stack.pop()
        if key in pieces:
            into[at] = pieces[key]
        else:
            into[at] = [None] * len(held)
            stack += [(into[at], i, f"{key}.{i}", part) for i, part in enumerate(held)]
    return whole


def _model_part(path: Path) -> dict[str, Tensor]:
    """Return the parameters in a file, be it a model's or a checkpoint."""
    tensors, texts = read_tensors(path)
    if texts.get("format") == CHECKPOINT:
        check_whole(path, tensors, texts)
        tensors = {key.removeprefix("model."): tensor for key, tensor in tensors.items()}
    return tensors


def _layers(keys: Sequence[str]) -> list[str]:
    """Return the names of the layers that have these keys: all but the last word, each once, in order."""
    return list(dict.fromkeys(key.rpartition(".")[0] for key in keys))


def _renamed(keys: Sequence[str], layers: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    name_of = dict(zip(layers, names, strict=True))
    return {key: f"{name_of[key.rpartition('.')[0]]}.{key.rpartition('.')[2]}".lstrip(".") for key in keys}


def _names_given(names: Names, keys: Sequence[str]) -> dict[str, str]:
    """Return the name in the file for each key of the model, as the caller says."""
    layers = _layers(keys)
    if names == "sequential":
        names = [str(2 * i) for i in range(len(layers))]
    if (
        isinstance(names, str)
        or not is_sequence(names)
        or not all(isinstance(name, str) for name in names or ())
    ):
        raise TypeError(f"names is 'sequential' or a list with a name for each layer, got {names!r}")
    assert names is not None
    if len(names) != len(layers) or len(set(names)) < len(names):
        raise ValueError(
            f"names must be {len(layers)} different ones, for {', '.join(layers)}, got {names!r}"
        )
    return _renamed(keys, layers, names)


def _names_found(keys: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Return the name in the file for each key of the model: the same, or numbered layers in their order."""
    if set(keys) == set(names):
        return {}
    layers, numbered = _layers(keys), _layers(names)
    found = [re.fullmatch(r"(.*\.|)(\d+)", name) for name in numbered]
    if len(layers) != len(numbered) or not all(found) or len({match[1] for match in found if match}) != 1:
        return {}
    return _renamed(keys, layers, sorted(numbered, key=lambda name: int(name.rpartition(".")[2])))


def _numbers(tensor: Tensor, name: str, what: str) -> Numbers:
    try:
        return tensor.numbers()
    except ValueError as error:
        raise ValueError(f"cannot {what}: {name!r} {error}") from None
