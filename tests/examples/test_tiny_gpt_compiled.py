"""The tiny GPT in machine code takes the steps that it takes on Values."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def gpt() -> Iterator[ModuleType]:
    """The example, imported from where it stands."""
    spec = importlib.util.spec_from_file_location("tiny_gpt_compiled", EXAMPLES / "tiny_gpt_compiled.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(EXAMPLES))
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(EXAMPLES))


def test_losses_are_those_of_microgpt_and_names_are_invented(gpt: ModuleType) -> None:
    run = gpt.CompiledRun()
    steps = 6
    losses = list(run.train(steps, 1000))
    np.testing.assert_allclose(losses, gpt.recorded_losses(1000)[:steps], rtol=0.0, atol=1e-12)
    assert len(run.steps) < steps  # one for each length
    assert set(run.invent()) <= set(run.run.alphabet)


def test_the_gradient_is_that_on_values(gpt: ModuleType) -> None:
    run = gpt.CompiledRun()
    tokens = [26, 0, 13, 26]
    step = run.step_for(len(tokens))
    step.tokens[:] = tokens
    value = step.loss()
    model = run.run.model
    loss = gpt.mean_loss(model(tokens[:-1]), tokens[1:])
    loss.backward()
    assert value == pytest.approx(loss.data, rel=1e-14)
    np.testing.assert_allclose(step.loss.grad, [p.grad for p in model.parameters()], rtol=1e-10, atol=1e-15)


def test_a_token_that_is_none_is_an_index_error(gpt: ModuleType) -> None:
    run = gpt.CompiledRun()
    step = run.step_for(4)
    step.tokens[:] = [26, 0, 27, 26]
    with pytest.raises(IndexError, match="no row 27: i is a whole number from 0 to 26, for 27 rows"):
        step.loss()


def test_the_script_reports_what_it_did(gpt: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert gpt.main(["--check", "3"]) == 0
    assert "3 steps: every loss within" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        gpt.main(["--check", "2000"])
