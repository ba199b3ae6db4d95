"""The tiny GPT trains on our Values to the last digits as microgpt.py does on its own."""

import gc
import importlib.util
import random
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from chainrule.engine import ChangedDataWarning, Constant, Value, collector_paused, topological_order

SCRIPT = Path(__file__).parents[2] / "examples" / "tiny_gpt.py"


@pytest.fixture(scope="module")
def gpt() -> ModuleType:
    """The example, imported from where it stands."""
    spec = importlib.util.spec_from_file_location("tiny_gpt", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("schedule", [200, 1000])
def test_twenty_losses_are_those_of_microgpt(gpt: ModuleType, schedule: int) -> None:
    # Another order of additions moves a loss by 2e-15 at most, a wrong derivative by 1e-3 and more.
    assert gpt.check(20, schedule) <= 1e-12


def test_compiled_losses_are_those_of_microgpt(gpt: ModuleType) -> None:
    assert gpt.check(8, 1000, compiled=True) <= 1e-12


def test_a_compiled_run_leaves_the_parameters_of_one_on_values(gpt: ModuleType) -> None:
    runs = [gpt.Run(), gpt.Run()]
    for run, compiled in zip(runs, [False, True], strict=True):
        list(run.train(3, 3, compiled))
    numbers, same = ([p.data for p in run.model.parameters()] for run in runs)
    assert same == pytest.approx(numbers, rel=1e-9, abs=1e-12)
    assert runs[0].invent() == runs[1].invent()


def test_a_step_makes_the_operations_of_microgpt(gpt: ModuleType) -> None:
    run = gpt.Run()
    tokens = run.tokens(run.names[0])
    assert len(tokens) == 8
    loss = gpt.mean_loss(run.model(tokens[:-1]), tokens[1:])
    made = Counter(node.primitive.name for node in topological_order(loss) if node.primitive is not None)
    assert made == {
        "mul": 26_096 + 1,  # of two Values; of a float and a Value
        "add": 24_926 + 1_478 + 21,  # of two Values; of sum's int 0 and a Value; of a Value and a float
        "sub": 301,
        "div": 301 - 7 * 26 + 112 + 21,  # by a Value, but for the letters that did not come; by numbers
        "pow": 21,
        "neg": 7,
        "relu": 448,
        "exp": 301,
        "log": 7,
    }


def test_dropping_a_step_leaves_nothing_for_the_cyclic_collector(gpt: ModuleType) -> None:
    run = gpt.Run()
    gc.collect()
    with collector_paused():
        ada, eve = run.tokens("ada"), run.tokens("eve")
        gpt.mean_loss(run.model(ada[:-1]), ada[1:])  # never differentiated
        gpt.mean_loss(run.model(eve[:-1]), eve[1:]).backward()
        assert gc.collect() == 0


def test_what_microgpt_calls_works_on_a_value() -> None:
    x, y = Value(4.0), Value(0.5)
    made_and_expected: list[tuple[Value, float]] = [
        (x * y, 2.0),
        (x + y, 4.5),
        (0 + x, 4.0),
        (x.relu(), 4.0),
        (x - 1.5, 2.5),
        (y.exp(), 1.6487212707001282),
        (x / y, 8.0),
        (x / 0.5, 8.0),
        (x / 2, 2.0),
        (x + 1e-5, 4.00001),
        (x**-0.5, 0.5),
        (x.log(), 1.3862943611198906),
        (-x, -4.0),
        (0.25 * x, 1.0),
        (y * sum([x, y]), 2.25),
        (y - max(v.data for v in (x, y)), -3.5),
    ]
    for made, expected in made_and_expected:
        assert made.data == expected, made


def test_a_parameter_can_be_changed_by_hand_while_the_old_graph_is_alive() -> None:
    w = Value(3.0)
    loss = w * w
    loss.backward()
    w.data -= 0.5 * w.grad / (w.grad**2) ** 0.5
    w.grad = 0
    assert (w.data, loss.data) == (2.5, 9.0)
    with pytest.warns(ChangedDataWarning, match="the data of .* changed after the loss was computed"):
        loss.backward()  # of the graph as it was recorded
    assert w.grad == 6.0
    loss = w * w
    assert loss.data == 6.25


def test_invented_names_are_made_of_letters_and_leave_no_graph(gpt: ModuleType) -> None:
    run = gpt.Run()
    names = [run.invent() for _ in range(3)]
    assert all(len(name) <= gpt.CONTEXT and set(name) <= set(run.alphabet) for name in names)
    assert all(p.grad == 0.0 for p in run.model.parameters())


def test_the_same_seed_invents_the_same_names(gpt: ModuleType) -> None:
    assert gpt.Run(seed=1).invent() == gpt.Run(seed=1).invent()


def test_softmax_of_constants_adds_up_to_one_and_does_not_overflow(gpt: ModuleType) -> None:
    chances = gpt.softmax([Constant(1000.0), Constant(1000.0), Constant(-1000.0)])
    assert [chance.data for chance in chances] == [0.5, 0.5, 0.0]


def test_the_script_reports_what_it_did(gpt: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    random_before = random.getstate()
    assert gpt.main(["--steps", "2", "--names", "2"]) == 0
    assert gpt.main(["--check", "2"]) == 0
    out = capsys.readouterr().out
    assert "32,033 names, 4,192 parameters" in out
    assert "step    2   loss 3.4" in out
    assert "2 steps of 200: every loss within" in out
    assert random.getstate() == random_before  # all chance comes from the run's own generator


def test_a_check_beyond_the_record_is_refused(gpt: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        gpt.main(["--check", "2000"])
    assert "recorded are 200 steps" in capsys.readouterr().err
