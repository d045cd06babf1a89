"""State dicts with the key names of ``torchvision.models.googlenet``, mapped into our network.

That is what people have after fine-tuning torchvision's GoogLeNet: any number of classes, with or
without auxiliary heads.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from inception_viz._config_checks import ConfigError
from inception_viz.config import GoogLeNetConfig
from inception_viz.sources.errors import WeightsError

_STEM = {"conv1": "conv1", "conv2": "conv2_reduce", "conv3": "conv2"}
_BRANCHES = {
    "branch1": "1x1.conv",
    "branch2.0": "3x3.reduce",
    "branch2.1": "3x3.conv",
    "branch3.0": "5x5.reduce",
    "branch3.1": "5x5.conv",
    "branch4.1": "pool.project",
}
_HEAD = {"conv": "conv", "fc1": "fc", "fc2": "classifier"}


def is_torchvision_layout(names: Mapping[str, object]) -> bool:
    """Whether these are the parameter names of torchvision's GoogLeNet."""
    return "inception3a.branch1.conv.weight" in names and "conv3.conv.weight" in names


def read_layout(state: Mapping[str, Tensor]) -> tuple[GoogLeNetConfig, dict[str, str]]:
    """The config that fits ``state``, and our parameter name → its name.

    Only names and shapes are looked at.

    Raises:
        WeightsError: if the classifier or half of a head is missing.
    """
    if "fc.weight" not in state or state["fc.weight"].dim() != 2:
        raise WeightsError(
            "The weights look like torchvision's GoogLeNet, but the classifier fc.weight is "
            "missing. Save the state dict of the whole network."
        )
    heads = {name: f"{name}.fc2.weight" in state for name in ("aux1", "aux2")}
    try:
        config = GoogLeNetConfig.torchvision(
            classes=state["fc.weight"].shape[0],
            **{name: None for name, there in heads.items() if not there},
        )
    except ConfigError as error:
        raise WeightsError(f"The weights' classifier can't be used. {error}") from error
    return config, {ours: theirs for theirs, ours in _names(config).items()}


def _names(config: GoogLeNetConfig) -> dict[str, str]:
    blocks = {theirs: f"trunk.{ours}" for theirs, ours in _STEM.items()}
    for module in config.modules:
        for theirs, ours in _BRANCHES.items():
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
        linear |= {f"{head}.{theirs}": f"aux.{head}.{_HEAD[theirs]}" for theirs in ("fc1", "fc2")}
    for theirs, ours in linear.items():
        names |= {f"{theirs}.{value}": f"{ours}.{value}" for value in ("weight", "bias")}
    return names
