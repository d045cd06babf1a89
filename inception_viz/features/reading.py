"""What an index notes of each photo: where every channel fires most, and what the answer uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.architecture.plan import Layer
from inception_viz.batch.work import Ready
from inception_viz.classifier import Classifier
from inception_viz.explain.rerun import gradients_on
from inception_viz.features.aim import last_of, layers_of
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.network.recording import recording

COLUMNS = pa.schema(
    [
        ("path", pa.string()),
        ("answer", pa.int32()),
        ("value", pa.binary()),  # (channels,) float32: the strongest unit
        ("unit", pa.binary()),  # (channels,) uint16: which it is, counted row by row
        ("relevance", pa.binary()),  # (channels,) float32
    ]
)


class Noted(NamedTuple):
    """N photos; channels are those of :func:`indexed_layers`, one layer behind another.

    Attributes:
        answer: (N,), the class of the main head's first choice.
        value: (N, channels), the activation of a channel's strongest unit.
        unit: (N, channels), which one that is, counted row by row; the first of several.
        relevance: (N, channels), gradient × activation for the logit of the first choice, added up
            over the channel's map.
    """

    answer: np.ndarray
    value: np.ndarray
    unit: np.ndarray
    relevance: np.ndarray


def indexed_layers(config: GoogLeNetConfig) -> dict[str, Layer]:
    """The branches and the reduce layers of all modules, by name."""
    return {name: layer for name, layer in layers_of(config).items() if "/" in name}


def note(network: GoogLeNet, x: Tensor) -> Noted:
    """Send N inputs (N, 3, side, side) through the network and back."""
    layers = indexed_layers(network.config)
    steps = list(network.trunk)
    last = steps[steps.index(next(iter(network.modules_by_name))) - 1]
    with torch.inference_mode(False), torch.no_grad():
        start = last_of(network.walk(x, upto=last))
    with gradients_on(), recording(network) as record:
        out = last_of(network.walk(start.clone().requires_grad_(), after=last))
        best, answer = network.classify(out).max(dim=1)
        maps = [record[name] for name in layers]
        slopes = torch.autograd.grad(best.sum(), maps)
    values, units, relevances = [], [], []
    for fired, slope in zip(maps, slopes, strict=True):
        value, unit = fired.detach().flatten(2).max(dim=2)
        values.append(value)
        units.append(unit.to(torch.int32))
        relevances.append((fired.detach() * slope).sum(dim=(2, 3)))
    return Noted(
        answer.cpu().numpy(),
        torch.cat(values, dim=1).cpu().numpy(),
        torch.cat(units, dim=1).cpu().numpy().astype(np.uint16),
        torch.cat(relevances, dim=1).cpu().numpy(),
    )


class IndexRows:
    """The rows of an index's parts, for :class:`~inception_viz.batch.work.Worker`."""

    columns = COLUMNS
    keeps_pictures = False

    def __init__(self, classifier: Classifier) -> None:
        """Of one classifier."""
        self._classifier = classifier

    def of(self, network: GoogLeNet, x: Tensor, ready: Sequence[Ready]) -> pa.RecordBatch:
        """The rows of N pictures, or a WeightsError if the weights give no finite answer."""
        noted = note(network, x)
        self._classifier.require_finite(torch.from_numpy(noted.value))
        paths = [one.path.encode("utf-8", "backslashreplace").decode() for one in ready]
        blobs = [[row.tobytes() for row in noted[i]] for i in (1, 2, 3)]
        arrays = [paths, noted.answer, *blobs]
        return pa.RecordBatch.from_arrays(
            [pa.array(a, field.type) for a, field in zip(arrays, COLUMNS, strict=True)],
            schema=COLUMNS,
        )
