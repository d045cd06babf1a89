"""What each channel prefers among pictures made by rule: orientation, frequency, curve, colour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from inception_viz.architecture.config import Branch
from inception_viz.classifier import Classifier
from inception_viz.explain.rerun import Progress, silent
from inception_viz.features.stimuli import FAMILIES, PERIODS
from inception_viz.trace import run

_AT_ONCE = 8


@dataclass(frozen=True, eq=False)
class Tuning:
    """Responses of every channel of every module.

    Attributes:
        responses: family → module → (channels, levels): the activation averaged over the map and
            over the family's pictures of that level.
        widths: module → branch → its number of channels, one behind another.
        title: the classifier's.
    """

    responses: Mapping[str, Mapping[str, np.ndarray]]
    widths: Mapping[str, Mapping[Branch, int]]
    title: str

    def index(self, family: str, module: str) -> np.ndarray:
        """(channels,): how much each prefers; NaN for one that is silent throughout.

        Orientation: 1 − circular variance, 0 to 1 (Batschelet 1981). Frequency: the preferred
        period, log₂ of pixels, averaged by response. Curvature: curved minus straight over their
        sum, −1 to 1. Colour: the stronger of two hues minus grey over their sum, −1 to 1.
        """
        r = self.responses[family][module]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(_INDICES[family](r))


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
        for part in torch.split(pictures.flatten(0, 1), _AT_ONCE):
            logits, record = run(network, classifier.preprocessing.normalise(255 * part))
            classifier.require_finite(logits.main)
            for module in modules:
                means[module].append(record[module].mean((2, 3)))
        responses[name] = {
            module: torch.cat(found).view(levels, repetitions, -1).mean(1).T.double().numpy()
            for module, found in means.items()
        }
        progress((done + 1) / len(FAMILIES))
    widths = {name: dict(module.widths) for name, module in modules.items()}
    return Tuning(responses, widths, classifier.title)
