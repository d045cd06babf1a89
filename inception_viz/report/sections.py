"""The sections of a report: HTML from findings, every foreign word escaped."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from html import escape
from importlib.metadata import version
from platform import python_version
from typing import NamedTuple

import numpy as np
import pandas as pd

from inception_viz import __version__
from inception_viz.architecture.config import BRANCHES, COLUMNS, HEAD_NAMES, Branch
from inception_viz.architecture.cost import at_inference, layers, totals
from inception_viz.explain.channels import measure
from inception_viz.figures.answers import answer_bars, percent, sigma
from inception_viz.figures.colours import BRANCH_COLOURS, BRANCH_NAMES
from inception_viz.figures.network_map import Painting, network_map
from inception_viz.figures.paintings import (
    head_answers,
    paint_cams,
    paint_contributions,
    paint_firing,
)
from inception_viz.figures.photo import jpeg, overlay, photo_with_frame
from inception_viz.figures.printed import contributions_svg
from inception_viz.figures.sprites import channel_sprite
from inception_viz.figures.words import check_sentence, contribution_sentence, short_number
from inception_viz.report.findings import Findings


class Section(NamedTuple):
    """One section: its anchor, its heading, and what draws it."""

    id: str
    title: str
    draw: Callable[[Findings], str]


def lead(found: Findings) -> str:
    """The photo, the answer, and what is special."""
    trace = found.trace
    label, probability = trace.predictions(1)[0]
    photo = _jpeg(jpeg(photo_with_frame(trace.picture, trace.fitting)), found.alt or "The photo")
    special = "".join(
        f'<li>{escape(insight.text)} <span class="how">{escape(insight.terms)}</span></li>'
        for insight in found.insights
    )
    notes = " ".join(map(escape, found.classifier.weights.notes))
    muted = ", ".join(sorted(trace.muted))
    return (
        f'<div class="lead">{photo}<div><p>{escape(found.classifier.title)} says '
        f"<b>{escape(label)}</b> ({percent(probability)}). Class explained here: "
        f"<b>{escape(found.label)}</b> ({percent(_probability(found))}).</p>"
        f'<ul>{special}</ul><p class="how">{notes}'
        + (f" Muted: {escape(muted)}." if muted else "")
        + "</p></div></div>"
    )


def _probability(found: Findings) -> float:
    return float(found.trace.probabilities()[found.target.index])


def answers(found: Findings) -> str:
    """The five likeliest classes of every head."""
    columns = []
    for head in [*found.classifier.config.heads, "main"]:
        title = escape(HEAD_NAMES[head].capitalize())
        if head not in found.trace.heads:
            words = "Never trained in these weights, so its answer would mean nothing."
            columns.append(f'<div><h3>{title}</h3><p class="how">{words}</p></div>')
            continue
        bars = answer_bars(found.trace.predictions(5, head), emphasised=found.label)
        fit = found.classifier.weights.fits.get(head)
        note = f'<p class="how">{escape(str(fit))}</p>' if fit else ""
        columns.append(f"<div><h3>{title}</h3>{bars}{note}</div>")
    how = "The five likeliest classes by softmax probability."
    return f'<p class="how">{how}</p><div class="row">{"".join(columns)}</div>'


def maps(found: Findings) -> str:
    """The network, coloured three ways."""
    label = escape(found.label)
    widths = found.trace.widths
    if (known := found.firing.reference) is not None:
        firing = "deviation"
        title = "Which branches fire more or less than usual"
        how = (
            "σ: standard deviations above (red) or below (blue) the branch's usual mean activation "
            f"over {known.photos:,} photos of {escape(known.data)}."
        )
    else:
        firing = "energy_share"
        title = "How the branches of a module share its activity"
        how = "Part of the module's energy, the sum of all squared activations."
    bars = " The bar in a cell shows how many channels the branch has."
    modules = tuple(found.trace.modules)
    return (
        _map(found, paint_firing(found.firing, firing), title, how + bars)  # type: ignore[arg-type]
        + _map(
            found,
            replace(paint_contributions(found.scores), widths=widths),
            f"What each branch contributes to {label}",
            "Exact Shapley value in logits: red speaks for the class, blue against it; the four of "
            "a module add up to what the module is worth." + bars,
        )
        + _map(
            found,
            replace(paint_cams(found.cams, modules), widths=widths),
            f"Which branches hold the evidence for {label}",
            "The positive part of each branch's Grad-CAM map, as a share of its module's." + bars,
        )
    )


def _map(found: Findings, painting: Painting, title: str, how: str) -> str:
    heads = head_answers(found.classifier, found.trace)
    drawn = network_map(painting, heads, "wide") + network_map(painting, heads, "tall")
    return f'<figure><h3>{title}</h3>{drawn}<figcaption class="how">{how}</figcaption></figure>'


def contributions(found: Findings) -> str:
    """Shapley values as bars and figures, with their check."""
    scores = found.scores
    svg = base64.b64encode(contributions_svg(scores).encode()).decode()
    frame = pd.DataFrame(scores.values, scores.modules, [BRANCH_NAMES[b] for b in BRANCHES])
    frame["all four"] = scores.sums
    frame["z(none)"] = scores.none
    frame["gap"] = scores.gap
    return (
        f"<p>{contribution_sentence(scores)} {escape(check_sentence(scores))}</p>"
        f'<img class="paper" src="data:image/svg+xml;base64,{svg}" '
        f'alt="Bars of the Shapley values; the table below has the figures">'
        '<p class="how">A group of bars for each module; above zero the branch speaks for the '
        f"output, the {escape(scores.label)}.</p>"
        f"<details><summary>All figures, in {escape(scores.unit)}</summary>{_table(frame)}"
        '<p class="how">all four: a module\'s scores added up. z(none): the output with the whole '
        f"module silent; as it is: {short_number(scores.value)}. gap: all four, less what the "
        "module is worth.</p></details>"
    )


def cams(found: Findings) -> str:
    """Where every module looks, and the branches of the last."""
    last = list(found.cams)[-1]
    strip = [_cam(found, module) for module in found.cams]
    parts = [_cam(found, last, branch) for branch in found.cams.branches[last]]
    how = (
        f"Grad-CAM: where each module holds evidence for {escape(found.label)}, bright is more; "
        "every map has its own scale. Early modules say little about the class."
    )
    return (
        f'<div class="strip">{"".join(strip)}</div><p class="how">{how}</p>'
        f'<h3>{last}, branch by branch</h3><div class="strip">{"".join(parts)}</div>'
    )


def _cam(found: Findings, module: str, branch: str | None = None) -> str:
    trace = found.trace
    values = found.cams.at_input_size(module, branch)
    image = overlay(trace.picture, trace.fitting, values, side=300)
    name = module if branch is None else f"{module} {BRANCH_NAMES[branch]}"
    share = "" if branch is None else f", {percent(found.cams.shares(module).get(branch, 0.0))}"  # type: ignore[call-overload]
    caption = f"{name}, 0 to {short_number(float(values.max()))}{share}"
    return (
        f"<figure>{_jpeg(jpeg(image, 80), f'Grad-CAM map of {name} over the photo')}"
        f"<figcaption>{caption}</figcaption></figure>"
    )


def branches(found: Findings) -> str:
    """Every channel of every branch."""
    how = (
        "Above: the mean of a branch's channels over the photo. Below: each tile is one channel's "
        "map of activations after ReLU, from 0 (dark) to its own maximum (yellow), strongest mean "
        "first."
    )
    return f'<p class="how">{how}</p>' + "".join(_module(found, m) for m in found.trace.branches)


def _module(found: Findings, module: str) -> str:
    drawn = "".join(_branch(found, module, branch) for branch in found.trace.branches[module])
    return (
        f'<div class="module" id="{module}"><h3>{module}</h3><div class="row">{drawn}</div></div>'
    )


def _branch(found: Findings, module: str, branch: Branch) -> str:
    layer = measure(found.trace.branches[module][branch])
    sprite = channel_sprite(layer, layer.order("strength"))
    fired = found.firing.get(module, branch)
    name = f"{module} {BRANCH_NAMES[branch]}"
    mean = overlay(found.trace.picture, found.trace.fitting, layer.mean_map, side=220)
    channels, height, width = layer.maps.shape
    words = f"{channels} channels of {height}×{width}, mean {short_number(layer.overall_mean)}"
    if fired is not None:
        words += f", {percent(fired.energy_share)} of the energy"
        words += "" if fired.deviation is None else f", {sigma(fired.deviation)}"
    png = base64.b64encode(sprite.png).decode()
    return (
        f'<figure class="branch" style="border-color:{BRANCH_COLOURS[branch]}"><b>{name}</b>'
        f'<figcaption class="how">{words}</figcaption>'
        f"{_jpeg(jpeg(mean, 75), f'Mean map of {name} over the photo')}"
        f'<img class="tiles" alt="{channels} channels of {name}" src="data:image/png;base64,{png}">'
        "</figure>"
    )


def architecture(found: Findings) -> str:
    """The table, its cost, and the whole config."""
    config = found.classifier.config
    costs = layers(config)
    rows = {}
    for name, row in config.modules.items():
        cost = totals(costs, name)
        rows[name] = {title: getattr(row, field) for field, title in COLUMNS.items()} | {
            "parameters": cost.parameters,
            "M MACs": round(cost.macs / 1e6, 1),
        }
    whole = totals(at_inference(costs))
    return (
        _table(pd.DataFrame.from_dict(rows, orient="index"))
        + f'<p class="how">The whole network: {whole.parameters:,} parameters, '
        f"{whole.macs / 1e6:,.0f} M multiply-accumulates (MACs) a photo, without auxiliary heads."
        f"</p><details><summary>The config as JSON</summary><pre>{escape(config.to_json())}</pre>"
        "</details>"
    )


def versions(found: Findings) -> str:
    """What made this report."""
    model, trace = found.classifier, found.trace
    rows = {
        "Photo": f"{found.photo or '–'}, {trace.picture.size[0]}×{trace.picture.size[1]} pixels",
        "SHA-256 of its file": trace.picture.sha256,
        "What the network saw of it": f"{trace.fitting.fit}, {trace.fitting.size} pixels a side",
        "Model": f"{model.title} ({model.source})",
        "Identity of the weights": model.key,
        "Classes": f"{len(model.labels):,}",
        "Inception Viz": __version__,
        "PyTorch, torchvision, Python": ", ".join(
            [version("torch"), version("torchvision"), python_version()]
        ),
        "Made": datetime.now().astimezone().isoformat(" ", "minutes"),
    }
    body = "".join(f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in rows.items())
    source = (
        "GoogLeNet: Szegedy et al., arXiv 1409.4842. Grad-CAM: Selvaraju et al., arXiv 1610.02391."
    )
    return f'<table class="words">{body}</table><p class="how">{source}</p>'


def _table(frame: pd.DataFrame) -> str:
    def text(value: object) -> str:
        if isinstance(value, float):
            return short_number(value) if not float(value).is_integer() else f"{value:,.0f}"
        return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)

    head = "".join(f"<th>{escape(str(c))}</th>" for c in frame.columns)
    body = "".join(
        f"<tr><td>{escape(str(name))}</td>"
        + "".join(f"<td>{text(_plain(value))}</td>" for value in row)
        + "</tr>"
        for name, row in zip(frame.index, frame.to_numpy(dtype=object), strict=True)
    )
    return f'<div class="scroll"><table><tr><th>module</th>{head}</tr>{body}</table></div>'


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def _jpeg(content: bytes, alt: str) -> str:
    data = base64.b64encode(content).decode()
    return f'<img src="data:image/jpeg;base64,{data}" alt="{escape(alt)}">'


ALL = (
    Section("answers", "What the heads answer", answers),
    Section("map", "The network", maps),
    Section("contributions", "What each branch contributes", contributions),
    Section("cams", "Where it looks", cams),
    Section("branches", "Every channel", branches),
    Section("architecture", "The architecture", architecture),
    Section("versions", "Made from", versions),
)
