"""What a session keeps in memory for as long as somebody has the page open."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

import inception_viz as iv
from app.server.jobs import Jobs
from app.session import explanations, flows, models, own_photos, traces
from app.views import REGISTRY
from app.widgets import waiting
from inception_viz.explain import Sweep
from inception_viz.sources import save_weights
from tests.app.test_pages import png, start
from tests.conftest import noise_photo, tiny_config


def bring(app: AppTest, content: bytes, name: str = "mine.png") -> AppTest:
    if not app.file_uploader:
        app.segmented_control(key="photo_origin").set_value("Upload").run()
    app.file_uploader[0].set_value((name, content, "image/png")).run()
    return app


def picture(app: AppTest) -> iv.Picture:
    found: iv.Picture = app.session_state["uploaded"]
    return found


def bring_weights(app: AppTest, content: bytes, name: str = "tiny.safetensors") -> AppTest:
    app.selectbox(key="model").set_value("file").run()
    app.file_uploader(key="weights_file").upload(name, content).run()
    assert not app.exception and not app.error
    return app


def model(app: AppTest) -> iv.Classifier:
    found: iv.Classifier = app.session_state["scene"].model
    return found


def test_who_brings_the_same_photo_shares_it() -> None:
    content = png(noise_photo(5))
    first, second = bring(start(), content), bring(start(), content)
    assert picture(first) is picture(second)
    other = bring(start(), content, "theirs.png")
    names = [app.session_state["scene"].photo for app in (first, second.run(), other)]
    assert names == ["mine.png", "mine.png", "theirs.png"]


def test_a_file_is_read_once_also_when_it_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    genuine = iv.read_picture

    def counting(source: bytes, *, name: str) -> iv.Picture:
        read.append(name)
        return genuine(source, name=name)

    monkeypatch.setattr(iv, "read_picture", counting)
    app = bring(bring(start(), png(noise_photo(6))), b"nonsense", "bad.png")
    before = list(read)
    app.run()
    assert "bad.png" in app.error[0].value
    assert read == before == ["mine.png", "bad.png"]


def test_a_photo_goes_when_another_takes_its_place() -> None:
    app = bring(start(), png(noise_photo(7)))
    old = weakref.ref(picture(app))
    bring(app, png(noise_photo(8))).run()  # until the next run Streamlit keeps both
    for jobs in (own_photos._pictures, traces._jobs, explanations._muted, flows._flows):
        jobs._kept.clear()  # a few results stay for whoever goes back and forth
    gc.collect()
    assert old() is None


def test_who_brings_the_same_weights_shares_them(tmp_path: Path) -> None:
    save_weights(iv.load("random", config=tiny_config()).weights, tmp_path / "tiny.safetensors")
    content = (tmp_path / "tiny.safetensors").read_bytes()
    save_weights(
        iv.load("random", config=tiny_config(classes=9)).weights, tmp_path / "other.safetensors"
    )
    others = (tmp_path / "other.safetensors").read_bytes()
    first, second = bring_weights(start(), content), bring_weights(start(), content)
    for name in ("a", "b", "c"):  # more than are kept for nobody
        bring_weights(start(), others, f"{name}.safetensors")
    assert model(first.run()) is model(second.run()), "read anew, though it is in use"


def test_a_model_of_a_file_goes_when_another_file_takes_its_place(tmp_path: Path) -> None:
    save_weights(iv.load("random", config=tiny_config()).weights, tmp_path / "tiny.safetensors")
    content = (tmp_path / "tiny.safetensors").read_bytes()
    app = bring_weights(start(), content)
    old = weakref.ref(model(app))
    app.selectbox(key="model").set_value("random").run()
    app.run()
    assert old() is not None, "it can be chosen again"
    save_weights(iv.load("random", config=tiny_config(classes=3)).weights, tmp_path / "x")
    bring_weights(app, (tmp_path / "x").read_bytes(), "other.safetensors")
    app.run()
    models._files._kept.clear()
    gc.collect()
    assert old() is None


def test_a_way_out_of_waiting_holds_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    # What a job is to do knows the model and the trace; Streamlit keeps the button's callback.
    jobs, drawn, button = Jobs(kept=0), threading.Event(), DeltaGenerator.button

    def work(_progress: object) -> Sweep:
        assert drawn.wait(30)
        raise iv.ExplainError("It was begun.")

    def noticed(self: DeltaGenerator, label: str, **options: Any) -> bool:
        pressed = button(self, label, **options)
        if label == "Cancel":
            drawn.set()
        return pressed

    monkeypatch.setattr(explanations, "job", lambda *_: jobs.get("sweep", work))
    monkeypatch.setattr(waiting, "_SLOW", 0.0)
    monkeypatch.setattr(DeltaGenerator, "button", noticed)
    app = start("switchboard")
    assert "It was begun." in app.error[0].value
    gc.collect()
    assert "sweep" not in jobs._known


_HELD = ("callback", "callbacks", "callback_args", "callback_kwargs")


def _within(thing: object) -> Iterator[object]:
    """What a callback brings along."""
    yield thing
    inner: list[object] = []
    if isinstance(thing, partial):
        inner = [thing.func, *thing.args, *thing.keywords.values()]
    elif isinstance(thing, list | tuple | set | frozenset):
        inner = list(thing)
    elif isinstance(thing, dict):
        inner = list(thing.values())
    elif isinstance(thing, Callable):  # type: ignore[arg-type]
        cells = getattr(thing, "__closure__", None) or ()
        inner = [cell.cell_contents for cell in cells] + [getattr(thing, "__self__", None)]
    for part in inner:
        yield from _within(part)


@pytest.mark.parametrize("page", [view.url for view in REGISTRY])
def test_callbacks_hold_no_model_and_no_trace(page: str) -> None:
    # Streamlit keeps what a callback gets until the session ends, whatever page is open.
    script = next(view.script for view in REGISTRY if view.url == page)
    app = start().switch_page(f"views/{script}").run()
    if page == "lab":
        app.button(key="rebuild").click().run()
    metadata = app._session_state._state._new_widget_state.widget_metadata
    assert metadata
    for key, widget in metadata.items():
        held = [getattr(widget, name) for name in _HELD]
        for part in _within(held):
            assert not isinstance(part, iv.Classifier | iv.Trace | iv.Picture), key
