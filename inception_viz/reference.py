"""How strongly each branch usually fires: mean and deviation over a set of reference photos."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

Figures = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Reference:
    """Firing (mean activation of a branch) over many photos.

    Attributes:
        mean, std: module → branch → mean and standard deviation over the photos.
        photos: how many photos.
        data: which photos, for the user.
    """

    mean: Figures
    std: Figures
    photos: int
    data: str

    def to_json(self) -> str:
        """As JSON, readable by :meth:`from_json`."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Reference:
        """Read what :meth:`to_json` wrote.

        Raises:
            ValueError, TypeError, KeyError: if the text is something else.
        """
        values = json.loads(text)
        return cls(
            mean=values["mean"],
            std=values["std"],
            photos=int(values["photos"]),
            data=str(values["data"])[:200],
        )
