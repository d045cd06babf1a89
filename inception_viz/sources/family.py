"""How one family of files names the layers of GoogLeNet."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.pictures.preprocessing import Preprocessing
from inception_viz.sources.stored import State


class Known(NamedTuple):
    """What goes with a family and a number of classes.

    ``certain``: whether the preprocessing is that of a well-known network, and no guess.
    """

    preprocessing: Preprocessing
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    certain: bool = False


def _same(state: State) -> State:
    return state


@dataclass(frozen=True)
class Family:
    """One way to name things.

    Attributes:
        marker: a name that every file of the family has, behind its prefix.
        layer: their layer → ours ("trunk.conv1.conv"), None for what is no layer of GoogLeNet.
        belongs: matches names of layers that a GoogLeNet of this family might have; others are
            strays, such as a loss's own weights.
        base: what neither names nor shapes say, from our names and shapes.
        known: what goes with a number of classes.
        usual: whether a classifier may be called so without a word about it.
        notes: what is to be said of such a config with these names, one sentence each.
        heads_trained: whether the family's heads were trained with the network.
        converted: the tensors in PyTorch's order of dimensions, named "<layer>.weight", …
    """

    marker: str
    layer: Callable[[str], str | None]
    belongs: re.Pattern[str]
    base: Callable[[Mapping[str, Tensor]], GoogLeNetConfig]
    known: Callable[[int], Known]
    usual: Callable[[str], bool] = lambda _name: True
    notes: Callable[[GoogLeNetConfig, Collection[str]], tuple[str, ...]] = lambda *_: ()
    heads_trained: bool = True
    converted: Callable[[State], State] = _same

    @staticmethod
    def head_of(name: str) -> str:
        """The head that a name of an unknown layer speaks of: "aux1", "aux2", "main" or "" ."""
        for head, marks in {
            "aux1": ("aux1", "loss1"),
            "aux2": ("aux2", "loss2"),
            "main": ("loss3", "softmax2"),
        }.items():
            if any(mark in name for mark in marks):
                return head
        return ""
