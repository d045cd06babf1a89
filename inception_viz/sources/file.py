"""Weights from a file, whatever it is called; and into a file of our own."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.architecture.plan import plan
from inception_viz.errors import WeightsError
from inception_viz.files.foreign import shown
from inception_viz.files.paths import typed_path
from inception_viz.pictures.preprocessing import IMAGENET, Preprocessing
from inception_viz.sources.base import Weights
from inception_viz.sources.contents import read
from inception_viz.sources.labels import imagenet_labels, labels_beside
from inception_viz.sources.layouts import OWN, Layout, family_of, read_layout
from inception_viz.sources.metadata import MAX_TEXT_CHARACTERS, Metadata
from inception_viz.sources.random_weights import numbered_labels
from inception_viz.sources.state_files import fill_network, write_safetensors
from inception_viz.sources.stored import State, Stored

TORCHVISION_HASH = "1378be20"  # of torchvision's own file, whose heads were never trained
SUFFIXES = (".safetensors", ".pth", ".pt", ".caffemodel", ".onnx", ".pb")  # the usual ones
SIGMOID_NOTE = (
    "It has one output. Its probability is a sigmoid: how sure the network is of this one class, "
    "not a share among several."
)
_AVERAGED = re.compile(r"ema|averag|swa", re.IGNORECASE)
MAX_ACTIVATIONS = 32_000_000  # the paper's network makes 4 million


def load_file(
    path: str | os.PathLike[str],
    *,
    config: GoogLeNetConfig | None = None,
    labels: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
    copy: str | None = None,
) -> Weights:
    """Read weights from ``path``, whatever it is called; what isn't given is taken from the file.

    Class names that neither you nor the file give are looked for in a file beside it
    (:data:`~inception_viz.sources.labels.BESIDE`), and default to ImageNet's for 1000 classes and
    to numbers otherwise.

    Args:
        path: a PyTorch checkpoint, safetensors, a caffemodel, ONNX, or a frozen TensorFlow graph.
        config: the architecture, where names and shapes don't tell it.
        labels: one name a class.
        preprocessing: how the network wants its input.
        copy: which of several state dicts in a checkpoint to read, such as "model_ema".

    Raises:
        WeightsError: in a sentence for the user.
    """
    path = typed_path(path)
    stored = read(path)
    place, others = _chosen(stored, copy, path)
    state, told = stored.states[place], Metadata(path.name, stored.metadata)
    config = config or told.config()
    notes = told.texts("notes")
    layout = None
    recognised = family_of(state)
    if config is not None and (recognised is None or recognised[0] is OWN):
        state = _without_prefix(state, recognised[1] if recognised else "")
    else:
        layout = read_layout(state, path.name)
        config, state = config or layout.config, layout.state
        notes = (*notes, *layout.notes)
    network = fill_network(config, state, layout.names if layout else {}, path.name)
    _refuse_huge(config, path)
    fingerprint = file_hash(path)
    untrained = fingerprint.startswith(TORCHVISION_HASH)
    trained = () if untrained else told.texts("trained_heads") or config.heads
    own = preprocessing or told.preprocessing()
    found, where = _class_names(path, stored, layout, labels, config.classes)
    if others:
        notes = (*notes, _copies_note(place, others))
    if config.classes == 1:
        notes = (*notes, SIGMOID_NOTE)
    return Weights(
        network=network,
        preprocessing=own or (layout.known.preprocessing if layout else IMAGENET),
        labels=check_labels(found, config.classes, path.name),
        trained_heads=("main", *(head for head in config.heads if head in trained)),
        notes=tuple(dict.fromkeys((*notes, *where))),
        fingerprint=fingerprint if place == next(iter(stored.states)) else f"{fingerprint}-{place}",
        reference=told.reference(config),
        fits=told.fits(config),
        copies=(place, *others),
        assumed=frozenset(
            what
            for what, known in (
                ("preprocessing", own or (layout and layout.known.certain)),
                ("labels", found or config.classes == len(imagenet_labels())),
            )
            if not known
        ),
    )


def _chosen(stored: Stored, copy: str | None, path: Path) -> tuple[str, tuple[str, ...]]:
    """The state dict to read, and the others in the file that could be read as well."""
    networks = [place for place, state in stored.states.items() if family_of(state)]
    networks = networks or [max(stored.states, key=lambda place: len(stored.states[place]))]
    if copy is not None and copy not in networks:
        listed = ", ".join(f'"{shown(place)}"' for place in networks)
        raise WeightsError(f'{path.name} has no copy "{shown(copy)}". It has {listed}.')
    plain = [place for place in networks if not _AVERAGED.search(place)]
    place = copy if copy is not None else (plain or networks)[0]
    return place, tuple(other for other in networks if other != place)


def _without_prefix(state: State, prefix: str) -> State:
    return {n.removeprefix(prefix): value for n, value in state.items() if n.startswith(prefix)}


def _copies_note(place: str, others: Sequence[str]) -> str:
    listed = ", ".join(f'"{shown(other)}"' for other in others)
    return (
        f'The file has several copies of the network; this is "{shown(place)}". '
        f"The others: {listed}."
    )


def _class_names(
    path: Path,
    stored: Stored,
    layout: Layout | None,
    given: Sequence[str] | None,
    classes: int,
) -> tuple[Sequence[str], tuple[str, ...]]:
    """The best class names that there are, and a note on where they came from."""
    own = Metadata(path.name, stored.metadata).texts("labels")
    if given or own:
        return given or own, ()
    if stored.labels:
        if classes == 1 and len(stored.labels) == 2:
            return stored.labels[1:], ()
        if len(stored.labels) == classes:
            return stored.labels, ()
    if layout and layout.known.labels:
        return layout.known.labels, ()
    beside, name = labels_beside(path, classes)
    if beside:
        return beside, (f"The class names are those of {shown(name)}, beside the file.",)
    if stored.labels:
        return (), (
            f"The file names {len(stored.labels)} classes, but the network has {classes}; the "
            "names are not used.",
        )
    return (), ()


def save_weights(weights: Weights, path: Path, *, half: bool = False, **extra: str) -> None:
    """Write a safetensors file that :func:`load_file` reads without being told anything else.

    ``half`` stores matrices and kernels as 16-bit floats: half the size, answers all but the same.
    ``extra`` is added to the metadata.

    Raises:
        FileError: if it can't be written.
    """
    metadata: dict[str, Any] = {
        "format": "inception-viz",
        "config": weights.network.config.to_json(),
        "labels": list(weights.labels),
        "preprocessing": asdict(weights.preprocessing),
        "trained_heads": list(weights.trained_heads),
        "notes": list(weights.notes),
        "fits": {head: asdict(fit) for head, fit in weights.fits.items()},
    }
    if weights.reference:
        metadata["reference"] = weights.reference.to_json()
    state = weights.network.state_dict()
    if half:
        state = {k: v.half() if v.ndim > 1 else v for k, v in state.items()}
    write_safetensors(path, state, metadata | extra)


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, shortened to 16 digits.

    Raises:
        WeightsError: if it can't be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:  # it may have been removed a moment ago
        raise WeightsError(f"{path} can't be read ({error.strerror or error}).") from error


def check_labels(labels: Sequence[str] | None, classes: int, where: str) -> tuple[str, ...]:
    """The labels if they fit, else the default for that number of classes.

    Raises:
        WeightsError: if there are labels, but not one for each class.
    """
    if not labels:
        return imagenet_labels() if classes == len(imagenet_labels()) else numbered_labels(classes)
    if len(labels) != classes:
        raise WeightsError(
            f"{where} has {classes} classes, but there are {len(labels)} labels. Give one for each."
        )
    return tuple(str(label)[:MAX_TEXT_CHARACTERS] for label in labels)


def _refuse_huge(config: GoogLeNetConfig, path: Path) -> None:
    """Refuse a network whose maps would fill the memory when a photo goes through it."""
    kept = (layer for layer in plan(config) if not layer.branch or layer.role == "reduce")
    values = sum(layer.activations for layer in kept)  # as in a trace
    if values > MAX_ACTIVATIONS:
        raise WeightsError(
            f"The network in {path.name} would make {values / 1e6:,.0f} million activations for "
            f"one photo; at most {MAX_ACTIVATIONS / 1e6:.0f} million are allowed. Use a smaller "
            "input_size or fewer filters."
        )
