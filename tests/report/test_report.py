from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

import inception_viz as iv
from inception_viz.architecture import BRANCHES, Place
from inception_viz.features import atlas_of
from inception_viz.report import report_name
from tests.conftest import noise_photo, sample, tiny_config


class Reader(HTMLParser):
    """Collects what a browser would fetch or show."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.alts: list[str | None] = []
        self.ids: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.sources += [v for k, v in attrs if k in ("src", "href", "srcset", "data") and v]
        if tag == "img":
            self.alts.append(found.get("alt"))
        if found.get("id"):
            self.ids.append(str(found["id"]))

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def clf() -> iv.Classifier:
    return iv.load("imagenette")


@pytest.fixture(scope="module")
def trace(clf: iv.Classifier) -> iv.Trace:
    return clf.trace(sample("goldfish"))


@pytest.fixture(scope="module")
def html(clf: iv.Classifier, trace: iv.Trace) -> str:
    return iv.report.build(clf, trace, "tench", photo="my fish.jpg", alt="A goldfish").html


def test_a_report_is_complete_in_itself_and_below_5_mb(html: str) -> None:
    assert len(html.encode()) < 5e6
    read = Reader(html)
    assert all(source.startswith(("data:", "#")) for source in read.sources)
    assert not re.search(r"url\((?!#)", html), "styles fetch nothing"
    assert "default-src 'none'" in html
    twice = {name for name in read.ids if read.ids.count(name) > 1}
    assert all(name.startswith("iv-scale") for name in twice), "equal scales share a name"


def test_it_shows_every_branch_with_all_its_channels(html: str, trace: iv.Trace) -> None:
    for module, branches in trace.branches.items():
        assert f'id="{module}"' in html
        for branch, maps in branches.items():
            name = f"{module} {branch.replace('x', '×')}"
            found = re.search(
                rf'alt="{len(maps)} channels of {name}" src="data:image/png;base64,([^"]+)"', html
            )
            assert found, name
            image = Image.open(io.BytesIO(base64.b64decode(found[1])))
            side = maps.shape[-1]
            columns = image.width // side
            assert (
                columns * (image.height // side) >= len(maps) > columns * (image.height // side - 1)
            )


def test_its_figures_are_those_of_the_library(
    html: str, clf: iv.Classifier, trace: iv.Trace
) -> None:
    words = Reader(html).words
    label, probability = trace.predictions(1)[0]
    assert f"says {label} ({probability:.0%}".replace("%", "\N{NO-BREAK SPACE}%") in words
    scores = iv.contributions(clf, trace, "tench")
    for row in scores.values:
        for value in row:
            assert f"{value:.3g}".replace("-", "−") in words
    cost = iv.cost.totals(iv.cost.at_inference(iv.cost.layers(clf.config)))
    assert f"{cost.parameters:,} parameters" in words
    assert json.loads(unescape(re.findall(r"<pre>(.*?)</pre>", html, re.S)[0]))
    for said in (trace.picture.sha256, clf.key, iv.__version__, "my fish.jpg"):
        assert said in words


def test_every_picture_has_words(html: str) -> None:
    alts = Reader(html).alts
    assert len(alts) > 36 * 2 + 9
    assert all(alts)
    assert "A goldfish" in alts


def test_names_and_labels_are_text_whatever_they_contain() -> None:
    evil = '<img src=x onerror=alert(1)>"&'
    clf = iv.load("random", config=tiny_config())
    clf = replace(clf, weights=replace(clf.weights, labels=(evil,) * 7), title=evil)
    built = iv.report.build(clf, clf.trace(noise_photo(1)), 0, photo=evil, alt=evil)
    assert "<img src=x" not in built.html
    assert evil in Reader(built.html).words


@pytest.mark.parametrize(
    "config",
    [
        tiny_config(),
        tiny_config(norm="lrn", aux1=None, aux2=None),
        iv.GoogLeNetConfig.naive(classes=3),
    ],
    ids=["tiny", "no heads", "naive"],
)
def test_any_network_can_be_reported(config: iv.GoogLeNetConfig) -> None:
    clf = iv.load("random", config=config)
    html = iv.report.build(clf, clf.trace(noise_photo(2))).html
    for module in config.modules:
        for branch in BRANCHES:
            assert f"channels of {module} {branch.replace('x', '×')}" in html


def test_a_report_says_which_square_was_looked_at(clf: iv.Classifier) -> None:
    size = iv.read_picture(sample("goldfish")).size
    trace = clf.trace(sample("goldfish"), fit=iv.Crop(0.5, 0.5, 0.5))
    half = min(size) / 4
    left, right, top, bottom = (round(side / 2 + way * half) for side in size for way in (-1, 1))
    words = Reader(iv.report.build(clf, trace, "tench").html).words
    assert f"crop 0.5-0.5-0.5: pixels {left} to {right} across, {top} to {bottom} down" in words


def test_a_muted_trace_says_so(clf: iv.Classifier, trace: iv.Trace) -> None:
    muted = iv.mute(clf, trace, ["4c/5x5"])
    assert "Muted: 4c/5x5." in Reader(iv.report.build(clf, muted).html).words


def test_refusals(clf: iv.Classifier, trace: iv.Trace, tmp_path: Path) -> None:
    with pytest.raises(iv.ExplainError, match="no class"):
        iv.report.build(clf, trace, 99)
    (tmp_path / "a file").write_text("")
    with pytest.raises(iv.FileError, match="can't be written"):
        iv.report.Report("x", "y").save(tmp_path / "a file" / "x.html")


@pytest.mark.parametrize(
    ("photo", "model", "name"),
    [
        ("IMG_0012.JPG", "BVLC GoogLeNet", "img-0012-bvlc-googlenet.html"),
        ("St. Bernard", "tiny.safetensors", "st-bernard-tiny-safetensors.html"),
        ("Kätzchen (2).jpeg", "网络", "kätzchen-2-网络.html"),
        ("../../etc/passwd", "<b>", "etc-passwd-b.html"),
        ("", "???", "photo-model.html"),
        ("con.png", "nul", "con-nul.html"),
    ],
)
def test_a_report_is_called_by_photo_and_model(photo: str, model: str, name: str) -> None:
    assert report_name(photo, model) == name


def test_a_long_name_still_ends_in_html() -> None:
    name = report_name("图" * 300 + ".png", "網" * 300)
    assert name.endswith(".html") and len(name.encode()) <= 255


def test_the_strongest_channels_come_with_their_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path))
    model = iv.load("random", config=tiny_config(input_size=96))
    trace = model.trace(noise_photo(1, (120, 100)))
    assert "No picture of this network" in iv.report.build(model, trace).html
    means = trace.branches["4c"]["5x5"].mean((1, 2))
    strongest = int(means.argmax())
    atlas_of(model).paint(Place("4c", "5x5"), [strongest], size=32, steps=1)
    tile = atlas_of(model).tile(Place("4c", "5x5", strongest))
    assert tile is not None
    html = iv.report.build(model, trace).html
    assert f"What 4c 5×5, channel {strongest} looks for" in html
    assert base64.b64encode(tile.webp).decode() in html
    assert html.count("Where 4c ") == 4
