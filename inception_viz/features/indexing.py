"""Make an index: one pass over photos, then one over channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from inception_viz.batch.folder import Gathering, gather
from inception_viz.batch.parts import Parts, Plan, unreadable_in
from inception_viz.batch.work import Progress
from inception_viz.classifier import Classifier
from inception_viz.errors import BatchError
from inception_viz.features.photo_index import BANDS, BINS, FIELDS, KEPT, TOP, Index
from inception_viz.features.reading import IndexRows, indexed_layers, note
from inception_viz.files.cache import cached
from inception_viz.files.foreign import slug
from inception_viz.files.paths import typed_path
from inception_viz.pictures.preprocessing import Crop, Fit
from inception_viz.pictures.reading import Picture, read_picture
from inception_viz.training.photos import Unreadable

_BLOCK = 2**28  # bytes of figures in memory at once
_AT_ONCE = 16  # photos, with their gradients: 0.6 GB; a sixth faster than 8
_MOST_CLASSES = 1000


def index(
    classifier: Classifier,
    photos: str | PathLike[str] | Sequence[str | PathLike[str] | Picture],
    output: str | PathLike[str] | None = None,
    *,
    fit: Fit | Crop = "crop",
    restart: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> Index | None:
    """Find which photos make every channel of every branch and reduce layer fire.

    A folder's index grows in parts beside ``output``, NAME.npz, as a table of
    :func:`~inception_viz.trace_folder` does: whatever stopped it, the same call goes on, with as
    many processes as one likes, and the file is that of a run that wasn't stopped. Memory doesn't
    grow with the photos.

    Args:
        classifier: who looks.
        photos: a folder; or some photos, which are looked at in one go.
        output: where the index of a folder goes; by default the cache, where the app finds it.
        fit: how a photo becomes a square.
        restart: begin anew, whatever was begun or exists under this name.
        progress: is told how many photos of how many are done.

    Returns:
        The index; None in all processes but the main one.

    Raises:
        BatchError: in a sentence for the user.
        ImageError: if one of some photos can't be used.
        WeightsError: if the weights give no finite answer.
    """
    if not isinstance(photos, str | PathLike):
        return _of_some(classifier, photos, fit, progress)
    root = typed_path(photos)
    whole = _kept_at(classifier, root) if output is None else typed_path(output)
    rows = IndexRows(classifier)
    job = Gathering(classifier, root, whole, rows, {"index": 1}, fit, ".npz", "an index of photos")
    written = gather(job, partial(_put_together, job), _AT_ONCE, restart, progress)
    return None if written is None else Index.load(whole)


def kept_indexes(classifier: Classifier) -> list[Path]:
    """The indexes of folders that were kept in the cache for this network, the newest first."""
    files = _kept_at(classifier, Path()).parent.glob("[!.]*.npz")
    return sorted(files, key=lambda file: -file.stat().st_mtime_ns)


def _kept_at(classifier: Classifier, root: Path) -> Path:
    network, folder = (
        sha256(text.encode("utf-8", "replace")).hexdigest()
        for text in (classifier.key, str(root.absolute()))
    )
    return cached("index") / network[:24] / f"{slug(root.name, 'photos')}-{folder[:8]}.npz"


def _of_some(
    classifier: Classifier,
    photos: Sequence[str | PathLike[str] | Picture],
    fit: Fit | Crop,
    progress: Progress,
) -> Index:
    if not photos:
        raise BatchError("Give at least one photo.")
    noted = []
    for done, photo in enumerate(photos):
        progress(done, len(photos))
        x, _ = classifier.input_of(read_picture(photo), fit)
        noted.append(note(classifier.inference_network, x))
    progress(len(photos), len(photos))
    names = [str(n) if isinstance(p, Picture) else str(p) for n, p in enumerate(photos)]
    figures = _Figures(*(np.concatenate([getattr(n, f) for n in noted]) for f in _Figures._fields))
    return _index(classifier, fit, "", names, 0, figures.of)


class _Figures(NamedTuple):
    """(photos, channels) each; see :class:`~inception_viz.features.reading.Noted`."""

    value: np.ndarray
    unit: np.ndarray
    relevance: np.ndarray

    def of(self, channels: slice) -> _Figures:
        return _Figures(*(table[:, channels] for table in self))


def _put_together(
    job: Gathering, parts: Parts, plan: Plan, whole: Path
) -> tuple[int, list[Unreadable]]:
    """Write the index from its parts; return its photos and who can't be read."""
    names: list[str] = []
    bad: list[Unreadable] = []
    for number in plan.parts:
        part = parts.read(plan, number)
        names += part["path"].to_pylist()
        bad += unreadable_in(part)

    def figures(channels: slice) -> _Figures:
        read = [_read(parts, plan, number, channels) for number in plan.parts]
        return _Figures(*map(np.concatenate, zip(*read, strict=True)))

    if not names:
        raise BatchError(
            f"None of the {len(bad)} photos in {job.root} can be read: {bad[0].reason}"
        )
    with parts.placing(whole.absolute()) as half:
        _index(job.classifier, job.fit, str(job.root), names, len(bad), figures).save(half)
    return len(names), bad


def _read(parts: Parts, plan: Plan, number: int, channels: slice) -> _Figures:
    part = parts.read(plan, number)
    kinds = zip(_Figures._fields, (np.float32, np.uint16, np.float32), strict=True)
    return _Figures(
        *(
            np.array([np.frombuffer(blob, kind)[channels] for blob in part[name].to_pylist()])
            for name, kind in kinds
        )
    )


def _index(
    classifier: Classifier,
    fit: Fit | Crop,
    folder: str,
    names: Sequence[str],
    unreadable: int,
    figures: Callable[[slice], _Figures],
) -> Index:
    """Count and choose, some channels at a time."""
    layers = indexed_layers(classifier.config)
    classes, targets = _classes(names)
    channels = sum(layer.outputs for layer in layers.values())
    at_once = max(_BLOCK // (10 * len(names)), 1)
    blocks = [
        _tables(figures(slice(start, start + at_once)), targets, len(classes))
        for start in range(0, channels, at_once)
    ]
    tables = {name: np.concatenate([block[name] for block in blocks]) for name in FIELDS}
    return Index(
        model=classifier.key,
        config=classifier.config,
        seen_as=fit,
        folder=folder,
        pictures=tuple(names),
        classes=classes,
        layers={name: layer.outputs for name, layer in layers.items()},
        sides={name: layer.size for name, layer in layers.items()},
        tables=tables,
        unreadable=unreadable,
    )


def _classes(names: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """The photos' folders, if all lie in some and there are few enough; each photo's (N,)."""
    folders = [str(PurePosixPath(name).parent) for name in names]
    classes = tuple(sorted(set(folders)))
    if "." in classes or not 2 <= len(classes) <= _MOST_CLASSES:
        return (), np.zeros(len(names), int)
    place = {name: number for number, name in enumerate(classes)}
    return tuple(PurePosixPath(name).name for name in classes), np.array(
        [place[f] for f in folders]
    )


def _tables(figures: _Figures, targets: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """The rows of some channels; see :class:`Index`. Of equal photos, the first comes first."""
    value, unit, relevance = (np.ascontiguousarray(table.T) for table in figures)
    photos = value.shape[1]
    number = np.uint16 if photos < np.iinfo(np.uint16).max else np.uint32
    order = np.argsort(-value, axis=1, kind="stable")
    ranked = np.take_along_axis(value, order, axis=1)
    relevant = np.argsort(-relevance, axis=1, kind="stable")[:, :TOP]
    most = ranked[:, :1]
    step = np.floor(BINS * np.divide(value, most, out=np.zeros_like(value), where=most > 0))
    step = step.clip(0, BINS - 1).astype(int)
    counts = np.stack([np.bincount(row, minlength=BINS) for row in step])
    chosen = np.stack([_in_bands(row) for row in ranked])  # places in the order, or −1
    band = np.take_along_axis(order, chosen.reshape(len(order), -1).clip(0), axis=1)
    band = band.reshape(chosen.shape)
    of_class = [value[:, targets == c].mean(axis=1) for c in range(classes)]
    return {
        "top": order[:, :KEPT].astype(number),
        "unit": np.take_along_axis(unit, order[:, :TOP], axis=1),
        "value": ranked[:, :TOP],
        "band": np.where(chosen < 0, np.iinfo(number).max, band).astype(number),
        "band_unit": _at(unit, band),
        "band_value": _at(value, band).astype(np.float16),
        "firing": (ranked[:, :KEPT] > 0).sum(axis=1).astype(np.uint8),
        "relevant": relevant.astype(number),
        "relevant_unit": np.take_along_axis(unit, relevant, axis=1),
        "relevance": np.take_along_axis(relevance, relevant, axis=1),
        "counts": counts.astype(number),
        "class_mean": np.stack(of_class, axis=1).astype(np.float16)
        if classes
        else np.zeros((len(value), 0), np.float16),
    }


def _at(table: np.ndarray, photos: np.ndarray) -> np.ndarray:
    """Of (channels, photos), those of (channels, bands, 9)."""
    flat = np.take_along_axis(table, photos.reshape(len(photos), -1), axis=1)
    return flat.reshape(photos.shape)


def _in_bands(ranked: np.ndarray) -> np.ndarray:
    """(4, 9): places in ``ranked``, strongest first, evenly chosen from each quarter; −1: fewer."""
    found = np.full((BANDS, TOP), -1)
    edges = ranked[0] * np.arange(BANDS + 1) / BANDS
    ends = np.searchsorted(-ranked, -edges, side="right")  # so many photos reach each edge
    for band in range(BANDS):
        first, last = (0 if band == BANDS - 1 else ends[band + 1]), ends[band]
        if ranked[0] > 0 and last > first:
            places = np.unique(np.linspace(first, last - 1, TOP).round().astype(int))
            found[band, : len(places)] = places
    return found
