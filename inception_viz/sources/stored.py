"""What a file of weights holds, before anybody asks which network it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

State = dict[str, Tensor]
"""Name → values."""


@dataclass(frozen=True)
class Stored:
    """The content of a file.

    Attributes:
        states: every dictionary of tensors in it, by where it lies: "" for the whole file,
            "state_dict", "model_ema", "checkpoint/model".
        metadata: what this project wrote into its own files, as JSON texts.
        labels: class names that lie beside the weights; none in most files.
    """

    states: Mapping[str, State]
    metadata: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
