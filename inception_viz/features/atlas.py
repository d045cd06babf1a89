"""One painted picture for every channel of every branch: made once, kept as sheets of tiles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image

from inception_viz.architecture.places import Place
from inception_viz.classifier import Classifier
from inception_viz.errors import FileError
from inception_viz.explain.rerun import Progress, silent, within
from inception_viz.features.painting import Painting, pictures_of
from inception_viz.files.cache import cached, remove, replace_synced, writing

BUNDLED = Path(__file__).parents[2] / "assets" / "atlas"
SIZE, STEPS = 96, 128  # of a tile in pixels; of a painting
_ACROSS = 16  # tiles side by side on a sheet
_AT_ONCE = 16  # channels painted in one go: about a minute's work on two cores
_QUALITY = 60  # of WebP: about 2 KB a tile


@dataclass(frozen=True)
class Facts:
    """What is known of each picture of a branch, one value a channel.

    Attributes:
        activation: the strongest unit of the channel, measured on the picture.
        gain: the end of its curve over what the noise had at first; near 1, nothing was found.
    """

    activation: tuple[float, ...]
    gain: tuple[float, ...]


@dataclass(frozen=True)
class Atlas:
    """The sheets of one network: a file a branch, tiles in the channels' order, 16 a row.

    Attributes:
        folder: where they lie.
        size: side of a tile in pixels.
        facts: branch ("4c/5x5") → what is known of its pictures.
    """

    folder: Path
    size: int
    facts: dict[str, Facts]

    def tile(self, place: Place) -> Image.Image | None:
        """The picture of a channel; None if the atlas has none."""
        branch, index = f"{place.module}/{place.branch}", place.channel
        if index is None or branch not in self.facts:
            return None
        if index >= len(self.facts[branch].activation):
            return None
        sheet = _sheet(self.sheet(branch))
        row, column = divmod(index, _ACROSS)
        left, top = column * self.size, row * self.size
        return sheet.crop((left, top, left + self.size, top + self.size))

    def sheet(self, branch: str) -> Path:
        """The file with all pictures of a branch."""
        return self.folder / f"{branch.replace('/', '-')}.webp"


def atlas_of(classifier: Classifier) -> Atlas | None:
    """The atlas of a classifier's network, bundled or in the cache; None if nobody made one."""
    for folder in (BUNDLED / classifier.source, cached("atlas") / _name(classifier)):
        atlas = _read(folder, classifier.weights.fingerprint)
        if atlas is not None:
            return atlas
    return None


def make_atlas(
    classifier: Classifier,
    folder: Path | None = None,
    *,
    size: int = SIZE,
    steps: int | None = None,
    progress: Progress = silent,
) -> Atlas:
    """Paint every channel of every branch; hours of work, which goes on where it was stopped.

    Args:
        classifier: whose.
        folder: where the sheets go; None puts them into the cache, where they are found again.
        size: side of a tile in pixels.
        steps: of each painting; None takes 128.
        progress: is told the share that is done.

    Raises:
        FileError: if the sheets can't be written.
    """
    steps = steps or STEPS
    folder = folder or cached("atlas") / _name(classifier)
    half_done = cached("atlas") / f".{_name(classifier)}-{size}-{steps}"
    batches = list(_batches(classifier))
    facts: dict[str, list[dict[str, list[float]]]] = {}
    with writing(folder, FileError):
        for path in (folder, half_done):
            path.mkdir(parents=True, exist_ok=True)
        for done, (branch, channels) in enumerate(batches):
            strip = half_done / f"{branch.replace('/', '-')}-{channels.start:04}.png"
            told = within(progress, done, len(batches))
            if not strip.with_suffix(".json").exists():
                whats = [f"{branch}:{channel}" for channel in channels]
                painted = pictures_of(classifier, whats, size=size, steps=steps, progress=told)
                _keep(painted, strip, size)
            facts.setdefault(branch, []).append(json.loads(strip.with_suffix(".json").read_text()))
        for branch in facts:
            _put_together(sorted(half_done.glob(f"{branch.replace('/', '-')}-*.png")), folder, size)
        about = {
            "weights": classifier.weights.fingerprint,
            "size": size,
            "steps": steps,
            "facts": {
                branch: {key: [*chain(*(part[key] for part in parts))] for key in parts[0]}
                for branch, parts in facts.items()
            },
        }
        half = folder / ".half"
        half.write_text(json.dumps(about), "utf-8")
        replace_synced(half, folder / "atlas.json")
    for path in half_done.iterdir():
        remove(path)
    half_done.rmdir()
    found = _read(folder, classifier.weights.fingerprint)
    assert found is not None
    return found


def _batches(classifier: Classifier) -> Iterator[tuple[str, range]]:
    for module, layers in classifier.network.modules_by_name.items():
        for branch, width in layers.widths.items():
            for start in range(0, width, _AT_ONCE):
                yield f"{module}/{branch}", range(start, min(start + _AT_ONCE, width))


def _keep(painted: list[Painting], strip: Path, size: int) -> None:
    """Write the pictures side by side without loss, then what is known of them."""
    row = Image.new("RGB", (size * len(painted), size))
    for place, one in enumerate(painted):
        row.paste(one.image, (size * place, 0))
    row.save(strip)
    facts = Facts(
        tuple(round(one.activation, 3) for one in painted),
        tuple(round(_gain(one.curve), 3) for one in painted),
    )
    half = strip.with_suffix(".half")
    half.write_text(json.dumps(asdict(facts)), "utf-8")
    replace_synced(half, strip.with_suffix(".json"))


def _gain(curve: np.ndarray) -> float:
    first, last = float(curve[0]), float(curve[-16:].mean())
    return last / first if first > 0 else float(last > 0)


def _put_together(strips: list[Path], folder: Path, size: int) -> None:
    rows = [Image.open(strip).convert("RGB") for strip in strips]
    count = sum(row.width for row in rows) // size
    sheet = Image.new("RGB", (size * min(count, _ACROSS), size * -(-count // _ACROSS)))
    for place, row in enumerate(rows):  # a strip is a row of the sheet
        sheet.paste(row, (0, size * place))
    name = strips[0].stem.rpartition("-")[0]
    sheet.save(folder / f"{name}.webp", quality=_QUALITY, method=6)


def _read(folder: Path, fingerprint: str) -> Atlas | None:
    try:
        about = json.loads((folder / "atlas.json").read_text("utf-8"))
        if about["weights"] != fingerprint:
            return None
        facts = {
            branch: Facts(tuple(of["activation"]), tuple(of["gain"]))
            for branch, of in about["facts"].items()
        }
        return Atlas(folder, int(about["size"]), facts)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _name(classifier: Classifier) -> str:
    return f"{classifier.source}-{classifier.weights.fingerprint[:16]}".replace("/", "-")


@lru_cache(maxsize=8)
def _sheet(path: Path) -> Image.Image:
    with Image.open(path) as sheet:
        return sheet.convert("RGB")
