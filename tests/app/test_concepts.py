"""The page Concepts."""

from __future__ import annotations

import hashlib
import threading
import time

import pytest
from PIL import Image

import inception_viz as iv
from app.server.jobs import Jobs
from app.session import concepts
from inception_viz.features import textures
from tests.app.test_pages import png, start, texts

pytestmark = pytest.mark.usefixtures("empty_cache")


def test_at_first_it_says_what_to_do() -> None:
    app = start("concepts")
    assert not app.exception and not app.error
    assert "Add 3 more photos with it" in texts(app)


def test_stripes_are_found_and_the_answer_is_asked() -> None:
    app = start("concepts", image="viaduct")
    app.button(key="try_stripes").click().run()
    assert not app.exception and not app.error
    said = texts(app)
    assert "<b>stripes</b> was found in" in said and "photos left out" in said
    assert "With stripes taken out of" in said and "random directions" in said
    assert app.text_input(key="concept_name").value == "stripes"
    app.pills(key="concept_at").set_value("3b").run()
    assert "With stripes taken out of 3b" in texts(app)
    app.segmented_control(key="head").set_value("aux1").run()
    app.pills(key="concept_at").set_value("5a").run()
    assert not app.exception
    assert "can't see" in " ".join(error.value for error in app.error)
    assert "Where it was found" in texts(app), "nothing else is lost"


def test_photos_are_brought_added_moved_and_removed() -> None:
    app = start("concepts", image="cat")
    app.file_uploader(key="concept_with").upload(
        "one.png", png(textures("dots", 1)[0]), "image/png"
    ).run()
    app.button(key="concept_scene_with").click().run()
    assert not app.exception and not app.error
    assert "**With it**: 2" in texts(app) and "Add 1 more photo with it" in texts(app)
    app.button(key="concept_scene_without").click().run()
    assert "**With it**: 1" in texts(app) and "**Without it**: 1" in texts(app), "it moved"
    app.file_uploader(key="concept_without").upload("x.png", b"nonsense", "image/png").run()
    assert not app.exception
    assert any("x.png" in error.value for error in app.error)
    assert "**Without it**: 1" in texts(app)


def test_few_without_are_asked_for_none_is_fine() -> None:
    app = start("concepts", image="cat")
    app.button(key="try_dots").click().run()
    state = app.session_state["concept_examples"]
    state.sides["without"] = dict(list(state.sides["without"].items())[:2])
    app.run()
    assert "Add photos without it: 3 at least" in texts(app)
    state.sides["without"] = {}
    app.run()
    assert not app.exception and not app.error
    assert "<b>dots</b>" in texts(app)


def test_a_saved_concept_is_opened_and_another_networks_refused() -> None:
    model = iv.load("bvlc")
    found = iv.concept(model, textures("dots", 5), textures("stripes", 5), name="dots")
    content = concepts.saved(found)
    app = start("concepts", image="cat", concept_from="file")
    app.file_uploader(key="concept_file").upload("dots.safetensors", content).run()
    assert not app.exception and not app.error
    assert "<b>dots</b>" in texts(app)
    app.selectbox(key="model").set_value("imagenette").run()
    assert not app.exception
    assert any("another network" in error.value for error in app.error)
    app = start("concepts", image="cat", concept_from="file")
    app.file_uploader(key="concept_file").upload("dots.safetensors", b"nonsense").run()
    assert any("can't be read as a concept" in error.value for error in app.error)


def test_nothing_found_is_said() -> None:
    """Checks beside checks: there is nothing to find."""
    app = start("concepts", image="cat")
    images = textures("checks", 8)
    for side, some in (("with", images[::2]), ("without", images[1::2])):
        for number, image in enumerate(some):
            name = f"{side}{number}.png"
            app.file_uploader(key=f"concept_{side}").upload(name, png(image), "image/png")
        app.run()
    assert not app.exception and not app.error
    assert "Nothing found" in texts(app)


def test_two_who_ask_at_once_both_get_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The photos of other things are looked at by one; who waits for them must not block it."""
    model = iv.load("bvlc")
    monkeypatch.setattr(concepts, "_others", {})
    monkeypatch.setattr(concepts, "_concepts", Jobs(kept=4))
    jobs = []
    for kind, other in (("stripes", "dots"), ("dots", "checks"), ("checks", "stripes")):
        sides = {
            "with": [photo(image) for image in textures(kind, 4)],  # type: ignore[arg-type]
            "without": [photo(image) for image in textures(other, 4)],  # type: ignore[arg-type]
        }
        monkeypatch.setattr(concepts, "photos", sides.__getitem__)
        jobs.append(concepts.finding(model, kind))
    threads = [threading.Thread(target=job.outcome, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
        time.sleep(0.3)  # each comes while the one before is at work
    for job in jobs:
        assert job.finished.wait(60)
        assert job.error is None


def photo(image: Image.Image) -> concepts.Photo:
    content = png(image)
    return concepts.Photo(hashlib.sha256(content).hexdigest(), "one", content)
