"""`show_learning` as it is called, and the page as text."""

import base64
import json
import re
import struct
from array import array
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from chainrule.nn import MLP, SGD, Embedding, History, Linear, Module, Sequential, fit, squared_error
from chainrule.viz import LearningRecorder, show_learning
from chainrule.viz.learning.page import is_small, model, thinned
from chainrule.viz.learning.recorder import Record
from chainrule.viz.learning.shape import Shape

HOSTILE = run_path(str(Path(__file__).parents[2] / "worked" / "stepped.py"))["HOSTILE"]


@pytest.fixture
def recorder() -> LearningRecorder:
    found = LearningRecorder()
    network = MLP(2, [3, 1], activation="tanh", seed=0)
    fit(network, [[0.0, 1.0], [1.0, 0.0]], [1.0, -1.0], loss=squared_error, epochs=5,
        optimizer=SGD(network.parameters(), lr=0.1), callbacks=[found], progress=False)  # fmt: skip
    return found


def sent(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="model">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_page_holds_every_number_to_the_last_bit(recorder: LearningRecorder) -> None:
    data = sent(show_learning(recorder).html)
    assert data["epochs"] == [0, 1, 2, 3, 4, 5]
    for record, text in zip(recorder.records, data["weights"], strict=True):
        raw = base64.b64decode(text)
        assert list(struct.unpack(f"<{len(raw) // 8}d", raw)) == list(record.weights)
    assert data["gradients"][0] is None
    assert data["losses"] == recorder.losses


def test_a_page_is_a_snapshot_and_the_same_every_time(recorder: LearningRecorder) -> None:
    learning, again = show_learning(recorder), show_learning(recorder)
    assert recorder.shape is not None
    recorder.record(recorder.shape.model, 1.0)
    assert learning.html == again.html
    assert show_learning(recorder).html != learning.html


def test_it_is_saved_and_shown(recorder: LearningRecorder, tmp_path: Path) -> None:
    learning = show_learning(recorder, tmp_path / "learning.html", height=500)
    assert (tmp_path / "learning.html").read_text(encoding="utf-8") == learning.html
    shown = learning._repr_mimebundle_()
    assert shown["text/plain"] == repr(learning)
    assert shown["text/html"].startswith('<iframe title="MLP(2, [3, 1]')
    assert 'sandbox="allow-scripts"' in shown["text/html"]
    assert 'height="500"' in shown["text/html"]


def test_where_it_cannot_be_written_it_says_so(recorder: LearningRecorder, tmp_path: Path) -> None:
    learning = show_learning(recorder)
    with pytest.raises(ValueError, match=r"^this is an HTML page, so '.*l\.svg' must end in '\.html'$"):
        learning.save(tmp_path / "l.svg")
    with pytest.raises(IsADirectoryError, match=r"it is a folder; pass a file in it, .*learning\.html"):
        learning.save(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"cannot write .*no[/\\]l\.html"):
        learning.save(tmp_path / "no" / "l.html")
    blocked = tmp_path / "file"
    blocked.write_text("kept", encoding="utf-8")
    with pytest.raises(OSError, match="cannot write"):
        learning.save(blocked / "l.html")
    assert blocked.read_text(encoding="utf-8") == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_is_no_recorder_or_empty_is_refused(recorder: LearningRecorder) -> None:
    wrong: Any = History()
    with pytest.raises(TypeError, match=r"takes a LearningRecorder \(a history has no weights\), got "):
        show_learning(wrong)
    wrong = MLP(1, [1])
    with pytest.raises(TypeError, match=r"takes a LearningRecorder, got .*: make one, pass callbacks="):
        show_learning(wrong)
    with pytest.raises(ValueError, match=r"a recorder without an epoch: pass callbacks=\[recorder\] to fit"):
        show_learning(LearningRecorder())
    started = LearningRecorder()
    started.start(MLP(1, [1]))
    with pytest.raises(ValueError, match="a recorder without an epoch"):
        show_learning(started)
    with pytest.raises(ValueError, match="theme must be 'auto', 'light' or 'dark', got 'red'"):
        show_learning(recorder, theme="red")  # type: ignore[arg-type]


def test_names_must_fit(recorder: LearningRecorder) -> None:
    with pytest.raises(ValueError, match="show_learning got 1 names for 2 inputs"):
        show_learning(recorder, inputs=["x"])
    with pytest.raises(ValueError, match="show_learning got 2 names for 1 outputs"):
        show_learning(recorder, outputs=["x", "y"])
    with pytest.raises(TypeError, match=r"takes inputs= as a list of names, got 'xy'"):
        show_learning(recorder, inputs="xy")
    table = LearningRecorder()
    table.record(Embedding(3, 2, seed=0), 1.0)
    show_learning(table)
    with pytest.raises(ValueError, match=r"knows no outputs to name: the model is no chain of dense layers"):
        show_learning(table, outputs=["x"])


@pytest.mark.parametrize(("label", "shown"), HOSTILE)
def test_hostile_names_stay_inside_the_data(recorder: LearningRecorder, label: str, shown: str) -> None:
    class Named(Module):
        def __init__(self) -> None:
            setattr(self, f"layer {label}", Linear(1, 1, seed=0))

        def extra_repr(self) -> str:
            return label

    odd = LearningRecorder()
    odd.record(Named(), 1.0)
    for html in (
        show_learning(recorder, inputs=[label, "b"], outputs=[label]).html,
        show_learning(odd).html,
    ):
        assert html.count("<script") == 2
        assert html.count("</script") == 2
        assert "<img" not in html
        assert "<!--" not in html
        assert len(re.findall("<title>", html)) == 1
    assert sent(show_learning(recorder, inputs=[label, "b"]).html)["inputs"][0][:20] == shown[:20]


def test_small_chains_are_drawn_and_others_mapped() -> None:
    assert is_small(Shape(MLP(2, [16, 1])).chain())
    assert not is_small(Shape(MLP(64, [32, 10])).chain())
    assert not is_small(Shape(MLP(20, [20, 20])).chain())  # 800 lines
    assert not is_small(Shape(Sequential(Linear(2, 4), Linear(3, 1))).chain())


def test_a_large_model_gets_fewer_epochs_so_that_the_page_stays_small() -> None:
    recorder = LearningRecorder()
    network = MLP(64, [32, 10], seed=0)
    recorder.start(network)
    for epoch in range(150):
        recorder.record(network, 1.0 / (epoch + 1))
    assert recorder.shape is not None
    data = model(recorder, recorder.shape, None, None)
    assert (data["epochs"][0], data["epochs"][-1]) == (0, 150)
    assert len(data["epochs"]) == 600_000 // (2 * 2410)
    assert len(data["losses"]) == 150
    assert len(show_learning(recorder).html) < 7e6


def test_thinning_keeps_both_ends() -> None:
    records = [Record(i, array("d"), None) for i in range(101)]
    for most in (0, 2, 3, 50, 101, 500):
        kept = [record.epoch for record in thinned(records, most)]
        assert (kept[0], kept[-1]) == (0, 100)
        assert len(kept) == min(101, max(2, most))
        assert kept == sorted(set(kept))


def test_losses_that_json_has_not_are_sent(recorder: LearningRecorder) -> None:
    assert recorder.shape is not None
    recorder.record(recorder.shape.model, float("nan"))
    assert sent(show_learning(recorder).html)["losses"][-1] == "nan"


def test_the_page_points_nowhere(recorder: LearningRecorder) -> None:
    html = show_learning(recorder).html
    assert re.findall(r"https?:[^\"' ]*", html) == ["http://www.w3.org/2000/svg"]
    assert not re.findall(r"\son\w+=|style=", html.partition('<script type="application/json"')[0])
