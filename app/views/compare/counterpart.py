"""The other side of a comparison: another photo, or another model."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

import inception_viz as iv
from app.session import address, lab, models, own_photos, photos, traces
from app.session.scene import Scene
from app.widgets import choice, heading, messages, uploader
from app.widgets.waiting import result_of
from inception_viz.sources import REGISTRY

_OWN = "own"
_FILE = "file"


def show(scene: Scene) -> Scene | None:
    """Draw the choice; None while what was chosen isn't there."""
    with st.container(horizontal=True, gap="medium"):
        kinds = {"photo": "another photo", "model": "another model"}
        kind = choice.show("beside", "Compare with", kinds)
        return _photo(scene) if kind == "photo" else _model(scene)


def _photo(scene: Scene) -> Scene | None:
    shown = scene.trace.picture.sha256
    names = {
        name: sample.title
        for name, sample in photos.samples().items()
        if photos.sample_picture(name).sha256 != shown
    }
    own, several = own_photos.current(), own_photos.photos()
    numbered = {f"{_OWN}-{n}": p for n, p in enumerate(several, 1) if p.digest != shown}
    if len(several) > 1:
        names |= {key: f"your photo {photo.name}" for key, photo in numbered.items()}
    elif own is not None and own.sha256 != shown:
        names[_OWN] = f"your photo {own.name}"
    names[_FILE] = "a photo of yours …"
    chosen = choice.select("with_photo", "Photo", names, width=280)
    if chosen == _FILE:
        own = _uploaded()
        if own is None:
            return None
    elif chosen in numbered:
        own = result_of(own_photos.opening(numbered[chosen]))
    if chosen not in photos.samples() and own is not None:
        picture, title, alt = own, own.name, f"Your photo {own.name}"
    else:
        sample = photos.samples()[chosen]
        picture, title, alt = photos.sample_picture(chosen), sample.title, sample.alt
    with messages.errors():
        trace = result_of(traces.trace(scene.model, picture, scene.trace.fitting.fit))
        return replace(scene, trace=trace, photo=title, alt=alt)
    return None


def _uploaded() -> iv.Picture | None:
    file = uploader.file(
        "The other photo: one JPEG, PNG, WebP, GIF, BMP or TIFF",
        key="with_file",
        max_upload_size=50,
        width=420,
    )
    if file is None:
        st.caption("Choose it, and both appear side by side.")
        return None
    with messages.errors():
        return result_of(own_photos.read("with_file", file))
    return None


def _model(scene: Scene) -> Scene | None:
    runs = models.usable_runs()
    titles = {name: source.title for name, source in REGISTRY.items() if source.available()}
    titles |= {name: models.title_of_run(run) for name, run in runs.items()}
    titles.pop(st.session_state.get(address.MODEL, ""), None)
    if scene.model is not scene.base:
        titles = {"original": f"{scene.base.title}, as it was"} | titles
    elif lab.architecture():
        titles = {"rebuilt": "the network rebuilt in the lab"} | titles
    chosen = choice.select("with_model", "Model", titles, width=280)
    with messages.errors():
        if chosen == "original":
            model = scene.base
        elif chosen == "rebuilt":
            model = result_of(lab.rebuilding(scene.base)).classifier
        else:
            job = models.of_run(runs[chosen]) if chosen in runs else models.of_source(chosen)
            model = result_of(job)
        return heading.scene_in(scene, model)
    return None
