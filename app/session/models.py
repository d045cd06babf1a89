"""Models by where they come from: a source, a file, a training, the lab. Each comes as a job."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

import inception_viz as iv
from app.server.jobs import Job, Jobs, Progress
from app.session import uploads
from app.session.held import Held
from inception_viz.architecture import check_budget, decode
from inception_viz.files import cached, file_name
from inception_viz.pictures import Preprocessing
from inception_viz.sources import adjusted
from inception_viz.surgery import Keep, Operation
from inception_viz.training import Run, checkpoint, newest_classifier, process, runs_dir

RUNS = 12  # so many trainings can be chosen
started = Held("run", str)  # the name of the training that was started in this session

# How many stay although no session uses them; each takes up to 110 MB.
_sources = Jobs(kept=3, words="Loading the model …")
_files = Jobs(kept=1, words="Reading the weights …")
_said = Jobs(kept=2, words="Reading the weights anew …")
_learned = Jobs(kept=1, words="Loading what was learned …")
_rebuilds = Jobs(kept=3, words="Rebuilding the network …")


def of_source(source: str) -> Job[iv.Classifier]:
    """The model of a source that is available; its error is a WeightsError for the user."""
    return _sources.get((source, _cache_state()), lambda _progress: _prepared(iv.load(source)))


def _prepared(model: iv.Classifier) -> iv.Classifier:
    _ = model.inference_network  # now, not at the first click
    return model


_UNUSED = (".part", ".version", ".old")  # what downloads leave in the cache


def _cache_state() -> str:
    """Changes when weights in the cache do, so that what came, or was swapped, is loaded."""
    try:
        with os.scandir(cached("x").parent) as entries:
            found = [e for e in entries if not e.name.endswith(_UNUSED) and e.is_file()]
            stamps = [(e.name, e.stat().st_mtime_ns, e.stat().st_size) for e in found]
    except OSError:
        return ""
    return str(sorted(s for s in stamps if not s[0].startswith(".")))


def of_file(place: str, file: UploadedFile, copy: str | None = None) -> Job[iv.Classifier]:
    """The model in a file that was brought to ``place``; its error is a WeightsError.

    ``copy``: which of several in a checkpoint, as in :func:`inception_viz.load`.
    """
    return uploads.read(place, file, _files, partial(read_weights, copy=copy), copy or "")


@dataclass(frozen=True)
class Said:
    """What the user says of a file that doesn't say it; None leaves things as they are."""

    labels: tuple[str, ...] | None = None
    preprocessing: Preprocessing | None = None
    input_size: int | None = None


def as_said(base: iv.Classifier, said: Said) -> Job[iv.Classifier]:
    """The model of a file as the user says that it is meant.

    Its error is a WeightsError or a ConfigError.
    """

    def work(_progress: Progress) -> iv.Classifier:
        weights = adjusted(
            base.weights,
            labels=said.labels,
            preprocessing=said.preprocessing,
            input_size=said.input_size,
        )
        return _prepared(replace(base, weights=weights, base=base))

    return _said.get((base.key, said), work)


def read_weights(name: str, content: bytes, copy: str | None = None) -> iv.Classifier:
    """The model in a file's bytes.

    Raises:
        WeightsError: in a sentence for the user.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / file_name(name, "weights")
            path.write_bytes(content)
            return _prepared(iv.load(path, copy=copy))
    except OSError as error:
        raise uploads.NotNowError(
            f"{name[:100]} can't be kept for a moment to read it ({error.strerror or error}). Free "
            "some space where the server keeps temporary files, or set TMPDIR to another folder."
        ) from error


def of_run(run: Run) -> Job[iv.Classifier]:
    """What a training has learned so far; its error is a WeightsError or a TrainingError."""
    newest = [path.name for path in checkpoint.checkpoints(run.checkpoints)[:1]]
    version = (run.path.name, *newest, run.model.is_file())
    return _learned.get(version, lambda _progress: _prepared(newest_classifier(run)))


def has_learned(run: Run) -> bool:
    """Whether a run has anything to look inside of."""
    return bool(checkpoint.checkpoints(run.checkpoints)) or run.model.is_file()


def id_of_run(run: Run) -> str:
    """How a training is called in the address."""
    return f"run:{run.path.name}"


def title_of_run(run: Run) -> str:
    """How a training is called on the page."""
    return f"Training {run.path.name}"


def usable_runs() -> dict[str, Run]:
    """The newest trainings that have learned something, by their ids."""
    try:
        folders = _run_folders(str(runs_dir()), runs_dir().stat().st_mtime_ns)
    except OSError:  # no training was ever begun here
        return {}
    return {id_of_run(run): run for run in islice(filter(has_learned, map(Run, folders)), RUNS)}


@st.cache_data(show_spinner=False, max_entries=1)
def _run_folders(folder: str, changed: int) -> list[Path]:
    """The folders of all trainings: listed anew when one comes or goes, not at every click."""
    return process.folders()


def rebuilt(
    base: iv.Classifier, text: str, origins: Mapping[str, str | None] | None, keep: Keep = "norm"
) -> Job[Operation]:
    """``base`` rebuilt as the network of a link.

    Its error is a ConfigError if the text describes no network, or one too large for this computer.
    """

    def work(_progress: Progress) -> Operation:
        config = decode(text)
        check_budget(config)
        done = iv.surgery.operate(base, config, keep=keep, origins=origins)
        _prepared(done.classifier)
        return done

    return _rebuilds.get((base.key, text, str(origins), keep), work)


@lru_cache(maxsize=8)  # Streamlit's caches would read all labels at every call
def unique_names(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Labels that occur twice ("crane") get their class number."""
    counts = Counter(labels)
    return tuple(f"{name} ({i})" if counts[name] > 1 else name for i, name in enumerate(labels))
