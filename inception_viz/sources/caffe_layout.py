"""Blobs with the layer names of BVLC's GoogLeNet, mapped into our network by name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.errors import ConfigError, WeightsError
from inception_viz.files.foreign import shown
from inception_viz.pictures.preprocessing import CAFFE
from inception_viz.sources.base import Weights
from inception_viz.sources.labels import imagenet_labels
from inception_viz.sources.random_weights import numbered_labels
from inception_viz.sources.state_files import fill_network

Blobs = Mapping[str, tuple[np.ndarray, ...]]

_STEM = {
    "conv1/7x7_s2": "conv1.conv",
    "conv2/3x3_reduce": "conv2_reduce.conv",
    "conv2/3x3": "conv2.conv",
}
_MODULE = {
    "1x1": "1x1.conv",
    "3x3_reduce": "3x3.reduce",
    "3x3": "3x3.conv",
    "5x5_reduce": "5x5.reduce",
    "5x5": "5x5.conv",
    "pool_proj": "pool.project",
}
_HEADS = {"loss1": "aux1", "loss2": "aux2"}
CLASSIFIER = "loss3/classifier"


def to_weights(blobs: Blobs, where: str) -> Weights:
    """The network that ``blobs`` (layer name → weight, bias) hold, with Caffe's preprocessing.

    The auxiliary heads are taken when all their layers are there.

    Raises:
        WeightsError: naming a blob that is missing or misshapen.
    """
    if CLASSIFIER not in blobs:
        raise WeightsError(
            f'{where} has no layer "{CLASSIFIER}", so it is not a GoogLeNet. Use '
            "bvlc_googlenet.caffemodel or a model fine-tuned from it."
        )
    heads = {ours: f"{theirs}/classifier" in blobs for theirs, ours in _HEADS.items()}
    classes = blobs[CLASSIFIER][0].shape[-2] if blobs[CLASSIFIER][0].ndim >= 2 else 0
    try:
        config = GoogLeNetConfig.paper(
            classes=int(classes), **{head: None for head, there in heads.items() if not there}
        )
    except ConfigError as error:
        raise WeightsError(f'The layer "{CLASSIFIER}" in {where} is misshapen. {error}') from error
    layers = _layers(config)
    unknown = sorted(set(blobs) - set(layers))
    if unknown:
        raise WeightsError(
            f'{where} has the layer "{shown(unknown[0])}", which GoogLeNet has not. '
            "It is another network."
        )
    network = fill_network(config, _state(blobs, layers, where), _names(layers), where)
    names = imagenet_labels()
    return Weights(
        network=network,
        preprocessing=CAFFE,
        labels=names if len(names) == classes else numbered_labels(int(classes)),
        trained_heads=("main", *config.heads),
        notes=() if any(heads.values()) else (NO_HEADS_NOTE,),
        fingerprint="",
    )


NO_HEADS_NOTE = "This file has no auxiliary heads; the official download has both."


def _layers(config: GoogLeNetConfig) -> dict[str, str]:
    """Caffe's layer name → our module's name."""
    layers = {theirs: f"trunk.{ours}" for theirs, ours in _STEM.items()}
    for module in config.modules:
        for theirs, ours in _MODULE.items():
            layers[f"inception_{module}/{theirs}"] = f"trunk.{module}.branches.{ours}.conv"
    for theirs, head in _HEADS.items():
        if head in config.heads:
            layers[f"{theirs}/conv"] = f"aux.{head}.conv.conv"
            layers[f"{theirs}/fc"] = f"aux.{head}.fc"
            layers[f"{theirs}/classifier"] = f"aux.{head}.classifier"
    return layers | {CLASSIFIER: "classifier"}


def _names(layers: Mapping[str, str]) -> dict[str, str]:
    return {
        f"{ours}.{value}": f"{theirs} {value}"
        for theirs, ours in layers.items()
        for value in ("weight", "bias")
    }


def _state(blobs: Blobs, layers: Mapping[str, str], where: str) -> dict[str, Tensor]:
    state = {}
    for layer in layers:
        if layer not in blobs:
            raise WeightsError(f'{where} lacks the layer "{layer}". Use the complete file.')
        if len(blobs[layer]) != 2:
            raise WeightsError(
                f'The layer "{layer}" in {where} has {len(blobs[layer])} blobs; a weight and a '
                "bias are needed."
            )
        rank = 4 if "/conv" in layer or not layer.endswith(("/fc", "/classifier")) else 2
        for value, blob, dimensions in zip(
            ("weight", "bias"), blobs[layer], (rank, 1), strict=True
        ):
            state[f"{layer} {value}"] = torch.from_numpy(np.array(_trim(blob, dimensions)))
    return state


def _trim(blob: np.ndarray, dimensions: int) -> np.ndarray:
    """Drop the leading ones that Caffe's old four-number shapes put in front."""
    while blob.ndim > dimensions and blob.shape[0] == 1:
        blob = blob[0]
    return blob
