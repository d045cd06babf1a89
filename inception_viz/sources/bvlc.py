"""Source ``bvlc``: the BVLC GoogLeNet of Caffe's model zoo, ImageNet, 1000 classes.

Trained by Sergio Guadarrama; released for unrestricted use (Caffe model zoo, bvlc_googlenet).
"""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from pathlib import Path

from inception_viz.reference import Reference
from inception_viz.sources.base import Source, Weights
from inception_viz.sources.cache import cached, exclusive, is_file, remove, set_aside
from inception_viz.sources.distilled import trunk_hash
from inception_viz.sources.download import Progress, download
from inception_viz.sources.errors import WeightsError
from inception_viz.sources.file import load_file, save_weights
from inception_viz.sources.state_files import read_metadata

URL = "http://dl.caffe.berkeleyvision.org/bvlc_googlenet.caffemodel"
SHA1 = "405fc5acd08a3bb12de8ee5e23a96bec22f08204"
DOWNLOAD_BYTES = 53_533_754
CLASSES = 1000
TRUNK = "364ac31e3846ae5b"  # trunk_hash of these weights, iteration 2,400,000
OTHER_WEIGHTS = (
    "The file in the cache is not the BVLC model that this program knows, but another GoogLeNet "
    "under its name; how its branches usually fire is unknown."
)
MODEL, CONVERTED = "bvlc_googlenet.caffemodel", "bvlc_googlenet.safetensors"


def available() -> bool:
    """Whether the model or its converted form lies in the cache."""
    return is_file(cached(MODEL)) or is_file(cached(CONVERTED))


def fetch(progress: Progress | None = None) -> None:
    """Download the official file into the cache and convert it.

    Nothing is done if it is there; a file that can't be used is set aside, its name ending in .old.

    Raises:
        DownloadError: in a sentence for the user.
        WeightsError: if the file can't be converted.
    """
    if available():
        try:
            load()
            return
        except WeightsError:
            remove(cached(CONVERTED))
            set_aside(cached(MODEL))
    download(URL, cached(MODEL), checksum=f"sha1:{SHA1}", progress=progress)
    load()


def load() -> Weights:
    """The weights, with the firing measured over Imagenette by ``benchmarks/reference.py``.

    Raises:
        WeightsError: if the file isn't in the cache, is damaged, or holds another network.
    """
    weights = _from_cache()
    if weights.network.config.classes != CLASSES:
        raise WeightsError(
            f"The file {MODEL} in {cached(MODEL).parent} is another network: it has "
            f"{weights.network.config.classes:,} classes. Download the right one; to use this one, "
            "choose it as a file of yours."
        )
    if trunk_hash(weights.network) != TRUNK:
        return replace(weights, notes=(OTHER_WEIGHTS, *weights.notes))
    measured = resources.files("inception_viz.sources").joinpath("bvlc_reference.json")
    return replace(weights, reference=Reference.from_json(measured.read_text("utf-8")))


def _from_cache() -> Weights:
    """Read the converted file; convert the caffemodel first where that hasn't happened yet."""
    model, converted = cached(MODEL), cached(CONVERTED)
    given = is_file(model)
    if is_file(converted) and (not given or _is_current(converted, model)):
        try:
            return _read_converted(converted)
        except WeightsError:
            if not given:
                raise  # else it is made anew
    if not given:
        raise WeightsError(
            "The BVLC weights are not on this computer yet. Download them, or put "
            f"{MODEL} into {model.parent}."
        )
    weights = load_file(model)
    _try_to_keep(weights, converted, model)
    return weights


def _read_converted(converted: Path) -> Weights:
    weights = load_file(converted)
    if trunk_hash(weights.network) != read_metadata(converted).get("trunk", TRUNK):
        raise WeightsError(
            f"{converted} is damaged, or not the converted BVLC weights. Download them again."
        )
    return weights


def _try_to_keep(weights: Weights, converted: Path, model: Path) -> None:
    try:
        with exclusive(converted):
            trunk = trunk_hash(weights.network)
            save_weights(weights, converted, converted_from=_stamp(model), trunk=trunk)
    except WeightsError:
        pass  # a cache that can't be written costs a second at the next start, nothing else


def _is_current(converted: Path, model: Path) -> bool:
    return read_metadata(converted).get("converted_from") == _stamp(model)


def _stamp(model: Path) -> str:
    try:
        stat = model.stat()
    except OSError:
        return "gone"
    return f"{stat.st_size} bytes, modified {stat.st_mtime_ns}"


SOURCE = Source(
    id="bvlc",
    title="BVLC GoogLeNet",
    summary="Caffe's GoogLeNet, true to the paper: 5×5 kernels, local response normalisation, "
    "1000 ImageNet classes (68.7 % top-1, 88.9 % top-5).",
    load=load,
    available=available,
    fetch=fetch,
    download_bytes=DOWNLOAD_BYTES,
    where=URL,
)
