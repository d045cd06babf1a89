"""Source ``random``: the paper's network with seeded random weights. It has learned nothing."""

from __future__ import annotations

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.pictures.preprocessing import IMAGENET
from inception_viz.sources.base import Source, Weights
from inception_viz.sources.labels import imagenet_labels


def untrained_weights(config: GoogLeNetConfig | None = None, seed: int = 0) -> Weights:
    """A network of ``config`` (default: the paper's) with random weights drawn from ``seed``."""
    config = config or GoogLeNetConfig.paper()
    network = GoogLeNet(config).eval()
    network.initialise(seed)
    names = imagenet_labels()
    labels = names if len(names) == config.classes else numbered_labels(config.classes)
    return Weights(
        network=network,
        preprocessing=IMAGENET,
        labels=labels,
        trained_heads=("main", *config.heads),
        notes=(
            "The weights are random: the network has learned nothing and its answers are noise.",
        ),
        fingerprint=f"seed{seed}",
    )


def numbered_labels(classes: int) -> tuple[str, ...]:
    """``class 0``, ``class 1``, … where nobody named them."""
    return tuple(f"class {index}" for index in range(classes))


SOURCE = Source(
    id="random",
    title="Random weights",
    summary="The paper's network before any training.",
    load=untrained_weights,
)
