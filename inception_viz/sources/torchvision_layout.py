"""State dicts with the key names of ``torchvision.models.googlenet``, mapped into our network.

That is what people have after fine-tuning torchvision's GoogLeNet: any number of classes, with or
without auxiliary heads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.errors import ConfigError, WeightsError
from inception_viz.network import torchvision_names


def is_torchvision_layout(names: Mapping[str, object]) -> bool:
    """Whether these are the parameter names of torchvision's GoogLeNet."""
    return "inception3a.branch1.conv.weight" in names and "conv3.conv.weight" in names


@dataclass(frozen=True)
class Layout:
    """What a state dict describes: our config, our name → its name, and what of it is used."""

    config: GoogLeNetConfig
    names: dict[str, str]
    state: dict[str, Tensor]
    notes: tuple[str, ...]


def read_layout(state: Mapping[str, Tensor]) -> Layout:
    """Recognise the network; only names and shapes are looked at.

    A classifier inside a sequence ("fc.1.weight") is found. Heads left over from before the
    fine-tuning, with another number of classes, are dropped with a note.

    Raises:
        WeightsError: if the classifier is missing or can't be one.
    """
    classifiers = [n for n in state if re.fullmatch(r"fc(\.\d+)?\.weight", n)]
    if len(classifiers) != 1 or state[classifiers[0]].dim() != 2:
        raise WeightsError(
            "The weights look like torchvision's GoogLeNet, but not one linear classifier fc was "
            "found. Save the state dict of the whole network."
        )
    own = classifiers[0].removesuffix(".weight")
    state = {re.sub(rf"^{re.escape(own)}\.", "fc.", n): value for n, value in state.items()}
    classes = state["fc.weight"].shape[0]
    notes: list[str] = []
    missing: dict[str, None] = {}
    for head in ("aux1", "aux2"):
        last = state.get(f"{head}.fc2.weight")
        if last is not None and last.dim() == 2 and last.shape[0] != classes:
            notes.append(f"Its head {head} knows {last.shape[0]} other classes and is left out.")
            state = {n: value for n, value in state.items() if not n.startswith(f"{head}.")}
            last = None
        if last is None:
            missing[head] = None
    if len(missing) < 2:
        notes.append("Its auxiliary heads are shown as they are; they may not have been trained.")
    try:
        config = GoogLeNetConfig.torchvision(classes=classes, **missing)
    except ConfigError as error:
        raise WeightsError(f"The weights' classifier can't be used. {error}") from error
    names = {ours: theirs for theirs, ours in _names(config).items()}
    return Layout(config, names, dict(state), tuple(notes))


def _names(config: GoogLeNetConfig) -> dict[str, str]:
    blocks = {theirs: f"trunk.{ours}" for theirs, ours in torchvision_names.STEM.items()}
    for module in config.modules:
        for theirs, ours in torchvision_names.LAYERS.items():
            blocks[f"inception{module}.{theirs}"] = f"trunk.{module}.branches.{ours}"
    for head in config.heads:
        blocks[f"{head}.conv"] = f"aux.{head}.conv"
    names = {}
    for theirs, ours in blocks.items():
        names[f"{theirs}.conv.weight"] = f"{ours}.conv.weight"
        for value in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            names[f"{theirs}.bn.{value}"] = f"{ours}.norm.{value}"
    linear = {"fc": "classifier"}
    for head in config.heads:
        linear |= {
            f"{head}.{theirs}": f"aux.{head}.{torchvision_names.HEAD[theirs]}"
            for theirs in ("fc1", "fc2")
        }
    for theirs, ours in linear.items():
        names |= {f"{theirs}.{value}": f"{ours}.{value}" for value in ("weight", "bias")}
    return names
