"""The sources by name, without any network."""

from __future__ import annotations

import hashlib
import io
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import inception_viz as iv
import inception_viz.torchvision_on_cpu
from inception_viz.architecture import GoogLeNetConfig
from inception_viz.sources import (
    REGISTRY,
    bvlc,
    default_source,
    load_file,
    read_metadata,
    save_weights,
    torchvision_weights,
)
from tests.conftest import noise_photo


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path))
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))

    def no_network(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr("socket.socket.connect", no_network)
    return tmp_path


def test_registry_is_complete() -> None:
    assert list(REGISTRY) == [
        "bvlc",
        "imagenette",
        "torchvision",
        "inception5h",
        "places365",
        "random",
    ]
    for name, source in REGISTRY.items():
        assert source.id == name
        assert source.title and source.summary.endswith(".")
        assert (source.fetch is None) == (source.download_bytes == 0)


def test_default_is_the_first_that_is_here(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_source().id == "bvlc"
    monkeypatch.setattr(bvlc, "FILE", cache / "nowhere")
    assert default_source().id == "imagenette"
    bundled = replace(REGISTRY["imagenette"], available=lambda: False)
    monkeypatch.setitem(REGISTRY, "imagenette", bundled)
    assert default_source().id == "random"
    (cache / "googlenet-1378be20.pth").write_bytes(b"x")
    assert default_source().id == "torchvision"
    (cache / "bvlc_googlenet.caffemodel").write_bytes(b"x")
    assert default_source().id == "bvlc"


@pytest.mark.parametrize("name", ["bvlc", "torchvision"])
def test_missing_weights_say_where_to_put_them(
    name: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bvlc, "FILE", cache / "nowhere")
    with pytest.raises(iv.WeightsError, match=str(cache)):
        iv.load(name)


def test_bvlc_is_converted_once(cache: Path, caffemodel: Path) -> None:
    shutil.copy(caffemodel, cache)
    first = iv.load("bvlc")
    converted = cache / bvlc.CONVERTED
    stamp = converted.stat().st_mtime_ns
    second = iv.load("bvlc")
    assert converted.stat().st_mtime_ns == stamp
    photo = noise_photo(0)
    assert torch.equal(first.trace(photo).logits, second.trace(photo).logits)
    (cache / bvlc.MODEL).unlink()
    assert torch.equal(iv.load("bvlc").trace(photo).logits, first.trace(photo).logits)
    assert first.weights.reference == load_file(bvlc.FILE).reference is not None


def test_bvlc_is_converted_again_when_the_file_changes(cache: Path, caffemodel: Path) -> None:
    shutil.copy(caffemodel, cache)
    bvlc.load()
    stamp = (cache / bvlc.CONVERTED).stat().st_mtime_ns
    (cache / bvlc.MODEL).touch()
    bvlc.load()
    assert (cache / bvlc.CONVERTED).stat().st_mtime_ns > stamp


def test_bvlc_fetch_uses_what_is_there(cache: Path, caffemodel: Path) -> None:
    shutil.copy(caffemodel, cache)
    bvlc.fetch()
    assert (cache / bvlc.CONVERTED).is_file()


def test_bvlc_in_a_cache_that_cannot_be_written(
    cache: Path, caffemodel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(caffemodel, cache)

    def refuse(*_args: object, **_kwargs: object) -> Any:
        raise iv.FileError("no")

    monkeypatch.setattr(bvlc, "exclusive", refuse)
    assert not bvlc.load().trouble
    assert not (cache / bvlc.CONVERTED).exists()


@pytest.fixture
def torchvision_file(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A file like torchvision's, and its checksum as the right one."""
    torch.manual_seed(0)
    buffer = io.BytesIO()
    torch.save(_torchvision_network().state_dict(), buffer)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()[:8]
    monkeypatch.setattr(torchvision_weights, "TORCHVISION_HASH", digest)
    return buffer.getvalue()


def _torchvision_network() -> Any:
    from torchvision.models import googlenet

    torch.manual_seed(0)
    return googlenet(weights=None, init_weights=False).eval()


def test_torchvision_file_is_mapped_and_its_heads_left_out(
    cache: Path, torchvision_file: bytes
) -> None:
    net = _torchvision_network()
    (cache / torchvision_weights.FILE).write_bytes(torchvision_file)
    loaded = iv.load("torchvision")
    assert loaded.config == GoogLeNetConfig.torchvision()
    assert any("never trained" in note for note in loaded.weights.notes)
    assert any("3×3" in note for note in loaded.weights.notes)
    trace = loaded.trace(noise_photo(0))
    assert list(trace.heads) == ["main"]
    net.transform_input = True  # as torchvision's pretrained network has it
    from inception_viz.pictures import IMAGENET, fit_image

    square = fit_image(trace.picture.image, trace.fitting, (0, 0, 0))
    with torch.no_grad():
        expected = net(IMAGENET.tensor(square))[0]
    torch.testing.assert_close(trace.logits, expected, rtol=0, atol=1e-4)


def test_it_is_the_file_that_torchvision_would_fetch() -> None:
    from torchvision.models import GoogLeNet_Weights

    assert GoogLeNet_Weights.IMAGENET1K_V1.url == torchvision_weights.URL


def test_a_damaged_download_is_replaced(
    cache: Path, caffemodel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / bvlc.MODEL).write_bytes(b"garbage")

    def download(_url: str, path: Path, **_rest: object) -> None:
        assert not path.exists()
        shutil.copy(caffemodel, path)

    monkeypatch.setattr(bvlc, "download", download)
    assert "Until then, the bundled file is used" in bvlc.load().trouble
    bvlc.fetch()
    assert not bvlc.load().trouble


def test_torchvisions_own_cache_is_used(cache: Path) -> None:
    folder = cache / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / torchvision_weights.FILE).write_bytes(b"x")
    assert torchvision_weights.available()


def test_torchvisions_damaged_file_is_replaced(
    cache: Path, torchvision_file: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = cache / torchvision_weights.FILE
    file.write_bytes(torchvision_file[:-1000])
    with pytest.raises(iv.WeightsError, match=r"wrong checksum.*Download it again"):
        iv.load("torchvision")

    def download(_url: str, path: Path, **_rest: object) -> None:
        assert not path.exists()
        path.write_bytes(torchvision_file)

    monkeypatch.setattr(torchvision_weights, "download", download)
    torchvision_weights.fetch()
    assert iv.load("torchvision").config.classes == 1000
    assert file.with_name(f"{file.name}.old").stat().st_size == len(torchvision_file) - 1000


@pytest.mark.parametrize("what", ["cut", "changed", "swapped"])
def test_a_converted_file_that_changed_is_never_believed(
    cache: Path, caffemodel: Path, what: str
) -> None:
    shutil.copy(caffemodel, cache)
    photo = noise_photo(0)
    right = iv.load("bvlc").trace(photo).logits
    file = cache / bvlc.CONVERTED
    content = bytearray(file.read_bytes())
    if what == "swapped":
        stamp = read_metadata(file)["converted_from"]
        save_weights(iv.load("random").weights, file, converted_from=stamp)
    else:
        del content[-4 if what == "cut" else len(content) :]
        content[-1000:-900] = bytes(100)
        file.write_bytes(content)
    damaged = file.read_bytes()
    (cache / bvlc.MODEL).rename(cache / "elsewhere")
    bundled = load_file(bvlc.FILE)
    instead = iv.load("bvlc").weights
    assert "ownload" in instead.trouble and instead.fingerprint == bundled.fingerprint
    (cache / "elsewhere").rename(cache / bvlc.MODEL)
    assert torch.equal(iv.load("bvlc").trace(photo).logits, right)
    assert file.read_bytes() != damaged


def test_another_caffemodel_under_the_name_is_said(
    cache: Path, caffemodel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(caffemodel, cache)
    monkeypatch.setattr(bvlc, "TRUNK", "0" * 16)
    other = bvlc.load()
    assert "is another network than the BVLC model" in other.trouble
    assert other.fingerprint == load_file(bvlc.FILE).fingerprint
    monkeypatch.setattr(bvlc, "FILE", cache / "nowhere")
    with pytest.raises(iv.WeightsError, match="another network"):
        bvlc.load()


def test_a_download_that_fails_loses_nothing(
    cache: Path, caffemodel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / bvlc.MODEL).write_bytes(caffemodel.read_bytes()[:-1000])

    def offline(*_args: object, **_rest: object) -> None:
        raise iv.DownloadError("The server can't be reached.")

    monkeypatch.setattr(bvlc, "download", offline)
    with pytest.raises(iv.DownloadError, match="can't be reached"):
        bvlc.fetch()
    assert (cache / f"{bvlc.MODEL}.old").is_file()


@pytest.mark.parametrize("place", ["file/cache", "x" * 300])
def test_a_cache_that_cannot_be_looked_into_is_an_empty_one(
    cache: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (cache / "file").write_text("")
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(cache / place))
    assert default_source().id == "bvlc"
    assert iv.load("bvlc").config.classes == 1000
    assert not REGISTRY["torchvision"].available()
    with pytest.raises(iv.WeightsError, match="not on this computer yet"):
        iv.load("torchvision")
    for name in ("bvlc", "torchvision"):
        assert not REGISTRY[name].fetched()
        fetch = REGISTRY[name].fetch
        assert fetch is not None
        with pytest.raises(iv.FileError, match=r"can't be written.*INCEPTION_VIZ_CACHE"):
            fetch(None)


def test_random_is_the_same_for_a_seed() -> None:
    photo = noise_photo(0)
    first, again, other = (iv.load("random", seed=s).trace(photo).logits for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
