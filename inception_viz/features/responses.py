"""What each channel prefers among pictures made by rule: orientation, frequency, curve, colour."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch

from inception_viz.architecture.config import Branch
from inception_viz.classifier import Classifier
from inception_viz.errors import FileError
from inception_viz.explain.rerun import Progress, silent, within
from inception_viz.features.stimuli import FAMILIES, PERIODS
from inception_viz.files.cache import atomic_write
from inception_viz.trace import run

_AT_ONCE = 8
_DROPPED = 12  # of a float32's 23 bits: 0.02 % of a response, which says nothing and doesn't pack


@dataclass(frozen=True, eq=False)
class Tuning:
    """Responses of every channel of every module.

    Attributes:
        responses: family → module → (channels, levels): the activation averaged over the map and
            over the family's pictures of that level; float32.
        widths: module → branch → its number of channels, one behind another.
        title: the classifier's.
        network: identity of what was measured, see :func:`identity`.
    """

    responses: Mapping[str, Mapping[str, np.ndarray]]
    widths: Mapping[str, Mapping[Branch, int]]
    title: str
    network: str = ""

    def index(self, family: str, module: str) -> np.ndarray:
        """(channels,): how much each prefers; NaN for one that is silent throughout.

        Orientation: 1 − circular variance, 0 to 1 (Batschelet 1981). Frequency: the preferred
        period, log₂ of pixels, averaged by response. Curvature: curved minus straight over their
        sum, −1 to 1. Colour: the stronger of two hues minus grey over their sum, −1 to 1.
        """
        r = self.responses[family][module].astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(_INDICES[family](r))

    def level_shares(self, family: str, module: str) -> dict[Branch, np.ndarray]:
        """Branch → (levels,): each level's share of a channel's response, averaged over channels.

        Silent channels don't count; a branch of none but these is left out.
        """
        r = self.responses[family][module].astype(float)
        found: dict[Branch, np.ndarray] = {}
        start = 0
        for branch, width in self.widths[module].items():
            own, start = r[start : start + width], start + width
            heard = own[own.sum(axis=1) > 0]
            if len(heard):
                found[branch] = (heard / heard.sum(axis=1, keepdims=True)).mean(axis=0)
        return found

    def save(self, path: str | PathLike[str]) -> None:
        """Write it as NAME.npz, without loss.

        Raises:
            FileError: if it can't be written.
        """
        about = {"title": self.title, "network": self.network, "widths": self.widths}
        tables = {
            f"{family}/{module}": responses
            for family, modules in self.responses.items()
            for module, responses in modules.items()
        }
        words = np.frombuffer(json.dumps(about).encode(), np.uint8)
        with atomic_write(Path(path)) as half, half.open("wb") as file:
            np.savez_compressed(file, **{"about": words, **tables})  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Tuning:
        """Read what :meth:`save` wrote.

        Raises:
            FileError: if it isn't there, or is no tuning.
        """
        try:
            with Path(path).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                about = json.loads(file["about"].tobytes())
                widths, title, network = about["widths"], str(about["title"]), about["network"]
                responses = {
                    name: {module: _table(file, name, module, widths) for module in widths}
                    for name in FAMILIES
                }
        except (OSError, EOFError, BadZipFile, ValueError, KeyError, TypeError) as error:
            raise FileError(f"{path} is no tuning of a network, or it is damaged.") from error
        return cls(responses, widths, title, network)


def _table(
    file: Mapping[str, np.ndarray], family: str, module: str, widths: Mapping[str, dict[str, int]]
) -> np.ndarray:
    table = file[f"{family}/{module}"]
    if table.shape != (sum(widths[module].values()), len(FAMILIES[family].levels)):
        raise ValueError(f"{family}/{module} has the shape {table.shape}.")
    return table.astype(np.float32)


def identity(classifier: Classifier) -> str:
    """Tells apart what gives other responses: architecture, preprocessing, weights."""
    weights = classifier.weights
    of = (classifier.config.to_json(), weights.preprocessing, weights.fingerprint)
    return sha256(repr(of).encode()).hexdigest()[:24]


def _selectivity(r: np.ndarray) -> np.ndarray:
    turns = np.exp(2j * np.pi * np.arange(r.shape[1]) / r.shape[1])
    return np.asarray(np.abs(r @ turns) / r.sum(axis=1))


def _preferred_period(r: np.ndarray) -> np.ndarray:
    return np.asarray((r @ np.log2(PERIODS)) / r.sum(axis=1))


def _against(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.asarray((high - low) / (high + low))


_INDICES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "orientation": _selectivity,
    "frequency": _preferred_period,
    "curvature": lambda r: _against(r[:, 0], r[:, 1:].mean(axis=1)),
    "colour": lambda r: _against(r[:, 0], r[:, 1:].max(axis=1)),
}


def tuning(classifier: Classifier, *, progress: Progress = silent) -> Tuning:
    """Show every picture of every family to a network; seconds of work.

    Raises:
        WeightsError: if the weights give no finite answer.
    """
    network, size = classifier.inference_network, classifier.config.input_size
    modules = network.modules_by_name
    responses: dict[str, dict[str, np.ndarray]] = {}
    for done, (name, family) in enumerate(FAMILIES.items()):
        pictures = family.pictures(size)
        levels, repetitions = pictures.shape[:2]
        means: dict[str, list[torch.Tensor]] = {module: [] for module in modules}
        parts = torch.split(pictures.flatten(0, 1), _AT_ONCE)
        for seen, part in enumerate(parts):
            within(progress, done, len(FAMILIES))(seen / len(parts))
            logits, record = run(network, classifier.preprocessing.normalise(255 * part))
            classifier.require_finite(logits.main)
            for module in modules:
                means[module].append(record[module].mean((2, 3)))
        responses[name] = {
            module: _short(torch.cat(found).view(levels, repetitions, -1).mean(1).T.numpy())
            for module, found in means.items()
        }
    progress(1.0)
    widths = {name: dict(module.widths) for name, module in modules.items()}
    return Tuning(responses, widths, classifier.title, identity(classifier))


def _short(values: np.ndarray) -> np.ndarray:
    """float32 rounded to 11 bits behind the point."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    half, kept = np.uint32(1 << (_DROPPED - 1)), np.uint32(2**32 - (1 << _DROPPED))
    return np.asarray(((bits + half) & kept).view(np.float32))
