"""What pages ask for: the only caches, turns to compute, downloads, library errors as messages."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from PIL import Image

import inception_viz as iv
from app.server.jobs import Jobs, Progress
from app.server.scheduler import Turns
from app.session import state
from app.widgets.markdown import plain
from app.widgets.waiting import result_of
from inception_viz.architecture.budget import check_budget
from inception_viz.architecture.cost import (
    Totals,
    at_inference,
    layers,
    totals,
)
from inception_viz.architecture.counting import Count, well_known
from inception_viz.architecture.text import decode
from inception_viz.explain.channels import Layer, Order, measure
from inception_viz.explain.firing import Firing
from inception_viz.explain.firing import firing as measure_firing
from inception_viz.figures.overlay import encode, photo_with_frame
from inception_viz.figures.sprites import Sprite, channel_sprite
from inception_viz.files.cache import cached
from inception_viz.files.wording import file_name
from inception_viz.pictures.preprocessing import Fit
from inception_viz.sources.file import SUFFIXES
from inception_viz.surgery import Keep, Operation
from inception_viz.training import checkpoint
from inception_viz.training.inside import newest_classifier
from inception_viz.training.run import Run

turns = Turns()

# How many results stay although no session holds them: for whoever goes back and forth.
_pictures = Jobs(turns, kept=1)  # of 16 MB at most; to decode the largest takes 800 MB
_traces = Jobs(turns, kept=8)  # of 12 MB each
_rebuilds = Jobs(turns, kept=3)  # of up to 110 MB each


def uploaded_picture(place: str, file_id: str, name: str, content: bytes) -> iv.Picture:
    """A picture that the user brought to ``place``, decoded once for all who bring the same.

    Raises:
        ImageError: in a sentence for the user.
    """
    brought = state.brought(place)
    if brought is None or brought.file_id != file_id:
        key = (name, hashlib.sha256(content).digest())
        job = _pictures.get(key, lambda _: _picture_or_message(name, content))
        brought = state.Brought(file_id, result_of(job, "Reading the photo …"))
        state.keep_brought(place, brought)
    if isinstance(brought.found, str):
        raise iv.ImageError(brought.found)
    return brought.found


def _picture_or_message(name: str, content: bytes) -> iv.Picture | str:
    """Bad files are read once, too. An error itself would keep all that its traceback knows."""
    try:
        return iv.read_picture(content, name=name)
    except iv.ImageError as error:
        return str(error)


def classifier(source: str) -> iv.Classifier:
    """The model of a source that is available.

    Raises:
        WeightsError: in a sentence for the user.
    """
    return _classifier(source, _cache_state())


@st.cache_resource(show_spinner="Loading the model …", max_entries=3)
def _classifier(source: str, cache: str) -> iv.Classifier:
    loaded = iv.load(source)
    _ = loaded.inference_network  # prepared now, not at the first click
    return loaded


@st.cache_resource(show_spinner="Reading the weights …", max_entries=2, ttl="2h")
def _classifier_of_file(file_id: str, name: str, _content: bytes) -> iv.Classifier | str:
    try:
        return _read_classifier(name, _content)
    except iv.WeightsError as error:
        return str(error)  # as with photos: the sentence alone


def _read_classifier(name: str, content: bytes) -> iv.Classifier:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file_name(name, "weights")
        path.write_bytes(content)
        loaded = iv.load(path)
    _ = loaded.inference_network
    return loaded


def classifier_of_file(file_id: str, name: str, content: bytes) -> iv.Classifier:
    """The model in a file that the user brought.

    Raises:
        WeightsError: in a sentence for the user.
    """
    try:
        found = _classifier_of_file(file_id, name, content)
    except OSError as error:  # nothing that is kept: there may be space the next time
        raise iv.WeightsError(
            f"{name[:100]} can't be kept for a moment to read it ({error.strerror or error}). Free "
            "some space where the server keeps temporary files, or set TMPDIR to another folder."
        ) from error
    if isinstance(found, str):
        raise iv.WeightsError(found)
    return found


def has_checkpoint(run: Run) -> bool:
    """Whether a run has anything to look inside of."""
    return bool(checkpoint.checkpoints(run.checkpoints))


def guessing_loss(classes: int) -> float:
    """The cross-entropy of a uniform guess."""
    return math.log(classes)


def classifier_of_run(run: Run) -> iv.Classifier:
    """What a training has learned so far: its newest checkpoint, or its finished model.

    Raises:
        WeightsError, TrainingError: in a sentence for the user.
    """
    newest = [path.name for path in checkpoint.checkpoints(run.checkpoints)[:1]]
    return _classifier_of_run(run.path.name, f"{newest} {run.model.is_file()}", run)


@st.cache_resource(show_spinner="Loading what was learned …", max_entries=2, ttl="2h")
def _classifier_of_run(name: str, version: str, _run: Run) -> iv.Classifier:
    loaded = newest_classifier(_run)
    _ = loaded.inference_network
    return loaded


def rebuilt(
    base: iv.Classifier, text: str, origins: Mapping[str, str | None] | None, keep: Keep = "norm"
) -> Operation:
    """``base`` rebuilt as the network of a link, computed once for all who look at it.

    Raises:
        ConfigError: if the text describes no network, or one too large for this computer.
    """

    def work(_progress: Progress) -> Operation:
        config = decode(text)
        check_budget(config)
        done = iv.surgery.operate(base, config, keep=keep, origins=origins)
        _ = done.classifier.inference_network
        return done

    job = _rebuilds.get((base.key, text, str(origins), keep), work)
    done: Operation = result_of(job, "Rebuilding the network …")
    return done


@st.cache_data(show_spinner=False)
def well_known_networks() -> dict[str, Count]:
    """AlexNet and VGG-16, counted."""
    return well_known()


def paper_totals() -> Totals:
    """What the paper's network costs at inference."""
    return totals(at_inference(layers(iv.GoogLeNetConfig.paper())))


def _cache_state() -> str:
    """Changes when weights in the cache do, so that what came, or was swapped, is loaded."""
    try:
        with os.scandir(cached("x").parent) as entries:
            found = [e for e in entries if Path(e.name).suffix in SUFFIXES and e.is_file()]
            stamps = [(e.name, e.stat().st_mtime_ns, e.stat().st_size) for e in found]
    except OSError:
        return ""
    return str(sorted(s for s in stamps if not s[0].startswith(".")))


def trace(model: iv.Classifier, picture: iv.Picture, fit: Fit) -> iv.Trace:
    """The trace of a picture, computed once for all who look at it.

    Raises:
        WeightsError: if the weights give no finite answer.
    """
    key = (model.key, picture.sha256, fit)
    found: iv.Trace = result_of(_traces.get(key, lambda _: model.trace(picture, fit=fit)))
    return found


def trace_key(result: iv.Trace) -> str:
    """Identity of a trace for the caches below."""
    muted = ",".join(sorted(result.muted))
    return f"{result.model}-{result.picture.sha256}-{result.fitting.fit}-{muted}"


@st.cache_resource(show_spinner=False, max_entries=64)
def _firing(key: str, _result: iv.Trace, _model: iv.Classifier) -> Firing:
    return measure_firing(_result, _model.weights.reference)


def firing(result: iv.Trace, model: iv.Classifier) -> Firing:
    """How every branch fires."""
    return _firing(trace_key(result), result, model)


@st.cache_resource(show_spinner=False, max_entries=32, ttl="1h")
def _layer(key: str, name: str, _result: iv.Trace) -> Layer:
    return measure(_result.layer(name))


def layer(result: iv.Trace, name: str) -> Layer:
    """The maps of one layer ("4c/5x5", "4c/5x5/reduce", "conv1"), summarised."""
    return _layer(trace_key(result), name, result)


@st.cache_resource(show_spinner=False, max_entries=256, ttl="1h")
def _sprite(key: str, name: str, order: Order, maximum: float | None, _layer: Layer) -> Sprite:
    return channel_sprite(_layer, _layer.order(order), maximum)


def sprite(result: iv.Trace, name: str, order: Order, maximum: float | None) -> Sprite:
    """All channels of a layer as one picture."""
    return _sprite(trace_key(result), name, order, maximum, layer(result, name))


@st.cache_data(show_spinner=False, max_entries=64)
def thumbnail(path: str, side: int) -> bytes:
    """A small JPEG of a picture file, its longer side ``side`` pixels."""
    with Image.open(path) as image:
        image.thumbnail((side, side))
        return encode(image.convert("RGB"), quality=80)


def small_photo(result: iv.Trace) -> bytes:
    """The photo of a trace as a small JPEG, what the network sees of it framed."""
    return _small_photo(trace_key(result), result)


@st.cache_data(show_spinner=False, max_entries=64)
def _small_photo(key: str, _result: iv.Trace) -> bytes:
    return encode(photo_with_frame(_result.picture, _result.fitting, 160), quality=80)


@st.cache_data(show_spinner=False, max_entries=8)
def unique_names(labels: tuple[str, ...]) -> list[str]:
    """Labels that occur twice ("crane") get their class number."""
    counts = Counter(labels)
    return [f"{name} ({i})" if counts[name] > 1 else name for i, name in enumerate(labels)]


@contextmanager
def messages() -> Iterator[None]:
    """Show the library's errors as messages, where they happen; nothing else is lost."""
    try:
        yield
    except iv.InceptionVizError as error:
        st.error(plain(str(error)), icon=":material/error:")
