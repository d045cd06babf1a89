"""The processes that share a folder: as many as ``torchrun`` or ``accelerate launch`` started."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list

from inception_viz.errors import BatchError, StoppedError

_Out = TypeVar("_Out")


def join() -> PartialState:
    """Find the other processes, if there are any."""
    # The CPU is said, so that processes find each other there.
    return PartialState(cpu=not torch.accelerator.is_available())


def launched() -> bool:
    """Whether ``torchrun`` or ``accelerate launch`` started this process, be it the only one."""
    return not {"RANK", "ACCELERATE_MIXED_PRECISION"}.isdisjoint(os.environ)


def agreed(team: PartialState, make: Callable[[], _Out]) -> _Out:
    """What ``make`` gives the main process, told to all. The only time that processes talk.

    Raises:
        BatchError: as ``make`` does; in the other processes it is a ``StoppedError``.
    """
    box: list[Any] = [None]
    failure = None
    if team.is_main_process:
        try:
            box = [make()]
        except BatchError as error:
            failure = error
    try:
        broadcast_object_list(box)
    except RuntimeError as error:  # the connection broke
        raise StoppedError("The main process has gone. Run the same command again.") from error
    if failure:
        raise failure
    if box[0] is None:
        raise StoppedError("The main process has stopped; see what it said.")
    result: _Out = box[0]
    return result
