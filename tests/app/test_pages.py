from __future__ import annotations

import io
import re
import shutil
import struct
import time
from dataclasses import replace
from pathlib import Path
from zlib import compress, crc32

import pytest
import streamlit as st
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

import inception_viz as iv
from app.session import downloads, links
from app.sidebar import weights_file
from app.views import REGISTRY as VIEWS
from inception_viz.files import file_name
from inception_viz.sources import REGISTRY, bvlc, load_file, save_weights, torchvision_weights
from tests.conftest import ROOT, noise_photo, tiny_config

WITH_A_PHOTO = [
    view.script
    for view in VIEWS
    if view.url
    in (
        "branches",
        "flow",
        "contributions",
        "switchboard",
        "heads",
        "grad-cam",
        "concepts",
        "learn",
    )
]
MAIN = str(ROOT / "app" / "main.py")


pytestmark = pytest.mark.usefixtures("empty_cache")


def start(page: str = "", **query: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    if page:
        app.switch_page(f"views/{page}/page.py").run()
    return app


def texts(app: AppTest) -> str:
    kinds = ("title", "subheader", "caption", "markdown", "error", "warning", "info")
    plain = [str(getattr(element, "value", "")) for kind in kinds for element in app.get(kind)]
    return "\n".join(plain + [element.proto.body for element in app.get("html")])


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """The start of a PNG that declares a size and brings hardly any pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", compress(bytes(100)))


def test_starts_on_the_bundled_model_without_any_download() -> None:
    app = start()
    assert not app.exception
    assert app.title[0].value == "See how GoogLeNet thinks"
    assert app.selectbox(key="model").value == "bvlc"
    assert not app.warning and not app.info and not app.error
    said = texts(app)
    assert "BVLC GoogLeNet says <b>Egyptian cat</b> (50" in said
    assert "auxiliary heads were fitted afterwards" in said
    for head in ("aux1", "aux2"):
        assert str(load_file(bvlc.FILE).fits[head]) in said
    assert "The official file brings the auxiliary heads that were trained" in said


def test_what_a_model_has_no_class_for_is_asked_about_and_nothing_claimed_of_others(
    tmp_path: Path,
) -> None:
    app = start(image="moose")
    assert "it has no class for what is on this photo" in texts(app)
    assert "Not among its classes: what will it say?" in texts(app)
    assert "it has no class" not in texts(start(image="espresso"))
    assert "it has no class" in texts(start(image="espresso", model="Imagenette GoogLeNet"))
    save_weights(iv.load("random", config=tiny_config()).weights, tmp_path / "own.safetensors")
    app = start(image="moose", model="A file of yours …")
    content = (tmp_path / "own.safetensors").read_bytes()
    app.file_uploader(key="weights_file").upload("own.safetensors", content).run()
    assert "own.safetensors says" in texts(app)
    assert "no class" not in texts(app) and "Not among its classes" not in texts(app)


def test_an_almost_untrained_network_has_a_first_page(tmp_path: Path) -> None:
    weights = iv.load("random", config=tiny_config(aux1=None, aux2=None)).weights
    with torch.no_grad():
        weights.network.classifier.weight.mul_(1e-9)
    save_weights(weights, tmp_path / "early.safetensors")
    app = start(model="A file of yours …")
    content = (tmp_path / "early.safetensors").read_bytes()
    app.file_uploader(key="weights_file").upload("early.safetensors", content).run()
    assert not app.exception and not app.error
    sentence = app.get("page_link")[1]
    assert "Without it" in sentence.proto.label
    assert "less than 0.005" in sentence.proto.help


@pytest.mark.parametrize("view", WITH_A_PHOTO)
def test_the_photo_and_the_answer_stand_beside_every_title(view: str) -> None:
    app = start(image="espresso")
    app.switch_page(f"views/{view}").run()
    beside = "\n".join(element.proto.body for element in app.get("html"))
    assert 'class="iv-subject"' in beside and "An espresso in a red cup" in beside
    assert "BVLC GoogLeNet says <b>espresso</b> (92" in beside


def test_a_link_of_the_lesson_shows_what_it_promises() -> None:
    app = start("branches", module="4d", branch="pool", target="tench")
    app.segmented_control(key="photo_origin").set_value("Upload").run()
    app.file_uploader(key="upload").upload("mine.png", png(noise_photo(0))).run()
    assert app.session_state["scene"].photo == "mine.png"
    assert app.segmented_control(key="branch").value == "pool"
    for key in list(app.query_params):
        del app.query_params[key]
    for key, value in links.fresh({"image": "raccoon", "module": "4c"}).items():
        app.query_params[key] = value
    app.run()
    scene = app.session_state["scene"]
    assert scene.photo == "Raccoon"
    assert scene.target == scene.trace.top_classes(1)[0][0]
    assert app.segmented_control(key="branch").value == "all"
    assert "fresh" not in app.query_params
    assert not app.exception and not app.toast
    app.segmented_control(key="photo_origin").set_value("Upload").run()
    assert app.session_state["scene"].photo == "mine.png", "it isn't lost"


def test_that_the_photo_is_another_one_is_said_at_the_top() -> None:
    app = start(image="own")
    assert "made with an uploaded photo" in app.main.info[0].value
    assert not app.sidebar.info


def test_random_weights_come_with_a_plain_notice() -> None:
    app = start(model="Random weights")
    assert not app.exception
    assert "learned nothing" in app.warning[0].value


def test_the_bvlc_weights_where_they_are_cached(empty_cache: Path, caffemodel: Path) -> None:
    shutil.copy(caffemodel, empty_cache)
    app = start(image="espresso", model="BVLC GoogLeNet")
    assert not app.exception
    assert app.selectbox(key="model").value == "bvlc"
    assert not app.warning
    assert "BVLC GoogLeNet says <b>espresso</b>" in texts(app)
    assert (empty_cache / "bvlc_googlenet.safetensors").is_file()


@pytest.mark.parametrize("metric", ["Share of the module", "Mean activation"])
def test_map_is_coloured_as_asked(metric: str) -> None:
    app = start(metric=metric)
    assert not app.exception
    assert app.segmented_control(key="metric").value in ("energy_share", "mean")


def test_missing_weights_offer_a_download_and_keep_the_page() -> None:
    app = start(model="torchvision GoogLeNet")
    assert not app.exception
    assert "not on this computer yet; until then, you see BVLC GoogLeNet" in app.info[0].value
    assert torchvision_weights.URL in app.info[0].value
    assert app.button(key="fetch_torchvision").label == "Download 52 MB"
    assert app.title[0].value == "See how GoogLeNet thinks"


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"not a picture at all", "notes.jpg", "notes.jpg"),
        (b"", "empty.png", "empty"),
        (b"%PDF-1.7 ...", "paper.pdf", "PDF"),
        (bytes(51 * 2**20), "film.png", "50 MB"),
        (png_header(60_000, 60_000), "bomb.png", "60,000"),
        (png(noise_photo(0))[:4000], "cut.png", "cut.png"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "broken.png", "broken.png"),
    ],
)
def test_bad_uploads_say_so_and_the_page_stays(content: bytes, name: str, words: str) -> None:
    app = start()
    before = texts(app)
    app.segmented_control(key="photo_origin").set_value("Upload").run()
    app.file_uploader[0].upload(name, content).run()
    assert not app.exception
    assert words in app.error[0].value
    assert app.title[0].value == "See how GoogLeNet thinks"
    assert [s.value for s in app.subheader] and "main" not in before.lower().split("\n")[0]


def test_a_good_upload_survives_a_bad_one_and_a_page_switch() -> None:
    app = start()
    app.segmented_control(key="photo_origin").set_value("Upload").run()
    app.file_uploader[0].upload("mine.png", png(noise_photo(3))).run()
    assert not app.error
    assert app.session_state["scene"].alt == "Your photo mine.png"
    mine = app.session_state["scene"].trace.picture.sha256
    app.file_uploader[0].upload("bad.png", b"nonsense").run()
    assert "bad.png" in app.error[0].value
    assert app.session_state["scene"].trace.picture.sha256 == mine


@pytest.mark.parametrize("module", ["stem", "3a", "4c", "5b"])
def test_branches_page_shows_every_layer(module: str) -> None:
    app = start("branches", model="Random weights")  # with LRN, so with its layers in the stem
    app.pills(key="module").set_value(module).run()
    assert not app.exception
    grids = [c for c in app.get("bidi_component") if "channel_grid" in str(c.proto)]
    assert len(grids) == (7 if module == "stem" else 4)


def test_reduce_layers_and_single_branches() -> None:
    app = start("branches")
    app.segmented_control(key="layers").set_value("reduce").run()
    assert "3a 3×3 reduce" in texts(app) and "3a 1×1" not in texts(app)
    app.segmented_control(key="branch").set_value("1x1").run()
    assert "no reduce layer here" in texts(app)
    app.segmented_control(key="layers").set_value("branches").run()
    app.segmented_control(key="branch").set_value("5x5").run()
    assert "3a 5×5" in texts(app) and "3a 3×3" not in texts(app)
    assert "32 channels of 28×28" in texts(app)


def test_a_link_opens_a_channel() -> None:
    app = start(channel="3a/5x5:7")
    app.switch_page("views/branches/page.py")
    app.query_params["channel"] = "3a/5x5:7"
    app.run()
    assert not app.exception
    assert "receptive field" in texts(app)
    app.slider(key="overlay").set_value(20).run()
    assert not app.exception


def test_unknown_values_in_the_url_fall_back() -> None:
    app = start(image="unicorn", model="nothing", fit="9", metric="x")
    assert not app.exception
    assert app.session_state["image"] == "cat"
    said = app.toast[0].value
    assert "mean nothing here" in said
    assert {"image", "model", "fit", "metric"} <= set(re.findall(r"(\w+) = ", said))

    app = start("branches", channel="conv1:" + "9" * 5000)
    assert not app.exception
    assert "channel = conv1" in app.toast[0].value
    assert "channel" not in app.query_params


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("branches", {"image": "cat", "metric": "Mean activation"}),
        ("contributions", {"method": "Shapley value", "target": "tench"}),
        ("grad_cam", {"strength": "60", "cam": "4c"}),
        ("switchboard", {"muted": "4c/5x5,5a"}),
    ],
)
def test_what_exists_in_the_url_is_not_complained_about(page: str, link: dict[str, str]) -> None:
    app = start(page, **link)
    assert not app.exception
    assert [said.value for said in app.toast] == []


@pytest.mark.parametrize(("model", "target"), [("Random weights", 281), ("", 7)])
def test_any_class_can_be_in_question(model: str, target: int) -> None:
    app = start(**({"model": model} if model else {}))
    app.selectbox(key="target").set_value(target).run()
    assert not app.exception
    assert app.session_state["scene"].target == target


def test_samples_are_credited() -> None:
    assert "Stefan van der Walt, CC0 1.0" in texts(start())


def test_own_weights_are_used_and_bad_ones_explained(tmp_path: Path) -> None:
    app = start()
    app.selectbox(key="target").set_value(9).run()
    app.selectbox(key="model").set_value("file").run()
    assert "you see BVLC GoogLeNet" in texts(app)
    app.file_uploader(key="weights_file").upload("notes.pth", b"no weights").run()
    assert "PyTorch checkpoint" in app.error[0].value
    path = tmp_path / "tiny.safetensors"
    save_weights(iv.load("random", config=tiny_config()).weights, path)
    app.file_uploader(key="weights_file").upload("tiny.safetensors", path.read_bytes()).run()
    assert not app.exception and not app.error
    assert app.session_state["scene"].model.title == "tiny.safetensors"
    assert app.session_state["scene"].target < 7  # this network has seven classes


def test_a_failed_download_says_why_and_can_be_tried_again(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(st.cache_resource.clear)  # the server remembers what came of it

    def fail(*_args: object) -> None:
        raise iv.DownloadError("The server can't be reached; this computer may be offline.")

    source = replace(REGISTRY["bvlc"], fetch=fail)
    monkeypatch.setitem(REGISTRY, "bvlc", source)
    app = start(model="BVLC GoogLeNet")
    app.button(key="fetch_bvlc").click().run()
    for _ in range(50):
        job = downloads.download("bvlc")
        if job is None or job.finished:
            break
        time.sleep(0.02)
    app.run()
    assert not app.exception
    assert "may be offline" in app.error[0].value
    assert app.button(key="fetch_bvlc").label == "Download 54 MB"


def test_a_weights_file_is_weighed_on_the_server_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_file, "_MEGABYTES", 1)
    app = start(model="A file of yours …")
    app.file_uploader(key="weights_file").upload("large.pth", bytes(2**20 + 1)).run()
    assert "is larger than 1 MB" in texts(app)


@pytest.mark.parametrize(
    "name", ["../../x.pth", "..", "", "a\0b.pth", "图" * 120 + ".pth", "\u202egpj.pth", "/"]
)
def test_a_weights_file_may_be_called_anything(name: str, tmp_path: Path) -> None:
    safe = file_name(name, "weights")
    assert (tmp_path / safe).parent == tmp_path
    (tmp_path / safe).write_bytes(b"")
    assert not name.endswith(".pth") or safe.endswith(".pth")


def test_two_photos_of_ones_own_are_compared() -> None:
    app = start("compare", with_photo="a photo of yours …")
    assert not app.exception
    assert "Choose it" in texts(app)
    app.file_uploader(key="with_file").upload("second.png", png(noise_photo(4))).run()
    assert not app.exception and not [error.value for error in app.error]
    assert "second.png" in texts(app)
    app.file_uploader(key="with_file").upload("bad.png", b"nonsense").run()
    assert not app.exception
    assert "bad.png" in app.error[0].value


def test_no_pages_path_ends_with_another_ones() -> None:
    """Streamlit takes the path of any page off the end of the address; what is left is wrong."""
    paths = [view.url for view in VIEWS]
    ends = [(one, other) for one in paths for other in paths if one != other]
    assert not [(one, other) for one, other in ends if one.endswith(other)]
