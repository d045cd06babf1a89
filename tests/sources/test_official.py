"""Sources that one official download brings, from a local server."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import inception_viz as iv
from inception_viz.sources import REGISTRY, Source, Weights, official_source
from tests.misbehaving import Behaviour, serving
from tests.sources import graphs


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(folder))
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def archive() -> bytes:
    """As inception5h.zip: the graph, its labels, a licence."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("LICENSE", "Apache License " * 900)
        file.writestr("imagenet_comp_graph_label_strings.txt", "dummy\nkit fox\n")
        graph = graphs.graph(graphs.constants(shrink=16))
        file.writestr("tensorflow_inception_graph.pb", graph)
    return out.getvalue()


@pytest.fixture
def host(archive: bytes) -> Iterator[Behaviour]:
    with serving() as behaviour:
        behaviour.content = archive
        yield behaviour


def source(host: Behaviour, **changes: Any) -> Source:
    def is_right(weights: Weights) -> bool:
        return weights.network.config.classes == 1008

    usual: dict[str, Any] = {
        "source": "test5h",
        "title": "Test 5h",
        "summary": "A test.",
        "url": host.url,
        "files": ("test5h.zip", "graph.pb"),
        "download_bytes": len(host.content),
        "checksum": f"sha256:{hashlib.sha256(host.content).hexdigest()}",
        "is_right": is_right,
        "notes": ("A note of its own.",),
    }
    return official_source(**usual | changes)


def test_it_is_fetched_and_loaded(cache: Path, host: Behaviour) -> None:
    made = source(host)
    assert not made.available()
    with pytest.raises(iv.WeightsError, match=r"Download them, or put test5h\.zip into"):
        made.load()
    assert made.fetch is not None
    made.fetch(None)
    assert made.available() and made.fetched()
    weights = made.load()
    assert weights.trained_heads == ("main", "aux1", "aux2")
    assert weights.notes[0] == "A note of its own."
    made.fetch(None)
    assert len(host.ranges) == 1, "fetched again, though it is there"


def test_the_graph_itself_may_lie_in_the_cache(cache: Path, host: Behaviour) -> None:
    (cache / "graph.pb").write_bytes(graphs.graph(graphs.constants(shrink=16)))
    assert source(host).load().network.config.classes == 1008


def test_a_damaged_file_is_set_aside_and_fetched_again(cache: Path, host: Behaviour) -> None:
    (cache / "test5h.zip").write_bytes(b"<html>not it</html>")
    made = source(host)
    with pytest.raises(iv.WeightsError, match="web page"):
        made.load()
    assert made.fetch is not None
    made.fetch(None)
    assert made.load().network.config.classes == 1008
    assert (cache / "test5h.zip.old").exists()


def test_another_network_under_its_name_is_refused(cache: Path, host: Behaviour) -> None:
    made = source(host, is_right=lambda _weights: False)
    assert made.fetch is not None
    made.fetch(None)
    with pytest.raises(iv.WeightsError, match="another network than Test 5h"):
        made.load()


def test_without_a_checksum_the_whole_length_must_come(cache: Path, host: Behaviour) -> None:
    made = source(host, checksum="")
    assert made.fetch is not None
    host.cut_after = len(host.content) // 2
    with pytest.raises(iv.DownloadError, match="go on where it stopped"):
        made.fetch(None)
    assert not made.available()
    host.cut_after = None
    made.fetch(None)
    assert made.load().network.config.classes == 1008


def test_a_wrong_checksum_is_no_download(cache: Path, host: Behaviour) -> None:
    made = source(host, checksum=f"sha256:{'0' * 64}")
    assert made.fetch is not None
    with pytest.raises(iv.DownloadError):
        made.fetch(None)
    assert not made.available()


@pytest.mark.parametrize("name", ["inception5h", "places365"])
def test_what_the_registry_says_of_it(name: str, cache: Path) -> None:
    known = REGISTRY[name]
    assert known.where.startswith("http")
    assert known.download_bytes > 40e6
    assert any(words in known.summary for words in ("Apache", "CC BY"))
    with pytest.raises(iv.WeightsError, match="not on this computer yet"):
        iv.load(name)
