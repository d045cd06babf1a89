"""What became of each layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from inception_viz.classifier import Classifier

if TYPE_CHECKING:
    import pandas as pd

Fate = Literal["kept", "sliced", "grown", "sliced and grown", "new"]


@dataclass(frozen=True)
class LayerFate:
    """One layer of the new network.

    Attributes:
        name: as in the cost table: "conv1", "3a/3x3/reduce", "aux1/fc", "classifier".
        fate: ``kept`` whole; ``sliced``: filters or inputs are gone; ``grown``: new ones were
            added; ``new``: nothing could be carried over.
        carried: weights that came from the old network.
        weights: that it has.
        note: what else there is to know.
    """

    name: str
    fate: Fate
    carried: int
    weights: int
    note: str = ""


@dataclass(frozen=True, eq=False)
class Operation:
    """A rebuilt classifier, and what became of the old one's weights.

    Attributes:
        classifier: the new one.
        layers: every layer of it that has weights.
        origins: module → the old module that it continues, or None.
        gone: old modules that no new one continues.
        old_weights: that the old network had.
        notes: sentences about the whole.
    """

    classifier: Classifier
    layers: tuple[LayerFate, ...]
    origins: dict[str, str | None]
    gone: tuple[str, ...]
    old_weights: int
    notes: tuple[str, ...]

    @property
    def carried(self) -> int:
        """Weights that came over."""
        return sum(layer.carried for layer in self.layers)

    @property
    def survived(self) -> float:
        """Part of the old network's weights that came over, 0 to 1."""
        return self.carried / self.old_weights

    @property
    def new_weights(self) -> int:
        """Weights of the new network that start from nothing."""
        return sum(layer.weights - layer.carried for layer in self.layers)

    def to_frame(self) -> pd.DataFrame:
        """One row a layer."""
        import pandas as pd

        return pd.DataFrame([vars(layer) for layer in self.layers])


def fate(
    carried: int, outs: Sequence[int | None], ins: Sequence[int | None], old_shape: tuple[int, int]
) -> Fate:
    """Of a layer whose outputs and inputs come from these of the old one (None: new)."""
    if not carried:
        return "new"
    grown = None in outs or None in ins
    lost = len({o for o in outs if o is not None}) < old_shape[0]
    lost |= len({i for i in ins if i is not None}) < old_shape[1]
    if lost and grown:
        return "sliced and grown"
    return "sliced" if lost else "grown" if grown else "kept"
