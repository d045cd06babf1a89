"""Weights from a file: our own ``.safetensors``, a PyTorch ``.pth`` or a ``.caffemodel``."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from inception_viz._config_checks import ConfigError
from inception_viz.config import GoogLeNetConfig
from inception_viz.preprocessing import IMAGENET, TORCHVISION, Preprocessing
from inception_viz.sources import caffe_layout
from inception_viz.sources.base import Weights
from inception_viz.sources.caffemodel import read_caffemodel
from inception_viz.sources.errors import WeightsError
from inception_viz.sources.labels import imagenet_labels
from inception_viz.sources.random_weights import numbered_labels
from inception_viz.sources.state_files import (
    fill_network,
    read_pth,
    read_safetensors,
    write_safetensors,
)
from inception_viz.sources.torchvision_layout import is_torchvision_layout, read_layout

SUFFIXES = (".safetensors", ".pth", ".pt", ".caffemodel")
MAX_LABEL_CHARACTERS = 200


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
    path = Path(path).expanduser()
    suffix = path.suffix.lower()
    if suffix == ".caffemodel":
        weights = caffe_layout.to_weights(read_caffemodel(path), path.name, labels=labels)
        return replace(weights, fingerprint=file_hash(path))
    if suffix not in SUFFIXES:
        raise WeightsError(
            f"{path.name or path} is no weights file that can be read. Use one that ends in "
            f"{', '.join(SUFFIXES)}."
        )
    state, metadata = read_safetensors(path) if suffix == ".safetensors" else (read_pth(path), {})
    return _from_state(path, state, metadata, config, labels, preprocessing)


def save_weights(weights: Weights, path: Path, **extra: str) -> None:
    """Write a safetensors file that :func:`load_file` reads without being told anything else."""
    metadata: dict[str, Any] = {
        "format": "inception-viz",
        "config": weights.network.config.to_json(),
        "labels": list(weights.labels),
        "preprocessing": asdict(weights.preprocessing),
        "trained_heads": list(weights.trained_heads),
        "notes": list(weights.notes),
    }
    write_safetensors(path, weights.network.state_dict(), metadata | extra)


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, shortened to 16 digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _from_state(
    path: Path,
    state: dict[str, Tensor],
    metadata: dict[str, str],
    config: GoogLeNetConfig | None,
    labels: Sequence[str] | None,
    preprocessing: Preprocessing | None,
) -> Weights:
    names: dict[str, str] = {}
    notes = tuple(_metadata(path, metadata, "notes", list))
    default_preprocessing = IMAGENET
    if config is None and "config" in metadata:
        try:
            config = GoogLeNetConfig.from_json(metadata["config"])
        except ConfigError as error:
            raise WeightsError(f"The config inside {path.name} is not valid. {error}") from error
    elif is_torchvision_layout(state):
        found, names = read_layout(state)
        config = config or found
        default_preprocessing = TORCHVISION
        notes = (
            "The file has torchvision's layout: its 5×5 branch convolves with 3×3 kernels, and "
            "pictures are prepared as for torchvision's pretrained GoogLeNet.",
        )
    if config is None:
        raise WeightsError(
            f"{path.name} doesn't say which network its weights belong to, and its names are not "
            "torchvision's. Give the config, or save it with this program."
        )
    network = fill_network(config, state, names, path.name)
    stored = _metadata(path, metadata, "preprocessing", dict)
    trained = _metadata(path, metadata, "trained_heads", list) or ["main", *config.heads]
    return Weights(
        network=network,
        preprocessing=preprocessing or _preprocessing(path, stored) or default_preprocessing,
        labels=check_labels(
            labels or _metadata(path, metadata, "labels", list), config.classes, path.name
        ),
        trained_heads=tuple(head for head in ("main", *config.heads) if head in trained),
        notes=notes,
        fingerprint=file_hash(path),
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
    return tuple(str(label)[:MAX_LABEL_CHARACTERS] for label in labels)


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


def _preprocessing(path: Path, stored: dict[str, Any]) -> Preprocessing | None:
    if not stored:
        return None
    try:
        mean, std = (tuple(float(v) for v in stored[k]) for k in ("mean", "std"))
        scale, channels = float(stored["scale"]), stored["channels"]
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"The preprocessing inside {path.name} is incomplete.") from error
    if len(mean) != 3 or len(std) != 3 or 0 in std or not scale or channels not in ("RGB", "BGR"):
        raise WeightsError(f"The preprocessing inside {path.name} makes no sense: {stored}.")
    return Preprocessing((mean[0], mean[1], mean[2]), (std[0], std[1], std[2]), scale, channels)
