"""One painted picture for every channel of every branch: bundled, or made once and kept.

Each is a WebP of its own, so that a page can hand any of them to the browser as it is: a sheet a
branch would have to be decoded for every one.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from PIL import Image, UnidentifiedImageError

from inception_viz.architecture.places import Place
from inception_viz.classifier import Classifier
from inception_viz.explain.rerun import Progress, silent, within
from inception_viz.features.painting import Painting, pictures_of
from inception_viz.features.responses import identity
from inception_viz.files.cache import atomic_write, cached

BUNDLED = Path(__file__).parents[2] / "assets" / "atlas"
SIZE, STEPS = 96, 64  # of a tile in pixels; of a painting
_AT_ONCE = 16  # channels painted in one go: some ten seconds' work on two cores
_QUALITY = 40  # of WebP: about 2.7 KB a tile
_GREY = 1.5  # a picture that has less than so many times what noise has shows nothing
_ABOUT, _DESCRIPTION = "atlas.json", 0x010E  # a file; EXIF's tag of a description


@dataclass(frozen=True)
class Tile:
    """The painted picture of one channel.

    Attributes:
        webp: the encoded picture.
        activation: the channel's strongest unit on it, measured before it was encoded.
        gain: the end of its curve over what the noise had at first; near 1, nothing was found.
    """

    webp: bytes
    activation: float
    gain: float

    @property
    def image(self) -> Image.Image:
        """RGB."""
        with Image.open(io.BytesIO(self.webp)) as picture:
            return picture.convert("RGB")

    @property
    def shows_something(self) -> bool:
        """Whether painting found more than the noise that it began with."""
        return self.activation > 0 and self.gain >= _GREY


class Atlas:
    """The tiles of one network: its bundled ones, and those in a folder that grows."""

    def __init__(self, classifier: Classifier, folder: Path, bundled: Path | None) -> None:
        """``folder`` may not exist yet; see :func:`atlas_of`."""
        self._classifier = classifier
        self._folder = folder
        self._bundle = _opened(bundled) if bundled and bundled.is_file() else None

    def tile(self, place: Place) -> Tile | None:
        """The picture of a channel; None if nobody painted it yet."""
        if place.channel is None:
            return None
        for read in (self._bundled, self._kept):
            encoded = read(_file_of(place))
            tile = _decoded(encoded) if encoded else None
            if tile is not None:
                return tile
        return None

    def missing(self, branch: Place) -> list[int]:
        """The channels of a branch that nobody painted yet."""
        widths = self._classifier.network.modules_by_name[branch.module].widths
        channels = range(sum(width for name, width in widths.items() if name == branch.branch))
        return [c for c in channels if not self._has(_file_of(replace(branch, channel=c)))]

    def paint(
        self,
        branch: Place,
        channels: Sequence[int],
        *,
        size: int = SIZE,
        steps: int | None = None,
        progress: Progress = silent,
    ) -> None:
        """Paint channels of a branch and keep their tiles in the folder.

        Raises:
            FileError: if a tile can't be written; those before it are kept.
        """
        batches = [channels[i : i + _AT_ONCE] for i in range(0, len(channels), _AT_ONCE)]
        for done, batch in enumerate(batches):
            places = [replace(branch, channel=channel) for channel in batch]
            told = within(progress, done, len(batches))
            whats = [str(place) for place in places]
            painted = pictures_of(
                self._classifier, whats, size=size, steps=steps or STEPS, progress=told
            )
            for place, one in zip(places, painted, strict=True):
                with atomic_write(self._folder / _file_of(place)) as half:
                    half.write_bytes(_encoded(one))

    def pack(self, path: Path) -> None:
        """Write the folder's tiles as one ZIP, to be bundled.

        Raises:
            FileError: if it can't be written.
        """
        about = {"network": identity(self._classifier)}
        with atomic_write(path) as half, ZipFile(half, "w") as bundle:
            bundle.writestr(_ABOUT, json.dumps(about))
            for file in sorted(self._folder.rglob("*.webp")):
                bundle.write(file, file.relative_to(self._folder).as_posix())

    def fits(self) -> bool:
        """Whether what is bundled was painted for this network."""
        try:
            about = json.loads(self._bundled(_ABOUT) or b"{}")
            return bool(about["network"] == identity(self._classifier))
        except (ValueError, KeyError, TypeError):
            return False

    def _has(self, file: str) -> bool:
        bundled = self._bundle is not None and file in self._bundle.NameToInfo
        return bundled or (self._folder / file).is_file()

    def _bundled(self, file: str) -> bytes | None:
        try:
            return self._bundle.read(file) if self._bundle else None
        except (KeyError, OSError, BadZipFile):
            return None

    def _kept(self, file: str) -> bytes | None:
        try:
            return (self._folder / file).read_bytes()
        except OSError:
            return None


def atlas_of(classifier: Classifier) -> Atlas:
    """The atlas of a classifier's network: what is bundled, and what was painted here before."""
    folder = cached("atlas") / identity(classifier)
    bundled = Atlas(classifier, folder, BUNDLED / f"{classifier.source.replace('/', '-')}.zip")
    return bundled if bundled.fits() else Atlas(classifier, folder, None)


def make_atlas(
    classifier: Classifier,
    path: Path | None = None,
    *,
    size: int = SIZE,
    steps: int | None = None,
    progress: Progress = silent,
) -> Atlas:
    """Paint every channel of every branch; an hour of work, which goes on where it was stopped.

    Args:
        classifier: whose.
        path: NAME.zip, for all tiles in one file; they are kept in the cache all the same.
        size: side of a tile in pixels.
        steps: of each painting; None takes 64.
        progress: is told the share that is done.

    Raises:
        FileError: if a tile or the file can't be written.
    """
    atlas = Atlas(classifier, atlas_of(classifier)._folder, None)
    modules = classifier.network.modules_by_name.items()
    branches = {Place(name, b): width for name, m in modules for b, width in m.widths.items()}
    total, done = sum(branches.values()), 0
    for branch, width in branches.items():
        missing = atlas.missing(branch)
        done += width - len(missing)

        def told(share: float, before: int = done, count: int = len(missing)) -> None:
            progress((before + share * count) / total)

        told(0.0)
        atlas.paint(branch, missing, size=size, steps=steps, progress=told)
        done += len(missing)
    if path is not None:
        atlas.pack(path)
    return atlas


def _file_of(place: Place) -> str:
    return f"{place.module}/{place.branch}/{place.channel}.webp"


def _encoded(painted: Painting) -> bytes:
    first, last = float(painted.curve[0]), float(painted.curve[-16:].mean())
    gain = last / first if first > 0 else 100.0 * (last > 0)
    exif = Image.Exif()
    facts = {"activation": round(painted.activation, 3), "gain": round(min(gain, 1e6), 3)}
    exif[_DESCRIPTION] = json.dumps(facts)
    file = io.BytesIO()
    painted.image.save(file, "WEBP", quality=_QUALITY, method=6, exif=exif)
    return file.getvalue()


def _decoded(encoded: bytes) -> Tile | None:
    """None for what is no tile, or damaged."""
    try:
        with Image.open(io.BytesIO(encoded)) as picture:
            facts = json.loads(picture.getexif()[_DESCRIPTION])
        return Tile(encoded, float(facts["activation"]), float(facts["gain"]))
    except (UnidentifiedImageError, OSError, ValueError, KeyError, TypeError):
        return None


@lru_cache(maxsize=8)
def _opened(path: Path) -> ZipFile | None:
    try:
        return ZipFile(path)
    except (OSError, BadZipFile):
        return None
