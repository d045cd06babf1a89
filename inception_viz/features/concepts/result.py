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
_FIRST, _VERSION = "1", "2"  # files of the first version name none


@dataclass(frozen=True, eq=False)
class Concept:
    """What tells photos with something from photos without it, in each module and branch.

    Attributes:
        name: what it is called.
        network: identity of the network, as in :func:`~inception_viz.features.identity`.
        directions: place ("4c", "4c/5x5") → (channels,), the mean averaged activation of the
            photos with it, minus that of those without: what changes where it comes in.
        discriminants: place → (channels,), what reads how much of it is there: Fisher's linear
            discriminant, scaled so that both groups' means are 2 apart.
        middles: place → what the discriminant reads in the middle between both groups' means; so
            ``discriminants[place] @ x - middles[place]`` is −1 at the mean of photos without it
            and 1 at that of photos with it.
        accuracy: place → how often discriminants of the other examples have held-out ones on the
            right side of the middle, 0 to 1, both groups counting alike.
        chance: (splits,), the best accuracy of any place for random splits of other photos.
        positives, negatives: how many examples there were.
    """

    name: str
    network: str
    directions: Mapping[str, np.ndarray]
    discriminants: Mapping[str, np.ndarray]
    middles: Mapping[str, float]
    accuracy: Mapping[str, float]
    chance: np.ndarray
    positives: int
    negatives: int

    @property
    def fingerprint(self) -> str:
        """Identity of the vectors and of what they were found in."""
        vectors = (*self.directions.values(), *self.discriminants.values())
        content = b"".join(np.ascontiguousarray(v).tobytes() for v in vectors)
        rest = f"{list(self.middles.values())} {self.network} {self.name}"
        return sha256(content + rest.encode()).hexdigest()[:24]

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
        """The module with the highest accuracy; the middle one of several.

        Accuracy rises and falls with depth, so the middle is where it is safest.
        """
        modules = [place for place in self.accuracy if "/" not in place]
        most = max(map(self.accuracy.__getitem__, modules))
        highest = [module for module in modules if self.accuracy[module] == most]
        return highest[(len(highest) - 1) // 2]

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
            arrays[f"discriminant:{place}"] = self.discriminants[place].astype(np.float32)
            arrays[f"middle:{place}"] = np.array([self.middles[place]])
        about = {
            "kind": _KIND,
            "version": _VERSION,
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

        In files of the first version, the difference of the means is what reads the concept, too;
        so it is read from them.

        Raises:
            FileError: for a file that is missing, damaged, of a later version, or no concept.
        """
        name = Path(path).name
        try:
            with safetensors.safe_open(path, framework="np") as file:
                about = file.metadata() or {}
                if about.get("kind") != _KIND:
                    raise FileError(
                        f"{name} holds no concept. Choose a file that was saved as one."
                    )
                if about.get("version", _FIRST) not in (_FIRST, _VERSION):
                    raise FileError(
                        f"{name} was saved by a later version of this program. Look for the "
                        "concept again, or update the program."
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
        first = about.get("version", _FIRST) == _FIRST
        discriminants, middles = (_of_first_version if first else _of_this)(arrays, directions)
        counts = json.loads(about["examples"])
        if not isinstance(counts, list) or [type(c) for c in counts] != [int, int]:
            raise ValueError("no counts")
        for values in (
            *directions.values(),
            *discriminants.values(),
            *middles.values(),
            arrays["chance"],
        ):
            if values.ndim != 1 or values.dtype.kind != "f" or not np.isfinite(values).all():
                raise ValueError("not finite, or of another shape")
        if all("/" in place for place in accuracy) or any(
            discriminants[place].shape != directions[place].shape or middles[place].shape != (1,)
            for place in accuracy
        ):
            raise ValueError("incomplete")
        return cls(
            "".join(filter(str.isprintable, about["name"]))[:80],
            about["network"],
            MappingProxyType(directions),
            MappingProxyType(discriminants),
            MappingProxyType({place: float(middle[0]) for place, middle in middles.items()}),
            MappingProxyType(accuracy),
            arrays["chance"],
            *counts,
        )


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1


_Vectors = dict[str, np.ndarray]


def _of_this(arrays: Mapping[str, np.ndarray], places: _Vectors) -> tuple[_Vectors, _Vectors]:
    """Discriminants and middles as they stand in a file."""
    return (
        {place: arrays[f"discriminant:{place}"] for place in places},
        {place: arrays[f"middle:{place}"] for place in places},
    )


def _of_first_version(
    arrays: Mapping[str, np.ndarray], directions: _Vectors
) -> tuple[_Vectors, _Vectors]:
    """The same from where both groups' means lie along the direction, scaled to length 1."""
    discriminants, middles = {}, {}
    for place, direction in directions.items():
        means = arrays[f"means:{place}"]
        if means.shape != (2,):
            raise ValueError("no means")
        without, with_it = map(float, means)
        half = (with_it - without) / 2 or 1.0
        with np.errstate(all="ignore"):  # what comes out is checked
            length = np.linalg.norm(direction.astype(float)) or 1.0
            discriminants[place] = direction / (length * half)
        middles[place] = np.array([(with_it + without) / 2 / half])
    return discriminants, middles
