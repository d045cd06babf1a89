"""What the explaining pages ask for. Slow answers come as jobs, quick ones from caches."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

import inception_viz as iv
from app.server.jobs import Job, Jobs
from app.session.scene import Scene
from app.session.services import trace_key, turns
from app.widgets.waiting import result_of
from inception_viz.batch.accuracy import accuracy_on_folder
from inception_viz.explain.channel_scores import ChannelScores
from inception_viz.explain.channel_scores import channel_scores as score_channels
from inception_viz.explain.contributions.baseline import Baseline
from inception_viz.explain.grad_cam import Cams, Variant, cams_from
from inception_viz.explain.gradients import Gradients, gradients
from inception_viz.explain.pixels import PixelMethod
from inception_viz.figures.overlay import encode, overlay

_jobs = Jobs(turns, kept=256)  # scores and curves: small
_muted = Jobs(turns, kept=4)  # traces of 12 MB
_cams = Jobs(turns, kept=64)
_channel_scores = Jobs(turns, kept=64)
_reports = Jobs(turns, kept=2)  # of 5 MB at most


def contributions(
    model: iv.Classifier, trace: iv.Trace, target: iv.Target, method: str, baseline: Baseline
) -> Job:
    """Scores of all branches."""
    return _jobs.get(
        ("contributions", trace_key(trace), target, method, baseline),
        lambda progress: iv.contributions(
            model, trace, target, method, baseline=baseline, progress=progress
        ),
    )


def sweep(model: iv.Classifier, trace: iv.Trace, target: iv.Target) -> Job:
    """Every branch muted once."""
    return _jobs.get(
        ("sweep", trace_key(trace), target),
        lambda progress: iv.sweep(model, trace, target, progress),
    )


def pixel_map(
    model: iv.Classifier, trace: iv.Trace, target: iv.Target, method: PixelMethod, module: str
) -> Job:
    """An attribution to pixels."""
    return _jobs.get(
        ("pixels", trace_key(trace), target, method, module),
        lambda progress: iv.pixel_map(
            model, trace, target, method, module=module, progress=progress
        ),
    )


def faithfulness(
    model: iv.Classifier, trace: iv.Trace, target: iv.Target, cams: Cams, module: str
) -> Job:
    """Deletion and insertion curves of a module's map."""
    return _jobs.get(
        ("faithfulness", trace_key(trace), target, cams.variant, module),
        lambda progress: iv.faithfulness(model, trace, cams[module], target, progress=progress),
    )


def sanity_check(
    model: iv.Classifier, trace: iv.Trace, target: iv.Target, variant: Variant, module: str
) -> Job:
    """The map of a module while the weights are shuffled."""
    return _jobs.get(
        ("sanity", trace_key(trace), target, variant, module),
        lambda progress: iv.sanity_check(
            model, trace, target, module=module, variant=variant, progress=progress
        ),
    )


def report(scene: Scene) -> str:
    """Everything about the scene as one HTML file; waits for it.

    Where it can't be made, the file says why: a download has no other place for a message.
    """
    job = _reports.get(
        (trace_key(scene.trace), scene.target, scene.photo),
        lambda progress: iv.report.build(
            scene.model,
            scene.trace,
            scene.target,
            photo=scene.photo,
            alt=scene.alt,
            progress=progress,
        ),
    )
    try:
        built: iv.report.Report = job.outcome()
    except iv.InceptionVizError as error:
        built = iv.report.failed(scene.photo, str(error))
    except Exception as error:
        built = iv.report.failed(
            scene.photo,
            f"This program made a mistake while it wrote the report ({type(error).__name__}). The "
            "pages show the same figures; each has a way to save it.",
        )
    return built.html


def accuracy(first: iv.Classifier, second: iv.Classifier, folder: str) -> Job:
    """How often two classifiers are right about the photos of a folder."""
    return _jobs.get(
        ("accuracy", first.key, second.key, folder),
        lambda progress: accuracy_on_folder([first, second], folder, progress=progress),
    )


def muted(model: iv.Classifier, trace: iv.Trace, places: Iterable[str]) -> iv.Trace:
    """The trace without ``places``.

    Raises:
        ExplainError: for a place that doesn't exist.
    """
    chosen = frozenset(places)
    if not chosen:
        return trace
    job = _muted.get((trace_key(trace), chosen), lambda _: iv.mute(model, trace, sorted(chosen)))
    found: iv.Trace = result_of(job)
    return found


# Computed inside of jobs alone, so one at a time; each is nearly as large as a trace.
@st.cache_resource(show_spinner=False, max_entries=4, ttl="1h")
def _gradients(key: str, target: iv.Target, _model: iv.Classifier, _trace: iv.Trace) -> Gradients:
    return gradients(_model, _trace, target)


def cams(
    model: iv.Classifier, trace: iv.Trace, target: iv.Target, variant: Variant = "grad_cam"
) -> Cams:
    """The class activation maps of all modules.

    Raises:
        ExplainError: for a target that doesn't exist.
    """
    key = trace_key(trace)
    job = _cams.get(
        (key, target, variant),
        lambda _: cams_from(trace, _gradients(key, target, model, trace), variant),
    )
    found: Cams = result_of(job)
    return found


def channel_scores(
    model: iv.Classifier, trace: iv.Trace, target: iv.Target, module: str
) -> ChannelScores:
    """Gradient × activation of every channel of a module.

    Raises:
        ExplainError: for a target that doesn't exist, or a module that its head can't see.
    """
    key = trace_key(trace)
    job = _channel_scores.get(
        (key, target, module),
        lambda _: score_channels(trace, _gradients(key, target, model, trace), module),
    )
    found: ChannelScores = result_of(job)
    return found


def cam_jpeg(
    trace: iv.Trace, cams: Cams, module: str, branch: str, top: float, strength: float, side: int
) -> bytes:
    """A module's map, or a branch's, over the photo, from 0 to ``top``."""
    key = f"{trace_key(trace)} {cams.target} {cams.variant}"
    return _cam_jpeg(key, module, branch, top, strength, side, trace, cams)


@st.cache_data(show_spinner=False, max_entries=512, ttl="2h")
def _cam_jpeg(
    key: str,
    module: str,
    branch: str,
    top: float,
    strength: float,
    side: int,
    _trace: iv.Trace,
    _cams: Cams,
) -> bytes:
    values = _cams.at_input_size(module, branch or None)
    image = overlay(
        _trace.picture, _trace.fitting, values, maximum=top, strength=strength, side=side
    )
    return encode(image)


def difference_jpeg(
    trace: iv.Trace, cams: Cams, other: Cams, module: str, strength: float
) -> bytes:
    """What speaks more for one class than for another at a module, over the photo, signed."""
    key = f"{trace_key(trace)} {cams.target} {other.target} {cams.variant}"
    return _difference_jpeg(key, module, strength, trace, cams, other)


@st.cache_data(show_spinner=False, max_entries=64, ttl="2h")
def _difference_jpeg(
    key: str, module: str, strength: float, _trace: iv.Trace, _cams: Cams, _other: Cams
) -> bytes:
    values = _cams.minus(_other, module)
    return encode(overlay(_trace.picture, _trace.fitting, values, signed=True, strength=strength))
