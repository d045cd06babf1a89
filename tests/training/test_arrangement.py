"""The same rules for a folder and for the ZIP of it."""

from __future__ import annotations

import io
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from inception_viz.errors import DataError
from inception_viz.training import (
    SplitQuestionError,
    look_at,
    look_into,
    open_data,
    split_of,
    unpack,
)
from tests.training.conftest import picture

Tree = dict[str, int]  # folder → how many pictures


def jpeg(seed: int = 0) -> bytes:
    out = io.BytesIO()
    picture((10, 20, 30), seed, side=8).save(out, "JPEG")
    return out.getvalue()


def made(folder: Path, tree: Tree, files: dict[str, bytes] | None = None) -> Path:
    """A folder of pictures, and other files."""
    for place, count in tree.items():
        (folder / place).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            (folder / place / f"img{index}.jpg").write_bytes(jpeg(index))
    for name, content in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def packed(folder: Path) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return out


@pytest.mark.parametrize(
    ("name", "split"),
    [
        *[(n, "train") for n in ("train", "Training", "seg_train", "TrainSet", "train_images")],
        *[(n, "val") for n in ("val", "Valid", "validation_data", "dev", "valid-set")],
        *[(n, "test") for n in ("test", "Testing", "seg_test", "TestImages", "testset")],
        *[(n, "unlabelled") for n in ("seg_pred", "unlabelled")],
        *[
            (n, None)
            for n in ("cat", "trainer", "train station", "steam_train", "contest", "", "1")
        ],
    ],
)
def test_splits_in_any_spelling(name: str, split: str | None) -> None:
    assert split_of(name) == split


AB = ("a", "b")


def classes(around: str, count: int) -> Tree:
    return {f"{around}{label}": count for label in AB}


CASES: dict[str, tuple[Tree, int, int | None, str]] = {
    # tree, pictures to learn from, to be judged by, and what is said
    "classes": (classes("", 6), 12, None, ""),
    "one around": (classes("archive/pets/", 6), 12, None, ""),
    "train and test": (classes("Training/", 6) | classes("Testing/", 4), 12, None, "8 pictures of"),
    "three parts": (
        classes("train/", 6) | classes("val/", 4) | classes("test/", 3), 12, 8, "6 pictures of",
    ),
    "a part within a part": (
        classes("seg_train/seg_train/", 6) | classes("seg_test/seg_test/", 4)
        | {"seg_pred/seg_pred": 5}, 12, None, "5 pictures have no class",
    ),
    "train alone": (classes("train/", 6), 12, None, ""),
    "around the parts": (classes("pets/train/", 6) | classes("pets/valid/", 4), 12, 8, ""),
    "below the class": ({"a/images": 6, "b/images": 6}, 12, None, ""),
    "notebooks": (classes("", 6) | {"a/.ipynb_checkpoints": 3}, 12, None, '".ipynb_checkpoints"'),
    "thumbnails": (
        classes("", 6) | {"a/@eaDir/img0.jpg": 1, "b/.thumbnails": 2}, 12, None, '"@eaDir"',
    ),
    "windows": (classes("", 6) | {"$RECYCLE.BIN": 4}, 12, None, '"$RECYCLE.BIN"'),
    "a class called train": ({"train": 6, "bus": 6, "car": 6}, 18, None, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_folder_and_zip_follow_the_same_rules(name: str, tmp_path: Path) -> None:
    tree, learn, judge, said = CASES[name]
    folder = made(tmp_path / "data", tree)
    zipped, _ = look_into(packed(folder))
    plain = look_at(folder)
    for found in (plain, zipped):
        assert len(found.train) == learn
        assert (found.validation and len(found.validation)) == judge
        assert said in " ".join(found.left_out)
    assert zipped.labels == plain.labels
    if not name.startswith("a class"):
        assert plain.labels == AB
    unpack(packed(folder), tmp_path / "out")
    data = open_data(str(tmp_path / "out"))
    assert data.labels == plain.labels
    assert len(data.train) + len(data.validation) == learn + (judge or 0)
    assert said in " ".join(data.notes)


def test_pictures_are_known_by_what_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    files = {
        "a/one.jfif": jpeg(), "a/two.jpe": jpeg(), "a/three": jpeg(), "a/four.txt": jpeg(),
        "b/1.jpg": jpeg(), "b/2.jpg": jpeg(), "b/notes.jpg": b"not a picture",
        "b/IMG_1.HEIC": b"\0\0\0\x18ftypheic" + b"\0" * 60, "b/empty.png": b"",
        "labels.csv": b"id,breed\n", "a/Thumbs.db": b"\0" * 9, "a/._x.jpg": jpeg(),
    }  # fmt: skip
    folder = made(tmp_path / "data", {}, files)
    for found in (look_at(folder), look_into(packed(folder))[0]):
        assert [target for _, target in found.train] == [0, 0, 0, 0, 1, 1]
        said = "\n".join(found.left_out)
        for words in ("IMG_1.HEIC is an HEIC picture", "empty.png is empty", "b/notes.jpg",
                      "labels.csv", '"Thumbs.db"', '"._x.jpg"'):  # fmt: skip
            assert words in said


@pytest.mark.parametrize(
    "tree",
    [
        {"train": 5, "test": 5},
        classes("train/", 5) | {"extra": 3},
        classes("train/", 5) | classes("others/", 3),
    ],
)
def test_what_is_not_clear_is_asked(tree: Tree, tmp_path: Path) -> None:
    folder = made(tmp_path / "data", tree)
    with pytest.raises(SplitQuestionError, match="parts of the data, or classes"):
        look_at(folder)
    with pytest.raises(SplitQuestionError):
        look_into(packed(folder))
    assert set(look_at(folder, splits=False).labels) == {name.split("/")[0] for name in tree}
    if "train/a" in tree:
        assert look_at(folder, splits=True).labels == AB


def test_classes_that_differ_between_parts_are_named(tmp_path: Path) -> None:
    folder = made(tmp_path / "data", classes("train/", 5) | {"val/a": 3})
    with pytest.raises(DataError, match="same classes: b"):
        look_at(folder)


def test_empty_class_folders_are_named(tmp_path: Path) -> None:
    folder = made(tmp_path / "data", classes("", 5) | {"dogs": 0})
    for look in (lambda: look_at(folder), lambda: look_into(packed(folder))):
        with pytest.raises(DataError, match="No pictures in dogs"):
            look()


# Names in a ZIP -----------------------------------------------------------------------------------

WORD = "Kätzchen"


def renamed(content: bytes, name: bytes, *, utf8: bool = False, field: bytes = b"") -> io.BytesIO:
    """A ZIP of two classes, one of them called as these bytes, marked or not."""
    out = io.BytesIO()
    places = {"D": b"dogs/1.jpg", "N": name + b"/1.jpg"}
    with zipfile.ZipFile(out, "w") as archive:
        for letter, place in places.items():
            info = zipfile.ZipInfo(letter * len(place))
            if field and place != b"dogs/1.jpg":
                crc = struct.pack("<I", zlib.crc32(place))
                body = b"\x01" + crc + field + b"/1.jpg"
                info.extra = struct.pack("<2H", 0x7075, len(body)) + body
            archive.writestr(info, content)
    data = bytearray(out.getvalue())
    for letter, place in places.items():
        for _ in range(2):  # beside the content, and in the directory
            at = data.index(letter.encode() * len(place))
            data[at : at + len(place)] = place
            if utf8:
                start = data.rindex(b"PK", 0, at)
                flags = start + (6 if data[start + 2] == 3 else 8)
                data[flags + 1] |= 8
    return io.BytesIO(bytes(data))


@pytest.mark.parametrize(
    ("archive", "guessed"),
    [
        (renamed(jpeg(), WORD.encode(), utf8=True), ""),
        (renamed(jpeg(), WORD.encode()), "utf-8"),
        (renamed(jpeg(), WORD.encode("cp437"), field=WORD.encode()), ""),
    ],
)
def test_names_are_decoded_rightly(archive: io.BytesIO, guessed: str) -> None:
    found, encoding = look_into(archive)
    assert found.labels == (WORD, "dogs")
    assert encoding == guessed


def test_a_guess_is_stated_and_can_be_changed() -> None:
    archive = renamed(jpeg(), "кот".encode("cp866"))
    found, guessed = look_into(archive)
    assert guessed in ("cp437", "cp1252")
    assert "кот" not in found.labels
    found, guessed = look_into(archive, names="cp866")
    assert found.labels == ("dogs", "кот")
    assert guessed == ""
