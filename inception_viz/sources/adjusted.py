"""Weights of which the user says what the file does not: class names, how pictures are prepared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inception_viz.architecture.plan import steps
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.pictures.preprocessing import Preprocessing
from inception_viz.sources.base import Weights
from inception_viz.sources.file import check_labels


def adjusted(
    weights: Weights,
    *,
    labels: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
    input_size: int | None = None,
) -> Weights:
    """The same weights, meaning what the arguments say; None leaves things as they are.

    Args:
        weights: stay as they are; the tensors are shared.
        labels: one name a class.
        preprocessing: how the network wants its input.
        input_size: side of the square input in pixels.

    Raises:
        WeightsError: if there are labels, but not one for each class.
        ConfigError: if the network can't work on pictures of that size.
    """
    network, assumed = weights.network, set(weights.assumed)
    if labels is not None:
        names = check_labels(labels, network.config.classes, "The model")
        weights, assumed = replace(weights, labels=names), assumed - {"labels"}
    if preprocessing is not None:
        weights = replace(weights, preprocessing=preprocessing)
    if input_size is not None and input_size != network.config.input_size:
        network = _for_size(network, input_size)
    return replace(weights, network=network, assumed=frozenset(assumed))


def _for_size(network: GoogLeNet, size: int) -> GoogLeNet:
    """The same tensors in a network for other pictures; heads pool to the side that they need."""
    config = network.config
    heads = {
        name: replace(head, pool="4x4") if steps(config)[name][0].size == 4 else head
        for name, head in config.heads.items()
    }
    made = GoogLeNet(replace(config, input_size=size, **heads))  # type: ignore[arg-type]
    made.load_state_dict(network.state_dict(), assign=True)
    return made.eval().requires_grad_(False)
