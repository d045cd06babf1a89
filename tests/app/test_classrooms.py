"""Classes in the server's memory: what counts, what bounds them, who may see what."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from app.server import classrooms, room
from app.server.allowance import Allowance, in_words
from app.server.classrooms import SYMBOLS, Classrooms, NoClassError, Own, normal
from app.server.room import ClassError, tidied

OPTIONS = ("1x1", "3x3", "5x5", "pool")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rooms(clock: Clock) -> Classrooms:
    return Classrooms(clock)


def number(place: int) -> str:
    return f"{place:032x}"


def answer(rooms: Classrooms, code: str, place: int, question: str, choice: str) -> str:
    return rooms.answer(code, number(place), question, choice, OPTIONS, ["3x3"])


def test_codes_have_no_look_alikes_and_differ() -> None:
    rooms = Classrooms()
    codes = [rooms.open(str(place)).code for place in range(classrooms.CLASSES)]
    assert len({*codes}) == len(codes)
    assert {*"".join(codes)} <= {*SYMBOLS}
    assert not {*SYMBOLS} & {*"0O1IL2Z5S8BUAE"}
    assert len({len(code) for code in codes}) == 1 and len(codes[0]) == 6


def test_a_code_may_be_typed_in_any_way() -> None:
    assert normal(" k7q-m 4p\n") == normal("K7QM4P") == "K7QM4P"
    assert normal("K7QM4") == normal("K7QM4O") == normal("") == normal("K7QM4P" * 500) == ""


def test_the_first_answer_counts_and_only_once(rooms: Classrooms) -> None:
    own = rooms.open()
    rooms.join(own.code, number(1))
    assert answer(rooms, own.code, 1, "branch,4c", "1x1") == "1x1"
    rooms.join(own.code, number(1))  # after a reload
    assert answer(rooms, own.code, 1, "branch,4c", "3x3") == "1x1"
    answer(rooms, own.code, 1, "branch,4d", "3x3")
    counts = rooms.counts(own)
    assert counts.pupils == 1
    assert [tally.question for tally in counts.tallies] == ["branch,4c", "branch,4d"]
    first, second = counts.tallies
    assert first.chosen == {"1x1": 1, "3x3": 0, "5x5": 0, "pool": 0} and first.correct == 0
    assert second.chosen["3x3"] == second.correct == 1
    assert second.right == {"1x1": 0, "3x3": 1, "5x5": 0, "pool": 0}
    assert rooms.of_pupil(own.code, number(1)) == (2, "", False)


def test_thirty_at_once_are_counted_once_each_and_in_their_own_class(rooms: Classrooms) -> None:
    owns = [rooms.open(), rooms.open()]
    expected: list[Counter[tuple[str, str]]] = [Counter(), Counter()]
    guard, gate = threading.Lock(), threading.Barrier(30)

    def attend(place: int) -> None:
        chance, which = random.Random(place), place % 2
        code = owns[which].code
        gate.wait()
        for question in (f"branch,{n}" for n in range(20)):
            rooms.join(code, number(place))
            chosen = chance.choice(OPTIONS)
            answer(rooms, code, place, question, chosen)
            with guard:
                expected[which][question, chosen] += 1
            for _ in range(3):
                assert answer(rooms, code, place, question, chance.choice(OPTIONS)) == chosen

    threads = [threading.Thread(target=attend, args=(place,)) for place in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for own, wanted in zip(owns, expected, strict=True):
        counts = rooms.counts(own)
        assert counts.pupils == 15
        found = {(t.question, o): n for t in counts.tallies for o, n in t.chosen.items() if n}
        assert found == dict(wanted)
        assert all(tally.correct == tally.chosen["3x3"] for tally in counts.tallies)


def test_what_is_right_may_differ_from_pupil_to_pupil(rooms: Classrooms) -> None:
    own = rooms.open()
    for place, right in ((1, "1x1"), (2, "3x3")):
        rooms.join(own.code, number(place))
        rooms.answer(own.code, number(place), "branch,own", "1x1", OPTIONS, [right])
    (tally,) = rooms.counts(own).tallies
    assert tally.answers == 2 and tally.correct == 1
    assert [option for option, n in tally.right.items() if n == tally.answers] == []


def test_the_best_score_stands(rooms: Classrooms) -> None:
    own = rooms.open()
    rooms.join(own.code, number(1))
    for value in (3, 7, 5):
        rooms.score(own.code, number(1), "high", value)
        rooms.score(own.code, number(1), "low", value, lowest=True)
    games = rooms.counts(own).games
    assert [score.value for score in games["high"]] == [7]
    assert [score.value for score in games["low"]] == [3]
    for wild in (float("nan"), float("inf"), 1e300):
        with pytest.raises(ClassError):
            rooms.score(own.code, number(1), "high", wild)


def test_nobody_but_the_key_sees_hides_or_ends(rooms: Classrooms) -> None:
    own, other = rooms.open(), rooms.open()
    secret = ("counts", "lines", "end", "seconds_left")
    for false in (Own(own.code, ""), Own(own.code, other.key), Own(own.code, "\ud800é"),
                  Own("", own.key)):  # fmt: skip
        assert not rooms.owns(false)
        for name in secret:
            with pytest.raises(NoClassError):
                getattr(rooms, name)(false)
        with pytest.raises(NoClassError):
            rooms.hide(false, 1, True)
    assert rooms.owns(own) and len(own.key) >= 40
    assert own.key not in repr(own)
    rooms.end(own)
    assert not rooms.is_open(own.code) and rooms.is_open(other.code)


def test_a_class_ends_by_its_teacher_or_after_a_day(rooms: Classrooms, clock: Clock) -> None:
    own, other = rooms.open(), rooms.open()
    rooms.join(own.code, number(1))
    rooms.end(own)
    for late in (
        lambda: rooms.join(own.code, number(2)),
        lambda: answer(rooms, own.code, 1, "branch", "1x1"),
        lambda: rooms.find(own.code),
    ):
        with pytest.raises(NoClassError, match="has ended"):
            late()
    clock.now += classrooms.DAY - 1
    assert rooms.seconds_left(other) == pytest.approx(1)
    assert rooms.find(other.code) == other.code
    clock.now += 1
    assert not rooms.owns(other)
    with pytest.raises(NoClassError, match="has ended"):
        rooms.find(other.code)


def refused(act: Callable[[], object], words: str) -> None:
    with pytest.raises(ClassError, match=words):
        act()


def test_everything_has_a_bound(rooms: Classrooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classrooms, "CLASSES", 2)
    monkeypatch.setattr(classrooms, "ANSWERS", 5)
    monkeypatch.setattr(room, "PUPILS", 2)
    monkeypatch.setattr(room, "QUESTIONS", 3)
    monkeypatch.setattr(room, "OPTIONS", 5)
    monkeypatch.setattr(room, "GAMES", 1)
    own, code = rooms.open(), ""
    code = own.code
    rooms.open()
    refused(rooms.open, "2 classes are open")
    for place in (1, 2):
        rooms.join(code, number(place))
    refused(lambda: rooms.join(code, number(3)), "full")
    rooms.join(code, number(2))
    refused(lambda: rooms.answer(code, number(1), "q", "x6", "abcdef", ["a"]), "as it can")
    for question in "abc":
        answer(rooms, code, 1, question, "1x1")
    refused(lambda: answer(rooms, code, 1, "d", "1x1"), "as many questions")
    for question in "ab":
        answer(rooms, code, 2, question, "1x1")
    refused(lambda: answer(rooms, code, 2, "c", "1x1"), "as many answers")
    rooms.score(code, number(1), "one", 1)
    refused(lambda: rooms.score(code, number(1), "two", 1), "as many scores")
    rooms.end(own)
    rooms.open()


@pytest.mark.parametrize(
    "name", ["", "x" * 33, "0" * 31, "G" * 32, "../../etc/passwd", "\ud800" * 32, "0" * 32 + "\n"]
)
def test_a_pupil_is_a_number_of_32_digits(name: str, rooms: Classrooms) -> None:
    own = rooms.open()
    refused(lambda: rooms.join(own.code, name), "can't be read")
    assert rooms.counts(own).pupils == 0


@pytest.mark.parametrize("name", ["", "a b", "<b>", "=1", "a" * 121, "\0", "é", "a\n", "a/b"])
def test_ids_are_ours(name: str, rooms: Classrooms) -> None:
    own = rooms.open()
    rooms.join(own.code, number(1))
    refused(lambda: rooms.answer(own.code, number(1), name, "a", ["a"], ["a"]), "can't be counted")
    refused(lambda: rooms.answer(own.code, number(1), "q", name, ["a"], ["a"]), "can't be counted")
    refused(lambda: rooms.score(own.code, number(1), name, 1), "can't be counted")
    assert rooms.counts(own).tallies == ()


def test_who_has_not_joined_is_not_counted(rooms: Classrooms) -> None:
    own, other = rooms.open(), rooms.open()
    rooms.join(other.code, number(1))
    refused(lambda: answer(rooms, own.code, 1, "branch", "1x1"), "hasn't joined")
    assert not rooms.has(own.code, number(1)) and rooms.has(other.code, number(1))


def test_wrong_codes_are_limited_by_address_and_right_ones_are_free(
    rooms: Classrooms, clock: Clock
) -> None:
    own = rooms.open()
    wrong = [f"{a}{b}CDFG" for a in SYMBOLS for b in SYMBOLS if f"{a}{b}CDFG" != own.code]
    for _ in range(1000):
        assert rooms.find(own.code, "school") == own.code
    for code in wrong[:200]:
        with pytest.raises(NoClassError, match="Ask for the code"):
            rooms.find(code, "school")
    with pytest.raises(ClassError, match="Too many wrong class codes"):
        rooms.find(own.code, "school")
    assert rooms.find(own.code, "another school") == own.code
    assert rooms.find(own.code) == own.code
    with pytest.raises(NoClassError):
        rooms.find("no code", "school")  # can't be one, so it is no guess
    clock.now += 5.1
    assert rooms.find(own.code, "school") == own.code


def test_wrong_codes_are_limited_in_all(rooms: Classrooms) -> None:
    own = rooms.open()
    wrong = [f"{a}{b}CDFG" for a in SYMBOLS for b in SYMBOLS] + [f"{a}CCDFH" for a in SYMBOLS * 20]
    refusals: Counter[bool] = Counter()
    for place, code in enumerate(code for code in wrong if code != own.code):
        error = failure(partial(rooms.find, code, str(place)))
        refusals["Too many" in str(error)] += 1
    assert refusals[False] == 600 and refusals[True] > 100
    day = 24 * 3600 / 5 + 600
    assert day / len(SYMBOLS) ** 6 < 1 / 6000, "what the comment promises"


def failure(act: Callable[[], object]) -> ClassError | None:
    try:
        act()
    except ClassError as error:
        return error
    return None


def test_what_has_ended_is_no_guess(rooms: Classrooms) -> None:
    own, other = rooms.open(), rooms.open()
    rooms.end(own)
    for _ in range(300):
        with pytest.raises(NoClassError, match="has ended"):
            rooms.find(own.code, "school")
    assert rooms.find(other.code, "school") == other.code


def test_opening_is_limited_by_address(rooms: Classrooms) -> None:
    for _ in range(20):
        rooms.end(rooms.open("a"))
    refused(lambda: rooms.open("a"), "Many classes were opened from here")
    rooms.open("b")


def test_an_allowance_forgets_who_came_first_when_many_come() -> None:
    clock = Clock()
    allowed = Allowance(1, 10.0, most=3, clock=clock)
    for who in "abcd":
        allowed.use(who)
    assert allowed.wait("a") == 0
    assert allowed.wait("d") == pytest.approx(10)
    clock.now += 4
    assert allowed.wait("d") == pytest.approx(6)
    assert [in_words(s) for s in (0.2, 6.1, 61, 300)] == [
        "a second", "7 seconds", "61 seconds", "5 minutes",
    ]  # fmt: skip


HOSTILE = {
    "  Zoe \n\t the  2nd ": "Zoe the 2nd",
    "<script>x</script>": "<script>x</script>",  # text stays text where it is shown
    "a\u202eb\u200bc\0": "abc",
    "Z" + "\u0335" * 200 + "o": "Z\u0335\u0335o",
    "\ud800": "",
    "": "",
    "猫 👩": "猫 👩",
}


@pytest.mark.parametrize("typed", HOSTILE, ids=ascii)
def test_nicknames_are_one_line_of_what_can_be_seen(typed: str, rooms: Classrooms) -> None:
    own = rooms.open()
    rooms.join(own.code, number(1))
    rooms.score(own.code, number(1), "game", 1)
    assert rooms.name(own.code, number(1), typed) == tidied(typed) == HOSTILE[typed]
    (score,) = rooms.counts(own).games["game"]
    assert score.nickname == HOSTILE[typed]
    refused(lambda: rooms.name(own.code, number(1), "x" * 25), "at most 24")


def test_a_hidden_nickname_stays_hidden_whatever_is_typed(rooms: Classrooms) -> None:
    own = rooms.open()
    for place in (1, 2):
        rooms.join(own.code, number(place))
        rooms.name(own.code, number(place), f"n{place}")
        rooms.score(own.code, number(place), "game", place)
    rooms.hide(own, 2, True)
    rooms.name(own.code, number(2), "another")
    assert [score.hidden for score in rooms.counts(own).games["game"]] == [False, True]
    assert rooms.of_pupil(own.code, number(2)) == (1, "another", True)
    rooms.hide(own, 2, False)
    assert not rooms.counts(own).games["game"][1].hidden


def test_lines_say_neither_who_nor_in_which_order(rooms: Classrooms) -> None:
    orders = set()
    for _ in range(12):
        own = rooms.open()
        for place in range(8):
            rooms.join(own.code, number(place))
            answer(rooms, own.code, place, "branch", "1x1" if place else "pool")
            rooms.name(own.code, number(place), f"name{place}")
            rooms.score(own.code, number(place), "game", place)
        lines = rooms.lines(own)
        assert rooms.lines(own) == lines
        assert sorted({line.pupil for line in lines}) == [*range(1, 9)]
        assert "name" not in repr(lines) and number(3) not in repr(lines)
        orders.add(next(line.pupil for line in lines if line.choice == "pool"))
        rooms.end(own)
    assert len(orders) > 1, "the first to come isn't always the same number"
