"""The camera's picture and the network beside it, redrawn with every frame."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

import inception_viz as iv
from app.frontend import component
from app.session import address, live
from app.session.scene import Scene
from app.widgets import answers
from inception_viz.architecture import HEAD_NAMES, Place
from inception_viz.errors import InceptionVizError
from inception_viz.explain import Glance, Shade
from inception_viz.figures import (
    BRANCH_NAMES,
    Painting,
    data_url,
    ink_on,
    network_map,
    paint_contributions,
    paint_firing,
    veil,
)

_camera = component("live_camera")
_KEY = "live_camera"


@st.fragment
def show(scene: Scene, colour: str, shade: Shade) -> None:
    """Draw the frame that came last; each that comes runs this anew, and nothing else."""
    state = live.camera()
    sent = state.take_sent()
    if state.take_frozen():
        st.rerun()  # all pages have another photo
    data: dict[str, Any] = {"number": state.number, "wrong": state.wrong}
    data["photo"] = "" if sent else data_url(live.poster(scene.trace))
    try:
        data |= _seen(scene, colour, shade, sent)
    except InceptionVizError as error:
        data["wrong"] = str(error)
    _camera(key=_KEY, data=data, on_frame_change=_take, on_frozen_change=_freeze)


def _take() -> None:
    live.take(st.session_state[_KEY].frame)


def _freeze() -> None:
    live.freeze(st.session_state[_KEY].frozen)


def _seen(scene: Scene, colour: str, shade: Shade, sent: live.Sent | None) -> dict[str, Any]:
    """What the browser draws; of a frame that it ``sent``, no more than it hasn't got."""
    branch, model = live.branch_in(scene.trace), scene.model
    found = live.look(model, scene.trace, branch, shade, scored=colour == "contribution")
    painting = _painting(found, colour)
    skeleton = f"{model.key} {address.large()}"
    seen: dict[str, Any] = {
        "cells": [
            [str(Place(*place)), cell.text, cell.fill, ink_on(cell.fill)]  # type: ignore[arg-type]
            for place, cell in painting.cells.items()
        ],
        "heads": [_answers(model, found.trace, head) for head in _heads(found.trace)],
        "veil": "" if found.shade is None else data_url(veil(found.shade), "png"),
        "branch": str(branch),
        "branch_name": f"{branch.module}, {BRANCH_NAMES[branch.branch or '']}",
        "channels": [
            [str(place), f"{place.channel}", f"{level:.3g}"]
            for place, level in zip(found.strongest, found.levels, strict=True)
        ],
        "skeleton": skeleton,
        "pictures": live.pictures(model, found.trace, sent.lacks if sent else found.strongest),
    }
    if sent is None or sent.skeleton != skeleton:
        seen["map"] = _map(painting)
    return seen


def _map(painting: Painting) -> str:
    return network_map(replace(painting, marks=("", "", "")), {}, "tall", large=address.large())


def _painting(found: Glance, colour: str) -> Painting:
    if found.contributions is not None:
        return replace(paint_contributions(found.contributions), widths=found.trace.widths)
    return paint_firing(found.firing, "energy_share" if colour == "energy_share" else "deviation")


def _heads(trace: iv.Trace) -> list[str]:
    return ["main", *(head for head in trace.heads if head != "main")]


def _answers(model: iv.Classifier, trace: iv.Trace, head: str) -> list[Any]:
    fitted = ", fitted afterwards" if head in model.weights.fits else ""
    return [f"{HEAD_NAMES[head].capitalize()}{fitted}", answers.rows(trace, head)]
