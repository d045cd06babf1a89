"""A network that somebody has in memory, ours or torchvision's: its weights are shared."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.errors import WeightsError
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.network.recording import parts
from inception_viz.pictures.preprocessing import IMAGENET, Preprocessing
from inception_viz.sources.base import Weights
from inception_viz.sources.file import check_labels
from inception_viz.sources.layouts import read_layout


def weights_of(
    model: nn.Module,
    labels: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
) -> Weights:
    """A network of its own, in eval mode, whose parameters and buffers are the model's.

    Args:
        model: a :class:`~inception_viz.network.GoogLeNet` or torchvision's. Its modes, hooks and
            gradients stay as they are.
        labels: one name a class; default ImageNet's for 1000 classes, else numbers.
        preprocessing: how the model wants its input; default ImageNet's mean and deviation.

    Raises:
        TypeError: for any other network.
        WeightsError: if the model was rebuilt beyond recognition, or there isn't a label a class.
    """
    next(parts(model))  # a TypeError, if it is no GoogLeNet
    tensors = dict(model.named_parameters()) | dict(model.named_buffers())
    notes: tuple[str, ...] = ()
    names: dict[str, str] = {}
    if isinstance(model, GoogLeNet):
        config: GoogLeNetConfig = model.config
    else:
        layout = read_layout(tensors)
        config, names, tensors, notes = layout.config, layout.names, layout.state, layout.notes
    preprocessing = preprocessing or IMAGENET
    return Weights(
        network=_sharing(config, tensors, names),
        preprocessing=_before_transform(model, preprocessing),
        labels=check_labels(labels, config.classes, "The model"),
        trained_heads=("main", *config.heads),
        notes=notes,
        fingerprint=state_hash(model),
    )


def state_hash(network: nn.Module) -> str:
    """The same for the same parameters and buffers."""
    found = hashlib.sha256()
    for name, value in network.state_dict().items():
        found.update(name.encode())
        found.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()[:16]


def _sharing(
    config: GoogLeNetConfig, tensors: dict[str, Tensor], names: dict[str, str]
) -> GoogLeNet:
    with torch.device("meta"):
        network = GoogLeNet(config).eval()
    for name, expected in network.state_dict().items():
        theirs = names.get(name, name)
        value = tensors.get(name)
        if value is None or value.shape != expected.shape:
            found = "missing" if value is None else f"{tuple(value.shape)}"
            raise WeightsError(
                f'The model was changed beyond what a GoogLeNet is: "{theirs}" is {found}, but '
                f"{tuple(expected.shape)} is expected. Its classifier and heads may be exchanged, "
                "its convolutions may not."
            )
        owner, _, leaf = name.rpartition(".")
        setattr(network.get_submodule(owner), leaf, value)
    return network


def _before_transform(model: nn.Module, given: Preprocessing) -> Preprocessing:
    """What is left to do in front of our network, where torchvision's transforms its input itself.

    It takes (v − mean) / std, and makes (x · s + m − 0.5) / 0.5 of it, with ImageNet's m and s.
    """
    if not getattr(model, "transform_input", False):
        return given
    channels = list(zip(given.mean, given.std, IMAGENET.mean, IMAGENET.std, strict=True))
    mean = tuple(mean - (m - 0.5) * std / s for mean, std, m, s in channels)
    std = tuple(0.5 * std / s for _, std, _, s in channels)
    return Preprocessing(mean, std, given.scale, given.channels)  # type: ignore[arg-type]
