"""Trace every picture of a folder into one Parquet file, in one process or many."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from inception_viz import __version__
from inception_viz.batch import table
from inception_viz.batch.parts import CHUNK, Parts, Plan, Settings, unreadable_in
from inception_viz.batch.table import NONE, QUICK, TableRows
from inception_viz.batch.work import Progress, Rows, Worker, agreed, join
from inception_viz.classifier import Classifier
from inception_viz.errors import BatchError, FileError
from inception_viz.explain.contributions import METHODS
from inception_viz.files.paths import real_path, typed_path
from inception_viz.pictures.preprocessing import FITS, Crop, Fit
from inception_viz.training.data import pictures_in
from inception_viz.training.photos import Unreadable

GROUP = 4096  # rows of the table that are written at once
LOOK_SECONDS = 0.2  # how often the main process looks whether the others are done


@dataclass(frozen=True)
class TracedFolder:
    """A finished table.

    Attributes:
        path: the Parquet file.
        rows: one for each picture that could be read.
        unreadable: pictures without a row, and why.
        ignored: pictures that came into the folder after the table was begun.
    """

    path: Path
    rows: int
    unreadable: tuple[Unreadable, ...]
    ignored: int


def trace_folder(
    classifier: Classifier,
    folder: str | PathLike[str],
    output: str | PathLike[str],
    *,
    fit: Fit | Crop = "crop",
    method: str = QUICK,
    k: int = 5,
    batch: int | None = None,
    restart: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> TracedFolder | None:
    """Write predictions, firing and contributions of every picture below a folder into a table.

    The columns are those of :mod:`inception_viz.batch.table`; ``pandas.read_parquet`` reads the
    file, and its ``attrs`` say which model, method and versions made it. Only a few dozen pictures
    are in memory at any time, and as many results. Until the table is whole, it grows in a folder
    ``NAME.parquet.parts`` beside it: whatever stopped the work, the same call goes on from there,
    with as many processes as one likes, and the result is that of a run that wasn't stopped. It is
    bit for bit the same with the same number of threads a process.

    Started by ``torchrun`` or ``accelerate launch``, the processes share the pictures. They need to
    see the same folders, nothing else.

    Args:
        classifier: who looks.
        folder: of pictures, and of folders of them.
        output: NAME.parquet.
        fit: how a picture becomes a square, as in :meth:`Classifier.trace`.
        method: how branches are scored for each picture's first choice: a key of
            :data:`~inception_viz.explain.contributions.METHODS`, or ``"none"``. The default does a
            batch in one backward pass; the others go picture by picture, on the CPU.
        k: how many answers a picture.
        batch: pictures sent through the network at once, 1 to 32; results differ by rounding.
        restart: begin anew, whatever was begun or exists under this name.
        progress: is told how many pictures of how many are done, by all processes; what it
            raises stops the work. The main process calls it.

    Returns:
        What was written; None in all processes but the main one.

    Raises:
        BatchError: in a sentence for the user.
        WeightsError: if the weights give no finite answer.
    """
    if method not in (*METHODS, NONE):
        raise BatchError(
            f'There is no method "{method[:40]}"; there are {", ".join((*METHODS, NONE))}.'
        )
    if k < 1:
        raise BatchError(f"k is {k}; ask for at least 1 answer a picture.")
    rows = TableRows(classifier, fit, method, k)
    job = Gathering(
        classifier, typed_path(folder), typed_path(output), rows, {"method": method, "k": k}, fit
    )
    return gather(job, partial(_put_together, classifier), batch, restart, progress)


@dataclass(frozen=True, eq=False)
class Gathering:
    """What is gathered from every picture of a folder into one file.

    Attributes:
        classifier: who looks.
        root: the folder.
        whole: the file.
        rows: what is noted of a picture.
        settings: what else has to be the same when work goes on.
        fit: how a picture becomes a square.
        suffix: the file's.
        called: what the file is.
    """

    classifier: Classifier
    root: Path
    whole: Path
    rows: Rows
    settings: Settings
    fit: Fit | Crop
    suffix: str = ".parquet"
    called: str = "the table of a folder"

    @property
    def parts(self) -> Parts:
        """Where it grows."""
        return Parts(self.whole.with_name(f"{self.whole.name}.parts"))


def gather(
    job: Gathering,
    put_together: Callable[[Parts, Plan, Path], tuple[int, list[Unreadable]]],
    batch: int | None,
    restart: bool,
    progress: Progress,
) -> TracedFolder | None:
    """Do the work of :func:`trace_folder`, whatever it gathers; ``put_together`` writes the file.

    Raises:
        BatchError: in a sentence for the user.
        WeightsError: if the weights give no finite answer.
    """
    if batch is not None and not 1 <= batch <= CHUNK:
        raise BatchError(f"A batch holds 1 to {CHUNK} pictures, not {batch}.")
    team, parts = join(), job.parts
    with ExitStack() as held:
        plan, missing, ignored = agreed(team, partial(_begin, held, job, restart))
        worker = Worker(job.classifier, job.root, job.fit, job.rows, batch, team)
        worker.do(parts, plan, missing, progress)
        if not team.is_main_process:
            return None
        _wait_for_others(parts, plan, progress)
        rows, unreadable = put_together(parts, plan, job.whole)
        parts.remove()
    return TracedFolder(job.whole, rows, tuple(unreadable), ignored)


def _settings(job: Gathering) -> Settings:
    """What has to be the same when work goes on; all but the size of a batch."""
    if not isinstance(job.fit, Crop) and job.fit not in FITS:
        raise BatchError(f"There is no fit {job.fit!r:.40}; use {', '.join(FITS)} or a Crop.")
    return {
        "folder": str(real_path(job.root)),
        "model": job.classifier.key,
        "fit": str(job.fit),
        **job.settings,
        "version": __version__,
    }


def _begin(held: ExitStack, job: Gathering, restart: bool) -> tuple[Plan, list[int], int]:
    """Lock the parts until ``held`` lets go; find what was begun, or begin.

    Returns the plan, the parts that aren't made yet, and how many pictures it doesn't know of.
    """
    parts, whole, settings = job.parts, job.whole, _settings(job)
    if whole.suffix.lower() != job.suffix:
        raise BatchError(f"{whole.name} must end in {job.suffix}, {job.called}.")
    if whole.is_dir():
        raise BatchError(f"{whole} is a folder. Choose another name for {job.called}.")
    pictures = find_pictures(job.root)
    if whole.exists() and not restart and parts.plan() is None:
        raise BatchError(
            f"{whole} exists already. Choose another name, or write it anew with --restart."
        )
    held.enter_context(parts.locked())
    plan = None if restart else parts.plan()
    if plan is None:
        plan = Plan(settings, pictures)
        parts.begin(plan)
    changed = [
        f"{name} was {plan.settings.get(name)} and is {value}"
        for name, value in settings.items()
        if plan.settings.get(name) != value
    ]
    if changed:
        raise BatchError(
            f"{parts.path} was begun with other settings: {'; '.join(changed)}. Give the same as "
            "then, or begin anew with --restart."
        )
    return plan, parts.missing(plan), len(set(pictures) - set(plan.pictures))


def find_pictures(folder: Path) -> tuple[str, ...]:
    """Paths below ``folder``, relative to it and in order, of files that begin like pictures.

    Raises:
        BatchError: if there is no such folder, it or one in it can't be opened, or there is no
            picture.
    """
    if not folder.is_dir():
        raise BatchError(f"There is no folder {folder}. Check the path.")
    try:
        paths = sorted(path.relative_to(folder).as_posix() for path in pictures_in(folder))
    except FileError as error:
        raise BatchError(str(error)) from error
    if not paths:
        raise BatchError(
            f"There are no pictures in {folder}: no file begins like a JPEG, PNG, WebP, GIF, BMP "
            "or TIFF, or is called so."
        )
    return tuple(paths)


def _wait_for_others(parts: Parts, plan: Plan, progress: Progress) -> None:
    """Return when all parts are there. If a process fails, its launcher ends this one."""
    total = len(plan.pictures)
    while missing := parts.missing(plan):
        progress(total - plan.count(missing), total)
        time.sleep(LOOK_SECONDS)
    progress(total, total)


def _put_together(
    classifier: Classifier, parts: Parts, plan: Plan, whole: Path
) -> tuple[int, list[Unreadable]]:
    """Write the table from its parts; return its rows and who has none."""
    unreadable = [u for number in plan.parts for u in unreadable_in(parts.read(plan, number))]
    columns = table.schema(classifier, str(plan.settings["method"])).with_metadata(
        table.metadata(classifier, plan.settings, len(plan.pictures), unreadable)
    )
    written, at_once = 0, max(GROUP // plan.chunk, 1)
    with (
        parts.placing(whole.absolute()) as temporary,
        pq.ParquetWriter(temporary, columns, compression="zstd") as writer,
    ):
        for start in plan.parts[::at_once]:
            numbers = plan.parts[start : start + at_once]
            group = pa.concat_tables([parts.read(plan, number) for number in numbers])
            if len(group):
                writer.write_table(group.replace_schema_metadata(columns.metadata))
            written += len(group)
    return written, unreadable
