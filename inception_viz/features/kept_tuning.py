"""Tunings that were measured before: bundled ones, and those in the cache."""

from __future__ import annotations

import contextlib
from pathlib import Path

from inception_viz.classifier import Classifier
from inception_viz.errors import FileError
from inception_viz.explain.rerun import Progress, silent
from inception_viz.features.responses import Tuning, identity, tuning
from inception_viz.files.cache import cached, remove

BUNDLED = Path(__file__).parents[2] / "assets" / "tuning"
_KEPT = 64  # in the cache, of 0.4 MB each


def tuning_of(classifier: Classifier, *, progress: Progress = silent) -> Tuning:
    """The tuning of every channel: bundled, from the cache, or measured now and kept there.

    Args:
        classifier: whose.
        progress: is told the share that is done.

    Raises:
        WeightsError: if the weights give no finite answer.
    """
    network = identity(classifier)
    kept = cached("tuning") / f"{network}.npz"
    for path in (BUNDLED / f"{classifier.source}.npz", kept):
        with contextlib.suppress(FileError):  # not there, or damaged
            known = Tuning.load(path)
            if known.network == network:
                progress(1.0)
                return known
    measured = tuning(classifier, progress=progress)
    with contextlib.suppress(FileError):  # where nothing can be kept, it is measured every time
        measured.save(kept)
        _forget_oldest(kept.parent)
    return measured


def _forget_oldest(folder: Path) -> None:
    with contextlib.suppress(OSError):
        newest_first = sorted(folder.glob("*.npz"), key=lambda p: p.stat().st_mtime, reverse=True)
        for path in newest_first[_KEPT:]:
            remove(path)
