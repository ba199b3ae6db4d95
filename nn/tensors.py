"""safetensors files: numbers under names, and nothing in them that could run."""

import errno
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..engine.files import write_whole
from .state import Numbers

TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
CHECKPOINT = "chainrule checkpoint"
"""What the metadata of a checkpoint says under "format"; other files hold a model's parameters."""


class Tensor(NamedTuple):
    """What a file holds under one name: the type in the format's own word, the shape, the bytes."""

    type: str
    shape: tuple[int, ...]
    data: bytes

    def numbers(self) -> Numbers:
        """Return the numbers as floats in nested lists, one float for the shape ().

        Raises ValueError for types other than floats of 64, 32 and 16 bits.
        """
        if self.type not in TYPES:
            raise ValueError(f"holds numbers of type {self.type}, not one of {', '.join(TYPES)}")
        numpy, _ = _libraries()
        array = numpy.frombuffer(self.data, dtype=TYPES[self.type]).reshape(self.shape)
        return array.astype(numpy.float64).tolist()


def tensor_of(numbers: Numbers) -> Tensor:
    """Return numbers in nested lists, all of one length on each level, as floats of 64 bits."""
    numpy, _ = _libraries()
    array = numpy.array(numbers, dtype=TYPES["F64"])
    return Tensor("F64", array.shape, array.tobytes())


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], such_as: str, texts: Mapping[str, str] | None = None
) -> None:
    """Write tensors by name to the file `path`, as a whole or not at all.

    such_as: the name of a file to suggest where `path` is a folder.  texts: the file's metadata.
    Raises OSError as `write_whole` does, ValueError for a name that the format cannot hold, ImportError
    without safetensors.
    """
    numpy, safetensors = _libraries()
    arrays = {
        name: numpy.frombuffer(tensor.data, dtype=TYPES[tensor.type]).reshape(tensor.shape)
        for name, tensor in tensors.items()
    }
    try:
        data = safetensors.numpy.save(arrays, dict(texts) if texts else None)
        safetensors.deserialize(data)  # better no file than one that nobody can read
    except (safetensors.SafetensorError, UnicodeEncodeError) as error:
        raise ValueError(f"cannot write {str(path)!r}: safetensors cannot hold this ({error})") from None
    write_whole(path, data, such_as)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return what the file `path` holds by name, and its metadata.

    Raises OSError where the file cannot be read, ValueError where it is no safetensors file or not a
    whole one, ImportError without safetensors.
    """
    _, safetensors = _libraries()
    data = _bytes(path)
    try:
        found = safetensors.deserialize(data)
    except safetensors.SafetensorError as error:
        raise ValueError(f"cannot read {str(path)!r}: {_complaint(data)}") from error
    tensors = {name: Tensor(part["dtype"], tuple(part["shape"]), bytes(part["data"])) for name, part in found}
    header = json.loads(
        data[8 : 8 + int.from_bytes(data[:8], "little")]
    )  # the format's own: it was read above
    return dict(sorted(tensors.items())), header.get("__metadata__", {})


def check_whole(path: Path, tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> None:
    """Raise ValueError where a checkpoint does not have the checksum that its metadata says."""
    if checksum(tensors, texts.get("run", "")) != texts.get("sha256"):
        raise ValueError(f"cannot read {str(path)!r}: it is damaged, its checksum does not fit what it holds")


def checksum(tensors: Mapping[str, Tensor], text: str) -> str:
    """Return the SHA-256 of everything a file holds, in hexadecimal digits."""
    digest = hashlib.sha256(text.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"\n{name} {tensor.type} {list(tensor.shape)}\n".encode())
        digest.update(tensor.data)
    return digest.hexdigest()


def _libraries() -> tuple[Any, Any]:
    try:
        import numpy
        import safetensors
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            f"saving and loading need safetensors and NumPy: pip install 'chainrule[save]' ({error})"
        ) from None
    return numpy, safetensors


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        if isinstance(error, IsADirectoryError):
            what = "it is a folder; pass a file in it"
        else:
            what = error.strerror or str(error)
        raise OSError(error.errno or errno.EIO, f"cannot read {str(path)!r}: {what}") from error


def _complaint(data: bytes) -> str:
    """Return what seems to be wrong with a file that is no whole safetensors file."""
    if not data:
        return "it is empty"
    if data[8:9] == b"{":
        return "it is cut short or damaged"
    if data.startswith((b"PK\x03\x04", b"\x80")):
        return (
            "it is a pickle or an archive, such as torch.save writes; a pickle can run any code, so it is "
            "never opened here. Convert it where you trust it: safetensors.torch.save_file("
            "torch.load('model.pt', weights_only=True), 'model.safetensors')"
        )
    return "it is no safetensors file"
