"""The file itself: findings, put into a template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inception_viz.architecture.places import Place
from inception_viz.classifier import Classifier
from inception_viz.explain.contributions import contributions
from inception_viz.explain.firing import firing
from inception_viz.explain.grad_cam import grad_cam
from inception_viz.explain.heads import beliefs
from inception_viz.explain.lens import readings_if_any
from inception_viz.explain.muting import mute
from inception_viz.explain.rerun import Progress, silent
from inception_viz.explain.target import Asked, Target, resolve
from inception_viz.files.cache import atomic_write
from inception_viz.files.foreign import file_name, slug
from inception_viz.report.insights import insights_from, remarkable
from inception_viz.report.sections import Findings, values
from inception_viz.report.templates import filled
from inception_viz.trace import Trace


@dataclass(frozen=True)
class Report:
    """A report.

    Attributes:
        title: what it is about.
        html: the whole file; scripts, styles and pictures are inside.
    """

    title: str
    html: str

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all.

        Raises:
            FileError: if it can't be written.
        """
        with atomic_write(Path(path)) as temporary:
            temporary.write_text(self.html, "utf-8")


def report_name(photo: str, model: str, kind: str = "html") -> str:
    """What to call the file of a report: of its photo, without its ending, and its model."""
    stem = re.sub(r"\.[A-Za-z0-9]{2,5}$", "", photo)
    return file_name(f"{slug(stem[:80], 'photo')}-{slug(model[:80], 'model')}.{kind}")


def failed(photo: str, sentence: str) -> Report:
    """A report that could not be made, as a file that says why in one sentence."""
    title = f"No report about {photo or 'the photo'}"
    return Report(title, filled("frame.html.jinja", title, sentence=sentence))


def build(
    classifier: Classifier,
    trace: Trace,
    target: Asked = None,
    *,
    photo: str = "",
    alt: str = "",
    known: bool | None = None,
    notes: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> Report:
    """Everything that the pages show about a trace, as one file below 5 MB.

    The photo and the answers, what is special, the map by firing, contribution and Grad-CAM, exact
    Shapley values, where every module looks, every channel of every branch, the architecture, and
    the versions that made it.

    Args:
        trace: of the photo; may have branches muted.
        target: the class to explain; default the network's first choice.
        photo: what the photo is called.
        alt: what it shows, in words, for those who can't see it.
        known: whether the network has a class for that; the report says so if it hasn't.
        notes: what somebody wrote: about what → the line.
        progress: is told the share that is done; what it raises stops the work.

    Raises:
        ExplainError: for a class that doesn't exist, or a trace of another classifier.
    """
    chosen = Target(resolve(trace, target).index)
    fired = firing(trace, classifier.weights.reference)
    cams = grad_cam(classifier, trace, chosen)
    scores = contributions(classifier, trace, chosen, progress=progress)
    branch = remarkable(fired)
    without = mute(classifier, trace, [str(Place(branch.module, branch.branch))])
    believed = beliefs(classifier, trace, chosen)
    read = readings_if_any(classifier, trace, chosen)
    special = insights_from(fired, trace, without, chosen, believed, cams, read)
    told = dict(notes or {})
    findings = Findings(
        classifier, trace, chosen, photo, alt, known, fired, scores, cams, special, told
    )
    title = f"{photo or 'A photo'} in {classifier.title}"
    return Report(title, filled("document.html.jinja", title, **values(findings)))
