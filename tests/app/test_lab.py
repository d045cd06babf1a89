"""The architecture lab's page and its state."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import inception_viz as iv
from app.session.lab_draft import Draft, Row, draft_of, meaning
from inception_viz.architecture import GoogLeNetConfig, LrnConfig, decode, encode
from tests.app.arriving import arrive
from tests.app.test_pages import start, texts
from tests.conftest import noise_photo

PAPER = GoogLeNetConfig.paper()


pytestmark = pytest.mark.usefixtures("empty_cache")


def press(app: AppTest, label: str) -> AppTest:
    app.button[[b.label for b in app.button].index(label)].click().run()
    return app


def linked(**changes: object) -> str:
    """The bundled model's network, changed."""
    return encode(replace(PAPER, norm="batch", classes=10, **changes))  # type: ignore[arg-type]


def totals(app: AppTest) -> list[str]:
    """Parameters, MACs and activations as they stand above the table."""
    line = next(e.proto.body for e in app.get("html") if "iv-totals" in e.proto.body)
    return re.findall(r"<b>([^<]+)</b>", line)


def test_the_table_starts_with_the_models_own_network() -> None:
    app = start("lab")
    assert not app.exception and not app.error
    assert totals(app)[1] == "1.58 G"
    assert "arch" not in app.query_params


def test_a_preset_changes_the_table_and_the_link() -> None:
    app = press(start("lab"), "Half width")
    assert not app.exception and not app.error
    config = decode(app.query_params["arch"])
    assert config == GoogLeNetConfig.half_width()
    press(app, "Reset to the model")
    assert decode(app.query_params["arch"]) == PAPER


def test_rebuilding_shows_both_answers_and_what_survived() -> None:
    app = press(press(start("lab"), "Half width"), "Rebuild the network")
    assert not app.exception and not app.error
    said = texts(app)
    assert "of the weights of" in said and "BVLC GoogLeNet" in said
    assert "**Original**" in said and "**Rebuilt**" in said
    small = iv.surgery.rebuild(iv.load("bvlc"), GoogLeNetConfig.half_width())
    assert small.trace(_photo()).predictions(1)[0][0] in said


def _photo() -> Path:
    from tests.conftest import sample

    return sample("cat")


def test_both_networks_are_tried_on_a_folder(tmp_path: Path) -> None:
    labels = iv.load("bvlc").labels
    for label in labels[:2]:
        (tmp_path / label).mkdir()
        noise_photo(1, (64, 64)).save(tmp_path / label / "a.png")
    app = press(press(start("lab"), "Half width"), "Rebuild the network")
    app.text_input(key="lab_accuracy").set_value(str(tmp_path)).run()
    assert not app.exception and not app.error
    assert "2 photos." in texts(app)
    app.text_input(key="lab_accuracy").set_value(str(tmp_path / "nowhere")).run()
    assert "can't be read" in app.error[0].value
    assert "**Rebuilt**" in texts(app)


def test_the_rebuilt_network_is_there_on_every_page() -> None:
    rows = (replace(PAPER.stage5[0], f_5x5=0, f_5x5_r=0), PAPER.stage5[1])
    for page in ("", "branches", "contributions", "heads", "grad_cam", "switchboard"):
        app = start(page, arch=linked(stage5=rows), network="rebuilt")
        assert not app.exception, page
        assert not app.error, page
        assert "of its weights come from another network" in texts(app)


def test_a_link_brings_the_network_back() -> None:
    text = linked(stage3=(PAPER.stage3[0],))
    app = start("lab", arch=text, network="rebuilt")
    assert not app.exception and not app.error
    assert app.query_params["arch"] == text
    assert "**Rebuilt**" in texts(app)


@pytest.mark.parametrize(
    "nonsense", ["nonsense", "4=1.2.3", "classes=-1", "4=9.9.9.9.9.9;aux1=9z.1.1.0.0"]
)
def test_nonsense_in_the_link_falls_back_with_a_note(nonsense: str) -> None:
    app = start("lab", arch=nonsense)
    assert not app.exception
    assert any("Showing the model's own table" in toast.value for toast in app.toast)
    assert totals(app)[1] == "1.58 G"
    app = start("", arch=nonsense, network="rebuilt")
    assert not app.exception
    assert app.error and app.title[0].value == "See how GoogLeNet thinks"


def test_what_would_exhaust_memory_is_refused_before_it_is_built() -> None:
    huge = tuple(replace(row, f_3x3=4096, f_3x3_r=4096, f_1x1=4096) for row in PAPER.stage4)
    app = start("lab", arch=linked(stage4=huge), network="rebuilt")
    assert not app.exception
    assert any("GB of memory" in error.value for error in app.error)
    assert "Rebuild the network" not in [b.label for b in app.button]


def test_files_go_in(tmp_path: Path) -> None:
    app = start("lab")
    config = replace(PAPER, norm="batch", classes=10, stage3=(PAPER.stage3[1],))
    app.file_uploader(key="lab_file").upload("net.json", config.to_json().encode()).run()
    assert not app.exception and not app.error
    assert decode(app.query_params["arch"]) == config
    table = b"module,a,b\n"
    app.file_uploader(key="lab_file").upload("x.csv", table + b"3a,1,2,3\n").run()
    assert "where a cell ends" in app.error[0].value
    assert decode(app.query_params["arch"]) == config
    app.file_uploader(key="lab_file").upload("x.json", b"\x00\x01\x02\x00").run()
    assert "is no text" in app.error[0].value
    app.file_uploader(key="lab_file").upload("x.xlsx", b"PK\x03\x04").run()
    assert "Save the sheet as CSV" in app.error[0].value
    saved = "sep=;\r\npool proj;5x5;5x5 reduce;3x3;3x3 reduce;1x1;module\r\n" + "".join(
        f"30;30;12;120;90;60;{module}\r\n" for module in ("3a", "4a", "4b", "4c", "4d", "5a")
    )
    app.file_uploader(key="lab_file").upload("x.txt", saved.encode("utf-16")).run()
    assert decode(app.query_params["arch"]).modules["3a"].f_3x3_r == 90


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (("a", "1", "1", "1", "1", "1"), "f_1x1"),
        (("1", "1", "1", "1", "99999", "1"), "f_5x5"),
        (("1", "5", "0", "0", "0", "1"), "f_3x3_r"),
        (("0", "0", "0", "0", "0", ""), "f_1x1"),
        (("1", "1", "1", "1", "1", "-3"), "f_pp"),
    ],
)
def test_invalid_cells_are_marked_with_the_reason(cells: tuple[str, ...], column: str) -> None:
    rows = draft_of(PAPER).rows
    draft = Draft((*rows[:4], Row(4, cells), *rows[5:]), PAPER)
    found = meaning(draft)
    assert found.config is None
    assert set(found.errors) == {4} and column in found.errors[4]
    assert "4c" in found.errors[4][column]


def test_a_head_without_its_module_is_said() -> None:
    rows = [row for row in draft_of(PAPER).rows if row.stage != 4]
    draft = Draft((*rows[:2], Row(4, ("1",) * 6), *rows[2:]), PAPER)
    found = meaning(draft)
    assert found.config is None and 'no module "4d"' in found.message


def test_the_reduction_explorer_has_the_worked_example() -> None:
    said = texts(start("lab", part="reduction"))
    for figure in ("120.4 M", "2.4 M", "10.0 M", "12.4 M"):
        assert figure in said


def test_the_reductions_are_those_of_the_linked_table() -> None:
    app = start("lab", part="1×1 reduction", arch=linked(stage5=PAPER.stage5[:1]))
    assert not app.exception and not app.error
    shown = set(app.dataframe[0].value["module"])
    assert {"3a", "5a"} <= shown and "5b" not in shown


def test_each_part_finds_its_choices_again() -> None:
    app = start("lab", part="reduction")
    app.slider(key="red_reduce").set_value(40).run()
    app.session_state["part"] = "paper"
    app.run()
    assert not app.slider
    app.session_state["part"] = "reduction"
    app.run()
    assert app.slider(key="red_reduce").value == 40


def test_the_papers_table_is_there_with_its_differences() -> None:
    app = start("lab", part="paper")
    said = texts(app)
    assert "6,797.7 K" in said
    assert "8.7 times" in said and "19.8 times" in said
    assert sum("type" in frame.value.columns for frame in app.dataframe) == 1
    for name in ("convolution", "4c", "4d", "5a", "5b"):
        assert re.search(rf"- \*\*\S*.*{name}", said), name


def test_the_filters_that_stay_are_the_same_on_every_page() -> None:
    app = press(start("lab"), "Half width")
    press(app, "Rebuild the network")
    app.segmented_control(key="keep").set_value("activation").run()
    press(app, "Use it on every page")
    chosen = app.session_state["scene"].model.key
    for page in ("heads", "teach", "lab"):
        app.switch_page(f"views/{page}/page.py").run()
        app.run()
        assert not app.exception and not app.error
        assert app.session_state["scene"].model.key == chosen, page
    link = {key: v if isinstance(v, str) else v[-1] for key, v in app.query_params.items()}
    receiver = arrive("heads", link)
    assert not receiver.toast
    assert receiver.session_state["scene"].model.key == chosen


def test_the_lab_keeps_its_table_when_the_model_changes() -> None:
    app = press(start("lab"), "Half width")
    before = totals(app)[0]
    app.selectbox(key="model").set_value("random").run()
    assert not app.exception and not app.error
    assert totals(app)[0] == before
    press(app, "Reset to the model")
    assert totals(app)[0] == "7.00 M"  # the paper's network, 1000 classes


def test_constants_and_padding_of_other_frameworks_can_be_chosen() -> None:
    app = start("lab")
    for label, value in (("Its constants", "Inception 5h's"), ("Padding", "same")):
        (choice,) = [one for one in app.segmented_control if one.label == label]
        choice.set_value(value).run()
        assert not app.exception and not app.error
    config = decode(app.query_params["arch"])
    assert (config.lrn, config.padding) == (LrnConfig(11, 11e-4, 0.5, 2.0), "same")
