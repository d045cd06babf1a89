"""What a photo does in a model, and what of it a page shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

import inception_viz as iv
from app.server.jobs import Job, Jobs
from inception_viz import firing as measure_firing
from inception_viz.explain import Firing, Layer, Order, measure
from inception_viz.figures import Sprite, channel_sprite, jpeg, photo_with_frame
from inception_viz.pictures import Crop, Fit

_jobs = Jobs(kept=8)  # of 12 MB each


def trace(model: iv.Classifier, picture: iv.Picture, fit: Fit | Crop) -> Job[iv.Trace]:
    """The trace of a picture; its error is a WeightsError if the weights give no finite answer."""
    return _jobs.get((model.key, picture.sha256, fit), lambda _: model.trace(picture, fit=fit))


def key_of(found: iv.Trace) -> str:
    """Identity of a trace for caches."""
    muted, exchanged = (",".join(sorted(places)) for places in (found.muted, found.exchanged))
    return f"{found.model}-{found.seen}-{muted}-{exchanged}-{found.donor}"


Keys = dict[str | type[Any], Callable[[Any], Any]]
KEYS: Keys = {iv.Trace: key_of, iv.Classifier: lambda model: model.key}  # for Streamlit's caches


@st.cache_resource(show_spinner=False, max_entries=64, hash_funcs=KEYS)
def firing(found: iv.Trace, model: iv.Classifier) -> Firing:
    """How every branch fires."""
    return measure_firing(found, model.weights.reference)


@st.cache_resource(show_spinner=False, max_entries=32, ttl=3600, hash_funcs=KEYS)
def layer(found: iv.Trace, name: str) -> Layer:
    """The maps of one layer ("4c/5x5", "4c/5x5/reduce", "conv1"), summarised."""
    return measure(found.layer(name))


@st.cache_resource(show_spinner=False, max_entries=256, ttl=3600, hash_funcs=KEYS)
def sprite(found: iv.Trace, name: str, order: Order, maximum: float | None) -> Sprite:
    """All channels of a layer as one picture."""
    maps = layer(found, name)
    return channel_sprite(maps, maps.order(order), maximum)


@st.cache_data(show_spinner=False, max_entries=64, hash_funcs=KEYS)
def small_photo(found: iv.Trace) -> bytes:
    """The photo of a trace as a small JPEG, what the network sees of it framed."""
    return jpeg(photo_with_frame(found.picture, found.fitting, 160), quality=80)
