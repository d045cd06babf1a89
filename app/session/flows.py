"""The flow of an answer, and which part of it is open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

import inception_viz as iv
from app.server.jobs import Job, Jobs
from app.session import links, traces
from app.session.address import FLOW, write
from inception_viz.architecture import Place
from inception_viz.explain import Kernels, Walk, walk

_flows = Jobs(kept=4)  # of 20 MB each: gradients at all modules
_tables = Jobs(kept=32)
_kernels = Jobs(kept=32)
_walks = Jobs(kept=8)


def flow(model: iv.Classifier, trace: iv.Trace, target: iv.Target) -> Job[iv.Flow]:
    """The flow; its error is an ExplainError for a target that has none."""
    key = (traces.key_of(trace), target)
    return _flows.get(key, lambda _: iv.flow(model, trace, target))


@dataclass(frozen=True)
class Opened:
    """What of a flow is open: a branch, two, a channel of each, a kernel between those.

    Attributes:
        source: a branch ("4c/5x5") or "stem".
        sink: a branch of the next module, or the head; "" where only a branch is open.
        channels: of both; None where branches are open.
        kernel: the number of the reduced map that it reads; None where none is open.
    """

    source: str
    sink: str = ""
    channels: tuple[int, int] | None = None
    kernel: int | None = None

    def __str__(self) -> str:
        """ "4c/5x5", "4c/5x5>4d/3x3", "4c/5x5:12>4d/3x3:7", "4c/5x5:12>4d/3x3:7@5"."""
        if not self.sink:
            return self.source
        if self.channels is None:
            return f"{self.source}>{self.sink}"
        kernel = "" if self.kernel is None else f"@{self.kernel}"
        source, sink = self.ends
        return f"{source}>{sink}{kernel}"

    @property
    def ends(self) -> tuple[str, str]:
        """Both channels as the library writes them."""
        assert self.channels is not None
        return f"{self.source}:{self.channels[0]}", f"{self.sink}:{self.channels[1]}"


def opened(found: iv.Flow, stem: int) -> Opened | None:
    """What the address says is open in ``found``; ``stem``: how many channels the stem puts out."""
    text = st.query_params.get(FLOW, "")
    what = read(text, found, stem) if text else None
    if text and what is None:
        links.leave_out(FLOW, text)
        write(FLOW)
    return what


def open_(what: Opened | str | None) -> None:
    """Open it at the next run; None closes all."""
    write(FLOW, str(what or ""))


def read(text: str, found: iv.Flow, stem: int) -> Opened | None:
    """What a text names, if ``found`` has it."""
    ends, _, kernel = text.partition("@")
    parts = [part.partition(":") for part in ends.split(">")]
    if not 1 <= len(parts) <= 2 or (kernel and (len(parts) < 2 or not _number(kernel))):
        return None
    names, numbers = [part[0] for part in parts], [part[2] for part in parts]
    where = {name: step for step, own in found.names.items() for name in own}
    if any(name not in where for name in names):
        return None
    if len(parts) == 1:
        is_branch = where[names[0]] not in (found.steps[0], found.steps[-1])
        return Opened(names[0]) if is_branch and not numbers[0] else None
    if (where[names[0]], where[names[1]]) not in found.pairs:
        return None
    if not any(numbers):
        return None if kernel else Opened(names[0], names[1])
    widths = [stem if name == "stem" else _width(name, found) for name in names]
    if not all(_number(n) and int(n) < w for n, w in zip(numbers, widths, strict=True)):
        return None
    channels = (int(numbers[0]), int(numbers[1]))
    return Opened(names[0], names[1], channels, int(kernel) if kernel else None)


def _number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 6


def _width(name: str, found: iv.Flow) -> int:
    place = Place.parse(name)
    return found.widths[place.module][place.branch] if place and place.branch else 0


def channels(found: iv.Flow, trace: iv.Trace, source: str, sink: str) -> Job[np.ndarray]:
    """(source's channels, sink's channels), in logits, of the flow in ``trace``."""
    key = (traces.key_of(trace), found.target, source, sink)
    return _tables.get(key, lambda _: found.channels(source, sink))


def kernels(found: iv.Flow, trace: iv.Trace, what: Opened) -> Job[Kernels]:
    """What flows between two channels, kernel by kernel."""
    key = (traces.key_of(trace), found.target, what.ends)
    return _kernels.get(key, lambda _: found.kernels(*what.ends))


def kernel_walk(model: iv.Classifier, trace: iv.Trace, what: Opened) -> Job[Walk]:
    """One kernel at work; its error is an ExplainError where the branch has no reduce layer."""
    assert what.channels is not None
    place, (source, sink) = Place.parse(what.sink), what.channels
    assert place is not None and place.branch is not None
    before = Place.parse(what.source)
    if before is not None and before.module in trace.modules:
        widths = {b: len(maps) for b, maps in trace.branches[before.module].items()}
        source += before.channels(widths).start
    return _walks.get(
        (traces.key_of(trace), what),
        lambda _: walk(
            model, trace, place.module, str(place.branch), sink, reduced=what.kernel, source=source
        ),
    )
