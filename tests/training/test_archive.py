from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from inception_viz.errors import DataError
from inception_viz.files import check_directory
from inception_viz.training import unpack
from tests.training.conftest import picture


def png(seed: int = 0) -> bytes:
    out = io.BytesIO()
    picture((10, 20, 30), seed, side=8).save(out, "PNG")
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return out


def tree(folder: Path) -> list[str]:
    files = (p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    return sorted(str(p.relative_to(folder)) for p in files)


@pytest.mark.parametrize("around", ["", "my photos/", "a/b/"])
def test_class_folders(tmp_path: Path, around: str) -> None:
    names = ["cats/1.png", "cats/2.PNG", "dogs/x.png", "__MACOSX/cats/._1.png"]
    files = {around + name: png() for name in names} | {around + "dogs/read me.txt": b"no picture"}
    result = unpack(zipped(files), tmp_path / "out")
    assert tree(tmp_path / "out") == ["cats/000001", "cats/000002", "dogs/000001"]
    assert result.pictures == 3
    assert result.left_out == (
        'Left out, because systems and programs make such files: "._1.png", "__MACOSX".',
        f"{around}dogs/read me.txt is a text file, which can't be read here. It is left out.",
    )
    assert json.loads((tmp_path / "out" / ".left_out.json").read_text()) == list(result.left_out)


def test_splits_are_kept(tmp_path: Path) -> None:
    names = ["set/train/a/1.png", "set/train/b/1.png", "set/validation/a/1.png", "set/val/b/1.png"]
    unpack(zipped(dict.fromkeys(names, png())), tmp_path)
    wanted = ["train/a/000001", "train/b/000001", "val/a/000001", "val/b/000001"]
    assert tree(tmp_path) == wanted


@pytest.mark.parametrize(
    "name",
    [
        "../../evil/x.png",
        "/etc/evil/x.png",
        "a/../../../x.png",
        "..\\..\\evil\\x.png",
        "C:\\evil\\x.png",
        "good\x00/x.png",
        "con:/x.png",
        "...../x.png",
    ],
)
def test_zip_slip(tmp_path: Path, name: str) -> None:
    """Whatever an entry is called, nothing appears outside the folder."""
    folder = tmp_path / "deep" / "inside"
    content = {"a/1.png": png(), "b/1.png": png(), name: png(1)}
    unpack(zipped(content), folder)
    assert {p for p in tmp_path.rglob("*") if p.is_file()} == {
        p for p in folder.rglob("*") if p.is_file()
    }
    assert not any(".." in part for p in folder.rglob("*") for part in p.relative_to(folder).parts)


def test_a_link_in_a_zip_becomes_no_link(tmp_path: Path) -> None:
    out = zipped({"a/1.png": png(), "b/1.png": png()})
    with zipfile.ZipFile(out, "a") as file:
        link = zipfile.ZipInfo("a/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    unpack(out, tmp_path)
    assert not any(p.is_symlink() for p in tmp_path.rglob("*"))


def test_a_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inception_viz.training.archive.MAX_BYTES", 10 * 2**20)
    bomb = zipped({f"{c}/{i}.png": bytes(2**20) for c in "ab" for i in range(8)})
    assert bomb.getbuffer().nbytes < 100_000
    with pytest.raises(DataError, match="would unpack to"):
        unpack(bomb, tmp_path)
    assert tree(tmp_path) == []


def test_a_bomb_that_lies_about_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inception_viz.training.archive.MAX_FILE_BYTES", 2**16)
    large = png() + bytes(2**20 - len(png()))
    honest = zipped({"a/1.png": large, "b/1.png": png()}).getvalue()
    lie = honest.replace((2**20).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    with pytest.raises(DataError):
        unpack(io.BytesIO(lie), tmp_path)
    assert sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()) <= 2**17


def test_a_million_entries_are_refused_unread(tmp_path: Path) -> None:
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", *[0] * 9, 5, *[0] * 6) + b"a.png"
    directory = entry * 1_000_000
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, len(directory), 0, 0)
    with pytest.raises(DataError, match="more than 200,000 entries"):
        unpack(io.BytesIO(directory + end), tmp_path)


def test_a_zip64_entry_that_claims_a_terabyte(tmp_path: Path) -> None:
    files = {"a/1.png": png(), "b/1.png": png()}
    content = bytearray(zipped(files).getvalue())
    place = content.index(b"PK\1\2")
    extra = struct.pack("<2HQ", 1, 8, 2**40)
    content[place + 24 : place + 28] = b"\xff" * 4
    content[place + 30 : place + 32] = struct.pack("<H", len(extra))
    content[place + 53 : place + 53] = extra
    end = content.index(b"PK\5\6")
    size = struct.unpack_from("<I", content, end + 12)[0] + len(extra)
    content[end + 12 : end + 16] = struct.pack("<I", size)
    with pytest.raises(DataError, match=r"unpack to 1,?024\.0 GiB"):
        unpack(io.BytesIO(bytes(content)), tmp_path)


def test_a_zip_in_a_zip_stays_packed(tmp_path: Path) -> None:
    inner = zipped({f"../{c}/1.png": png() for c in "cd"}).getvalue()
    result = unpack(zipped({"a/1.png": png(), "b/1.png": png(), "a/in.zip": inner}), tmp_path)
    assert result.pictures == 2
    assert "a/in.zip is an archive" in result.left_out[0]
    assert tree(tmp_path) == ["a/000001", "b/000001"]


def test_a_name_that_is_there_twice_gives_two_pictures(tmp_path: Path) -> None:
    out = zipped({"a/1.png": png(), "b/1.png": png()})
    with zipfile.ZipFile(out, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("a/1.png", png(1))
    assert unpack(out, tmp_path).pictures == 3
    assert tree(tmp_path) == ["a/000001", "a/000002", "b/000001"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_refused(tmp_path: Path, method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        file.writestr("a/1.png", png())
    with pytest.raises(DataError, match="plain ZIP"):
        unpack(out, tmp_path)


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inception_viz.training.archive.MAX_FILES", 3)
    with pytest.raises(DataError, match="more than 3 pictures"):
        unpack(zipped({f"a/{i}.png": b"" for i in range(5)}), tmp_path)


@pytest.mark.parametrize(
    "files", [{}, {"1.png": png()}, {"a/1.png": png()}, {"a/1.txt": b"x", "b/2.c": b"x"}]
)
def test_no_class_folders(tmp_path: Path, files: dict[str, bytes]) -> None:
    with pytest.raises(DataError, match="at least two classes"):
        unpack(zipped(files), tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + bytes(100)])
def test_no_zip(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match="can't be read as a ZIP"):
        unpack(io.BytesIO(content), tmp_path)


def test_a_damaged_zip(tmp_path: Path) -> None:
    content = bytearray(zipped({"a/1.png": png() * 50, "b/1.png": png() * 50}).getvalue())
    content[60:80] = bytes(20)
    with pytest.raises(DataError, match="can't be read as a ZIP"):
        unpack(io.BytesIO(bytes(content)), tmp_path)


def test_an_encrypted_zip(tmp_path: Path) -> None:
    content = bytearray(zipped({"a/1.png": png(), "b/1.png": png()}).getvalue())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(signature)
        while start >= 0:
            content[start + offset] |= 1
            start = content.find(signature, start + 1)
    with pytest.raises(DataError, match="without a password"):
        unpack(io.BytesIO(bytes(content)), tmp_path)


def test_a_directory_of_millions_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = zipped({f"{c}/{i}.txt": b"" for c in "ab" for i in range(60)})
    monkeypatch.setattr("inception_viz.training.archive.MAX_ENTRIES", 100)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("it was read"))
    with pytest.raises(DataError, match="more than 100 entries"):
        unpack(content, tmp_path)


@pytest.mark.parametrize("before", [0, 1, 2, 3, 4])
def test_entries_are_counted_across_pieces(before: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inception_viz.files.foreign._CHUNK", 4)
    file = io.BytesIO(b"x" * before + b"PK\x01\x02" * 5)
    assert not check_directory(file, 4)
    assert check_directory(file, 5)
    assert file.tell() == 0
