"""Source ``bvlc``: the BVLC GoogLeNet of Caffe's model zoo, ImageNet, 1000 classes.

Trained by Sergio Guadarrama; released for unrestricted use (Caffe model zoo, bvlc_googlenet). The
trunk and the main head are in the repository as 16-bit floats, with auxiliary heads that were
fitted afterwards. The official file, once in the cache, takes their place: it has the heads that
were trained with the network.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from inception_viz.errors import FileError, WeightsError
from inception_viz.files.cache import cached, exclusive, remove, set_aside
from inception_viz.files.downloads import Progress, download
from inception_viz.files.paths import is_file
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.sources.base import Source, Weights
from inception_viz.sources.distilled import trunk_hash
from inception_viz.sources.file import load_file, save_weights
from inception_viz.sources.reference import Reference
from inception_viz.sources.state_files import read_metadata

FILE = Path(__file__).parents[2] / "assets" / "weights" / "bvlc.safetensors"
CARD = FILE.with_suffix(".md")

URL = "http://dl.caffe.berkeleyvision.org/bvlc_googlenet.caffemodel"
SHA1 = "405fc5acd08a3bb12de8ee5e23a96bec22f08204"
DOWNLOAD_BYTES = 53_533_754
TRUNK = "364ac31e3846ae5b"  # trunk_hash of these weights, iteration 2,400,000
MODEL, CONVERTED = "bvlc_googlenet.caffemodel", "bvlc_googlenet.safetensors"
TRAINED_NOTE = "Its auxiliary heads are the official file's: they were trained with the network."
_ADDS = (
    "The official file brings the auxiliary heads that were trained with the network, in place of "
    "those that were fitted afterwards."
)


def available() -> bool:
    """Whether there is a bundled or a downloaded file."""
    return is_file(FILE) or fetched()


def fetched() -> bool:
    """Whether the official model or its converted form lies in the cache."""
    return is_file(cached(MODEL)) or is_file(cached(CONVERTED))


def fetch(progress: Progress | None = None) -> None:
    """Download the official file into the cache and convert it.

    Nothing is done if it is there; a file that can't be used is set aside, its name ending in .old.

    Raises:
        DownloadError: in a sentence for the user.
        WeightsError: if the file can't be converted.
    """
    if fetched():
        try:
            _from_cache()
            return
        except WeightsError:
            remove(cached(CONVERTED))
            set_aside(cached(MODEL))
    download(URL, cached(MODEL), checksum=f"sha1:{SHA1}", progress=progress)
    _from_cache()


def load() -> Weights:
    """The official weights if they are in the cache, else the bundled ones.

    A file in the cache that can't be used is named in ``trouble``.

    Raises:
        WeightsError: if there is neither, as in an installation without the repository.
    """
    if not fetched():
        if not is_file(FILE):
            raise WeightsError(
                "The BVLC weights are not on this computer yet. Download them, or put "
                f"{MODEL} into {cached(MODEL).parent}."
            )
        return load_file(FILE)
    try:
        weights = _from_cache()
    except WeightsError as error:
        if not is_file(FILE):
            raise
        return replace(load_file(FILE), trouble=f"{error} Until then, the bundled file is used.")
    if set(weights.trained_heads) - {"main"}:
        notes = (TRAINED_NOTE, *weights.notes)
        return replace(weights, notes=notes, reference=_usual_levels())
    return _with_heads_of(load_file(FILE), weights) if is_file(FILE) else weights


def _usual_levels() -> Reference | None:
    """As measured for the bundled file by ``benchmarks/bundle.py``."""
    text = read_metadata(FILE).get("reference")
    return Reference.from_json(text) if text else None


def _with_heads_of(bundled: Weights, weights: Weights) -> Weights:
    """The trunk of ``weights``, in 32 bits, with the bundled heads."""
    network = GoogLeNet(bundled.network.config).eval().requires_grad_(False)
    network.load_state_dict(bundled.network.state_dict() | weights.network.state_dict())
    return replace(bundled, network=network, fingerprint=weights.fingerprint)


def _from_cache() -> Weights:
    """Read the converted file; convert the caffemodel first where that hasn't happened yet.

    Raises:
        WeightsError: if the file is damaged, or another network under this name.
    """
    model, converted = cached(MODEL), cached(CONVERTED)
    given = is_file(model)
    if is_file(converted) and (not given or _is_current(converted, model)):
        try:
            return _read_converted(converted)
        except WeightsError:
            if not given:
                raise  # else it is made anew
    weights = load_file(model)
    if trunk_hash(weights.network) != TRUNK:
        raise WeightsError(
            f"The file {MODEL} in {model.parent} is another network than the BVLC model. Download "
            "the right one; to use this one, choose it as a file of yours."
        )
    _try_to_keep(weights, converted, model)
    return weights


def _read_converted(converted: Path) -> Weights:
    weights = load_file(converted)
    if trunk_hash(weights.network) != TRUNK:
        raise WeightsError(
            f"{converted} is damaged, or not the converted BVLC weights. Download them again."
        )
    return weights


def _try_to_keep(weights: Weights, converted: Path, model: Path) -> None:
    try:
        with exclusive(converted):
            save_weights(weights, converted, converted_from=_stamp(model))
    except FileError:
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
    summary="Caffe's GoogLeNet, bundled and true to the paper: 5×5 kernels, local response "
    "normalisation, 1000 ImageNet classes (68.7 % top-1, 88.9 % top-5).",
    load=load,
    available=available,
    fetch=fetch,
    download_bytes=DOWNLOAD_BYTES,
    where=URL,
    fetched=fetched,
    adds=_ADDS,
)
