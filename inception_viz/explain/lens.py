"""The network's belief after every module, read by small read-outs that were fitted to it.

A read-out guesses, from a module's output averaged over the map, what the last module's averages
will be, and the network's own classifier reads that guess. It is linear, of low rank, and was
fitted so that it repeats the network's answers: a "tuned lens" (Belrose et al., "Eliciting Latent
Predictions from Transformers with the Tuned Lens", arXiv 2303.08112), here between maps. It says
what can be read at a module in this way, not what the network reads there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError, FileError, InceptionVizError, WeightsError
from inception_viz.explain.rerun import ask
from inception_viz.explain.target import Asked
from inception_viz.files.cache import cached
from inception_viz.files.paths import is_file
from inception_viz.network.googlenet import GoogLeNet, probabilities
from inception_viz.sources.state_files import read_safetensors, write_safetensors
from inception_viz.trace import Trace

BUNDLED = Path(__file__).parents[2] / "assets" / "lens"
_PARTS = ("down", "up", "bias")


@dataclass(frozen=True)
class LensFit:
    """How well a read-out repeats the network.

    Attributes:
        rank: how many numbers it passes on.
        judged: how many photos that it never saw it was judged on.
        first: share of those on which its first choice is the network's.
        apart: mean difference on those between its probability of the network's first choice and
            the network's own.
    """

    rank: int
    judged: int
    first: float
    apart: float


@dataclass(frozen=True, eq=False)
class ReadOut:
    """A linear map from a module's averages to a guess of the last module's.

    Attributes:
        down: (rank, channels).
        up: (features, rank).
        bias: (features,).
        fit: how well it repeats the network.
    """

    down: Tensor
    up: Tensor
    bias: Tensor
    fit: LensFit

    def guess(self, averages: Tensor) -> Tensor:
        """What the last module's averages (N, features) will be, from (N, channels)."""
        return averages @ self.down.T @ self.up.T + self.bias


@dataclass(frozen=True, eq=False)
class Lens:
    """A read-out for every module but the last, which the classifier itself reads.

    Attributes:
        network: whom they were fitted to, see :attr:`~inception_viz.Classifier.trunk_key`.
        readouts: module → its read-out.
        photos: how many they learned from.
        data: what those are, for the user.
        also: other networks that they fit: the same weights with other rounding.
    """

    network: str
    readouts: Mapping[str, ReadOut]
    photos: int
    data: str
    also: tuple[str, ...] = ()

    def fits(self, classifier: Classifier) -> bool:
        """Whether they were fitted to this network."""
        return classifier.trunk_key in (self.network, *self.also)

    def save(self, path: str | PathLike[str]) -> None:
        """Write it as NAME.safetensors, in 16 bits.

        Raises:
            FileError: if it can't be written.
        """
        fits = {module: asdict(readout.fit) for module, readout in self.readouts.items()}
        about = {"network": self.network, "fits": fits, "photos": self.photos, "data": self.data}
        about["also"] = list(self.also)
        tensors = {
            f"{module}/{part}": getattr(readout, part).half()
            for module, readout in self.readouts.items()
            for part in _PARTS
        }
        write_safetensors(Path(path), tensors, {"lens": about})

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Lens:
        """Read what :meth:`save` wrote.

        Raises:
            FileError: if it isn't there, or is no lens.
        """
        try:
            tensors, metadata = read_safetensors(Path(path))
            about = json.loads(metadata["lens"])
            readouts = {
                str(module): _checked([tensors[f"{module}/{p}"].float() for p in _PARTS], fit)
                for module, fit in about["fits"].items()
            }
            also = tuple(map(str, about.get("also", ())))
            photos, data = int(about["photos"]), str(about["data"])
            return cls(str(about["network"]), readouts, photos, data, also)
        except (WeightsError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise FileError(
                f"{path} is no lens of a network, or it is damaged. Delete it, and fit it again "
                "with `python -m inception_viz fit-lens`."
            ) from error


def _checked(parts: Sequence[Tensor], said: Mapping[str, Any]) -> ReadOut:
    down, up, bias = parts
    kinds = {"rank": int, "judged": int, "first": float, "apart": float}
    fit = LensFit(**{name: kind(said[name]) for name, kind in kinds.items()})
    if down.shape[:1] != (fit.rank,) or down.dim() != 2 or up.shape != (len(bias), fit.rank):
        raise ValueError("The shapes of a read-out don't fit together.")
    if not all(part.isfinite().all() for part in parts):
        raise ValueError("A read-out has values that are not finite.")
    return ReadOut(down, up, bias, fit)


def lens_file(classifier: Classifier) -> Path:
    """Where a lens that is fitted to this network is kept, whether there is one or not."""
    return cached(f"lens-{classifier.trunk_key}.safetensors")


def lens_of(classifier: Classifier) -> Lens | None:
    """The lens that was fitted to a network: one from the cache, else a bundled one, else None.

    Raises:
        FileError: if there is one that can't be read.
    """
    bundled = BUNDLED / f"{classifier.source}.safetensors"
    if not is_file(bundled) and not _any_kept():  # to hash a network takes a while
        return None
    for path in (lens_file(classifier), bundled):
        if is_file(path):
            stamp = path.stat()
            found = _loaded(path, (stamp.st_mtime_ns, stamp.st_size))
            if found.fits(classifier):
                return found
    return None


def _any_kept() -> bool:
    try:
        return any(cached("x").parent.glob("lens-*"))
    except OSError:  # a cache that can't be looked into is an empty one
        return False


@lru_cache(maxsize=4)
def _loaded(path: Path, _stamp: tuple[int, int]) -> Lens:
    return Lens.load(path)


@dataclass(frozen=True)
class Reading:
    """What is believed after one module.

    Attributes:
        module: which one.
        depth: its place, 1 for the first.
        probability: of the class in question.
        rank: of the class in question, 1 for the first choice.
        first_choice: index of the first choice.
        fit: how well the read-out repeats the network; None after the last module, where the
            network's own classifier reads and nothing is fitted.
    """

    module: str
    depth: int
    probability: float
    rank: int
    first_choice: int
    fit: LensFit | None


def lens(
    classifier: Classifier, trace: Trace, target: Asked = None, *, using: Lens | None = None
) -> list[Reading]:
    """What can be read after every module, from the first to the last.

    The last one's is the main head's answer itself. A trace with something muted or exchanged is
    read as it is.

    Args:
        classifier: whose trace it is.
        trace: of a picture.
        target: the class in question; default the network's first choice.
        using: the lens; default the one that is bundled or in the cache.

    Raises:
        ExplainError: for a class that doesn't exist, a trace of another classifier, a lens of
            another network, or where nobody has fitted one.
        FileError: if the lens can't be read.
    """
    question = ask(classifier, trace, target)
    found = using or lens_of(classifier)
    if found is None:
        raise ExplainError(
            "Nobody has fitted read-outs to this network. `python -m inception_viz fit-lens MODEL "
            "PHOTOS` does, on any folder of photos."
        )
    if not found.fits(classifier):
        raise ExplainError(
            "This lens was fitted to another network. Fit one to this network with "
            "`python -m inception_viz fit-lens`."
        )
    *early, last = trace.modules
    index = question.target.index
    readings = [
        _reading(name, depth, index, _read(question.network, found, trace, name), found)
        for depth, name in enumerate(early, start=1)
    ]
    main = trace.probabilities("main")
    return [*readings, _reading(last, len(trace.modules), index, main, None)]


def _read(network: GoogLeNet, found: Lens, trace: Trace, module: str) -> Tensor:
    """Probabilities (classes,) after a module."""
    readout, averages = found.readouts.get(module), trace.modules[module].mean((1, 2))
    needed = (network.classifier.in_features, len(averages))
    if readout is None or (len(readout.bias), readout.down.shape[1]) != needed:
        raise ExplainError(f"The lens has no read-out for {module}. Fit it again.")
    with torch.no_grad():
        return probabilities(network.classifier(readout.guess(averages[None])))[0]


def _reading(module: str, depth: int, index: int, p: Tensor, found: Lens | None) -> Reading:
    place = int((p > p[index]).sum()) + 1
    fit = found.readouts[module].fit if found else None
    return Reading(module, depth, float(p[index]), place, int(p.argmax()), fit)


def readings_if_any(classifier: Classifier, trace: Trace, target: Asked = None) -> list[Reading]:
    """As :func:`lens`; nothing where no lens can be had."""
    try:
        return lens(classifier, trace, target)
    except InceptionVizError:
        return []


def settled(readings: Sequence[Reading]) -> Reading:
    """The first reading from which on the first choice stays that of the last one."""
    answer = readings[-1].first_choice
    changed = [n for n, reading in enumerate(readings) if reading.first_choice != answer]
    return readings[changed[-1] + 1 if changed else 0]
