"""Checkpoints of PyTorch: what ``torch.save`` writes, in its ZIP form and the older one.

A pickle may run code, and a small ZIP may unpack to gigabytes. So nothing but tensors, numbers and
texts is unpickled (``weights_only=True``, without fallback), after :mod:`pickle_check` has gone
through the file. What people save around a state dict is looked through: it may lie under any key,
one or two levels down, with averaged copies and class names beside it.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from inception_viz.errors import WeightsError
from inception_viz.sources.labels import names_of
from inception_viz.sources.pickle_check import check_pickles
from inception_viz.sources.state_files import check_size, check_tensors
from inception_viz.sources.stored import State, Stored

_LABEL_KEYS = ("classes", "class_names", "labels", "label_names", "categories", "id2label")
_INDEX_KEYS = ("class_to_idx", "idx_to_class", "class_to_index", "label2id")
_OWN_KEYS = ("config", "preprocessing", "labels", "trained_heads")  # of our exported code
MAX_LEVELS = 2
MAX_KEYS = 500  # that are looked at on a level


def is_torchscript(path: Path) -> bool:
    """Whether a ZIP holds a compiled program."""
    return any(re.match(r"[^/]+/(code/|constants\.pkl$)", name) for name in _entries(path))


def is_checkpoint(path: Path) -> bool:
    """Whether a ZIP is a checkpoint."""
    return any(name.endswith("/data.pkl") for name in _entries(path))


def _entries(path: Path) -> list[str]:
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            return archive.namelist()
    except Exception:  # zipfile raises many types on damaged files
        return []


def read_stored(path: Path) -> Stored:
    """Every state dict of a checkpoint.

    Raises:
        WeightsError: if the file is missing, too large, holds other objects than tensors, or is
            built to unpack to more than its own size.
    """
    check_size(path)
    content = _load(path)
    states: dict[str, State] = {}
    for place, tensors in _states(content):
        states[place] = check_tensors(path, tensors)
    if not states:
        raise WeightsError(
            f"{path.name} is a PyTorch file, but no state dict (a dictionary of names and "
            "tensors) was found in it. Save one: torch.save(model.state_dict(), path)."
        )
    metadata = {}
    if isinstance(content, dict):
        metadata = {k: content[k] for k in _OWN_KEYS if isinstance(content.get(k), str)}
    return Stored(states, metadata, _labels(content))


def _load(path: Path) -> Any:
    check_pickles(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old storages
            # Not by its path: torch has ideas of its own about some endings.
            with path.open("rb") as source:
                return torch.load(source, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types on damaged files
        raise WeightsError(
            f"{path.name} can't be read as a PyTorch checkpoint ({type(error).__name__}). It may "
            "be truncated or of another format; copy or download it again."
        ) from error


def _plain(value: object) -> dict[Any, Any]:
    """A dictionary as such: one in a file may bring attributes that hide its own methods."""
    return dict(dict.items(value)) if isinstance(value, dict) else {}


def _states(content: object, place: str = "", level: int = 0) -> Iterator[tuple[str, State]]:
    """Every dictionary of tensors in a checkpoint, with where it lies; the outer ones first."""
    inside = _plain(content)
    tensors = {  # detached: a parameter in a file may bring attributes that hide its own methods
        k: Tensor.detach(v)
        for k, v in inside.items()
        if isinstance(k, str) and isinstance(v, Tensor)
    }
    if tensors:
        yield place, tensors
    if level < MAX_LEVELS:
        for key in list(inside)[:MAX_KEYS]:
            if isinstance(key, str) and isinstance(inside[key], dict):
                yield from _states(inside[key], f"{place}/{key}" if place else key, level + 1)


def _labels(content: object) -> tuple[str, ...]:
    """Class names that lie beside the weights, if they are plain."""
    for inside in (_plain(content), *map(_plain, list(_plain(content).values())[:MAX_KEYS])):
        for key in (*_LABEL_KEYS, *_INDEX_KEYS):
            value = inside.get(key)
            if isinstance(value, list | tuple | dict) and not _holds_tensors(value):
                found = names_of(_plain(value) if isinstance(value, dict) else list(value))
                if found:
                    return found
    return ()


def _holds_tensors(value: Any) -> bool:
    inner = _plain(value).values() if isinstance(value, dict) else value
    return any(isinstance(v, Tensor) for v in inner)
