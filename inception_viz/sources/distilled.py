"""Auxiliary heads that were fitted to a trunk without trained ones, kept beside it in the cache.

``python -m inception_viz fit-heads`` makes them. A heads file belongs to one trunk, known by the
hash of its weights, so it serves whatever file or source those weights come from.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.errors import ConfigError, WeightsError
from inception_viz.files.cache import cached
from inception_viz.files.paths import is_file
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.sources.base import Weights
from inception_viz.sources.file import file_hash, load_file, save_weights

NOTE = (
    "The auxiliary heads were fitted afterwards: they learned to repeat the main head's answers. "
    "They show what can be read from the middle of the network, not what trained it."
)


def trunk_hash(network: GoogLeNet) -> str:
    """Identity of everything but the auxiliary heads, 16 digits."""
    digest = hashlib.sha256()
    for name, value in _trunk(network).items():
        digest.update(f"{name} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def heads_file(network: GoogLeNet) -> Path:
    """Where the heads fitted to this trunk lie, if there are any."""
    return cached(f"heads-{trunk_hash(network)}.safetensors")


def with_heads(config: GoogLeNetConfig) -> GoogLeNetConfig:
    """The same architecture with both auxiliary heads.

    Raises:
        WeightsError: if it has no modules 4a and 4d to attach them to.
    """
    paper = GoogLeNetConfig.paper()
    try:
        return replace(config, aux1=config.aux1 or paper.aux1, aux2=config.aux2 or paper.aux2)
    except ConfigError as error:
        raise WeightsError(f"This network can't carry the paper's heads. {error}") from error


def save_heads(weights: Weights) -> Path:
    """Keep the whole network with its fitted heads where :func:`attach_heads` finds it.

    Raises:
        FileError: if the cache can't be written.
    """
    path = heads_file(weights.network)
    save_weights(weights, path)
    return path


def attach_heads(weights: Weights) -> Weights:
    """The same weights with heads that were fitted here, unless they have trained ones."""
    trained = set(weights.trained_heads) - {"main", *weights.fits}
    if trained or not _any_fitted():  # to hash a trunk takes a while
        return weights
    path = heads_file(weights.network)
    if not is_file(path):
        return weights
    try:
        fitted, fingerprint = load_file(path), file_hash(path)
    except WeightsError as error:  # no reason to withhold the trunk
        return _without_heads(weights, str(error))
    if trunk_hash(fitted.network) != trunk_hash(weights.network):
        return _without_heads(weights, f"{path.name} holds another network.")
    return replace(
        weights,
        network=fitted.network,
        trained_heads=fitted.trained_heads,
        fits=fitted.fits,
        notes=tuple(dict.fromkeys((*fitted.notes, *_still_true(weights)))),
        fingerprint=f"{weights.fingerprint}+{fingerprint}",
    )


def _any_fitted() -> bool:
    try:
        return any(cached("x").parent.glob("heads-*"))
    except OSError:  # a cache that can't be looked into is an empty one
        return False


def _without_heads(weights: Weights, why: str) -> Weights:
    note = f"Auxiliary heads were fitted to these weights, but can't be used: {why} Fit them again."
    return replace(weights, notes=(note, *weights.notes))


def _still_true(weights: Weights) -> tuple[str, ...]:
    """Notes but those that say that there are no heads."""
    return tuple(note for note in weights.notes if "auxiliary heads" not in note)


def _trunk(network: GoogLeNet) -> dict[str, Tensor]:
    return {
        name: value
        for name, value in network.state_dict().items()
        if not name.startswith("aux.") and not name.endswith("num_batches_tracked")
    }
