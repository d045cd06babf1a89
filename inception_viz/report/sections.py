"""What a report tells, and what its sections show: values for ``document.html.jinja``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from platform import python_version
from typing import Any

import numpy as np

from inception_viz import __version__
from inception_viz.architecture.config import BRANCHES, COLUMNS, HEAD_NAMES, Branch
from inception_viz.architecture.cost import at_inference, layers, totals
from inception_viz.classifier import Classifier
from inception_viz.explain.channels import measure
from inception_viz.explain.contributions import Contributions
from inception_viz.explain.firing import Firing
from inception_viz.explain.flow.edges import flow
from inception_viz.explain.grad_cam import Cams
from inception_viz.explain.target import Target
from inception_viz.figures.colours import BRANCH_COLOURS, BRANCH_NAMES
from inception_viz.figures.flow import Ends, flow_diagram, flow_sentence
from inception_viz.figures.network_map import Painting, network_map
from inception_viz.figures.paintings import (
    Metric,
    head_answers,
    paint_cams,
    paint_contributions,
    paint_firing,
)
from inception_viz.figures.photo import data_url, jpeg, overlay, photo_with_frame
from inception_viz.figures.printed import contributions_svg
from inception_viz.figures.sprites import channel_sprite
from inception_viz.figures.words import (
    answer_bars,
    answer_sentence,
    check_sentence,
    contribution_sentence,
    energy_share,
    evidence,
    short_number,
)
from inception_viz.pictures.preprocessing import Crop, Fitting
from inception_viz.report.insights import Insight
from inception_viz.report.strongest import strongest
from inception_viz.trace import Trace

Values = dict[str, Any]


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
        notes: what somebody wrote: about what → the line.
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
    notes: Mapping[str, str]

    @property
    def label(self) -> str:
        """The class that is explained."""
        return self.trace.labels[self.target.index]

    @property
    def probability(self) -> float:
        """The class's probability at the main head."""
        return float(self.trace.probabilities()[self.target.index])


def values(findings: Findings) -> Values:
    """Everything that the template asks for."""
    trace = findings.trace
    return {
        "findings": findings,
        "answer": answer_sentence(findings.classifier, trace, findings.known),
        "photo": jpeg(photo_with_frame(trace.picture, trace.fitting)),
        "heads": [_head(findings, head) for head in (*findings.classifier.config.heads, "main")],
        "maps": _maps(findings),
        "flow": _flow(findings),
        "scores": _scores(findings),
        "cams": _cams(findings),
        "strongest": strongest(findings.classifier, trace),
        "modules": {
            module: [_branch(findings, module, branch) for branch in branches]
            for module, branches in trace.branches.items()
        },
        "network": _network(findings),
        "versions": _versions(findings),
    }


def _head(findings: Findings, head: str) -> Values:
    """Its five likeliest classes; no bars for a head that was never trained."""
    known = head in findings.trace.heads
    predictions = findings.trace.predictions(5, head) if known else []
    return {
        "title": HEAD_NAMES[head].capitalize(),
        "bars": answer_bars(predictions, emphasised=findings.label),
        "fit": findings.classifier.weights.fits.get(head) if known else None,
    }


def _maps(findings: Findings) -> list[Values]:
    """The network, coloured three ways."""
    widths = findings.trace.widths
    metric: Metric = "energy_share"
    title = "How the branches of a module share its activity"
    how = "Part of the module's energy, the sum of all squared activations."
    if (known := findings.firing.reference) is not None:
        metric, title = "deviation", "Which branches fire more or less than usual"
        how = (
            "σ: standard deviations above (red) or below (blue) the branch's usual mean activation "
            f"over {known.photos:,} photos of {known.data}."
        )
    return [
        _map(findings, paint_firing(findings.firing, metric), title, how),
        _map(
            findings,
            replace(paint_contributions(findings.scores), widths=widths),
            f"What each branch contributes to {findings.label}",
            "Exact Shapley value in logits: red speaks for the class, blue against it; the four of "
            "a module add up to what the module is worth.",
        ),
        _map(
            findings,
            replace(paint_cams(findings.cams, tuple(findings.trace.modules)), widths=widths),
            f"Which branches hold the evidence for {findings.label}",
            "The positive part of each branch's Grad-CAM map, as a share of its module's.",
        ),
    ]


def _map(findings: Findings, painting: Painting, title: str, how: str) -> Values:
    heads = head_answers(findings.classifier, findings.trace)
    svg = network_map(painting, heads, "wide") + network_map(painting, heads, "tall")
    return {"title": title, "how": how, "svg": svg}


def _flow(findings: Findings) -> Values:
    """From the photo through all branches to the answer."""
    trace = findings.trace
    found = flow(findings.classifier, trace, findings.target)
    small = data_url(jpeg(photo_with_frame(trace.picture, trace.fitting, 160)))
    heads = head_answers(findings.classifier, trace)
    ends = Ends(small, findings.alt or "The photo", findings.label, heads)
    return {
        "sentence": flow_sentence(found),
        "svg": flow_diagram(found, ends, "wide") + flow_diagram(found, ends, "tall"),
        "gap": found.relative_gap,
    }


def _scores(findings: Findings) -> Values:
    """Shapley values as bars and figures, with their check."""
    scores = findings.scores
    figures = np.column_stack([scores.values, scores.sums, scores.none, scores.gap])
    return {
        "sentence": contribution_sentence(scores),
        "check": check_sentence(scores),
        "svg": contributions_svg(scores).encode(),
        "columns": [*(BRANCH_NAMES[b] for b in BRANCHES), "all four", "z(none)", "gap"],
        "rows": list(zip(scores.modules, figures.tolist(), strict=True)),
    }


def _cams(findings: Findings) -> Values:
    """Where every module looks, and the branches of the last."""
    *_, last = findings.cams
    return {
        "modules": [_cam(findings, module) for module in findings.cams],
        "last": last,
        "branches": [_cam(findings, last, branch) for branch in findings.cams.branches[last]],
    }


def _cam(findings: Findings, module: str, branch: Branch | None = None) -> Values:
    shown = findings.cams.at_input_size(module, branch)
    image = overlay(findings.trace.picture, findings.trace.fitting, shown, side=300)
    return {
        "name": module if branch is None else f"{module} {BRANCH_NAMES[branch]}",
        "jpeg": jpeg(image, 80),
        "maximum": float(shown.max()),
        "share": "" if branch is None else evidence(findings.cams, module, branch),
    }


def _branch(findings: Findings, module: str, branch: Branch) -> Values:
    """Every channel of a branch."""
    layer = measure(findings.trace.branches[module][branch])
    fired = findings.firing.get(module, branch)
    assert fired is not None  # for the type checker
    mean = overlay(findings.trace.picture, findings.trace.fitting, layer.mean_map, side=220)
    channels, height, width = layer.maps.shape
    return {
        "name": f"{module} {BRANCH_NAMES[branch]}",
        "colour": BRANCH_COLOURS[branch],
        "channels": channels,
        "size": f"{height}×{width}",
        "mean": layer.overall_mean,
        "energy": energy_share(fired),
        "deviation": fired.deviation,
        "jpeg": jpeg(mean, 75),
        "png": channel_sprite(layer, layer.order("strength")).encoded,
    }


def _network(findings: Findings) -> Values:
    """The table and its cost."""
    config = findings.classifier.config
    costs = layers(config)
    rows = []
    for name, row in config.modules.items():
        cost = totals(costs, name)
        filters = [getattr(row, field) for field in COLUMNS]
        rows.append((name, [*filters, cost.parameters, round(cost.macs / 1e6, 1)]))
    whole = totals(at_inference(costs))
    return {
        "columns": [*COLUMNS.values(), "parameters", "M MACs"],
        "rows": rows,
        "parameters": whole.parameters,
        "megamacs": round(whole.macs / 1e6),
    }


def _versions(findings: Findings) -> dict[str, str]:
    """What made this report."""
    model, trace = findings.classifier, findings.trace
    return {
        "Photo": f"{findings.photo or '–'}, {trace.picture.size[0]}×{trace.picture.size[1]} pixels",
        "SHA-256 of its file": trace.picture.sha256,
        "What the network saw of it": f"{_seen(trace.fitting)}, {trace.fitting.size} pixels a side",
        "Model": f"{model.title} ({model.source})",
        "Identity of the weights": model.key,
        "Classes": f"{len(model.labels):,}",
        "Inception Viz": __version__,
        "PyTorch, torchvision, Python": ", ".join(
            [version("torch"), version("torchvision"), python_version()]
        ),
        "Made": datetime.now().astimezone().isoformat(" ", "minutes"),
    }


def _seen(fitting: Fitting) -> str:
    if not isinstance(fitting.fit, Crop):
        return fitting.fit
    left, top, right, bottom = (round(edge) for edge in fitting.box)
    return f"crop {fitting.fit}: pixels {left} to {right} across, {top} to {bottom} down"


def cell(value: float | None) -> str:
    """A number in a table: counts in full, others with three digits, "–" for none."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if float(value).is_integer() else short_number(value)
