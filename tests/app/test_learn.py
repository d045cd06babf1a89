from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import inception_viz as iv
from app.session import explanations
from app.session.photos import samples
from app.views import REGISTRY
from app.views.learn.chapters import CHAPTERS
from app.views.learn.chapters.question import highest
from app.views.teach.plan import LENGTHS, Step, plan
from inception_viz.architecture import Place
from inception_viz.figures import BRANCH_NAMES
from inception_viz.sources import save_weights
from tests.app.test_pages import start, texts
from tests.conftest import sample, tiny_config


@pytest.fixture(autouse=True)
def quick(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.session.channels._STEPS", 1)


def name(place: int) -> str:
    return CHAPTERS[place].name


def answer(app: AppTest, key: str, option: object) -> str:
    """Choose an option of a question; what the page says to it."""
    next(group for group in app.pills if group.key == key).set_value(option).run()
    assert not app.exception
    return "\n".join(str(e.value) for e in [*app.success, *app.warning])


@pytest.mark.parametrize("place", range(len(CHAPTERS)))
@pytest.mark.parametrize("model", ["Imagenette GoogLeNet", "Random weights"])
def test_every_chapter_shows_itself_with_any_model(place: int, model: str) -> None:
    app = start("learn", image="cat", chapter=name(place), model=model)
    assert not app.exception
    assert not app.error
    assert not app.toast
    assert f"{place + 1}. {CHAPTERS[place].title}" in [h.value for h in app.header]
    assert f"Sources: {CHAPTERS[place].source}." in texts(app)


@pytest.mark.parametrize("place", range(len(CHAPTERS)))
def test_every_chapter_shows_itself_with_a_network_without_reductions(place: int) -> None:
    from inception_viz.architecture import encode

    arch = encode(iv.GoogLeNetConfig.naive(classes=10))
    app = start("learn", chapter=name(place), arch=arch, network="rebuilt")
    assert not app.exception


def test_next_and_previous_walk_through_all_chapters() -> None:
    app = start("learn")
    for place in range(1, len(CHAPTERS)):
        next(b for b in app.button if b.label == "Next").click().run()
        assert app.header[0].value == f"{place + 1}. {CHAPTERS[place].title}"
    assert not [b for b in app.button if b.label == "Next"]
    next(b for b in app.button if b.label == "Previous").click().run()
    assert app.header[0].value == f"{len(CHAPTERS) - 1}. {CHAPTERS[-2].title}"


def test_predicting_the_strongest_branch_is_judged_by_its_energy() -> None:
    trace = iv.load("bvlc").trace(sample("cat"))
    energy = {b: float((maps**2).sum()) for b, maps in trace.branches["4c"].items()}
    best = max(energy, key=lambda b: energy[b])
    other = min(energy, key=lambda b: energy[b])
    app = start("learn", image="cat", learn_module="4c")
    assert not app.success
    assert "Choose first" in texts(app)
    assert answer(app, "guess_branch", best).startswith("Right.")
    said = answer(app, "guess_branch", other)
    assert said.startswith(f"The answer: **{BRANCH_NAMES[best]}**")
    assert f"{energy[best] / sum(energy.values()):.0%}".replace("%", "\N{NO-BREAK SPACE}%") in said


def test_what_looks_the_same_in_print_is_as_right() -> None:
    values = {"a": 0.3694, "b": 0.3712, "c": 0.26}
    assert highest(values, lambda share: f"{share:.0%}") == ["a", "b"]
    assert highest(values, lambda share: f"{share:.1%}") == ["b"]


def test_another_module_or_photo_is_another_question() -> None:
    app = start("learn", image="cat", learn_module="4c")
    answer(app, "guess_branch", "1x1")
    app.button_group(key="learn_module").set_value("4d").run()
    assert "Choose first" in texts(app) and not app.success and not app.warning
    answer(app, "guess_branch", "1x1")
    app.session_state["image"] = app.query_params["image"] = "espresso"
    app.run()
    assert "Choose first" in texts(app) and not app.success and not app.warning


def test_predicting_what_muting_does_is_judged_by_running_the_network_without_it() -> None:
    clf = iv.load("bvlc")
    trace = clf.trace(sample("cat"))
    index = trace.top_classes(1)[0][0]
    changes = {
        b: float(iv.mute(clf, trace, [f"4c/{b}"]).logits[index] - trace.logits[index])
        for b in trace.branches["4c"]
    }
    best = max(changes, key=lambda b: abs(changes[b]))
    app = start("learn", image="cat", chapter=name(7), mute_module="4c")
    assert answer(app, "guess_mute", best).startswith("Right.")
    stays = iv.mute(clf, trace, ["4c"]).predictions(1)[0][0] == trace.predictions(1)[0][0]
    assert answer(app, "guess_whole", stays).count("Right.") == 2
    assert answer(app, "guess_whole", not stays).count("Right.") == 1


def test_what_a_question_asks_is_not_shown_before_the_answer() -> None:
    app = start("learn", image="cat", chapter=name(4))
    logit = float(iv.load("bvlc").trace(sample("cat")).logits.max())
    assert f"{logit:.3g}" not in texts(app)
    answer(app, "guess_last", "1x1")
    assert f"{logit:.3g}" in texts(app)
    app = start("learn", image="cat", chapter=name(3))
    assert "M MACs" not in app.dataframe[0].value
    assert answer(app, "guess_dearest", "3b").startswith("Right.")
    assert app.dataframe[0].value["M MACs"]["3b"] == 304.3


TRAINED = "ask_trained_heads"
PLANS = {minutes: plan(iv.load("bvlc"), minutes) for minutes in LENGTHS}
STEPS = {step.link: step for steps in PLANS.values() for step in steps}


@pytest.mark.parametrize("minutes", LENGTHS)
def test_the_plan_fills_a_lesson(minutes: int) -> None:
    assert sum(step.minutes for step in PLANS[minutes]) == minutes
    app = start("teach", lesson=str(minutes))
    assert not app.exception
    assert len(app.get("page_link")) == len(PLANS[minutes])


def test_worksheet_answers_and_questions_can_be_taken_home() -> None:
    app = start("teach")
    names = {str(button.proto.label) for button in app.get("download_button")}
    assert {"Worksheet", "Answers", "Questions"} <= names
    scene = app.session_state["scene"]
    assert "Answers: " in explanations.worksheet(scene, answers=True)


def test_the_plan_says_of_the_model_what_is_true_of_it() -> None:
    app = start("teach")
    assert "BVLC GoogLeNet" in texts(app) and "1,000 classes" in texts(app)
    assert "there is no moose" in texts(app)
    app = start("teach", model="Imagenette GoogLeNet")
    assert "knows 10 classes, and a goldfish isn't one of them" in texts(app)
    assert "1,000" not in texts(app)


def test_the_plan_claims_nothing_of_classes_that_nobody_knows() -> None:
    numbered = iv.load("random", config=tiny_config())
    named = replace(numbered.weights, labels=("goldfish", *"abcdef"))
    for weights in (numbered.weights, named):
        what = plan(replace(numbered, weights=weights, source="file"), 45)[0].what
        assert "isn't one of them" not in what and "there is no" not in what
        assert "It has 7 answers" in what


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_prepared_views_open_as_asked(step: Step) -> None:
    page, query = step.page, dict(step.query)
    assert f"{page}/page.py" in [view.script for view in REGISTRY]
    app = start("" if page == "explore" else page, **query)
    assert not app.exception
    assert not app.toast, "nothing of the link is left out"


def test_the_chapter_on_heads_leads_to_trained_ones(tmp_path: Path) -> None:
    """Both from heads that were fitted afterwards and from a network that has none."""
    app = start("learn", chapter=name(5))
    assert "two were fitted to it afterwards" in texts(app)
    app.button(key=TRAINED).click().run()
    assert app.session_state["scene"].model.source == "imagenette"
    assert "Here they are kept" in texts(app)
    assert TRAINED not in [button.key for button in app.button]
    bare = iv.load("random", config=tiny_config(aux1=None, aux2=None)).weights
    save_weights(bare, tmp_path / "bare.safetensors")
    app = start("learn", chapter=name(5), model="A file of yours …")
    content = (tmp_path / "bare.safetensors").read_bytes()
    app.file_uploader(key="weights_file").upload("bare.safetensors", content).run()
    assert "nobody to ask halfway" in app.info[0].value
    app.button(key=TRAINED).click().run()
    assert not app.exception and not app.info
    assert app.session_state["scene"].model.source == "imagenette"


def test_the_module_of_a_picture_is_guessed() -> None:
    app = start("learn", image="cat", chapter="channels")
    answers = [answer(app, "guess_module", module) for module in ("3a", "4c", "5b")]
    right = [said.startswith("Right.") for said in answers]
    assert right.count(True) == 1
    module = ("3a", "4c", "5b")[right.index(True)]
    assert f"of {module}'s" in answers[0]


def test_two_photos_are_judged_by_what_the_channel_does_and_the_score_is_kept() -> None:
    model = iv.load("bvlc")
    app = start("learn", image="cat", chapter="channels")
    photos = [photo_of(app, number) for number in (0, 1)]
    app.button(key="photo_0").click().run()
    assert not app.exception
    said = "\n".join(str(e.value) for e in [*app.success, *app.warning])
    found = re.search(r"channel (\d+) of (\S+) (\S+) looks", texts(app))
    assert found is not None
    place = Place.parse(found.expand(r"\2/\3:\1").replace("×", "x"))
    assert place is not None
    most = [
        float(model.trace(sample(name)).branches[place.module][place.branch][place.channel].max())  # type: ignore[index]
        for name in photos
    ]
    assert ("Right." in said) == (most[0] > most[1])
    assert f"You: **{int(most[0] > most[1])} of 1**" in texts(app)
    assert "Chance: 0.5 of 1" in texts(app)
    assert app.button(key="photo_1").disabled
    app.button(key="next_photos").click().run()
    assert not app.button(key="photo_1").disabled
    app.button(key="photo_1").click().run()
    assert re.search(r"You: \*\*[012] of 2\*\*", texts(app))


def photo_of(app: AppTest, number: int) -> str:
    """The sample that stands as that photo of the question."""
    images = [i for i in app.get("image") if f"Photo {'AB'[number]}" in str(i.proto)]
    caption = images[0].captions[0]  # type: ignore[union-attr]
    return next(name for name, known in samples().items() if known.title == caption)
