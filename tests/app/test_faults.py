"""What the pages do when the disk, the cache or the network fail, and when they work again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.session import downloads, models
from app.views import REGISTRY as VIEWS
from inception_viz.sources import bvlc, file_hash
from inception_viz.training import process
from tests.app.test_pages import MAIN, png, start, texts
from tests.app.test_train import make_run, press, zipped
from tests.conftest import ROOT, noise_photo
from tests.misbehaving import Behaviour, serving


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "cache"
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(folder))
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))
    downloads._downloads().clear()
    yield folder


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Behaviour]:
    with serving(content=b"what was asked for") as behaviour:
        monkeypatch.setattr(bvlc, "URL", behaviour.url)
        yield behaviour


def run_until(app: AppTest, condition: str) -> AppTest:
    """Run the page again until it says ``condition``."""
    for _ in range(100):
        app.run()
        if condition in texts(app):
            return app
        time.sleep(0.05)
    raise AssertionError(texts(app))


def error_of(app: AppTest) -> str:
    """The message as a reader sees it."""
    value: str = app.error[0].value
    return value.replace("\\", "")


def model_of(app: AppTest) -> str:
    assert not app.exception
    title: str = app.session_state["scene"].model.title
    return title


def fingerprint_of(app: AppTest) -> str:
    fingerprint: str = app.session_state["scene"].model.weights.fingerprint
    return fingerprint


def test_a_cache_that_is_deleted_while_its_model_is_used(cache: Path, caffemodel: Path) -> None:
    cache.mkdir()
    shutil.copy(caffemodel, cache)
    app = start(image="espresso", model="BVLC GoogLeNet")
    official = fingerprint_of(app)
    shutil.rmtree(cache)
    app.run()
    assert model_of(app) == "BVLC GoogLeNet"
    assert fingerprint_of(app) == file_hash(bvlc.FILE) != official
    assert app.session_state["scene"].photo == "Espresso"
    assert not app.switch_page("views/train/page.py").run().exception
    cache.mkdir()
    shutil.copy(caffemodel, cache)
    assert fingerprint_of(app.run()) == official


@pytest.mark.parametrize("damage", ["cut", "swapped"])
def test_weights_that_change_while_they_are_loaded(
    cache: Path, caffemodel: Path, damage: str
) -> None:
    cache.mkdir()
    shutil.copy(caffemodel, cache)
    (cache / bvlc.MODEL).chmod(0o644)
    app = start(model="BVLC GoogLeNet")
    whole = caffemodel.read_bytes()
    (cache / bvlc.MODEL).write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"GIF89a")
    app.run()
    assert "Until then, the bundled file is used" in app.warning[0].value
    assert model_of(app) == "BVLC GoogLeNet"
    assert fingerprint_of(app) == file_hash(bvlc.FILE)
    assert app.button(key="fetch_bvlc").label == "Download it again"
    (cache / bvlc.MODEL).write_bytes(whole)
    assert fingerprint_of(app.run()) != file_hash(bvlc.FILE)
    assert not app.warning and not app.error


def test_a_download_that_goes_on_reloads_no_model(cache: Path) -> None:
    cache.mkdir()
    start()
    before = models.of_source("imagenette").outcome()
    (cache / "bvlc_googlenet.caffemodel.part").write_bytes(b"x")
    (cache / "heads.old").write_bytes(b"x")
    assert models.of_source("imagenette").outcome() is before


@pytest.mark.parametrize("view", [view.script for view in VIEWS])
def test_every_page_works_without_a_cache(
    view: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path / "file" / "cache"))
    app = AppTest.from_file(MAIN, default_timeout=60).run()
    app.switch_page(f"views/{view}").run()
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize("place", ["file/cache", "/proc", "x" * 300])
def test_a_cache_that_cannot_be_written_is_said_where_it_matters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path / place))
    app = start(model="BVLC GoogLeNet")
    app.button(key="fetch_bvlc").click().run()
    run_until(app, "can't be written")
    assert "INCEPTION_VIZ_CACHE" in error_of(app)
    assert model_of(app) == "BVLC GoogLeNet"
    app.switch_page("views/train/page.py").run()
    app.session_state["train_origin"] = "imagenette"
    assert not app.run().exception
    app.session_state["train_origin"] = "folder"
    app.run()
    app.text_input(key="train_folder").input(str(ROOT / "assets" / "samples")).run()
    press(app, "Start training")
    assert "allow writing there" in app.error[-1].value


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({}, "wrong checksum"),
        ({"announce": "500"}, "broke off after 18 of 500 bytes"),
        ({"announce": "7"}, "wrong checksum"),
        ({"status": 503}, "The server answered 503"),
        ({"cut_after": 5}, "broke off after 5 of 18 bytes"),
        ({"headers": {"Content-Type": "text/html"}}, "sign in first"),
    ],
)
def test_a_bad_host_is_said_under_the_model(
    host: Behaviour, cache: Path, fault: dict[str, object], words: str
) -> None:
    for name, value in fault.items():
        setattr(host, name, value)
    if "announce" in fault:
        host.cut_after = len(host.content)
    app = start(model="BVLC GoogLeNet", image="espresso")
    app.button(key="fetch_bvlc").click().run()
    run_until(app, words)
    assert "127.0.0.1" in error_of(app)
    assert str(cache / bvlc.MODEL) in error_of(app)
    assert model_of(app) == "BVLC GoogLeNet"
    assert app.session_state["scene"].photo == "Espresso"
    assert app.button(key="fetch_bvlc").label == "Download 54 MB"


def test_a_host_that_cannot_be_reached_and_can_again(
    host: Behaviour, caffemodel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bvlc, "URL", "http://127.0.0.1:9/model")
    app = start(model="BVLC GoogLeNet")
    app.button(key="fetch_bvlc").click().run()
    run_until(app, "can't be reached")
    monkeypatch.setattr(bvlc, "URL", host.url)
    monkeypatch.setattr(bvlc, "SHA1", "9594caee36b3e8130326efa96d02533ec842052a")
    host.content = caffemodel.read_bytes()
    app.button(key="fetch_bvlc").click().run()
    for _ in range(200):
        if bvlc.fetched():
            break
        time.sleep(0.05)
    assert fingerprint_of(app.run()) != file_hash(bvlc.FILE)


def test_a_trickling_host_shows_progress_and_can_be_stopped(host: Behaviour) -> None:
    host.bite, host.pause = 1, 0.5  # long enough for two visitors to arrive
    app = start(model="BVLC GoogLeNet")
    app.button(key="fetch_bvlc").click().run()
    job = downloads.download("bvlc")
    assert job is not None
    while job.done < 3:
        time.sleep(0.02)
    app.run()
    app.button(key="stop_bvlc").click().run()
    run_until(app, "Stopped. It will go on where it stopped")
    assert app.button(key="fetch_bvlc")


def test_who_stops_a_download_stops_it_for_nobody_else(
    host: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.bite, host.pause = 1, 0.5  # long enough for two visitors to arrive
    monkeypatch.setattr("app.session.downloads._RECENTLY", 3600.0)  # however busy the machine is
    first = start(model="bvlc")
    first.button(key="fetch_bvlc").click().run()
    second = start(model="bvlc")
    job = downloads.download("bvlc")
    assert job is not None
    assert second.button(key="stop_bvlc"), "who comes now waits for the same download"
    second.button(key="stop_bvlc").click().run()
    assert "goes on" in second.toast[0].value
    done = job.done
    while job.done < done + 2:
        assert not job.finished
        time.sleep(0.02)
    monkeypatch.setattr("app.session.downloads._RECENTLY", 0.0)  # nobody looks any more
    second.button(key="stop_bvlc").click().run()
    run_until(second, "Stopped. It will go on where it stopped")


def test_a_silent_host_can_be_stopped(host: Behaviour) -> None:
    host.bite, host.hold_after = 5, 0
    app = start(model="BVLC GoogLeNet")
    app.button(key="fetch_bvlc").click().run()
    app.button(key="stop_bvlc").click().run()
    run_until(app, "Stopped. It will go on where it stopped")


def test_a_training_that_is_deleted_while_it_is_looked_at(cache: Path) -> None:
    run = make_run("finished")
    app = start("train", model=f"Training {run.path.name}")
    assert model_of(app) == run.path.name
    shutil.rmtree(cache)
    app.run()
    assert model_of(app) == "BVLC GoogLeNet"
    assert process.runs() == []
    kept = make_run("stopped")
    assert kept.path.name in " ".join(e.label for e in app.run().expander)


def test_a_run_that_was_killed_is_resumed_from_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run("training")  # nobody holds its folder
    shutil.rmtree(run.checkpoints)
    resumed: list[object] = []
    monkeypatch.setattr(process, "resume", resumed.append)
    app = start("train")
    app.session_state["run"] = run.path.name
    assert "Resume begins anew" in texts(app.run())
    press(app, "Resume")
    assert resumed == [run]


def test_no_room_for_a_file_that_somebody_brings(monkeypatch: pytest.MonkeyPatch) -> None:
    app = start(model="A file of yours …")
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.name == "mine.pth":
            raise OSError(28, "No space left on device")
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        app.file_uploader(key="weights_file").upload("mine.pth", b"x").run()
        assert "No space left on device" in error_of(app)
        assert model_of(app) == "BVLC GoogLeNet"
    assert "PyTorch checkpoint" in error_of(app.run())  # it is looked at now


def test_a_zip_that_fills_the_disk_leaves_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("inception_viz.training.archive._write", full)
    app = start("train")
    photos = zipped({f"{label}/{i}.png": png(noise_photo(i)) for label in "ab" for i in range(4)})
    app.file_uploader(key="train_zip").upload("photos.zip", photos).run()
    press(app, "Start training")
    assert "No space left on device" in error_of(app)
    assert not list((cache / "runs").iterdir())
