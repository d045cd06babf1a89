"""Weights from a file: our own ``.safetensors``, a PyTorch ``.pth`` or a ``.caffemodel``."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from math import isfinite
from pathlib import Path
from typing import Any

from torch import Tensor

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.architecture.plan import branch_widths, plan, steps
from inception_viz.errors import ConfigError, WeightsError
from inception_viz.files.paths import typed_path
from inception_viz.pictures.preprocessing import IMAGENET, TORCHVISION, Preprocessing
from inception_viz.sources import caffe_layout
from inception_viz.sources.base import HeadFit, Weights
from inception_viz.sources.caffemodel import read_caffemodel
from inception_viz.sources.labels import imagenet_labels
from inception_viz.sources.random_weights import numbered_labels
from inception_viz.sources.reference import Reference
from inception_viz.sources.state_files import (
    fill_network,
    read_pth,
    read_safetensors,
    write_safetensors,
)
from inception_viz.sources.torchvision_layout import is_torchvision_layout, read_layout

TORCHVISION_HASH = "1378be20"  # of torchvision's own file, whose heads were never trained
SUFFIXES = (".safetensors", ".pth", ".pt", ".caffemodel")
MAX_TEXT_CHARACTERS = 400
MAX_PHOTOS = 10**10  # that a file may say it was made with
MAX_ACTIVATIONS = 32_000_000  # the paper's network makes 4 million


def load_file(
    path: str | os.PathLike[str],
    *,
    config: GoogLeNetConfig | None = None,
    labels: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
) -> Weights:
    """Read weights from ``path``; what isn't given is taken from the file's metadata.

    A ``.pth`` or ``.safetensors`` without metadata must have torchvision's key names, or come with
    ``config``. Labels default to ImageNet's for 1000 classes and to numbers otherwise.

    Raises:
        WeightsError: in a sentence for the user.
    """
    path = typed_path(path)
    suffix = path.suffix.lower()
    if suffix == ".caffemodel":
        if config or preprocessing:
            raise WeightsError("A .caffemodel comes with its own architecture and preprocessing.")
        weights = caffe_layout.to_weights(read_caffemodel(path), path.name)
        labels = check_labels(labels or weights.labels, weights.network.config.classes, path.name)
        return replace(weights, labels=labels, fingerprint=file_hash(path))
    if suffix not in SUFFIXES:
        raise WeightsError(
            f"{path.name or path} is no weights file that can be read. Use one that ends in "
            f"{', '.join(SUFFIXES)}."
        )
    state, metadata = read_safetensors(path) if suffix == ".safetensors" else (read_pth(path), {})
    return _from_state(path, state, metadata, config, labels, preprocessing)


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


def _from_state(
    path: Path,
    state: dict[str, Tensor],
    metadata: dict[str, str],
    config: GoogLeNetConfig | None,
    labels: Sequence[str] | None,
    preprocessing: Preprocessing | None,
) -> Weights:
    names: dict[str, str] = {}
    untrained = False
    notes = _texts(path, metadata, "notes")
    default_preprocessing = IMAGENET
    if config is None and "config" in metadata:
        try:
            config = GoogLeNetConfig.from_json(metadata["config"])
        except ConfigError as error:
            raise WeightsError(f"The config inside {path.name} is not valid. {error}") from error
    elif is_torchvision_layout(state):
        layout = read_layout(state)
        config, names, state = config or layout.config, layout.names, layout.state
        default_preprocessing = TORCHVISION
        notes = (
            "The file has torchvision's layout: its 5×5 branch convolves with 3×3 kernels, and "
            "pictures are prepared as for torchvision's pretrained GoogLeNet.",
            *layout.notes,
        )
        if file_hash(path).startswith(TORCHVISION_HASH):
            untrained = True
    if config is None:
        raise WeightsError(
            f"{path.name} doesn't say which network its weights belong to, and its names are not "
            "torchvision's. Give the config, or save it with this program."
        )
    network = fill_network(config, state, names, path.name)
    stored = _metadata(path, metadata, "preprocessing", dict)
    _refuse_huge(config, path)
    trained = () if untrained else _texts(path, metadata, "trained_heads") or config.heads
    return Weights(
        network=network,
        preprocessing=preprocessing or _preprocessing(path, stored) or default_preprocessing,
        labels=check_labels(labels or _texts(path, metadata, "labels"), config.classes, path.name),
        trained_heads=("main", *(head for head in config.heads if head in trained)),
        notes=notes,
        fingerprint=file_hash(path),
        reference=_reference(path, metadata, config),
        fits=_fits(path, metadata, config),
    )


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


def _metadata(path: Path, metadata: dict[str, str], key: str, kind: type) -> Any:
    if key not in metadata:
        return kind()
    try:
        value = json.loads(metadata[key])
    except (ValueError, RecursionError) as error:
        raise WeightsError(f'The "{key}" inside {path.name} is not valid JSON.') from error
    if not isinstance(value, kind):
        raise WeightsError(f'The "{key}" inside {path.name} should be a {kind.__name__}.')
    return value


def _texts(path: Path, metadata: dict[str, str], key: str) -> tuple[str, ...]:
    """A list of short texts; what isn't text, or can't be shown, is refused."""
    values = _metadata(path, metadata, key, list)
    if not all(isinstance(v, str) and v.isprintable() for v in values):
        raise WeightsError(f'The "{key}" inside {path.name} should be a list of plain texts.')
    return tuple(v[:MAX_TEXT_CHARACTERS] for v in values)


def _preprocessing(path: Path, stored: dict[str, Any]) -> Preprocessing | None:
    if not stored:
        return None
    try:
        mean, std = ([float(v) for v in list(stored[key])] for key in ("mean", "std"))
        scale, channels = float(stored["scale"]), stored["channels"]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise WeightsError(f"The preprocessing inside {path.name} is incomplete.") from error
    usable = (
        len(mean) == len(std) == 3
        and all(abs(m) <= 1e4 for m in mean)
        and all(1e-4 <= abs(s) <= 1e4 for s in (*std, scale))
        and channels in ("RGB", "BGR")
    )
    if not usable:
        raise WeightsError(f"The preprocessing inside {path.name} makes no sense.")
    return Preprocessing((mean[0], mean[1], mean[2]), (std[0], std[1], std[2]), scale, channels)


def _reference(path: Path, metadata: dict[str, str], config: GoogLeNetConfig) -> Reference | None:
    if "reference" not in metadata:
        return None
    try:
        reference = Reference.from_json(metadata["reference"])
        for module in config.modules:
            for branch in branch_widths(steps(config)[module]):
                mean, std = reference.mean[module][branch], reference.std[module][branch]
                if not (isfinite(mean) and 0 <= std < float("inf")):
                    raise ValueError("no finite figures")
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise WeightsError(f"The reference firing inside {path.name} makes no sense.") from error
    return reference


def _fits(path: Path, metadata: dict[str, str], config: GoogLeNetConfig) -> dict[str, HeadFit]:
    """The heads that were fitted afterwards; older files give their names alone."""
    older = dict.fromkeys(_texts(path, metadata, "distilled_heads"), HeadFit())
    try:
        stored = {
            head: HeadFit(
                int(fit["photos"]),
                str(fit["data"])[:MAX_TEXT_CHARACTERS],
                int(fit["judged"]),
                float(fit["first"]),
                float(fit["in_five"]),
            )
            for head, fit in _metadata(path, metadata, "fits", dict).items()
        }
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise WeightsError(f"What {path.name} says of its fitted heads makes no sense.") from error
    for fit in stored.values():
        shares = 0 <= fit.first <= 1 and 0 <= fit.in_five <= 1
        counts = 0 <= fit.photos <= MAX_PHOTOS and 0 <= fit.judged <= MAX_PHOTOS
        if not (shares and counts and fit.data.isprintable()):
            raise WeightsError(f"What {path.name} says of its fitted heads makes no sense.")
    return {head: fit for head, fit in (older | stored).items() if head in config.heads}


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
