"""What every weight source provides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from inception_viz.files.downloads import Progress
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.pictures.preprocessing import Preprocessing
from inception_viz.sources.reference import Reference


@dataclass(frozen=True)
class HeadFit:
    """How well an auxiliary head that was fitted to a trained trunk repeats the main head.

    Attributes:
        photos: how many it learned from; 0 where nobody wrote it down.
        data: what they are, for the user.
        judged: how many photos that it never saw it was judged on.
        first: share of those on which its first choice is the main head's.
        in_five: share on which the main head's first choice is among its first five.
    """

    photos: int = 0
    data: str = ""
    judged: int = 0
    first: float = 0.0
    in_five: float = 0.0

    def __str__(self) -> str:
        """What must be said wherever the head's answer stands."""
        if not self.judged:
            return "Fitted afterwards, to repeat the main head's answers."
        return (
            f"Fitted afterwards on {self.photos:,} photos; says the same as the main head on "
            f"{self.first:.0%} of photos it never saw."
        ).replace("%", "\N{NO-BREAK SPACE}%")


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
        fits: those of ``trained_heads`` that learned from the main head's answers, after the
            trunk was trained and without changing it, and how well they repeat them.
        copies: where the state dicts that could be read lie in a checkpoint, this one first.
        assumed: what nobody said and was assumed: any of "preprocessing" and "labels".
        trouble: a file that should have been used and can't be, in a sentence for the user; these
            weights stand in for it.
    """

    network: GoogLeNet
    preprocessing: Preprocessing
    labels: tuple[str, ...]
    trained_heads: tuple[str, ...]
    notes: tuple[str, ...]
    fingerprint: str
    reference: Reference | None = None
    fits: Mapping[str, HeadFit] = field(default_factory=dict)
    copies: tuple[str, ...] = ()
    assumed: frozenset[str] = frozenset()
    trouble: str = ""


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
        fetched: whether the download is here already.
        adds: what the download adds to what is bundled, a sentence; "" where nothing is bundled.
    """

    id: str
    title: str
    summary: str
    load: Callable[[], Weights]
    available: Callable[[], bool] = lambda: True
    fetch: Callable[[Progress | None], None] | None = None
    download_bytes: int = 0
    where: str = ""
    fetched: Callable[[], bool] = lambda: True
    adds: str = ""
