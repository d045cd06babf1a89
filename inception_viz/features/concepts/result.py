"""A concept that was looked for: its directions, how well they tell examples apart, its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import safetensors
from safetensors import SafetensorError
from safetensors.numpy import save_file

from inception_viz.architecture.places import Place
from inception_viz.errors import FileError
from inception_viz.files.cache import atomic_write

if TYPE_CHECKING:
    import pandas as pd

_KIND = "inception-viz concept"


@dataclass(frozen=True, eq=False)
class Concept:
    """What tells photos with something from photos without it, in each module and branch.

    Attributes:
        name: what it is called.
        network: identity of the network, as in :func:`~inception_viz.features.identity`.
        directions: place ("4c", "4c/5x5") → (channels,), the mean averaged activation of the
            photos with it, minus that of those without.
        means: place → (2,), where both groups' means lie along the direction, scaled to length 1:
            without, with.
        accuracy: place → how often held-out examples are on the right side, 0 to 1, both groups
            counting alike.
        chance: (splits,), the best accuracy of any place for random splits of other photos.
        positives, negatives: how many examples there were.
    """

    name: str
    network: str
    directions: Mapping[str, np.ndarray]
    means: Mapping[str, np.ndarray]
    accuracy: Mapping[str, float]
    chance: np.ndarray
    positives: int
    negatives: int

    @property
    def fingerprint(self) -> str:
        """Identity of the directions and of what they were found in."""
        content = b"".join(np.ascontiguousarray(d).tobytes() for d in self.directions.values())
        return sha256(content + f"{self.network} {self.name}".encode()).hexdigest()[:24]

    def p(self, place: str) -> float:
        """How often a random split does as well somewhere: a p-value for all places at once."""
        as_well = int((self.chance >= self.accuracy[place] - 1e-9).sum())
        return (1 + as_well) / (1 + len(self.chance))

    @property
    def found(self) -> list[str]:
        """The places where it was found at a level of 5 % for all together, in order."""
        return [place for place in self.accuracy if self.p(place) <= 0.05]

    @property
    def best(self) -> str:
        """The module with the highest accuracy, the last of several."""
        modules = [place for place in self.accuracy if "/" not in place]
        return max(reversed(modules), key=self.accuracy.__getitem__)

    def to_frame(self) -> pd.DataFrame:
        """One row a place: accuracy, its p-value, whether it was found."""
        import pandas as pd

        rows = [
            {"place": place, "accuracy": share, "p": self.p(place), "found": place in self.found}
            for place, share in self.accuracy.items()
        ]
        return pd.DataFrame(rows)

    def save(self, path: str | Path) -> None:
        """Write NAME.safetensors: numbers and text alone, nothing that could run.

        Raises:
            FileError: if it can't be written.
        """
        arrays = {"chance": self.chance.astype(np.float64)}
        for place, direction in self.directions.items():
            arrays[f"direction:{place}"] = direction.astype(np.float32)
            arrays[f"means:{place}"] = self.means[place].astype(np.float64)
        about = {
            "kind": _KIND,
            "name": self.name,
            "network": self.network,
            "accuracy": json.dumps(dict(self.accuracy)),
            "examples": json.dumps([self.positives, self.negatives]),
        }
        with atomic_write(Path(path)) as half:
            save_file(arrays, half, metadata=about)

    @classmethod
    def load(cls, path: str | Path) -> Concept:
        """Read what :meth:`save` wrote.

        Raises:
            FileError: for a file that is missing, damaged, or no concept.
        """
        name = Path(path).name
        try:
            with safetensors.safe_open(path, framework="np") as file:
                about = file.metadata() or {}
                if about.get("kind") != _KIND:
                    raise FileError(
                        f"{name} holds no concept. Choose a file that was saved as one."
                    )
                arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            found = cls._of(about, arrays)
        except (
            SafetensorError, OSError, KeyError, TypeError, ValueError, RecursionError,
        ) as error:  # fmt: skip
            raise FileError(
                f"{name} can't be read as a concept: it is damaged or not there. Save it again."
            ) from error
        return found

    @classmethod
    def _of(cls, about: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> Concept:
        """Raises KeyError, TypeError or ValueError where something is missing or doesn't fit."""
        said = json.loads(about["accuracy"])
        if not isinstance(said, dict) or not all(map(_is_share, said.values())):
            raise ValueError("no shares")
        accuracy = {place: float(share) for place, share in said.items() if Place.parse(place)}
        directions = {place: arrays[f"direction:{place}"] for place in accuracy}
        means = {place: arrays[f"means:{place}"] for place in accuracy}
        counts = json.loads(about["examples"])
        if not isinstance(counts, list) or [type(c) for c in counts] != [int, int]:
            raise ValueError("no counts")
        for values in (*directions.values(), *means.values(), arrays["chance"]):
            if values.ndim != 1 or values.dtype.kind != "f" or not np.isfinite(values).all():
                raise ValueError("not finite, or of another shape")
        if all("/" in place for place in accuracy) or any(m.shape != (2,) for m in means.values()):
            raise ValueError("incomplete")
        return cls(
            "".join(filter(str.isprintable, about["name"]))[:80],
            about["network"],
            MappingProxyType(directions),
            MappingProxyType(means),
            MappingProxyType(accuracy),
            arrays["chance"],
            *counts,
        )


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1
