"""What a report tells, measured once."""

from __future__ import annotations

from dataclasses import dataclass

from inception_viz.architecture.places import Place
from inception_viz.classifier import Classifier
from inception_viz.explain.contributions import Contributions, contributions
from inception_viz.explain.firing import Firing, firing
from inception_viz.explain.grad_cam import Cams, grad_cam
from inception_viz.explain.heads import beliefs
from inception_viz.explain.muting import mute
from inception_viz.explain.rerun import Progress, silent
from inception_viz.explain.target import Asked, Target, resolve
from inception_viz.report.insights import Insight, insights_from, remarkable
from inception_viz.trace import Trace


@dataclass(frozen=True, eq=False)
class Findings:
    """One photo in one network.

    Attributes:
        classifier, trace: the network and what the photo did in it.
        target: the class that is explained, by the main head's logit.
        photo: what the photo is called, and ``alt``, what it shows.
        known: whether the network has a class for that; None where nobody knows.
        firing, scores, cams: how branches fire, their Shapley values, where they look.
        insights: what is special, in sentences.
    """

    classifier: Classifier
    trace: Trace
    target: Target
    photo: str
    alt: str
    known: bool | None
    firing: Firing
    scores: Contributions
    cams: Cams
    insights: tuple[Insight, ...]

    @property
    def label(self) -> str:
        """The class that is explained."""
        return self.trace.labels[self.target.index]

    @property
    def probability(self) -> float:
        """The class's probability at the main head."""
        return float(self.trace.probabilities()[self.target.index])

    @property
    def title(self) -> str:
        """What it is about."""
        return f"{self.photo or 'A photo'} in {self.classifier.title}"


def find(
    classifier: Classifier,
    trace: Trace,
    asked: Asked,
    *,
    photo: str = "",
    alt: str = "",
    known: bool | None = None,
    progress: Progress = silent,
) -> Findings:
    """Measure it.

    Raises:
        ExplainError: for a class that doesn't exist, or a trace of another classifier.
    """
    target = Target(resolve(trace, asked).index)
    fired = firing(trace, classifier.weights.reference)
    cams = grad_cam(classifier, trace, target)
    scores = contributions(classifier, trace, target, progress=progress)
    branch = remarkable(fired)
    without = mute(classifier, trace, [str(Place(branch.module, branch.branch))])
    believed = beliefs(classifier, trace, target)
    special = insights_from(fired, trace, without, target, believed, cams)
    return Findings(classifier, trace, target, photo, alt, known, fired, scores, cams, special)
