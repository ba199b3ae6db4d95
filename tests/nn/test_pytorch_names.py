"""Names of torch.nn that are others here: asking for one says which."""

import re

import pytest

from chainrule import nn
from chainrule.nn import pytorch_names


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("ReLU", "activations are functions: write nn.relu, or 'relu', in a Sequential, a Layer or an MLP"),
        ("CrossEntropyLoss", "losses are functions: nn.cross_entropy(outputs, targets), settings by keyword"),
        ("ModuleList", "a plain list in an attribute will do, the parameters in it are found"),
        ("Softmax", "it is a function, from chainrule.engine import softmax; a Sequential takes it"),
    ],
)
def test_a_class_of_pytorchs_says_what_to_write_instead(name: str, instead: str) -> None:
    said = f"module 'chainrule.nn' has no attribute {name!r}: {instead}"
    with pytest.raises(AttributeError, match=f"^{re.escape(said)}$"):
        getattr(nn, name)
    assert not hasattr(nn, name)


def test_every_function_that_is_named_exists() -> None:
    for name in [*pytorch_names._ACTIVATIONS.values(), *pytorch_names._LOSSES.values()]:
        assert callable(getattr(nn, name)), name


def test_other_names_are_missing_as_from_any_module() -> None:
    with pytest.raises(AttributeError, match=r"^module 'chainrule.nn' has no attribute 'Conv2d'$"):
        _ = nn.Conv2d  # type: ignore[attr-defined]  # that is what is tested
