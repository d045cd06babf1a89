"""What the explaining pages ask for. Slow answers come as jobs, quick ones from caches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import streamlit as st

import inception_viz as iv
from app.server.jobs import Job, Jobs, finished
from app.session import notes, photos, traces
from app.session.scene import Scene
from inception_viz import channel_scores as score_channels
from inception_viz import gradients
from inception_viz.batch import FolderAccuracy, accuracy_on_folder
from inception_viz.explain import (
    Cams,
    CarryingSet,
    ChannelScores,
    Faithfulness,
    Gradients,
    Variant,
    cams_from,
)
from inception_viz.report import Report, printed_worksheet

T = TypeVar("T")

_jobs = Jobs(kept=256)  # scores and curves: small
_muted = Jobs(kept=4)  # traces of 12 MB, muted or exchanged
_carrying = Jobs(kept=4)  # the same
_cams = Jobs(kept=64)
_channel_scores = Jobs(kept=64)
_reports = Jobs(kept=2)  # of 5 MB at most


def job(
    explain: Callable[..., T], model: iv.Classifier, trace: iv.Trace, target: iv.Target, **how: Any
) -> Job[T]:
    """Slow work of the library: ``iv.contributions``, ``iv.sweep`` …, with its options."""
    return _jobs.get(
        (explain.__name__, traces.key_of(trace), target, *how.items()),
        lambda progress: explain(model, trace, target, **how, progress=progress),
    )


def faithfulness(
    model: iv.Classifier, trace: iv.Trace, target: iv.Target, cams: Cams, module: str
) -> Job[Faithfulness]:
    """Deletion and insertion curves of a module's map."""
    return _jobs.get(
        ("faithfulness", traces.key_of(trace), target, cams.variant, module),
        lambda progress: iv.faithfulness(model, trace, cams[module], target, progress=progress),
    )


def report(scene: Scene) -> str:
    """Everything about the scene as one HTML file; waits for it.

    Where it can't be made, the file says why: a download has no other place for a message.
    """
    noted = dict(notes.of(scene))
    job = _reports.get(
        (traces.key_of(scene.trace), scene.target, scene.photo, *noted.items()),
        lambda progress: iv.report.build(
            scene.model,
            scene.trace,
            scene.target,
            photo=scene.photo,
            alt=scene.alt,
            known=photos.shows_a_class_of(scene.trace.picture, scene.model),
            notes=noted,
            progress=progress,
        ),
    )
    return report_or_apology(scene.photo, job.outcome).html


def worksheet(scene: Scene, *, answers: bool) -> str:
    """The scene's worksheet, or its answers, as an HTML file to print; waits for it."""
    job = _reports.get(
        (traces.key_of(scene.trace), scene.photo, "answers" if answers else "worksheet"),
        lambda _progress: printed_worksheet(
            scene.model, scene.trace, photo=scene.photo, answers=answers
        ),
    )
    return report_or_apology(scene.photo, job.outcome).html


def report_or_apology(photo: str, build: Callable[[], Report]) -> Report:
    """What ``build`` gives; if it fails, a report that says why no other can be made."""
    try:
        return build()
    except iv.InceptionVizError as error:
        return iv.report.failed(photo, str(error))
    except Exception as error:
        return iv.report.failed(
            photo,
            f"This program made a mistake while it wrote the report ({type(error).__name__}). The "
            "pages show the same figures; each has a way to save it.",
        )


def accuracy(first: iv.Classifier, second: iv.Classifier, folder: str) -> Job[FolderAccuracy]:
    """How often two classifiers are right about the photos of a folder."""
    return _jobs.get(
        ("accuracy", first.key, second.key, folder),
        lambda progress: accuracy_on_folder([first, second], folder, progress=progress),
    )


def muted(model: iv.Classifier, trace: iv.Trace, places: Iterable[str]) -> Job[iv.Trace]:
    """The trace without ``places``; its error is an ExplainError for a place that doesn't exist."""
    chosen = frozenset(places)
    if not chosen:
        return finished(trace)
    return _muted.get(
        (traces.key_of(trace), chosen), lambda _: iv.mute(model, trace, sorted(chosen))
    )


def exchanged(
    model: iv.Classifier, first: iv.Trace, second: iv.Trace, places: Iterable[str]
) -> Job[iv.Trace]:
    """The trace of the first with what ``places`` put out for the second."""
    chosen = frozenset(places)
    if not chosen:
        return finished(first)
    return _muted.get(
        (traces.key_of(first), traces.key_of(second), chosen),
        lambda _: iv.interchange(model, first, second, sorted(chosen)),
    )


def carrying_set(
    model: iv.Classifier, first: iv.Trace, second: iv.Trace, head: str
) -> Job[CarryingSet]:
    """Which branches carry the second's answer over to the first."""
    return _carrying.get(
        (traces.key_of(first), traces.key_of(second), head),
        lambda progress: iv.carrying_set(model, first, second, head=head, progress=progress),
    )


# Computed inside of jobs alone, so one at a time; each is nearly as large as a trace.
@st.cache_resource(show_spinner=False, max_entries=4, ttl=3600, hash_funcs=traces.KEYS)
def _gradients(model: iv.Classifier, trace: iv.Trace, target: iv.Target) -> Gradients:
    return gradients(model, trace, target)


def cams(
    model: iv.Classifier, trace: iv.Trace, target: iv.Target, variant: Variant = "grad_cam"
) -> Job[Cams]:
    """The class activation maps of all modules.

    Its error is an ExplainError for a target that doesn't exist.
    """
    return _cams.get(
        (traces.key_of(trace), target, variant),
        lambda _: cams_from(trace, _gradients(model, trace, target), variant),
    )


def channel_scores(
    model: iv.Classifier, trace: iv.Trace, target: iv.Target, module: str
) -> Job[ChannelScores]:
    """Gradient × activation of every channel of a module.

    Its error is an ExplainError for a target that doesn't exist, or a module that its head can't
    see.
    """
    return _channel_scores.get(
        (traces.key_of(trace), target, module),
        lambda _: score_channels(trace, _gradients(model, trace, target), module),
    )
