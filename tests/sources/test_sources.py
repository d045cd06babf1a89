"""The sources by name, without any network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import inception_viz as iv
import inception_viz._torchvision
from inception_viz.config import GoogLeNetConfig
from inception_viz.sources import bvlc, torchvision_weights
from inception_viz.sources.registry import REGISTRY, default_source
from tests.conftest import ROOT, noise_photo


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path))
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))

    def no_network(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr("socket.socket.connect", no_network)
    return tmp_path


def test_registry_is_complete() -> None:
    assert list(REGISTRY) == ["imagenette", "bvlc", "torchvision", "random"]
    for name, source in REGISTRY.items():
        assert source.id == name
        assert source.title and source.summary.endswith(".")
        assert (source.fetch is None) == (source.download_bytes == 0)


def test_default_is_the_first_that_is_here(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_source().id == "imagenette"
    bundled = replace(REGISTRY["imagenette"], available=lambda: False)
    monkeypatch.setitem(REGISTRY, "imagenette", bundled)
    assert default_source().id == "random"
    (cache / "googlenet-1378be20.pth").write_bytes(b"x")
    assert default_source().id == "torchvision"
    (cache / "bvlc_googlenet.caffemodel").write_bytes(b"x")
    assert default_source().id == "bvlc"


@pytest.mark.parametrize("name", ["bvlc", "torchvision"])
def test_missing_weights_say_where_to_put_them(name: str, cache: Path) -> None:
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
    assert first.weights.reference is not None
    assert first.weights.reference.photos == 3925


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
        raise iv.WeightsError("no")

    monkeypatch.setattr(bvlc, "exclusive", refuse)
    assert bvlc.load().network.config.classes == 1000
    assert not (cache / bvlc.CONVERTED).exists()


def test_torchvision_file_is_mapped_and_its_heads_left_out(cache: Path) -> None:
    from torchvision.models import googlenet

    torch.manual_seed(0)
    net = googlenet(weights=None, init_weights=False).eval()
    torch.save(net.state_dict(), cache / torchvision_weights.FILE)
    loaded = iv.load("torchvision")
    assert loaded.config == GoogLeNetConfig.torchvision()
    assert any("never trained" in note for note in loaded.weights.notes)
    assert any("3×3" in note for note in loaded.weights.notes)
    trace = loaded.trace(noise_photo(0))
    assert list(trace.heads) == ["main"]
    net.transform_input = True  # as torchvision's pretrained network has it
    from inception_viz.preprocessing import IMAGENET, fit_image

    square = fit_image(trace.picture.image, trace.fitting, (0, 0, 0))
    with torch.no_grad():
        expected = net(IMAGENET.tensor(square))[0]
    torch.testing.assert_close(trace.logits, expected, rtol=0, atol=1e-4)


def test_torchvisions_api_is_reached_without_help() -> None:
    code = (
        "from inception_viz.sources import torchvision_weights as t; print(t._weights_enum().url)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.strip().endswith(torchvision_weights.FILE), run.stderr


def test_a_damaged_download_is_replaced(
    cache: Path, caffemodel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / bvlc.MODEL).write_bytes(b"garbage")

    def download(_url: str, path: Path, **_rest: object) -> None:
        assert not path.exists()
        shutil.copy(caffemodel, path)

    monkeypatch.setattr(bvlc, "download", download)
    bvlc.fetch()
    assert bvlc.load().network.config.classes == 1000


def test_torchvisions_own_cache_is_used(cache: Path) -> None:
    folder = cache / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / torchvision_weights.FILE).write_bytes(b"x")
    assert torchvision_weights.available()


def test_torchvision_download_failure_is_a_sentence(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_args: object, **_kwargs: object) -> None:
        raise OSError("Temporary failure in name resolution")

    monkeypatch.setattr("torch.hub.download_url_to_file", offline)
    with pytest.raises(iv.DownloadError, match=str(cache)):
        torchvision_weights.fetch()


def test_random_is_the_same_for_a_seed() -> None:
    photo = noise_photo(0)
    first, again, other = (iv.load("random", seed=s).trace(photo).logits for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
