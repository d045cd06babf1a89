from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from inception_viz.cli import main
from inception_viz.errors import DataError
from inception_viz.training import ARCHIVES, Run, fetch, open_data
from tests.misbehaving import Behaviour, serving
from tests.training.conftest import picture

CLASSES = {"n01440764": (200, 50, 40), "n02102040": (40, 180, 60)}


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Behaviour]:
    """A server with a small Imagenette."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for part in ("train", "val"):
            for label, colour in CLASSES.items():
                for index in range(4):
                    photo = io.BytesIO()
                    picture(colour, index).save(photo, "JPEG")
                    entry = tarfile.TarInfo(f"imagenette2-160/{part}/{label}/{index}.jpeg")
                    entry.size = photo.tell()
                    photo.seek(0)
                    tar.addfile(entry, photo)
    with serving(content=out.getvalue()) as behaviour:
        checksum = f"md5:{hashlib.md5(out.getvalue()).hexdigest()}"
        archive = (f"{behaviour.url}.tgz", checksum, "imagenette2-160", "Imagenette")
        monkeypatch.setitem(ARCHIVES, "imagenette", archive)
        yield behaviour


def test_a_dataset_is_fetched_and_read(host: Behaviour, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    data = open_data("imagenette", root=tmp_path, download=True, fetching=lambda *s: seen.append(s))
    assert data.labels == ("tench", "English springer")
    assert seen[-1] == (len(host.content), len(host.content))
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".lock"] == ["imagenette2-160"]
    open_data("imagenette", root=tmp_path, download=True)
    assert len(host.ranges) == 1


def test_a_bad_host_is_said_and_lived_with(host: Behaviour, tmp_path: Path) -> None:
    host.cut_after = 1000
    with pytest.raises(DataError, match=r"imagenette can't be fetched\. The transfer broke off"):
        open_data("imagenette", root=tmp_path, download=True)
    host.cut_after = None
    assert len(open_data("imagenette", root=tmp_path, download=True).train) == 8
    assert host.ranges == ["", "bytes=1000-"]


def test_what_was_not_unpacked_to_the_end_is_not_there(
    host: Behaviour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_tar: tarfile.TarFile, beside: str, **_rest: object) -> None:
        (Path(beside) / "imagenette2-160" / "train").mkdir(parents=True)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tarfile.TarFile, "extractall", full)
        with pytest.raises(DataError, match=r"No space left on device.*Free some space"):
            fetch("imagenette", tmp_path)
    assert not [p for p in tmp_path.iterdir() if p.is_dir()]
    fetch("imagenette", tmp_path)
    assert len(host.ranges) == 1  # the archive was kept


def test_a_folder_that_is_not_the_whole_of_it(tmp_path: Path) -> None:
    (tmp_path / "imagenette2-160" / "train").mkdir(parents=True)
    with pytest.raises(DataError, match="isn't the whole of Imagenette"):
        open_data("imagenette", root=tmp_path)


def test_these_are_the_files_that_torchvision_would_fetch() -> None:
    from torchvision.datasets import CIFAR10, Imagenette

    assert ARCHIVES["cifar10"][:2] == (CIFAR10.url, f"md5:{CIFAR10.tgz_md5}")
    assert ARCHIVES["cifar10"][2] == CIFAR10.base_folder
    url, md5 = Imagenette._ARCHIVES["160px"]
    assert ARCHIVES["imagenette"][:2] == (url, f"md5:{md5}")


def test_a_download_ends_when_the_run_is_to_stop(
    host: Behaviour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host.bite, host.hold_after = 1000, 1000
    run = Run(tmp_path / "run")
    run.send("stop")
    arguments = ["--data", "imagenette", "--root", str(tmp_path), "--download"]
    assert main(["train", *arguments, "-o", str(run.path)]) == 1
    assert "error: Stopped. The next download goes on" in capsys.readouterr().err
