"""The processes that share a folder, and what each does: pictures in, parts of the table out.

They are as many as ``torchrun`` or ``accelerate launch`` started.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple, Protocol, TypeVar

import pyarrow as pa
import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from PIL import Image
from torch import Tensor

from inception_viz.batch.parts import CHUNK, Parts, Plan, part
from inception_viz.classifier import Classifier
from inception_viz.errors import BatchError, ImageError, StoppedError
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.pictures.preprocessing import Crop, Fit
from inception_viz.pictures.reading import Picture, read_picture
from inception_viz.training.photos import Unreadable, ahead

CPU_BATCH = 8  # more is hardly faster there, and takes memory
LOOK_SECONDS = 2.0  # how often the main process looks what the others have done
_NOTHING = Image.new("RGB", (1, 1))
_Out = TypeVar("_Out")

Progress = Callable[[int, int], None]
"""Is told how many pictures of how many are done."""


class Ready(NamedTuple):
    """A picture, its path below the folder, and (1, 3, side, side) as the network wants it."""

    path: str
    picture: Picture
    input: Tensor


class Rows(Protocol):
    """What is noted of each picture."""

    @property
    def columns(self) -> pa.Schema:
        """Of the parts."""
        ...

    @property
    def keeps_pictures(self) -> bool:
        """Whether a row needs the picture itself, not only its input."""
        ...

    def of(self, network: GoogLeNet, x: Tensor, ready: Sequence[Ready]) -> pa.RecordBatch:
        """The rows of pictures whose inputs (N, 3, side, side) lie on the network's device."""
        ...


@dataclass(frozen=True, eq=False)
class Worker:
    """Who does a share, and how; see :func:`~inception_viz.batch.folder.trace_folder`."""

    classifier: Classifier
    root: Path
    fit: Fit | Crop
    rows: Rows
    asked_batch: int | None
    team: PartialState

    @cached_property
    def network(self) -> GoogLeNet:
        """The classifier's network on this process's device."""
        network = self.classifier.inference_network
        return network if self.on_cpu else copy.deepcopy(network).to(self.team.device)

    @property
    def on_cpu(self) -> bool:
        """Whether there is nothing better than the CPU."""
        return bool(self.team.device.type == "cpu")

    @property
    def batch(self) -> int:
        """Pictures sent through the network at once."""
        return self.asked_batch or (CPU_BATCH if self.on_cpu else CHUNK)

    @property
    def readers(self) -> int:
        """Threads that read pictures while the network computes."""
        share = (os.cpu_count() or 1) // int(self.team.num_processes)
        return torch.get_num_threads() if self.on_cpu else max(1, min(8, share))

    def do(self, parts: Parts, plan: Plan, missing: list[int], progress: Progress) -> None:
        """Make this process's share of the missing parts.

        Pictures are read across the borders of parts, but batches end there, so that a part is the
        same whoever makes it.
        """
        mine = missing[self.team.process_index :: self.team.num_processes]
        others = set(missing) - set(mine)
        total = len(plan.pictures)
        done, of_others, looked_at = total - plan.count(missing), 0, monotonic()

        def tell(more: int) -> None:
            nonlocal done, of_others, looked_at
            done += more
            if others and monotonic() - looked_at > LOOK_SECONDS:
                of_others = plan.count(others - set(parts.missing(plan)))
                looked_at = monotonic()
            if self.team.is_main_process:
                progress(done + of_others, total)

        tell(0)
        stream = ahead(
            lambda item: (item[0], self._read(item[1])),
            ((number, path) for number in mine for path in plan.part(number)),
            workers=self.readers,
            most=self.batch + self.readers,
        )
        with closing(stream):
            for number, results in groupby(stream, key=itemgetter(0)):
                parts.write(plan, number, self._part((one for _number, one in results), tell))

    def _read(self, path: str) -> Ready | Unreadable:
        try:
            picture = read_picture(self.root / path)
        except ImageError as error:
            return Unreadable(path, str(error))
        x, _placed = self.classifier.input_of(picture, self.fit)
        if not self.rows.keeps_pictures:  # nobody looks at it again, and many may be waiting
            picture = replace(picture, image=_NOTHING)
        return Ready(path, picture, x)

    def _part(self, results: Iterator[Ready | Unreadable], tell: Callable[[int], None]) -> pa.Table:
        unreadable: list[Unreadable] = []
        batches: list[pa.RecordBatch] = []

        def readable() -> Iterator[Ready]:
            for result in results:
                if isinstance(result, Ready):
                    yield result
                else:
                    unreadable.append(result)
                    tell(1)

        pictures = readable()
        while ready := list(islice(pictures, self.batch)):
            batches.append(self._rows(ready))
            tell(len(ready))
        if unreadable and not self.root.is_dir():
            raise BatchError(
                f"The folder {self.root} has gone. Put it back and run the same command again; "
                "what is done so far is kept."
            )
        return part(self.rows.columns, batches, unreadable)

    def _rows(self, ready: list[Ready]) -> pa.RecordBatch:
        x = torch.cat([picture.input for picture in ready]).to(self.team.device)
        try:
            return self.rows.of(self.network, x, ready)
        except torch.OutOfMemoryError as error:
            raise BatchError(
                f"{len(ready)} pictures at once don't fit into the memory of {self.team.device}. "
                "Give a smaller --batch and run the command again; what is done so far is kept."
            ) from error


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
