"""How strongly each branch usually fires: mean and deviation over a set of reference photos."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor

Figures = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Reference:
    """Firing (mean activation of a branch) over many photos.

    Attributes:
        mean, std: module → branch → mean and standard deviation over the photos.
        photos: how many photos.
        data: which photos, for the user.
        channels: module → branch → each channel's mean; empty where only branches were measured.
    """

    mean: Figures
    std: Figures
    photos: int
    data: str
    channels: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)

    def channel_means(self, module: str, branch: str, channels: int) -> Tensor:
        """Each channel's usual mean (channels,); the branch's, where channels weren't measured."""
        known = self.channels.get(module, {}).get(branch, ())
        if len(known) == channels:
            return torch.tensor(list(known))
        return torch.full((channels,), self.mean[module][branch])

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
            channels={
                module: {branch: [float(x) for x in means] for branch, means in branches.items()}
                for module, branches in values.get("channels", {}).items()
            },
        )
