"""A file of weights that the user brings, and what it leaves unsaid."""

from __future__ import annotations

import io

import torch
from streamlit.testing.v1 import AppTest

from tests.app.test_pages import start, texts
from tests.sources import habits


def brought(content: bytes, name: str = "mine.pth") -> AppTest:
    app = start(model="file")
    app.file_uploader(key="weights_file").upload(name, content).run()
    assert not app.exception
    return app


def saved(content: object) -> bytes:
    out = io.BytesIO()
    torch.save(content, out)
    return out.getvalue()


def test_what_a_file_does_not_say_can_be_said() -> None:
    app = brought(saved(habits.state()))
    assert not app.error
    assert "class " in texts(app)
    app.file_uploader(key="weights_labels").upload("x.json", b'{"cow": 0, "dog": 1}').run()
    assert "2 names, but the network has 5 classes" in app.error[0].value
    names = b"ant\nbee\ncow\ndog\neel"
    app.file_uploader(key="weights_labels").upload("names.txt", names).run()
    assert not app.error
    said = [text.value for text in app.caption if text.value.startswith("Prepared so")]
    assert any(name in said[0] for name in ("ant", "bee", "cow", "dog", "eel"))
    (way,) = [box for box in app.selectbox if box.label == "Values and channels"]
    way.set_value("caffe").run()
    assert not app.exception and not app.error
    again = [text.value for text in app.caption if text.value.startswith("Prepared so")]
    assert again != said
    (size,) = [box for box in app.number_input if box.label == "Input size (px)"]
    size.set_value(160).run()
    assert not app.exception and not app.error


def test_a_copy_in_a_checkpoint_can_be_chosen() -> None:
    raw = habits.state()
    ema = {name: value * 2 for name, value in raw.items()}
    app = brought(saved({"model": raw, "model_ema": ema}))
    (copies,) = [box for box in app.selectbox if "several copies" in box.label]
    assert copies.value == "model"
    before = [text.value for text in app.caption if text.value.startswith("Prepared so")]
    copies.set_value("model_ema").run()
    assert not app.exception and not app.error
    assert [t.value for t in app.caption if t.value.startswith("Prepared so")] != before


def test_a_weights_file_stays_while_another_model_is_looked_at() -> None:
    app = brought(saved(habits.state()))
    app.selectbox(key="model").set_value("bvlc").run()
    assert "Your file mine.pth" in app.selectbox(key="model").options
    app.selectbox(key="model").set_value("file").run()
    assert not app.exception
    assert any("still here" in text.value for text in app.caption)


def test_a_link_to_a_weights_file_says_that_it_is_gone() -> None:
    app = start(model="file")
    assert any("no link and no reload can keep" in info.value for info in app.info)


def test_nothing_is_claimed_of_numbered_classes() -> None:
    app = brought(saved(habits.state()))
    assert "has no class for" not in texts(app)


def test_one_output_is_a_sigmoid() -> None:
    app = brought(saved(habits.state(1, heads=None)))
    assert not app.error
    assert "sigmoid" in texts(app)
    assert "softmax" not in texts(app)


def test_a_file_stays_chosen_where_the_browser_sends_its_earlier_title() -> None:
    """The choice is called after the file once that is read; a slow browser is a run behind."""
    app = brought(saved(habits.state()))
    app.session_state["model"] = "A file of yours …"
    app.run()
    assert app.session_state["model"] == "file"
    assert not app.exception and not app.error
