"""The processes that share a folder: as many as ``torchrun`` or ``accelerate launch`` started."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list

from inception_viz.errors import BatchError, StoppedError

_Out = TypeVar("_Out")


@dataclass(frozen=True)
class Team:
    """This process among ``count``; ``device`` is where its network goes."""

    index: int
    count: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        """Whether this is the process that plans, reports and puts the table together."""
        return self.index == 0


def join() -> Team:
    """Find the other processes, if there are any."""
    # The CPU is said, so that processes find each other there.
    state = PartialState(cpu=not torch.accelerator.is_available())
    return Team(state.process_index, state.num_processes, state.device)


def launched() -> bool:
    """Whether ``torchrun`` or ``accelerate launch`` started this process, be it the only one."""
    return not {"RANK", "ACCELERATE_MIXED_PRECISION"}.isdisjoint(os.environ)


def leave() -> None:
    """Let go of the other processes."""
    join()
    PartialState().destroy_process_group()


def agreed(team: Team, make: Callable[[], _Out]) -> _Out:
    """What ``make`` gives the main process, told to all. The only time that processes talk.

    Raises:
        BatchError: as ``make`` does; in the other processes it is a ``StoppedError``.
    """
    box: list[Any] = [None]
    if team.is_main:
        try:
            box = [make()]
        except BatchError:
            _tell(team, [None])
            raise
    _tell(team, box)
    if box[0] is None:
        raise StoppedError("The main process has stopped; see what it said.")
    result: _Out = box[0]
    return result


def _tell(team: Team, box: list[Any]) -> None:
    """Put what the main process has in its box into everybody's."""
    if team.count == 1:
        return
    try:
        broadcast_object_list(box)
    except RuntimeError as error:  # the connection broke
        raise StoppedError("The main process has gone. Run the same command again.") from error
