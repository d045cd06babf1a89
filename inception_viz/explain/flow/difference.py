"""What a change of the picture did to a flow: itself a flow, since a flow is made of sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from inception_viz.architecture.places import Place
from inception_viz.errors import ExplainError
from inception_viz.explain.flow.result import Flow, Kernels


def flow_difference(before: Flow, after: Flow) -> Flow:
    """``after`` minus ``before``: what passes more, or less, between any two branches, in logits.

    It keeps a flow's sums: at every branch the differences that come in, with those of biases, and
    those that go on agree.

    Raises:
        ExplainError: if the two are of different networks or targets.
    """
    if (before.model, before.target) != (after.model, after.target):
        raise ExplainError("Only flows of the same output of the same network can be compared.")
    return replace(
        after,
        label=f"change of the {after.label}",
        value=after.value - before.value,
        edges=_minus(after.edges, before.edges),
        bias=_minus(after.bias, before.bias),
        branches=_minus(after.branches, before.branches),
        muted=before.muted | after.muted,
        exchanged=before.exchanged | after.exchanged,
        _between=_Between(before, after),
    )


def _minus(
    after: Mapping[str, np.ndarray], before: Mapping[str, np.ndarray]
) -> Mapping[str, np.ndarray]:
    found = {step: values - before[step] for step, values in after.items()}
    for values in found.values():
        values.setflags(write=False)
    return MappingProxyType(found)


@dataclass(frozen=True, eq=False)
class _Between:
    """What flows more between channels, computed when it is asked for."""

    before: Flow
    after: Flow

    def __call__(self, step: str, source: str, sink: str) -> np.ndarray:
        """As :meth:`Flow.channels`."""
        found: np.ndarray = self.after.channels(source, sink) - self.before.channels(source, sink)
        found.setflags(write=False)
        return found

    def kernels(self, source: str, at: int, sink: Place) -> Kernels:
        """As :meth:`Flow.kernels`."""
        one, two = (flow.kernels(source, str(sink)) for flow in (self.before, self.after))
        return replace(two, flows=two.flows - one.flows, where=two.where - one.where)
