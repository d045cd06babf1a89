"""Several photos at once: a strip, a table over them, reports."""

from __future__ import annotations

import ast
import gc
import io
import re
import tempfile
import weakref
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import inception_viz as iv
from app.session import all_photos, explanations, own_photos, traces
from app.session.own_photos import OwnPhoto
from inception_viz.files import csv_text, decoded
from inception_viz.report import Report, report_name
from tests.app.test_pages import png, start, texts
from tests.conftest import ROOT, noise_photo, tiny_config

File = tuple[str, bytes, str]


def photo(number: int, name: str = "") -> File:
    return (name or f"photo {number}.png", png(noise_photo(number)), "image/png")


NOTES = ("notes.txt", b"these are words", "text/plain")


def bring(*files: File, model: str = "imagenette") -> AppTest:
    app = start(model=model)
    app.segmented_control(key="photo_origin").set_value("Upload").run()
    app.file_uploader(key="upload").set_value(files).run()
    assert not app.exception
    return app


def choose(app: AppTest, place: int) -> AppTest:
    state = app.session_state["own_photos"]
    state.chosen = list(state.photos)[place]
    return app.run()


def brought(*files: File) -> list[OwnPhoto]:
    return [OwnPhoto(name, f"digest of {name}", "", content) for name, content, _ in files]


def test_of_several_files_the_good_ones_open_and_the_bad_one_gets_a_sentence() -> None:
    app = bring(photo(21), NOTES, photo(22), photo(23))
    assert len(app.error) == 1 and "notes.txt is a text file" in app.error[0].value
    scene = app.session_state["scene"]
    assert scene.photo == "photo 21.png"
    names = [own.name for own in app.session_state["own_photos"].photos.values()]
    assert names == ["photo 21.png", "photo 22.png", "photo 23.png"]
    assert "1 of 3" in texts(app)
    # AppTest alone can't click it: what the browser does is in tests/browser.
    assert [a for a in app.get("bidi_component") if "Your photo photo 23.png" in str(a.proto)]


def test_the_chosen_photo_stays_over_pages_and_the_samples() -> None:
    app = choose(bring(photo(21), photo(22), photo(23)), 1)
    assert app.session_state["scene"].photo == "photo 22.png"
    assert "2 of 3" in texts(app)
    for page in ("branches", "explore"):
        app.switch_page(f"views/{page}/page.py").run()
        assert app.session_state["scene"].photo == "photo 22.png"
        assert app.query_params["image"] == "own"
    app.segmented_control(key="photo_origin").set_value("Samples").run()
    assert app.session_state["scene"].photo != "photo 22.png"
    assert "All 3 photos" not in [e.label for e in app.expander]
    app.segmented_control(key="photo_origin").set_value("Upload").run()
    assert app.session_state["scene"].photo == "photo 22.png"
    assert "2 of 3" in texts(app)


def test_another_upload_takes_their_place_and_its_first_is_chosen() -> None:
    app = bring(photo(21), photo(22))
    app.file_uploader(key="upload").set_value([NOTES, photo(24), photo(25)]).run()
    assert app.session_state["scene"].photo == "photo 24.png"
    assert "1 of 2" in texts(app)
    app.file_uploader(key="upload").set_value([NOTES]).run()
    assert app.session_state["scene"].photo == "photo 24.png"
    assert "notes.txt" in app.error[0].value
    assert "1 of 2" in texts(app), "what was good before stays"


def test_the_same_file_twice_is_one_photo_and_two_names_are_two() -> None:
    assert "1 of 2" in texts(bring(photo(21), photo(21), photo(21, "photo x.png")))
    assert "1 of" not in texts(bring(photo(21)))


def test_what_there_is_no_room_for_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_photos, "MOST", 2)
    app = bring(photo(21), photo(22), photo(23))
    assert "photo 23.png was left out" in app.error[0].value
    assert "1 of 2" in texts(app)
    monkeypatch.setattr(own_photos, "MOST", 30)
    app.run()
    assert not app.error and "of 3" in texts(app), "there is room now"
    monkeypatch.setattr(own_photos, "MEGABYTES", 2 * len(photo(21)[1]) / 2**20 + 1e-3)
    app.run()
    assert "photo 23.png was left out" in app.error[0].value


def test_of_many_bad_files_some_are_named() -> None:
    app = bring(photo(21), *[(f"{n}.txt", b"words", "text/plain") for n in range(9)])
    said = app.error[0].value
    assert len(app.error) == 1 and "2.txt" in said and "3.txt" not in said
    assert "6 more files" in said


def test_the_table_says_what_each_photo_is() -> None:
    files = [photo(21), photo(22), photo(23)]
    app = bring(*files)
    table = next(frame for frame in app.dataframe if frame.key == "all_photos_table").value
    clf = iv.load("imagenette")
    assert list(table["Photo"]) == [name for name, _, _ in files]
    for row, (_, content, _) in zip(table.itertuples(index=False), files, strict=True):
        trace = clf.trace(content)
        (label, probability), *_ = trace.predictions(3)
        assert row[2] == label
        assert row[3] == pytest.approx(100 * probability)
        # Independent of `firing`: means of the maps, by NumPy.
        usual = clf.weights.reference
        assert usual is not None
        far = {
            (module, branch): (maps.numpy().mean(dtype=np.float64) - usual.mean[module][branch])
            / usual.std[module][branch]
            for module, branches in trace.branches.items()
            for branch, maps in branches.items()
        }
        module, branch = max(far, key=lambda place: abs(far[place]))
        assert row[6] == f"{branch.replace('x', '×')} of {module}"
        assert row[7] == pytest.approx(far[module, branch], abs=1e-3)


def test_where_nobody_knows_what_is_usual_the_table_says_so() -> None:
    app = bring(photo(21), photo(22), model="random")
    table = next(frame for frame in app.dataframe if frame.key == "all_photos_table").value
    assert "σ" not in table and "Most unusual" not in table
    assert "What is unusual can't be told" in texts(app)


def test_reading_and_looking_happen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    looked: list[str] = []
    genuine, trace = iv.read_picture, iv.Classifier.trace

    def counting(source: bytes, *, name: str) -> iv.Picture:
        read.append(name)
        return genuine(source, name=name)

    def looking(self: iv.Classifier, picture: iv.Picture, **how: Any) -> iv.Trace:
        looked.append(picture.name)
        return trace(self, picture, **how)

    monkeypatch.setattr(iv, "read_picture", counting)
    app = bring(photo(31), photo(32), photo(33))
    assert sorted(set(read)) == ["photo 31.png", "photo 32.png", "photo 33.png"]
    monkeypatch.setattr(iv.Classifier, "trace", looking)
    before = list(read)
    app.run()
    app.switch_page("views/heads/page.py").run()
    app.switch_page("views/explore/page.py").run()
    assert read == before and not looked


def test_only_the_photo_that_is_seen_is_kept_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures: list[weakref.ref[iv.Picture]] = []
    genuine = iv.read_picture

    def noting(source: bytes, *, name: str) -> iv.Picture:
        picture = genuine(source, name=name)
        pictures.append(weakref.ref(picture))
        return picture

    monkeypatch.setattr(iv, "read_picture", noting)
    app = bring(*[photo(number) for number in range(41, 47)])
    for jobs in (own_photos._pictures, traces._jobs, explanations._muted):
        jobs._kept.clear()  # a few results stay for whoever goes back and forth
    gc.collect()
    alive = {ref() for ref in pictures} - {None}
    assert alive == {app.session_state["uploaded"]}


def test_the_csv_holds_every_figure_in_full_and_no_formula() -> None:
    clf = iv.load("imagenette")
    photos = brought(photo(21, "=1+1.png"), photo(22))
    rows = all_photos.table(clf, "crop", photos).outcome()
    text = csv_text(all_photos.to_frame(rows, clf, "crop"))
    back = pd.read_csv(io.StringIO(decoded(text.encode())))
    assert list(back["photo"]) == ["'=1+1.png", "photo 22.png"]
    assert list(back["model"]) == [clf.title] * 2
    trace = clf.trace(photos[1].content)
    for place, (label, probability) in enumerate(trace.predictions(3), 1):
        assert back[f"answer_{place}"][1] == label
        assert back[f"probability_{place}"][1] == pytest.approx(probability)
    far = iv.firing(trace, clf.weights.reference).most_unusual()
    assert far is not None
    assert back["unusual_branch"][1] == f"{far.module}/{far.branch}"
    assert back["deviation_in_std"][1] == pytest.approx(far.deviation)


def test_a_photo_without_an_answer_has_a_row_that_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    genuine = own_photos.decoded

    def scarce(one: OwnPhoto) -> iv.Picture:
        if one.name == "photo 52.png":
            raise iv.ImageError("photo 52.png needs too much memory; make it smaller.")
        return genuine(one)

    monkeypatch.setattr(own_photos, "decoded", scarce)
    app = bring(photo(51), photo(52))
    table = next(frame for frame in app.dataframe if frame.key == "all_photos_table").value
    assert "too much memory" in table["First answer"][1]
    assert table["First answer"][0] in iv.load("imagenette").labels


@pytest.fixture
def tiny() -> iv.Classifier:
    return iv.load("random", config=tiny_config())


def test_a_report_each_in_one_zip(tiny: iv.Classifier) -> None:
    photos = brought(photo(21, "a.png"), photo(22, "A.jpg"), photo(23, "<b>.png"))
    found = all_photos.reports(tiny, "crop", photos).outcome()
    content = found.read()
    assert len(content) == found.size
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        pages = [archive.read(name).decode() for name in names]
    assert len({name.lower() for name in names}) == 3
    assert names[0] == report_name("a.png", tiny.title)
    assert names[1] == names[0].replace(".html", "-2.html")
    assert "&lt;b&gt;.png in" in pages[2]
    file = found.file
    del found
    gc.collect()
    assert file.closed, "the temporary file goes with the archive"


def test_a_report_that_fails_says_why_and_the_others_are_there(
    tiny: iv.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine: Callable[..., Report] = iv.report.build

    def failing(*args: Any, photo: str, **how: Any) -> Report:
        if photo == "bad.png":
            raise iv.ExplainError("It can't be explained.")
        return genuine(*args, photo=photo, **how)

    monkeypatch.setattr(iv.report, "build", failing)
    photos = brought(photo(21, "bad.png"), photo(22, "good.png"))
    content = all_photos.reports(tiny, "crop", photos).outcome().read()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        bad, good = (archive.read(name).decode() for name in archive.namelist())
    assert "It can&#39;t be explained." in bad
    assert "good.png in" in good


def test_a_full_disk_is_said(tiny: iv.Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    job = all_photos.reports(tiny, "crop", brought(photo(21), photo(22)))
    with pytest.raises(iv.FileError, match="No space left on device"):
        job.outcome()


def test_the_reports_are_made_when_asked_for() -> None:
    app = bring(photo(21), photo(22))
    app.button(key="all_photos_reports").click().run()
    assert not app.exception
    (save,) = [b for b in app.get("download_button") if "reports" in b.proto.label]
    assert save.proto.label.startswith("Save 2 reports (ZIP, ")
    choose(app, 1)
    assert [b for b in app.get("download_button") if "reports" in b.proto.label], "still there"
    app.file_uploader(key="upload").set_value([photo(21), photo(24)]).run()
    assert app.button(key="all_photos_reports")
    assert app.session_state["all_photos_archive"] is None, "what fits no more is let go"


def test_the_other_photos_can_be_compared_with() -> None:
    app = bring(photo(21), photo(22), photo(23))
    app.switch_page("views/compare/page.py").run()
    offered = app.selectbox(key="with_photo")
    own = [name for name in offered.options if name.startswith("your photo ")]
    assert own == ["your photo photo 22.png", "your photo photo 23.png"]
    offered.set_value("own-3").run()
    assert not app.exception
    assert "photo 23.png" in "\n".join(m.value for m in app.markdown)


def uploaders() -> list[tuple[str, str, bool]]:
    """Where each is, its label, and whether it takes several files."""
    found = []
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if name in ("uploader.file", "uploader.files"):
                    found.append((path.name, ast.unparse(node.args[0]), name.endswith("s")))
                assert name != "st.file_uploader" or path.name == "uploader.py"
    return found


@pytest.mark.parametrize(("place", "label", "several"), uploaders())
def test_every_uploader_says_how_many_files_it_takes(place: str, label: str, several: bool) -> None:
    expected = r"\bphotos:" if several else r"\b[Oo]ne\b"
    assert re.search(expected, label), place


def test_every_photo_is_seen_through_the_chosen_square() -> None:
    app = start(model="imagenette", fit="0.4-0.4-0.3")
    app.segmented_control(key="photo_origin").set_value("Upload").run()
    app.file_uploader(key="upload").set_value((photo(21), photo(22))).run()
    assert not app.exception
    scene = app.session_state["scene"]
    square = scene.trace.fitting.fit
    assert str(square) == "0.4-0.4-0.3"
    assert "the same square" in texts(app)
    rows = all_photos.table(
        scene.model, square, [*app.session_state["own_photos"].photos.values()]
    ).outcome()
    assert rows[0].answers[0] == scene.trace.predictions(1)[0]
    frame = all_photos.to_frame(rows, scene.model, square)
    assert list(frame["fit"]) == ["0.4-0.4-0.3"] * 2
