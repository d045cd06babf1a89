"""What every weight source provides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inception_viz.network import GoogLeNet
from inception_viz.preprocessing import Preprocessing
from inception_viz.reference import Reference
from inception_viz.sources.download import Progress


@dataclass(frozen=True, eq=False)
class Weights:
    """A network with its weights, bound to the input and the labels that these weights mean.

    Attributes:
        network: the network, in eval mode.
        preprocessing: how its input is made.
        labels: one name a class.
        trained_heads: the heads whose answers mean something: any of main, aux1, aux2.
        notes: what the weights can't do or do differently, one sentence each, for the user.
        fingerprint: tells these very weights from others, for cache keys.
        reference: each branch's usual firing, where it was measured.
        distilled_heads: those of ``trained_heads`` that learned from the main head's answers,
            after the trunk was trained and without changing it.
    """

    network: GoogLeNet
    preprocessing: Preprocessing
    labels: tuple[str, ...]
    trained_heads: tuple[str, ...]
    notes: tuple[str, ...]
    fingerprint: str
    reference: Reference | None = None
    distilled_heads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """One place where weights come from.

    Attributes:
        id: the name used in ``load(id)``, URLs and cache keys.
        title: the name on screen.
        summary: one sentence for the user.
        load: read the weights, without network. Raises WeightsError where they aren't there.
        available: whether ``load`` would find the weights without network.
        fetch: download the weights, reporting progress; an exception in that ends it. None where
            nothing has to be fetched.
        download_bytes: about how much ``fetch`` transfers.
        where: the download's address, for the user to read.
    """

    id: str
    title: str
    summary: str
    load: Callable[[], Weights]
    available: Callable[[], bool] = lambda: True
    fetch: Callable[[Progress | None], None] | None = None
    download_bytes: int = 0
    where: str = ""
