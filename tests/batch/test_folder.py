from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import inception_viz as iv
from inception_viz import firing
from inception_viz.batch import Parts, Plan, branches_of
from inception_viz.files import replace_synced
from tests.conftest import noise_folders, noise_photo

COUNT = 13


@pytest.fixture(scope="module", autouse=True)
def small_parts() -> Iterator[None]:
    """Several parts, and several groups of rows, from few pictures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inception_viz.batch.parts.CHUNK", 4)
        patch.setattr("inception_viz.batch.folder.GROUP", 8)
        yield


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirteen pictures in two folders, three of which are none."""
    root = noise_folders(tmp_path_factory.mktemp("data") / "photos", COUNT)
    (root / "even" / "04.png").write_bytes(b"")
    (root / "odd" / "07.png").write_text("no picture")
    whole = (root / "odd" / "09.png").read_bytes()
    (root / "odd" / "09.png").write_bytes(whole[: len(whole) // 2])
    return root


@pytest.fixture(scope="module")
def whole(small_parts: None, tiny: iv.Classifier, photos: Path) -> Path:
    """The table of a run that nothing stopped."""
    path = photos.with_name("whole.parquet")
    iv.trace_folder(tiny, photos, path)
    return path


class StopError(Exception):
    """As hard as it gets in one process: nothing that was left open is tidied up by our code."""


def test_rows_are_what_single_photos_give(
    tiny: iv.Classifier, photos: Path, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    output = tmp_path / "new" / "table.parquet"
    done = iv.trace_folder(
        tiny, photos, output, k=3, fit="pad", progress=lambda d, t: told.append((d, t))
    )
    assert done is not None and done.path == output and done.rows == COUNT - 3
    assert told[0] == (0, COUNT) and told[-1] == (COUNT, COUNT) and told == sorted(told)
    frame = pd.read_parquet(output)
    assert len(frame) == COUNT - 3 and list(frame.path) == sorted(frame.path)
    assert not list(output.parent.glob("*.parts"))
    places = branches_of(tiny.network)
    for row in frame.itertuples(index=False):
        values = dict(zip(frame.columns, row, strict=True))
        trace = tiny.trace(photos / str(values["path"]), fit="pad")
        expected = trace.predictions(3)
        assert list(values["labels"]) == [label for label, _ in expected]
        np.testing.assert_allclose(values["probabilities"], [p for _, p in expected], rtol=1e-4)
        assert (values["label"], values["probability"]) == (
            values["labels"][0],
            values["probabilities"][0],
        )
        assert values["logit"] == pytest.approx(float(trace.logits.max()), rel=1e-4)
        assert values["sha256"] == trace.picture.sha256
        assert (values["width"], values["height"]) == trace.picture.size
        measured = firing(trace)
        scores = iv.contributions(tiny, trace, method="gradient_x_activation")
        scale = np.nanmax(np.abs(scores.values))
        for module, branch in places:
            one = measured.get(module, branch)
            assert one is not None
            name = f"{module}.{branch}"
            assert values[f"firing.{name}"] == pytest.approx(one.mean, rel=1e-4, abs=1e-6)
            assert values[f"energy.{name}"] == pytest.approx(one.energy_share, rel=1e-4)
            assert values[f"contribution.{name}"] == pytest.approx(
                scores.get(module, branch), rel=1e-3, abs=1e-4 * scale
            )
    assert len(frame.columns) == 9 + 3 * 36


def test_a_square_of_every_photo(tiny: iv.Classifier, tmp_path: Path) -> None:
    for place, size in enumerate([(90, 60), (50, 120)]):
        (tmp_path / "photos").mkdir(exist_ok=True)
        noise_photo(place, size).save(tmp_path / "photos" / f"{place}.png")
    crop = iv.Crop(0.1, 0.8, 0.5)
    iv.trace_folder(tiny, tmp_path / "photos", tmp_path / "t.parquet", fit=crop)
    frame = pd.read_parquet(tmp_path / "t.parquet")
    assert frame.attrs["fit"] == "0.1-0.8-0.5"
    for path, logit in zip(frame.path, frame.logit, strict=True):
        alone = tiny.trace(tmp_path / "photos" / path, fit=crop).logits
        assert logit == pytest.approx(float(alone.max()), rel=1e-4)


@pytest.mark.parametrize("method", ["shapley", "ablation", "firing"])
def test_other_methods(
    method: str, tiny: iv.Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos").mkdir()
    noise_photo(1).save(tmp_path / "photos" / "a.png")
    iv.trace_folder(tiny, tmp_path / "photos", tmp_path / "t.parquet", method=method)
    row = pd.read_parquet(tmp_path / "t.parquet").iloc[0]
    trace = tiny.trace(tmp_path / "photos" / "a.png")
    found = iv.contributions(tiny, trace, method=method)
    for module, branch in branches_of(tiny.network):
        value = row[f"contribution.{module}.{branch}"]
        assert value == pytest.approx(found.get(module, branch), rel=1e-4, abs=1e-6)


def test_without_contributions(tiny: iv.Classifier, photos: Path, tmp_path: Path) -> None:
    iv.trace_folder(tiny, photos, tmp_path / "t.parquet", method="none", k=99)
    frame = pd.read_parquet(tmp_path / "t.parquet")
    assert not [c for c in frame.columns if c.startswith("contribution")]
    assert frame.attrs["contribution"] is None
    assert set(frame.labels.map(len)) == {7}


def test_the_file_says_what_made_it(whole: Path, tiny: iv.Classifier, photos: Path) -> None:
    about = pd.read_parquet(whole).attrs
    assert about == json.loads(pq.read_schema(whole).metadata[b"inception_viz"])
    assert about["model"] == tiny.key
    assert about["method"] == "gradient_x_activation"
    assert about["contribution"]["unit"] == "logits"
    assert about["folder"] == str(photos)
    assert about["versions"]["inception_viz"] == iv.__version__
    assert set(about["versions"]) >= {"torch", "pillow", "pyarrow", "numpy", "python"}
    assert pq.ParquetFile(whole).num_row_groups > 1


def test_unreadable_files_are_listed(whole: Path, tiny: iv.Classifier, photos: Path) -> None:
    about = pd.read_parquet(whole).attrs
    assert (about["pictures"], about["unreadable"]) == (COUNT, 3)
    listed = {file["path"]: file["reason"] for file in about["unreadable_files"]}
    assert list(listed) == ["even/04.png", "odd/07.png", "odd/09.png"]
    assert "is empty" in listed["even/04.png"] and "text file" in listed["odd/07.png"]


def test_nothing_readable_gives_an_empty_table(tiny: iv.Classifier, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for i in range(6):
        (tmp_path / "photos" / f"{i}.jpg").write_text("no")
    done = iv.trace_folder(tiny, tmp_path / "photos", tmp_path / "t.parquet")
    assert done is not None and done.rows == 0 and len(done.unreadable) == 6
    frame = pd.read_parquet(tmp_path / "t.parquet")
    assert len(frame) == 0 and "firing.5b.pool" in frame


def _stop_at(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the work end at one place as a kill would."""
    calls = 0

    def after(original: object, count: int) -> object:
        def stopped(*args: object, **kwargs: object) -> object:
            nonlocal calls
            calls += 1
            if calls > count:
                raise StopError
            return original(*args, **kwargs)  # type: ignore[operator]

        return stopped

    name, count = {
        "before the plan": ("Parts.begin", 0),
        "before the first part": ("Parts.write", 0),
        "between parts": ("Parts.write", 2),
        "while a part is placed": ("replace_synced", 3),  # the plan is the first
        "while the parts are read": ("Parts.read", 6),
        "while the table is placed": ("replace_synced", 5),
        "before the parts are removed": ("Parts.remove", 0),
    }[where]
    method = name.removeprefix("Parts.")
    original = replace_synced if method == name else getattr(Parts, method)
    monkeypatch.setattr(f"inception_viz.batch.parts.{name}", after(original, count))


@pytest.mark.parametrize(
    "where",
    [
        "before the plan",
        "before the first part",
        "between parts",
        "while a part is placed",
        "while the parts are read",
        "while the table is placed",
        "before the parts are removed",
    ],
)
def test_what_was_stopped_goes_on_and_ends_the_same(
    where: str, whole: Path, tiny: iv.Classifier, photos: Path, tmp_path: Path
) -> None:
    output = tmp_path / "again.parquet"
    with pytest.MonkeyPatch.context() as patch:
        _stop_at(where, patch)
        with pytest.raises(StopError):
            iv.trace_folder(tiny, photos, output)
    parts = Parts(tmp_path / "again.parquet.parts")
    (parts.path / ".half-left-by-a-kill").write_bytes(b"PAR1")
    told: list[int] = []
    iv.trace_folder(tiny, photos, output, progress=lambda done, _total: told.append(done))
    assert output.read_bytes() == whole.read_bytes()
    assert (told[0] > 0) == (where not in ("before the plan", "before the first part"))
    assert not parts.path.exists()


def test_a_damaged_part_is_made_again(
    whole: Path, tiny: iv.Classifier, photos: Path, tmp_path: Path
) -> None:
    output = tmp_path / "again.parquet"
    with pytest.MonkeyPatch.context() as patch:
        _stop_at("while the parts are read", patch)
        with pytest.raises(StopError):
            iv.trace_folder(tiny, photos, output)
    part = sorted((tmp_path / "again.parquet.parts").glob("*.arrow"))[3]
    part.write_bytes(part.read_bytes()[:200])
    with pytest.raises(iv.BatchError, match=r"was damaged and is removed. Run the same"):
        iv.trace_folder(tiny, photos, output)
    iv.trace_folder(tiny, photos, output)
    assert output.read_bytes() == whole.read_bytes()


@pytest.fixture
def stopped(tiny: iv.Classifier, photos: Path, tmp_path: Path) -> Path:
    """The output of a run that was stopped between two parts."""
    with pytest.MonkeyPatch.context() as patch:
        _stop_at("between parts", patch)
        with pytest.raises(StopError):
            iv.trace_folder(tiny, photos, tmp_path / "stopped.parquet")
    return tmp_path / "stopped.parquet"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "none"}, "method was gradient_x_activation and is none"),
        ({"fit": "pad"}, "fit was crop and is pad"),
        ({"k": 2}, "k was 5 and is 2"),
    ],
)
def test_other_settings_do_not_go_on(
    changes: dict[str, object], words: str, stopped: Path, tiny: iv.Classifier, photos: Path
) -> None:
    with pytest.raises(iv.BatchError, match=f"{words}.*begin anew with --restart"):
        iv.trace_folder(tiny, photos, stopped, **changes)  # type: ignore[arg-type]
    assert len(list(Path(f"{stopped}.parts").glob("*.arrow"))) == 2
    done = iv.trace_folder(tiny, photos, stopped, restart=True, **changes)  # type: ignore[arg-type]
    assert done is not None and done.rows == COUNT - 3
    (name, value), *_ = changes.items()
    assert pd.read_parquet(stopped).attrs[name] == value


def test_another_folder_or_model_does_not_go_on(
    stopped: Path, tiny: iv.Classifier, photos: Path, tmp_path: Path
) -> None:
    shutil.copytree(photos, tmp_path / "copy")
    with pytest.raises(iv.BatchError, match=r"folder was .*photos and is .*copy"):
        iv.trace_folder(tiny, tmp_path / "copy", stopped)
    other = iv.load("random", config=tiny.config, seed=1)
    with pytest.raises(iv.BatchError, match="model was random-"):
        iv.trace_folder(other, photos, stopped)


def test_a_forgotten_process_of_an_older_plan_does_no_harm(
    stopped: Path, whole: Path, tiny: iv.Classifier, photos: Path
) -> None:
    parts = Parts(Path(f"{stopped}.parts"))
    old = parts.plan()
    assert old is not None
    row = parts.read(old, 0)

    def late(done: int, _total: int) -> None:
        if done == 0:
            for number in old.parts:
                parts.write(old, number, row)

    iv.trace_folder(tiny, photos, stopped, restart=True, progress=late)
    assert stopped.read_bytes() == whole.read_bytes()
    assert not parts.path.exists()


def test_pictures_that_come_and_go_meanwhile(
    tiny: iv.Classifier, photos: Path, tmp_path: Path
) -> None:
    own, output = shutil.copytree(photos, tmp_path / "own"), tmp_path / "t.parquet"
    with pytest.MonkeyPatch.context() as patch:
        _stop_at("between parts", patch)
        with pytest.raises(StopError):
            iv.trace_folder(tiny, own, output)
    noise_photo(50).save(own / "even" / "99.png")
    (own / "odd" / "11.png").unlink()
    done = iv.trace_folder(tiny, own, output)
    assert done is not None and done.ignored == 1 and done.rows == COUNT - 4
    assert done.unreadable[-1].path == "odd/11.png"
    assert "doesn't exist" in done.unreadable[-1].reason


def test_a_folder_that_goes_meanwhile(
    stopped: Path, whole: Path, tiny: iv.Classifier, photos: Path, tmp_path: Path
) -> None:
    def gone(_done: int, _total: int) -> None:
        if photos.exists():
            photos.rename(tmp_path / "elsewhere")

    with pytest.raises(iv.BatchError, match=r"has gone. Put it back"):
        iv.trace_folder(tiny, photos, stopped, progress=gone)
    (tmp_path / "elsewhere").rename(photos)
    iv.trace_folder(tiny, photos, stopped)
    assert stopped.read_bytes() == whole.read_bytes()


def test_what_exists_stays_unless_told_otherwise(
    whole: Path, tiny: iv.Classifier, photos: Path, tmp_path: Path
) -> None:
    output = Path(shutil.copy(whole, tmp_path / "t.parquet"))
    before = output.read_bytes()
    with pytest.raises(iv.BatchError, match=r"exists already. Choose another name, or"):
        iv.trace_folder(tiny, photos, output)
    with pytest.MonkeyPatch.context() as patch:
        _stop_at("between parts", patch)
        with pytest.raises(StopError):
            iv.trace_folder(tiny, photos, output, restart=True, k=2)
    assert output.read_bytes() == before  # until the new one is whole
    iv.trace_folder(tiny, photos, output, k=2)
    assert pd.read_parquet(output).attrs["k"] == 2


def test_two_runs_at_once_are_refused(tiny: iv.Classifier, photos: Path, tmp_path: Path) -> None:
    output = tmp_path / "t.parquet"

    def again(_done: int, _total: int) -> None:
        with pytest.raises(iv.BatchError, match="Another process is writing"):
            iv.trace_folder(tiny, photos, output)

    iv.trace_folder(tiny, photos, output, progress=again)


@pytest.mark.parametrize(
    ("output", "changes", "words"),
    [
        ("t.csv", {}, "t.csv must end in .parquet"),
        ("folder.parquet", {}, "is a folder"),
        ("file/t.parquet", {}, "can't be written"),
        ("t.parquet", {"k": 0}, "at least 1 answer"),
        ("t.parquet", {"batch": 0}, "1 to"),
        ("t.parquet", {"batch": 33}, "1 to"),
        ("t.parquet", {"fit": "stretch"}, "no fit 'stretch'"),
        ("t.parquet", {"method": "magic"}, 'no method "magic"'),
    ],
)
def test_mistakes_are_sentences(
    output: str,
    changes: dict[str, object],
    words: str,
    tiny: iv.Classifier,
    photos: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(iv.BatchError, match=words):
        iv.trace_folder(tiny, photos, tmp_path / output, **changes)  # type: ignore[arg-type]
    assert not (tmp_path / "t.parquet").exists()
    assert not (tmp_path / "t.parquet.parts").exists()


def test_a_full_disk_is_a_sentence_and_what_is_done_is_kept(
    whole: Path, tiny: iv.Classifier, photos: Path, tmp_path: Path
) -> None:
    output = tmp_path / "t.parquet"
    with pytest.MonkeyPatch.context() as patch:
        places: list[Path] = []

        def full(temporary: Path, path: Path) -> None:
            places.append(path)
            if len(places) == 4:
                raise OSError(28, "No space left on device")
            temporary.replace(path)

        patch.setattr("inception_viz.batch.parts.replace_synced", full)
        with pytest.raises(iv.BatchError, match=r"No space left on device.*is kept"):
            iv.trace_folder(tiny, photos, output)
    left = sorted(path.suffix or path.name for path in Path(f"{output}.parts").iterdir())
    assert left == [".arrow", ".arrow", ".json", ".lock"]  # nothing half
    iv.trace_folder(tiny, photos, output)
    assert output.read_bytes() == whole.read_bytes()


def test_a_damaged_network_is_refused(tiny: iv.Classifier, photos: Path, tmp_path: Path) -> None:
    broken = iv.load("random", config=tiny.config)
    broken.network.classifier.bias.data.fill_(float("nan"))
    with pytest.raises(iv.WeightsError, match="not finite"):
        iv.trace_folder(broken, photos, tmp_path / "t.parquet")


def test_names_that_are_no_text(tiny: iv.Classifier, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    name = os.fsdecode(b"caf\xe9.png")
    noise_photo(1).save(tmp_path / "a.png")
    try:
        (tmp_path / "a.png").rename(folder / name)
    except OSError:
        pytest.skip("this disk takes no such names")
    done = iv.trace_folder(tiny, folder, tmp_path / "t.parquet")
    assert done is not None and not done.unreadable
    assert list(pd.read_parquet(tmp_path / "t.parquet").path) == [r"caf\udce9.png"]


def test_batches_differ_by_rounding_alone(
    whole: Path, tiny: iv.Classifier, photos: Path, tmp_path: Path
) -> None:
    iv.trace_folder(tiny, photos, tmp_path / "t.parquet", batch=3)
    left, right = pd.read_parquet(whole), pd.read_parquet(tmp_path / "t.parquet")
    for column in left.columns:
        if column.startswith(("firing", "energy", "contribution")):
            scale = left[column].abs().max()
            np.testing.assert_allclose(left[column], right[column], rtol=1e-3, atol=1e-4 * scale)


def test_parts_cover_every_picture_once(tmp_path: Path) -> None:
    for count in (1, 4, 5, 8, 11):
        plan = Plan({}, tuple(map(str, range(count))))
        assert [p for n in plan.parts for p in plan.part(n)] == list(plan.pictures)
        assert plan.count(plan.parts) == count
    assert Plan({}, tuple("abcdef"), 3).part(1) == ("d", "e", "f")  # the plan's own size
    (tmp_path / "plan.json").write_text('{"id": 3}')
    assert Parts(tmp_path).plan() is None
