"""Models in files: what is saved is loaded, PyTorch's files fit, and files that do not fit are refused."""

import errno
import json
import math
import os
import pickle
import random
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from chainrule.nn import (
    MLP,
    Dropout,
    Embedding,
    Layer,
    Linear,
    Module,
    Parameter,
    Sequential,
    load,
    load_state,
    save,
)

DATA = Path(__file__).parents[1] / "data"
INPUT = [0.3, -0.7]


def parameters(model: Module) -> list[float]:
    return [p.data for p in model.parameters()]


class Everything(Module):
    """A module with parameters in all the ways they can be held."""

    def __init__(self, start: float) -> None:
        self.scale = Parameter(start)
        self.weights = [[[Parameter(start + i + j) for j in range(2)] for i in range(3)] for _ in range(2)]
        self.biases = [[Parameter(start)], [Parameter(start), Parameter(-start)]]
        self.parts = {"größe": Linear(2, 3, seed=random.Random(start)), "words": Embedding(4, 2, seed=1)}
        self.dropout = Dropout(0.5)


@pytest.mark.parametrize("end", ["model.safetensors", "no suffix", "модель.safetensors"])
def test_what_is_saved_is_loaded_bit_for_bit(tmp_path: Path, end: str) -> None:
    model, other = Everything(0.1), Everything(7.0)
    model.scale.data = math.nextafter(0.1, 1.0)
    assert parameters(other) != parameters(model)
    save(model, tmp_path / end)
    assert load(other, str(tmp_path / end)) is other
    assert parameters(other) == parameters(model)
    assert list(tmp_path.iterdir()) == [tmp_path / end]


def test_numbers_that_are_not_finite_and_the_smallest_ones_survive(tmp_path: Path) -> None:
    model, other = Layer(4, 1, seed=0), Layer(4, 1, seed=1)
    for parameter, number in zip(model.parameters(), [math.nan, -math.inf, 5e-324, -0.0, 1e308], strict=True):
        parameter.data = number
    save(model, tmp_path / "model")
    assert list(map(repr, parameters(load(other, tmp_path / "model")))) == list(map(repr, parameters(model)))


def test_a_file_holds_a_matrix_and_a_bias_for_each_layer(tmp_path: Path) -> None:
    model = MLP(2, [3, 1], seed=0)
    save(model, tmp_path / "model")
    arrays = safetensors.numpy.load_file(tmp_path / "model")
    assert {name: (array.shape, array.dtype.name) for name, array in arrays.items()} == {
        "layers.0.weight": ((3, 2), "float64"),
        "layers.0.bias": ((3,), "float64"),
        "layers.1.weight": ((1, 3), "float64"),
        "layers.1.bias": ((1,), "float64"),
    }
    assert arrays["layers.0.weight"][2, 1] == model.layers[0].neurons[2].w[1].data


def test_lists_of_different_lengths_become_an_array_each(tmp_path: Path) -> None:
    save(Everything(0.5), tmp_path / "model")
    shapes = {name: np.shape(numbers) for name, numbers in load_state(tmp_path / "model").items()}
    assert shapes["weights"] == (2, 3, 2)
    assert (shapes["biases.0"], shapes["biases.1"], shapes["scale"]) == ((1,), (2,), ())
    assert shapes["parts.größe.weight"] == (3, 2)


def test_a_state_is_saved_as_well_as_a_model(tmp_path: Path) -> None:
    model = MLP(2, [3, 1], seed=0)
    save(model.state_dict(), tmp_path / "model")
    assert load_state(tmp_path / "model") == model.state_dict()


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        save(MLP(2, [3, 1], seed=0), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_recorded_file_of_pytorch_is_loaded_and_computes_the_same() -> None:
    recorded = json.loads((DATA / "torch-sequential.json").read_text(encoding="utf-8"))
    like_it = Sequential(Linear(3, 4), "tanh", Dropout(0.2), Linear(4, 2), "tanh", Linear(2, 1)).eval()
    mlp = MLP(3, [4, 2, 1], activation="tanh")  # its layers are numbered 0, 3, 5 there
    for model in (like_it, mlp):
        load(model, DATA / "torch-sequential.safetensors")
        for x, out in zip(recorded["inputs"], recorded["outputs"], strict=True):
            found = model(x)
            assert (found[0] if isinstance(found, list) else found).data == pytest.approx(out, rel=1e-14)


def test_pytorch_loads_what_is_saved_and_the_other_way_round(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    nn = torch.nn
    model = MLP(2, [5, 3, 1], activation="tanh", seed=1)
    net = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    save(model, tmp_path / "ours", names="sequential")
    net.load_state_dict(load_file(tmp_path / "ours"))
    x = torch.tensor(INPUT, dtype=torch.float64)
    assert net(x).item() == pytest.approx(model(INPUT).data, rel=1e-14)

    for kind, rel in ((torch.float64, 1e-14), (torch.float32, 1e-5), (torch.float16, 1e-2)):
        net = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3), nn.Tanh(), nn.Linear(3, 1)).to(kind)
        save_file(net.state_dict(), tmp_path / "theirs")
        load(model, tmp_path / "theirs")
        assert parameters(model)[:2] == net[0].weight[0].tolist()
        assert net.double()(x).item() == pytest.approx(model(INPUT).data, rel=rel)


def test_pytorch_modules_with_names_of_their_own_fit_both_ways(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    class Net(torch.nn.Module):  # type: ignore[name-defined,misc]  # torch is optional
        def __init__(self) -> None:
            super().__init__()
            self.head, self.body = torch.nn.Linear(3, 1), torch.nn.Linear(2, 3)

    model, net = MLP(2, [3, 1], seed=0), Net().double()
    save(model, tmp_path / "ours", names=["body", "head"])
    net.load_state_dict(load_file(tmp_path / "ours"))
    assert net.body.weight.tolist() == model.state_dict()["layers.0.weight"]
    other = MLP(2, [3, 1], seed=1)
    save_file(net.state_dict(), tmp_path / "theirs")
    assert parameters(load(other, tmp_path / "theirs", names=["body", "head"])) == parameters(model)


def test_numbered_layers_are_taken_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    model = MLP(1, [1] * 12, seed=0)  # as text, "10" comes before "2"
    save(model, tmp_path / "model", names="sequential")
    assert "22.weight" in load_state(tmp_path / "model")
    assert parameters(load(MLP(1, [1] * 12, seed=1), tmp_path / "model")) == parameters(model)
    save(model, tmp_path / "inside", names=[f"net.{i}" for i in range(12)])
    assert parameters(load(MLP(1, [1] * 12, seed=1), tmp_path / "inside")) == parameters(model)


def written(path: Path, **arrays: Any) -> Path:
    safetensors.numpy.save_file({name.replace("__", "."): np.array(a) for name, a in arrays.items()}, path)
    return path


LINE = {"weight": [[1.0]], "bias": [2.0]}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"weight": [[1.0, 2.0]], "bias": [2.0]},
            r"'weight' is \[1, 2\] in the file and \[1, 1\] in the model$",
        ),
        ({"weight": [1.0], "bias": 2.0}, r"'weight' is \[1\] .*\[1, 1\] in the model; 'bias' is \[\] in the"),
        ({"weight": [[1.0]]}, r"'bias', \[1\] in the model, is missing from the file$"),
        ({**LINE, "scale": 1.0}, r"'scale', \[\] in the file, is not in the model$"),
        ({"0__weight": [[1.0]], "1__weight": [[1.0]], "0__bias": [1.0]}, r"'weight', \[1, 1\] .* is missing"),
        ({"weight": [[1]], "bias": [2.0]}, "'weight' holds numbers of type I64, not one of F64, F32, F16"),
        ({}, r"'weight', \[1, 1\] in the model, is missing from the file; 'bias', \[1\]"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_and_changes_nothing(
    tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    model = Linear(1, 1, seed=0)
    before = parameters(model)
    with pytest.raises(ValueError, match=message) as caught:
        load(model, written(tmp_path / "model", **arrays))
    assert f"cannot load {str(tmp_path / 'model')!r}" in str(caught.value)
    assert parameters(model) == before


def test_of_numbered_layers_the_message_names_both_keys_and_both_shapes(tmp_path: Path) -> None:
    save(MLP(2, [3, 1], seed=0), tmp_path / "model", names="sequential")
    with pytest.raises(ValueError, match="cannot load") as caught:
        load(MLP(2, [4, 1], seed=0), tmp_path / "model")
    assert str(caught.value).endswith(
        "into MLP: '0.weight' (for 'layers.0.weight') is [3, 2] in the file and [4, 2] in the model; "
        "'0.bias' (for 'layers.0.bias') is [3] in the file and [4] in the model; "
        "'2.weight' (for 'layers.1.weight') is [1, 3] in the file and [1, 4] in the model"
    )


def test_of_many_differences_the_first_are_told(tmp_path: Path) -> None:
    save(MLP(2, [3] * 9, seed=0), tmp_path / "model")
    with pytest.raises(ValueError, match=r"; and 14 more$"):
        load(MLP(3, [2] * 9 + [1], seed=0), tmp_path / "model")


def test_a_file_that_was_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    model = MLP(2, [3, 1], seed=0)
    save(model, tmp_path / "model")
    whole = (tmp_path / "model").read_bytes()
    before = parameters(model)
    for length in [*range(0, len(whole), 7), len(whole) - 1]:
        (tmp_path / "model").write_bytes(whole[:length])
        expected = "it is empty" if length == 0 else "it is (cut short or damaged|no safetensors file)"
        with pytest.raises(ValueError, match=f"cannot read '.*model': {expected}"):
            load(model, tmp_path / "model")
    assert parameters(model) == before


class Evil:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_are_never_opened(tmp_path: Path, protocol: int) -> None:
    (tmp_path / "model.pt").write_bytes(pickle.dumps(Evil(tmp_path / "ran"), protocol=protocol))
    with pytest.raises(ValueError, match=r"cannot read '.*model.pt': it is (a pickle|no safetensors file)"):
        load(MLP(1, [1]), tmp_path / "model.pt")
    assert not (tmp_path / "ran").exists()


def test_what_torch_save_wrote_is_refused_with_how_to_convert_it(tmp_path: Path) -> None:
    archive = b"PK\x03\x04" + bytes(100)  # how the file of torch.save begins
    (tmp_path / "model.pt").write_bytes(archive)
    with pytest.raises(
        ValueError, match=r"never opened here\. Convert it where you trust it: safetensors\.torch"
    ):
        load(MLP(1, [1]), tmp_path / "model.pt")
    with pytest.raises(
        ValueError, match=r"save_file\(torch\.load\('model\.pt', weights_only=True\), 'model\.saf"
    ):
        load_state(tmp_path / "model.pt")


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 64,
        b"hello, world",
        b"\xff" * 64,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 60) + b'{"w":{"dtype":"F64","shape":[9],"data_offsets":[0,72000]}}  ',
        struct.pack("<Q", 59) + b'{"w":{"dtype":"F64","shape":[-1],"data_offsets":[0,8]}}    ' + bytes(8),
    ],
)
def test_foreign_and_hostile_files_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "model").write_bytes(data)
    with pytest.raises(
        ValueError, match=r"cannot read '.*model': it is (no safetensors file|cut short or damaged)"
    ):
        load(MLP(1, [1]), tmp_path / "model")


def test_paths_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"cannot read '.*missing': No such file or directory"):
        load(MLP(1, [1]), tmp_path / "missing")
    with pytest.raises(IsADirectoryError, match=r"cannot read '.*': it is a folder; pass a file in it"):
        load(MLP(1, [1]), tmp_path)


def test_paths_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"new' does not exist; create it, or pass a path in one that does"
    ):
        save(MLP(1, [1]), tmp_path / "new" / "model")
    with pytest.raises(
        IsADirectoryError, match=r"it is a folder; pass a file in it, such as '.*model.safetensors'"
    ):
        save(MLP(1, [1]), tmp_path)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    old, new = MLP(1, [1], seed=0), MLP(1, [1], seed=1)
    save(old, tmp_path / "model")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device; free some"):
        save(new, tmp_path / "model")
    assert parameters(load(new, tmp_path / "model")) == parameters(old)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda model: save("model.safetensors", model),  # type: ignore[arg-type]
            "save takes the model first, then the path, got 'model.saf",
        ),
        (
            lambda model: save(model, 3),  # type: ignore[arg-type]
            r"save\(model, path\) takes a path, such as 'model.safetensors', got 3",
        ),
        (
            lambda model: save(model, ""),
            r"save\(model, path\) takes a path, such as 'model.safetensors', got ''",
        ),
        (
            lambda model: load("model.safetensors"),  # type: ignore[type-var]
            r"load takes the model first, .*; load_state\(path\) reads a",
        ),
        (
            lambda model: load("model.safetensors", model),  # type: ignore[type-var]
            "load takes the model first, made with the sizes of the",
        ),
        (lambda model: load(model), r"load\(model, path\) takes a path, such as 'model.safetensors', got ''"),
        (lambda model: load_state(model), r"load_state\(path\) takes a path, .* got MLP"),
        (lambda model: save(model, "m", names="torch"), "names is 'sequential' or a list .*, got 'torch'"),
        (lambda model: save(model, "m", names=[0, 2]), r"names is 'sequential' or a list .*, got \[0, 2\]"),  # type: ignore[list-item]
    ],
)
def test_calls_that_make_no_sense_are_refused(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call(MLP(2, [3, 1]))


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"], ["a", "a"]])
def test_there_is_a_name_for_each_layer(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(
        ValueError, match=r"names must be 2 different ones, for layers.0, layers.1, got \['a'"
    ):
        save(MLP(2, [3, 1]), tmp_path / "model", names=names)


@pytest.mark.parametrize("key", ["__metadata__", "\ud800"])
def test_names_that_the_format_cannot_hold_are_refused_before_anything_is_written(
    tmp_path: Path, key: str
) -> None:
    with pytest.raises(ValueError, match=r"cannot write '.*model': safetensors cannot hold this"):
        save({key: [1.0]}, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_two_parts_under_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"cannot save two parts of a model under one name, 'w.0': rename one"
    ):
        save({"w": [[1.0], [1.0, 2.0]], "w.0": [3.0]}, tmp_path / "model")


def test_without_safetensors_the_error_says_what_to_install() -> None:
    program = """
import sys
sys.modules["safetensors"] = None
from chainrule.nn import MLP, load, save
for call in (lambda: save(MLP(1, [1]), "model"), lambda: load(MLP(1, [1]), "model")):
    try:
        call()
    except ImportError as error:
        print(str(error)[:76])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "saving and loading need safetensors and NumPy: pip install 'chainrule[save]'\n" * 2


def test_nothing_here_imports_numpy_until_something_is_saved() -> None:
    program = (
        "import sys, chainrule.nn; print([name for name in ('numpy', 'safetensors') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
