"""Where something is in the network: a module, one of its branches, one of a branch's channels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from inception_viz.architecture.config import Branch

_WRITTEN = re.compile(r"(?P<module>[^/:]+)(?:/(?P<branch>[^/:]+)(?::(?P<channel>[0-9]{1,6}))?)?")

Widths = Mapping[str, Mapping[Branch, int]]
"""Module → branch → its number of channels."""


@dataclass(frozen=True)
class Place:
    """A module ("4c"), a branch of it ("4c/5x5") or a channel of that ("4c/5x5:7").

    Attributes:
        module: its name in the architecture table.
        branch: None for all of the module.
        channel: None for all of the branch; counted from 0 within the branch.
    """

    module: str
    branch: Branch | None = None
    channel: int | None = None

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """Read "4c", "4c/5x5" or "4c/5x5:7"; None for any other text."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            return None
        channel = found["channel"]
        branch = cast("Branch | None", found["branch"])  # whether it exists, :meth:`within` says
        return cls(found["module"], branch, None if channel is None else int(channel))

    def __str__(self) -> str:
        """As :meth:`parse` reads it."""
        branch = "" if self.branch is None else f"/{self.branch}"
        return f"{self.module}{branch}" + ("" if self.channel is None else f":{self.channel}")

    @property
    def stage(self) -> str:
        """The modules of a stage work on maps of one size: "3", "4" or "5"."""
        return self.module[0]

    @property
    def kind(self) -> Literal["module", "branch", "channel"]:
        """What it is."""
        if self.branch is None:
            return "module"
        return "branch" if self.channel is None else "channel"

    def within(self, widths: Widths) -> bool:
        """Whether a network with these ``widths`` has it."""
        branches = widths.get(self.module, {})
        if self.branch is None:
            return bool(branches)
        return self.branch in branches and (self.channel or 0) < branches[self.branch]

    def channels(self, widths: Mapping[Branch, int]) -> slice:
        """Which channels of its module it is, where the branches have these ``widths``."""
        start = 0
        for branch, width in widths.items():
            if branch == self.branch:
                first = start + (self.channel or 0)
                return slice(first, start + width if self.channel is None else first + 1)
            start += width
        return slice(0, start)
