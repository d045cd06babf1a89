"""One process's share of a folder: pictures in, parts of the table out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from os import cpu_count
from pathlib import Path
from time import monotonic

import pyarrow as pa
import torch
from torch import Tensor

from inception_viz.batch import table
from inception_viz.batch.measure import NONE, QUICK, Measured, branches_of, measure
from inception_viz.batch.parts import CHUNK, Parts, Plan
from inception_viz.batch.pictures import Ready, Unreadable, ahead, reader
from inception_viz.batch.processes import Team
from inception_viz.classifier import Classifier
from inception_viz.errors import BatchError
from inception_viz.explain.contributions import contributions
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.pictures.preprocessing import Fit

CPU_BATCH = 8  # more is hardly faster there, and takes memory
LOOK_SECONDS = 2.0  # how often the main process looks what the others have done

Progress = Callable[[int, int], None]
"""Is told how many pictures of how many are done."""


@dataclass(frozen=True, eq=False)
class Worker:
    """Who does a share, and how; see :func:`~inception_viz.batch.folder.trace_folder`."""

    classifier: Classifier
    root: Path
    fit: Fit
    method: str
    k: int
    asked_batch: int | None
    team: Team

    @cached_property
    def network(self) -> GoogLeNet:
        """The classifier's network on this process's device."""
        network = self.classifier.inference_network
        return network if self.on_cpu else copy.deepcopy(network).to(self.team.device)

    @property
    def on_cpu(self) -> bool:
        """Whether there is nothing better than the CPU."""
        return self.team.device.type == "cpu"

    @property
    def batch(self) -> int:
        """Pictures sent through the network at once."""
        return self.asked_batch or (CPU_BATCH if self.on_cpu else CHUNK)

    @property
    def readers(self) -> int:
        """Threads that read pictures while the network computes."""
        if self.on_cpu:
            return torch.get_num_threads()
        return max(1, min(8, (cpu_count() or 1) // self.team.count))

    def do(self, parts: Parts, plan: Plan, missing: list[int], progress: Progress) -> None:
        """Make this process's share of the missing parts.

        Pictures are read across the borders of parts, but batches end there, so that a part is the
        same whoever makes it.
        """
        mine = missing[self.team.index :: self.team.count]
        read = reader(self.classifier, self.root, self.fit, keep=self.method not in _BATCHED)
        tally = _Tally(parts, plan, missing, self.team, progress)
        stream = ahead(
            lambda item: (item[0], read(item[1])),
            ((number, path) for number in mine for path in plan.part(number)),
            workers=self.readers,
            most=self.batch + self.readers,
        )
        with closing(stream):
            for number, results in groupby(stream, key=itemgetter(0)):
                part = self._part((result for _number, result in results), tally)
                parts.write(plan, number, part)

    def _part(self, results: Iterator[Ready | Unreadable], tally: _Tally) -> pa.Table:
        columns = table.schema(self.classifier, self.method)
        unreadable: list[Unreadable] = []
        batches: list[pa.RecordBatch] = []
        ready: list[Ready] = []
        for result in results:
            if isinstance(result, Unreadable):
                unreadable.append(result)
                tally.add(1)
                continue
            ready.append(result)
            if len(ready) == self.batch:
                batches.append(self._rows(columns, ready))
                tally.add(len(ready))
                ready = []
        if ready:
            batches.append(self._rows(columns, ready))
            tally.add(len(ready))
        if unreadable and not self.root.is_dir():
            raise BatchError(
                f"The folder {self.root} has gone. Put it back and run the same command again; "
                "what is done so far is kept."
            )
        return table.part(columns, batches, unreadable)

    def _rows(self, columns: pa.Schema, ready: list[Ready]) -> pa.RecordBatch:
        x = torch.cat([picture.input for picture in ready]).to(self.team.device)
        try:
            measured = measure(self.network, x, slopes=self.method == QUICK)
        except torch.OutOfMemoryError as error:
            raise BatchError(
                f"{len(ready)} pictures at once don't fit into the memory of {self.team.device}. "
                "Give a smaller --batch and run the command again; what is done so far is kept."
            ) from error
        self.classifier.require_finite(measured.logits)
        scores = self._scores(ready, measured)
        return table.rows(self.classifier, columns, ready, measured, scores, self.k)

    def _scores(self, ready: list[Ready], measured: Measured) -> Tensor | None:
        """(N, branches) of the chosen method."""
        if self.method in _BATCHED:
            return measured.slopes
        chosen = measured.logits.argmax(dim=1).tolist()
        return torch.stack(
            [
                self._scores_of(picture, target)
                for picture, target in zip(ready, chosen, strict=True)
            ]
        )

    def _scores_of(self, ready: Ready, target: int) -> Tensor:
        assert ready.picture is not None  # kept for methods that aren't batched
        trace = self.classifier.trace(ready.picture, fit=self.fit)
        scores = contributions(self.classifier, trace, target, self.method)
        places = branches_of(self.classifier.network)
        return torch.tensor([scores.get(*place) for place in places], dtype=torch.float64)


_BATCHED = (QUICK, NONE)


class _Tally:
    """Counts what is done: own pictures at once, those of other processes every few seconds."""

    def __init__(
        self, parts: Parts, plan: Plan, missing: list[int], team: Team, progress: Progress
    ) -> None:
        self.parts, self.plan, self.team, self.progress = parts, plan, team, progress
        self.total = len(plan.pictures)
        self.done = self.total - plan.count(missing)
        self.looked_at = monotonic()
        self.others = [n for i, n in enumerate(missing) if i % team.count != team.index]
        self.of_others = 0
        self.add(0)

    def add(self, pictures: int) -> None:
        self.done += pictures
        if not self.team.is_main:
            return
        if self.others and monotonic() - self.looked_at > LOOK_SECONDS:
            missing = set(self.parts.missing(self.plan))
            self.of_others = self.plan.count(n for n in self.others if n not in missing)
            self.looked_at = monotonic()
        self.progress(self.done + self.of_others, self.total)
