"""One HTML file about one photo in one network, complete in itself: opens anywhere, offline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inception_viz.classifier import Classifier
from inception_viz.explain.rerun import Progress, silent
from inception_viz.explain.saving import saving
from inception_viz.explain.target import Asked
from inception_viz.report.document import apology, document
from inception_viz.report.findings import find
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
            ExplainError: if it can't be written.
        """
        with saving(Path(path)) as temporary:
            temporary.write_text(self.html, "utf-8")


def failed(photo: str, sentence: str) -> Report:
    """A report that could not be made, as a file that says why in one sentence."""
    title = f"No report about {photo or 'the photo'}"
    return Report(title, apology(title, sentence))


def build(
    classifier: Classifier,
    trace: Trace,
    target: Asked = None,
    *,
    photo: str = "",
    alt: str = "",
    progress: Progress = silent,
) -> Report:
    """Everything that the pages show about a trace, as one file below 5 MB.

    The photo and the answers, what is special, the map by firing, contribution and Grad-CAM, exact
    Shapley values, where every module looks, every channel of every branch, the architecture, and
    the versions that made it.

    Args:
        classifier: the one that made ``trace``.
        trace: of the photo; may have branches muted.
        target: the class to explain; default the network's first choice.
        photo: what the photo is called.
        alt: what it shows, in words, for those who can't see it.
        progress: is told the share that is done; what it raises stops the work.

    Raises:
        ExplainError: for a class that doesn't exist, or a trace of another classifier.
    """
    found = find(classifier, trace, target, photo=photo, alt=alt, progress=progress)
    return Report(found.title, document(found))
