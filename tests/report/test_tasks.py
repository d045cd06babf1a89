"""Worksheets: what the answers say is what the network computes."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

import inception_viz as iv
from inception_viz.architecture import GoogLeNetConfig
from inception_viz.report import Task, printed_worksheet, worksheet
from tests.conftest import ROOT, noise_photo, tiny_config

SAMPLE = ROOT / "assets" / "samples" / "espresso.jpg"


@pytest.fixture(scope="module")
def bvlc() -> tuple[iv.Classifier, iv.Trace]:
    classifier = iv.load("bvlc")
    return classifier, classifier.trace(SAMPLE)


@pytest.fixture(scope="module")
def tasks(bvlc: tuple[iv.Classifier, iv.Trace]) -> dict[str, Task]:
    return {task.title: task for task in worksheet(*bvlc, photo="Espresso")}


def test_the_kernel_of_the_answer_is_worked_out_from_the_printed_numbers(
    tasks: dict[str, Task],
) -> None:
    task = tasks["One place of a kernel"]
    window, weights = (
        np.array([[float(v.replace("−", "-")) for v in row] for row in rows])
        for rows in task.tables.values()
    )
    assert task.answer.startswith(f"{float((window * weights).sum()):.2f} ")
    exact = re.search(r"with all decimals, ([−-]?[\d.]+)", task.answer)
    assert exact is not None
    assert float((window * weights).sum()) == pytest.approx(float(exact[1]), rel=0.1)


def test_the_costs_of_the_answer_are_the_papers_rule(tasks: dict[str, Task]) -> None:
    answer = tasks["What the reduction saves"].answer
    with_it = 14 * 14 * (512 * 24 + 24 * 64 * 25)
    without = 14 * 14 * 512 * 64 * 25
    assert f"{with_it:,}" in answer and f"{without:,}" in answer


def test_probabilities_follow_from_the_printed_logits(
    bvlc: tuple[iv.Classifier, iv.Trace], tasks: dict[str, Task]
) -> None:
    task = tasks["From scores to probabilities"]
    first, second = map(float, re.findall(r"(-?\d+\.\d+)[,.]", task.text)[:2])
    assert f"{math.exp(first - second):.3g} times;" in task.answer
    shares = [share for _, share in bvlc[1].predictions(2)]
    assert f"{shares[0] / shares[1]:.3g} times." in task.answer


def test_muting_and_flow_say_what_the_network_does(
    bvlc: tuple[iv.Classifier, iv.Trace], tasks: dict[str, Task]
) -> None:
    classifier, trace = bvlc
    without = iv.mute(classifier, trace, ["4c/3x3"])
    index = trace.top_classes(1)[0][0]
    after = 100 * float(without.probabilities("main")[index])
    said = re.search(r"becomes ([\d.]+)", tasks["Without one branch"].answer)
    assert said is not None and float(said[1]) == pytest.approx(after, abs=0.5)
    scores = iv.contributions(classifier, trace, index, method="gradient_x_activation")
    last = dict(zip(("1×1", "3×3", "5×5", "pool"), scores.values[-1], strict=True))
    best = max(last, key=last.__getitem__)
    handed = f"{last[best]:+.3g}"
    assert tasks["Follow the answer back"].answer.startswith(f"5b, {best} hands on {handed} ")


@pytest.mark.parametrize("config", [tiny_config(), GoogLeNetConfig.naive()], ids=["tiny", "naive"])
def test_a_network_without_reductions_gets_the_tasks_that_it_has(config: GoogLeNetConfig) -> None:
    classifier = iv.load("random", config=config)
    found = worksheet(classifier, classifier.trace(noise_photo(3)))
    titles = [task.title for task in found]
    assert ("What the reduction saves" in titles) == (config != GoogLeNetConfig.naive())
    assert all(task.text and task.answer and task.lines for task in found)
    assert "Break it" in titles and "What does it say?" in titles


def test_the_files_hold_tasks_or_answers_and_foreign_names_as_text(
    bvlc: tuple[iv.Classifier, iv.Trace], tmp_path: Path
) -> None:
    hostile = "<script>alert(1)</script>.jpg"
    sheet, answers = (
        printed_worksheet(*bvlc, photo=hostile, answers=given) for given in (False, True)
    )
    for report in (sheet, answers):
        assert "<script>alert" not in report.html and "&lt;script&gt;" in report.html
        assert "http" not in report.html.replace("http-equiv", ""), "nothing is fetched"
    assert sheet.html.count('class="line"') > 20 > answers.html.count('class="line"') == 0
    tasks = worksheet(*bvlc, photo=hostile)
    assert tasks[2].answer in answers.html and tasks[2].answer not in sheet.html
    sheet.save(tmp_path / "sheet.html")
    assert (tmp_path / "sheet.html").read_text("utf-8") == sheet.html
