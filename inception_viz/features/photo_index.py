"""Which photos make a channel fire: the strongest, some of every level, and how many of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

import numpy as np

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.errors import BatchError
from inception_viz.files.cache import atomic_write
from inception_viz.pictures.preprocessing import FITS, Crop, Fit

TOP, BANDS, BINS = 9, 4, 24
KEPT = 32  # strongest photos whose numbers are kept, to find channels that fire on the same
By = Literal["activation", "relevance"]
FIELDS = ("top", "unit", "value", "band", "band_unit", "band_value",
           "firing", "relevant", "relevant_unit", "relevance", "counts", "class_mean")  # fmt: skip


def _fit(text: str) -> Fit | Crop:
    return text if text in FITS else Crop.parse(text)


_READ: dict[str, Callable[[Any], Any]] = {
    "config": GoogLeNetConfig.from_json,
    "seen_as": _fit,
    "pictures": tuple,
    "classes": tuple,
}


@dataclass(frozen=True)
class PhotoUnit:
    """A channel's strongest unit on one photo.

    Attributes:
        picture: the photo's path below the folder, or its place in the list.
        row, column: the strongest unit.
        value: its activation; by relevance, the channel's gradient × activation, in logits.
    """

    picture: str
    row: int
    column: int
    value: float


@dataclass(frozen=True, eq=False)
class Index:
    """What :func:`~inception_viz.features.indexing.index` found.

    Channels are written "4c/5x5:7", those of reduce layers "4c/5x5/reduce:7".

    Attributes:
        model: identity of the weights.
        config: the network's architecture.
        seen_as: how a photo became a square.
        folder: where the photos lie; "" for a list.
        pictures: the photos, by their paths below the folder.
        classes: names of the photos' folders, if they have some.
        layers: layer → its number of channels, one behind another in the tables.
        sides: layer → side of its maps, in units.
        tables: name → one row a channel: ``top`` (32), ``unit`` and ``value`` (9); ``band`` …
            (4, 9); ``firing``, on how many of ``top`` it fires at all; ``relevant`` … (9);
            ``counts`` (24); ``class_mean`` (classes). A number beyond the photos is nobody's.
        unreadable: files that are no photos.
    """

    model: str
    config: GoogLeNetConfig
    seen_as: Fit | Crop
    folder: str
    pictures: tuple[str, ...]
    classes: tuple[str, ...]
    layers: dict[str, int]
    sides: dict[str, int]
    tables: dict[str, np.ndarray]
    unreadable: int = 0

    def top(self, place: str, k: int = TOP, *, by: By = "activation") -> list[PhotoUnit]:
        """The ``k`` photos (at most 9) that a channel fires on most, strongest first.

        By relevance: those whose first choice it supports most.

        Raises:
            KeyError: if there is no such channel.
        """
        names = (
            ("top", "unit", "value")
            if by == "activation"
            else ("relevant", "relevant_unit", "relevance")
        )
        return self._rows(place, *(self.tables[name] for name in names))[:k]

    def band(self, place: str, number: int) -> list[PhotoUnit]:
        """Up to 9 photos of a quarter of the channel's range, evenly chosen, strongest first.

        ``number`` 3 is the quarter below the channel's strongest photo, 0 the one from silence.
        """
        names = ("band", "band_unit", "band_value")
        return self._rows(place, *(self.tables[name][:, number] for name in names))

    def histogram(self, place: str) -> tuple[np.ndarray, np.ndarray]:
        """How many photos have their strongest unit in each of 24 equal steps: edges, counts."""
        channel = self._numbers[place]
        most = float(self.tables["value"][channel, 0])
        return np.linspace(0, most, BINS + 1), self.tables["counts"][channel].astype(int)

    def class_means(self, place: str) -> dict[str, float]:
        """Class → the strongest unit, averaged over its photos; empty without classes."""
        means = self.tables["class_mean"][self._numbers[place]]
        return dict(zip(self.classes, means.astype(float).tolist(), strict=True))

    def similar(
        self, place: str, k: int = TOP, *, among: Index | None = None
    ) -> list[tuple[str, float]]:
        """Channels that fire on the same photos: (place, share of its 32 strongest), best first.

        Args:
            place: the channel.
            k: how many.
            among: the index of another network over the same photos; None searches this one.

        Raises:
            ValueError: if the other index is of other photos.
        """
        other = among or self
        if other.pictures != self.pictures:
            raise ValueError("The two indexes are of different photos.")
        channel = self._numbers[place]
        own = self.tables["top"][channel, : int(self.tables["firing"][channel])]
        if not len(own):
            return []
        shared = np.isin(other.tables["top"], own).sum(axis=1) / len(own)
        if among is None:
            shared[channel] = -1
        best = np.argsort(-shared, kind="stable")[:k]
        return [(other._places[i], float(shared[i])) for i in best]

    def __contains__(self, place: object) -> bool:
        """Whether it holds that channel."""
        return place in self._numbers

    def save(self, path: str | PathLike[str]) -> None:
        """Write it as NAME.npz.

        Raises:
            FileError: if it can't be written.
        """
        about = {
            "model": self.model,
            "config": self.config.to_json(),
            "seen_as": str(self.seen_as),
            "folder": self.folder,
            "pictures": self.pictures,
            "classes": self.classes,
            "layers": self.layers,
            "sides": self.sides,
            "unreadable": self.unreadable,
        }
        words = np.frombuffer(json.dumps(about).encode(), np.uint8)
        with atomic_write(Path(path)) as half, half.open("wb") as file:
            np.savez_compressed(file, **{"about": words, **self.tables})  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Index:
        """Read what :meth:`save` wrote.

        Raises:
            BatchError: if it is no index.
        """
        try:
            with Path(path).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                about = json.loads(file["about"].tobytes())
                tables = {name: file[name] for name in FIELDS}
            for name, read in _READ.items():
                about[name] = read(about[name])
            return cls(**about, tables=tables)
        except (OSError, EOFError, BadZipFile, ValueError, KeyError, TypeError) as error:
            raise BatchError(f"{path} is no index of photos, or it is damaged.") from error

    @cached_property
    def _places(self) -> list[str]:
        return [f"{layer}:{c}" for layer, width in self.layers.items() for c in range(width)]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {place: number for number, place in enumerate(self._places)}

    def _rows(
        self, place: str, pictures: np.ndarray, units: np.ndarray, values: np.ndarray
    ) -> list[PhotoUnit]:
        channel = self._numbers[place]
        side = self.sides[place.rpartition(":")[0]]
        return [
            PhotoUnit(self.pictures[p], *divmod(int(u), side), value=float(v))
            for p, u, v in zip(pictures[channel], units[channel], values[channel], strict=False)
            if p < len(self.pictures)
        ]
