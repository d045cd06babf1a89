"""All of the user's own photos in one model: a row of a table each, a report each."""

from __future__ import annotations

import tempfile
import weakref
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

import streamlit as st

import inception_viz as iv
from app.server.jobs import Job, Jobs, Progress
from app.session import explanations, own_photos
from app.session import photos as samples
from app.session.own_photos import OwnPhoto
from app.session.traces import KEYS
from inception_viz import firing
from inception_viz.explain import BranchFiring, within
from inception_viz.pictures import Crop, Fit
from inception_viz.report import Report, report_name

if TYPE_CHECKING:
    import pandas as pd

ANSWERS = 3

_tables = Jobs(kept=64)  # a few kilobytes each
_archives = Jobs(kept=0)  # the session that asked for one holds it


@dataclass(frozen=True)
class Row:
    """One photo.

    Attributes:
        photo: the file's name.
        answers: the first classes with their probabilities; none if ``wrong``.
        unusual: the branch that is furthest from its usual level; None if nobody knows the levels.
        wrong: why there is no answer.
    """

    photo: str
    answers: tuple[tuple[str, float], ...] = ()
    unusual: BranchFiring | None = None
    wrong: str = ""


def table(
    model: iv.Classifier, fit: Fit | Crop, photos: Sequence[OwnPhoto]
) -> Job[tuple[Row, ...]]:
    """A row for each photo, in their order. The job never fails."""

    def work(progress: Progress) -> tuple[Row, ...]:
        rows = []
        for done, photo in enumerate(photos):
            progress(done / len(photos))
            try:
                rows.append(_row(model, fit, photo))
            except iv.InceptionVizError as error:
                rows.append(Row(photo.name, wrong=str(error)))
        return tuple(rows)

    return _tables.get(_key(model, fit, photos), work)


# What is known of a photo stays known when another one is brought.
@st.cache_data(
    show_spinner=False, max_entries=512, hash_funcs=KEYS | {OwnPhoto: lambda photo: photo.id}
)
def _row(model: iv.Classifier, fit: Fit | Crop, photo: OwnPhoto) -> Row:
    trace = model.trace(own_photos.decoded(photo), fit=fit)
    unusual = firing(trace, model.weights.reference).most_unusual()
    return Row(photo.name, tuple(trace.predictions(ANSWERS)), unusual)


def to_frame(rows: Sequence[Row], model: iv.Classifier, fit: Fit | Crop) -> pd.DataFrame:
    """One row a photo, every figure in full, and what it was measured with."""
    import pandas as pd

    known = any(row.unusual for row in rows)
    lines = []
    for row in rows:
        line: dict[str, object] = {"photo": row.photo, "model": model.title, "fit": str(fit)}
        for place in range(min(ANSWERS, len(model.labels))):
            label, probability = row.answers[place] if row.answers else (row.wrong, None)
            line |= {f"answer_{place + 1}": label, f"probability_{place + 1}": probability}
        if known:
            far = row.unusual
            line["unusual_branch"] = f"{far.module}/{far.branch}" if far else ""
            line["deviation_in_std"] = far.deviation if far else None
        lines.append(line)
    return pd.DataFrame(lines)


@dataclass(frozen=True, eq=False)
class Archive:
    """A ZIP of reports in a temporary file, which goes with it."""

    file: BinaryIO
    size: int

    def read(self) -> bytes:
        """All of it."""
        self.file.seek(0)
        return self.file.read()


def reports(model: iv.Classifier, fit: Fit | Crop, photos: Sequence[OwnPhoto]) -> Job[Archive]:
    """A report for each photo, about the network's first choice, in one ZIP.

    A report that can't be made says why. The job's error is a FileError if there is no room.
    """

    def work(progress: Progress) -> Archive:
        try:
            return _archive(model, fit, photos, progress)
        except OSError as error:
            raise iv.FileError(
                f"The reports can't be kept for you ({error.strerror or error}). Free some space "
                "where the server keeps temporary files, or set TMPDIR to another folder."
            ) from error

    return _archives.get(_key(model, fit, photos), work)


def _archive(
    model: iv.Classifier, fit: Fit | Crop, photos: Sequence[OwnPhoto], progress: Progress
) -> Archive:
    file = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the archive)
    names: set[str] = set()
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for done, photo in enumerate(photos):
                part = within(progress, done, len(photos))
                built = explanations.report_or_apology(
                    photo.name, partial(_report, model, fit, photo, part)
                )
                archive.writestr(_new_name(report_name(photo.name, model.title), names), built.html)
    except BaseException:
        file.close()
        raise
    found = Archive(file, file.tell())
    weakref.finalize(found, file.close)
    return found


def _report(model: iv.Classifier, fit: Fit | Crop, photo: OwnPhoto, progress: Progress) -> Report:
    progress(0.0)
    trace = model.trace(own_photos.decoded(photo), fit=fit)
    return iv.report.build(
        model,
        trace,
        photo=photo.name,
        alt=f"Your photo {photo.name}",
        known=samples.shows_a_class_of(trace.picture, model),
        progress=progress,
    )


def _new_name(name: str, taken: set[str]) -> str:
    """``name``, or one with a number where it is taken; noted in ``taken``."""
    stem, _, ending = name.rpartition(".")
    number = 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}.{ending}"
    taken.add(name)
    return name


def _key(model: iv.Classifier, fit: Fit | Crop, photos: Sequence[OwnPhoto]) -> tuple[str, ...]:
    return (model.key, str(fit), *(photo.id for photo in photos))
