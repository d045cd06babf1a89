"""Two classes that go through the lesson at once, and what their teachers' pages say of them.

Every pupil answers every question of *Learn*, most but once: some reload, and some choose another
answer afterwards, which must not count. The teacher of the large class looks at a real browser,
which writes down when its page shows how many answers; a pupil's clock starts when the page tells
the pupil what is right.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.session.questions import QUESTIONS
from app.views.learn.chapters import CHAPTERS
from benchmarks.harness import Row
from benchmarks.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Page

SMALL = 3  # the other class has a third of the pupils
RELOADS = 0.15  # of the chapters
SECOND_THOUGHTS = 0.3  # of the answers
LATE = 15.0  # seconds for the page to catch up at the end
_QUESTION = {  # the key of a widget → the question
    "guess_branch": "branch",
    "guess_saving": "saving",
    "guess_dearest": "dearest",
    "guess_last": "last",
    "guess_early": "early",
    "guess_cam": "cam",
    "guess_mute": "mute",
    "guess_whole": "whole",
    "guess_module": "module",
    "guess_last_5b": "flow_last",
    "guess_before_5a": "flow_before",
    "guess_exchange": "exchange",
    "guess_whole_exchange": "whole_exchange",
}

# Writes down when the page shows how many answers, in all cards together.
_WATCH = """() => {
  window.seen = [];
  const board = () => [...document.querySelectorAll('*')]
    .find(e => e.shadowRoot?.querySelector('.board'))?.shadowRoot;
  let root;
  setInterval(() => {
    if (!root?.host.isConnected) root = board();
    const total = [...root?.querySelectorAll('.seen') ?? []]
      .reduce((sum, p) => sum + Number(/(\\d+) answer/.exec(p.textContent)?.[1] ?? 0), 0);
    if (total !== window.seen.at(-1)?.[1]) window.seen.push([Date.now() / 1000, total]);
  }, 20);
}"""

Answers = Counter[tuple[str, str]]  # (question, option's words) → how many


@dataclass
class Class:
    """A class, what its pupils chose first and when they were told, and what went wrong."""

    code: str
    pupils: int
    chosen: Answers = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    reloads: int = 0
    second_thoughts: int = 0
    failures: list[str] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)
    shown: Answers = field(default_factory=Counter)
    joined: int = 0


@dataclass
class Lesson:
    """Both classes, and what the large one's teacher saw: (time, answers)."""

    large: Class
    small: Class
    seen: list[tuple[float, int]]


def hold(teacher: Page, address: str, pupils: int, pause: float, seed: int) -> Lesson:
    """Let both classes go through all chapters; ``teacher`` is at the page *Class*."""
    teacher.get_by_role("button", name="Open a class").click()
    code = teacher.locator(".iv-code").inner_text()
    teacher.evaluate(_WATCH)
    with Visitor(address) as other:
        other.open()
        other.go("class-live")
        _tell(other, "")
        other.press("class_open")
        large = Class(code, pupils)
        small = Class(other.data("class_memory")["own"]["code"], max(1, pupils // SMALL))
        threads = [
            threading.Thread(target=_attend, args=(held, address, pause, f"{seed} {held.code} {n}"))
            for held in (large, small)
            for n in range(held.pupils)
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            teacher.wait_for_timeout(200)
        other.go("class-live")
        _read(small, other.data("class_board"))
    end = time.monotonic() + LATE
    while time.monotonic() < end and _total(teacher) < sum(large.chosen.values()):
        teacher.wait_for_timeout(100)
    seen = [(at, total) for at, total in teacher.evaluate("window.seen")]
    key = teacher.evaluate("JSON.parse(localStorage.inception_viz_classes).keys")[code]["key"]
    with Visitor(address) as again:
        again.open()
        again.go("class-live")
        _tell(again, "", keys=[{"code": code, "key": key, "server": ""}])
        _read(large, again.data("class_board"))
    return Lesson(large, small, seen)


def judged(lesson: Lesson) -> Iterator[Row]:
    """Whether each answer is counted once, in its own class, and how late the page is."""
    for held in (lesson.large, lesson.small):
        for text in held.failures[:5]:
            print(f"failed: {text[:300]}")
        figures = (
            f"{held.pupils} pupils, {held.joined} joined; {sum(held.chosen.values())} answers to "
            f"{len({question for question, _ in held.chosen})} questions; {held.reloads} reloads, "
            f"{held.second_thoughts} second thoughts"
        )
        wrong = sum(((held.chosen - held.shown) + (held.shown - held.chosen)).values())
        wrong += abs(held.joined - held.pupils)
        yield Row(f"class of {held.pupils}: counts that differ", wrong, "", "≤ 0", figures)
        yield Row(f"class of {held.pupils}: errors", len(held.failures), "", "≤ 0")
    late = sorted(
        max(0.0, next((at for at, total in lesson.seen if total >= n), time.time()) - told)
        for n, told in enumerate(sorted(lesson.large.times), 1)
    )
    yield Row("teacher's page behind, median", late[len(late) // 2], "s")
    yield Row("teacher's page behind, 95 % within", late[int(0.95 * len(late))], "s", "≤ 1")
    yield Row("teacher's page behind, at most", late[-1], "s")


def _attend(held: Class, address: str, pause: float, seed: str) -> None:
    try:
        _lesson(held, address, pause, random.Random(seed))
    except Exception as error:  # is counted; the others go on
        with held.guard:
            held.failures.append(f"{type(error).__name__}: {error}")


def _lesson(held: Class, address: str, pause: float, chance: random.Random) -> None:
    number = f"{chance.getrandbits(128):032x}"
    visitor = _arrive(held, address, number)
    try:
        for place, chapter in enumerate(CHAPTERS, 1):
            time.sleep(chance.expovariate(1 / pause))
            if chance.random() < RELOADS:
                visitor.__exit__()
                visitor = _arrive(held, address, number)
                held.reloads += 1
            visitor.choose("chapter", f"{place} {chapter.title}")
            answered: set[str] = set()
            while new := [key for key in visitor.keys("guess_") if key not in answered]:
                time.sleep(chance.expovariate(1 / pause))
                _answer(held, visitor, new[0], chance)
                answered.add(new[0])
    finally:
        visitor.__exit__()


def _arrive(held: Class, address: str, number: str) -> Visitor:
    """Follow the link, in a tab that knows the number from before, or has made it up."""
    visitor = Visitor(address).__enter__()
    visitor.open(f"class={held.code}")
    visitor.go("learn")
    _tell(visitor, held.code, number)
    return visitor


def _answer(held: Class, visitor: Visitor, key: str, chance: random.Random) -> None:
    option = chance.choice(options := visitor.options(key))
    visitor.choose(key, option)
    words = option
    if _QUESTION[key] == "whole_exchange":  # where pupils see names of classes
        words = [*QUESTIONS["whole_exchange"].options.values()][options.index(option)]
    with held.guard:
        held.chosen[_QUESTION[key], words] += 1
        held.times.append(visitor.alert_at)
    if chance.random() < SECOND_THOUGHTS:
        visitor.choose(key, chance.choice([other for other in options if other != option]))
        held.second_thoughts += 1


def _tell(visitor: Visitor, code: str, number: str = "", keys: Any = ()) -> None:
    """What the script in the browser says of what it keeps."""
    session = visitor.data("class_memory")["session"]
    said = {"session": session, "code": code, "pupil": number, "server": "", "keys": [*keys]}
    visitor.trigger("class_memory", "told", said | {"kept": True})


def _total(teacher: Page) -> int:
    return int(teacher.evaluate("window.seen.at(-1)?.[1] ?? 0"))


def _read(held: Class, board: Any) -> None:
    """Take from a board what it shows: the question by its words, the option by its own."""
    held.joined = board["pupils"]
    for card in board["questions"]:
        matching = [name for name, known in QUESTIONS.items() if _means(known.words, card["words"])]
        assert len(matching) == 1 and len(card["views"]) == 1, card
        for bar in card["views"][0]["bars"]:
            if bar["count"]:
                held.shown[matching[0], bar["name"]] += bar["count"]


def _means(template: str, words: str) -> bool:
    return bool(re.fullmatch(re.sub(r"\\\{\d\\\}", ".+", re.escape(template)), words))
