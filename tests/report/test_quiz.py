from __future__ import annotations

import csv
import io

import pytest

from inception_viz.architecture import GoogLeNetConfig
from inception_viz.report import question_table, questions
from tests.conftest import tiny_config


@pytest.mark.parametrize(
    "config", [GoogLeNetConfig.paper(), GoogLeNetConfig.naive(), tiny_config()]
)
def test_eight_before_and_eight_of_the_same_kind_after(config: GoogLeNetConfig) -> None:
    asked = questions(config)
    before, after = ([q for q in asked if q.when == when] for when in ("before", "after"))
    assert [q.number for q in before] == [q.number for q in after] == list(range(1, 9))
    assert [q.about for q in before] == [q.about for q in after]
    assert not {q.text for q in before} & {q.text for q in after}
    for question in asked:
        assert len(set(question.answers)) == 4, "no two answers are the same"
        assert 0 <= question.right < 4


def test_figures_are_those_of_the_network() -> None:
    asked = {(q.when, q.number): q for q in questions(GoogLeNetConfig.paper())}
    reduction = asked["before", 7]
    # 3a's 3×3 branch in the paper's table 1: 192 maps in, 96 reduce, 128 filters.
    assert reduction.answers[reduction.right] == f"{192 * 96 + 96 * 128 * 9:,}"
    size = asked["before", 8]
    assert size.answers[size.right] == "7 million"  # 6.998 million without auxiliary heads
    work = asked["after", 8]
    assert work.answers[work.right] == "1.6 billion"


def test_the_table_opens_in_a_quiz_program() -> None:
    asked = questions(GoogLeNetConfig.paper())
    text = question_table(asked)
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == 16
    for row, question in zip(rows, asked, strict=True):
        assert row["question"] == question.text
        assert row[row["right"]] == question.answers[question.right]
