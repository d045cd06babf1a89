"""The Train page, without a browser."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

import inception_viz as iv
from app.session import address, models
from inception_viz.architecture import GoogLeNetConfig, ModuleRow, decode
from inception_viz.network import GoogLeNet
from inception_viz.sources import save_weights
from inception_viz.training import (
    Phase,
    Recipe,
    Row,
    Run,
    State,
    Status,
    checkpoint,
    process,
    trained_weights,
)
from tests.app.test_pages import start, texts
from tests.conftest import sample, tiny_config

LABELS = ("blue", "green", "red")


pytestmark = pytest.mark.usefixtures("empty_cache")


def make_run(state: State, **changes: object) -> Run:
    """A run's folder as a training leaves it after two epochs."""
    run = process.new_run("photos")
    config = tiny_config(classes=3)
    recipe = Recipe(phases=(Phase(32, 4),))
    run.create(config, recipe, {"name": "photos", "labels": LABELS})
    heads = ("main", "aux1", "aux2")
    rows: list[Row] = []
    for epoch in (1, 2):
        row: Row = {"epoch": epoch, "step": 10 * epoch, "size": 32, "images_per_second": 50.0}
        for figure in (f"{part}_{{}}_{h}" for h in heads for part in ("train", "val")):
            row |= {figure.format("loss"): 1.0 / epoch, figure.format("accuracy"): 0.3 * epoch}
        rows.append(row)
    run.write_history(rows, rows)
    values: dict[str, object] = {"epoch": 2, "epochs": 4, "step": 20, "steps": 40, "size": 32}
    values |= {"images_per_second": 50.0, "seconds_left": 95.0}
    run.set_status(Status(state=state, **{**values, **changes}))  # type: ignore[arg-type]
    network = GoogLeNet(config)
    network.initialise(1)
    if state == "finished":
        save_weights(trained_weights(network.eval(), LABELS, recipe), run.model)
    else:
        position = {"epoch": 2, "step": 20}
        content = {"network": network.state_dict(), "average": {"n_averaged": 0}}
        checkpoint.save(run.checkpoints, 20, content | {"position": position})
    return run


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return out.getvalue()


def test_starting_without_pictures_is_explained() -> None:
    app = press(start("train"), "Start training")
    assert "Choose pictures first" in texts(app)
    assert process.runs() == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no zip", "can't be read as a ZIP"),
        (zipped({"a.png": b""}), "no class folders"),
        (zipped({"a/1.png": b"x" * 2**21, "b/1.png": b""}), "would unpack to"),
    ],
)
def test_bad_zips_are_explained_and_leave_nothing(
    content: bytes, message: str, monkeypatch: pytest.MonkeyPatch, empty_cache: Path
) -> None:
    monkeypatch.setattr("inception_viz.training.archive.MAX_BYTES", 2**20)
    app = start("train")
    app.file_uploader(key="train_zip").upload("photos.zip", content).run()
    app = press(app, "Start training")
    assert message in texts(app)
    assert not list((empty_cache / "runs").iterdir())


def test_a_training_is_ordered_as_the_form_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ordered: list[tuple[object, ...]] = []
    monkeypatch.setattr(process, "start", lambda *args, **more: ordered.append(args))
    app = start("train")
    app.session_state["train_origin"] = "folder"
    app.run()
    app.text_input(key="train_folder").input(str(tmp_path)).run()
    app.number_input(key="train_epochs").set_value(9).run()
    app.select_slider(key="train_size").set_value(96).run()
    app.slider(key="train_weight").set_value(0.5).run()
    app.selectbox(key="train_network").set_value("torchvision").run()
    press(app, "Start training")
    run, source, config, recipe = ordered[0]
    assert isinstance(run, Run)
    assert source == str(tmp_path)
    assert config.kernel_5x5 == "3"  # type: ignore[attr-defined]
    assert config.input_size == 96  # type: ignore[attr-defined]
    assert recipe.epochs == 9  # type: ignore[attr-defined]
    assert recipe.sizes[-1] == 96  # type: ignore[attr-defined]
    assert recipe.aux_weight == 0.5  # type: ignore[attr-defined]


@pytest.mark.parametrize("carried", [True, False])
def test_a_rebuilt_network_is_trained_from_the_weights_that_came_over(
    carried: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ordered: list[dict[str, object]] = []
    monkeypatch.setattr(process, "start", lambda *args, **more: ordered.append(more))
    app = start("lab")
    for label in ("Half width", "Rebuild the network"):
        press(app, label)
    config = decode(app.session_state[address.ARCHITECTURE])
    base = models.of_source("bvlc").outcome()
    expected = iv.surgery.rebuild(base, config).network.state_dict()

    app = start("train", arch=app.session_state[address.ARCHITECTURE])
    app.session_state["lab_built"] = True
    app.session_state["lab_config"] = config
    app.session_state["train_origin"] = "folder"
    app.run()
    app.text_input(key="train_folder").input(str(tmp_path)).run()
    app.selectbox(key="train_network").set_value("lab").run()
    next(t for t in app.toggle if t.key == "train_carried").set_value(carried).run()
    press(app, "Start training")
    path = ordered[0]["start_from"]
    if not carried:
        assert path is None
        return
    assert isinstance(path, Path)
    found = iv.load(path).network.state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in found.items())


def test_a_network_too_large_for_the_computer_is_not_trained(tmp_path: Path) -> None:
    row = ModuleRow(4096, 4096, 4096, 4096, 4096, 4096)
    huge = GoogLeNetConfig.paper(stage4=(row,) * 26)
    app = start("train")
    app.session_state["train_origin"] = "folder"
    app.selectbox(key="train_network").set_value("file").run()
    app.text_input(key="train_folder").input(str(tmp_path)).run()
    app.file_uploader(key="train_config").upload("huge.json", huge.to_json().encode()).run()
    press(app, "Start training")
    assert "would take about" in texts(app)
    assert process.runs() == []


def test_a_training_under_way_is_shown_to_everybody() -> None:
    run = make_run("training", warnings=("aux1 is stuck: lower the learning rate.",))
    with run.locked():
        app = start("train")
        assert not app.exception
        shown = texts(app)
        assert f"Training: {run.path.name}" in shown
        assert "aux1 is stuck" in shown
        assert [m.value for m in app.metric] == ["50", "0:01:35", *["60\N{NO-BREAK SPACE}%"] * 3]
        assert "Start training" not in [b.label for b in app.button]
        press(app, "Pause")
        assert run.command() == "pause"
        press(app, "Stop")
        assert run.command() == "stop"


def test_look_inside_goes_to_explore_with_the_newest_checkpoint() -> None:
    run = make_run("training")
    with run.locked():
        app = press(start("train"), "Look inside")
        assert "See how GoogLeNet thinks" in texts(app)
        assert f"{run.path.name}, step 20" in texts(app)


def test_a_failed_training_says_why_and_can_be_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run("failed", message="The disk is full. Free some space.")
    resumed: list[Run] = []
    monkeypatch.setattr(process, "resume", resumed.append)
    app = start("train")
    app.session_state["run"] = run.path.name
    app.run()
    assert "The disk is full" in texts(app)
    press(app, "Resume")
    assert resumed == [run]


def test_the_result_is_a_model_on_every_page() -> None:
    run = make_run("finished")
    app = start("branches", model=f"Training {run.path.name}")
    assert not app.exception
    assert "Trained on this computer" in texts(app)
    assert "Branch activations" in texts(app)


def test_a_run_without_anything_learned_is_no_model() -> None:
    run = process.new_run("empty")
    run.set_status(Status(state="failed", message="Nothing there."))
    app = start("train")
    assert not app.exception
    assert f"Training {run.path.name}" not in app.selectbox(key="model").options


def test_trainings_are_listed_when_one_comes_or_goes_not_at_every_click(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed: list[Path] = []
    genuine = Path.iterdir

    def counting(path: Path) -> Iterator[Path]:
        if path.name == "runs":
            listed.append(path)
        return genuine(path)

    first = make_run("finished").path.name
    app = start()
    monkeypatch.setattr(Path, "iterdir", counting)
    for _ in range(3):
        app.run()
    assert not listed
    second = make_run("stopped").path.name
    options = app.run().selectbox(key="model").options
    assert {f"Training {name}" for name in (first, second)} <= set(options)
    shutil.rmtree(process.runs()[0].path)
    assert len(app.run().selectbox(key="model").options) == len(options) - 1


def test_a_damaged_run_folder_breaks_nothing() -> None:
    run = make_run("stopped")
    (run.path / "status.json").write_text("{not json")
    (run.path / "history.csv").write_bytes(b"\xff\xfe\x00")
    (run.path / "config.json").write_text("[]")
    for path in checkpoint.checkpoints(run.checkpoints):
        path.write_bytes(b"cut")
    app = start("train")
    assert not app.exception
    app = start("explore", model=f"Training {run.path.name}")
    assert not app.exception


def archive_of(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_what_lies_in_a_zip_is_said_before_anything_starts() -> None:
    photo = sample("cat").read_bytes()
    files = {f"{c}/{i}.jfif": photo for c in ("cats", "dogs") for i in range(2)}
    app = start("train")
    app.file_uploader(key="train_zip").upload(
        "x.zip", archive_of(files | {"dogs/a.txt": b"x"})
    ).run()
    assert not app.exception and not app.error
    said = " ".join(text.value for text in app.markdown)
    assert "**2 classes**: cats, dogs. 4 pictures to learn from" in said
    assert "dogs/a.txt is a text file" in said


def test_what_is_unclear_in_a_zip_is_asked() -> None:
    photo = sample("cat").read_bytes()
    app = start("train")
    files = {f"{c}/{i}.jpg": photo for c in ("train", "test") for i in range(2)}
    app.file_uploader(key="train_zip").upload("x.zip", archive_of(files)).run()
    assert "in this ZIP parts of the data, or classes" in app.warning[0].value

    def answer(said: str) -> None:
        (ask,) = [one for one in app.segmented_control if one.label == "These folders are"]
        ask.set_value(said).run()
        assert not app.exception

    answer("parts")  # which is wrong, and can be taken back
    assert "no class folders" in app.error[0].value
    answer("classes")
    assert "**2 classes**: test, train" in " ".join(text.value for text in app.markdown)
    assert not app.warning
