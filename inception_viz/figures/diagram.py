"""The network and its modules drawn from a config alone, as SVG. Heights are channels, to scale."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.architecture.plan import Layer, branch_widths, steps
from inception_viz.figures.colours import BRANCH_COLOURS, BRANCH_NAMES, STEM_COLOUR, ink_on
from inception_viz.figures.svg import text

_STYLE = (
    "<style>.iv-diagram{font-family:var(--st-font,system-ui,sans-serif)}"
    ".iv-diagram text{fill:var(--st-text-color,#1f2937)}"
    ".iv-diagram .line{stroke:var(--st-text-color,#1f2937);stroke-opacity:.4;fill:none}</style>"
)
_TALLEST = 190.0


def network_diagram(config: GoogLeNetConfig) -> str:
    """All modules side by side: what each branch puts out, and its reduce layer in front of it."""
    parts_of = steps(config)
    modules = {name: parts_of[name] for name in config.modules}
    stem = modules["3a"][0].inputs
    scale = _TALLEST / max(stem, *(own[-1].outputs for own in modules.values()))
    base = 24 + _TALLEST
    parts = [_column(46, base, 16, [("stem", stem)], scale)]
    parts.append(text(54, base + 18, "stem", 12))
    parts.append(text(54, base + 33, str(stem), 11, soft=True))
    x = 80.0
    for name, own in modules.items():
        if name.endswith("a") and name != "3a":  # the first of its stage
            x += 10
            parts.append(f'<path class="line" d="M{x:g} 20V{base:g}" stroke-dasharray="3 4"/>')
            parts.append(text(x, base + 48, "pool /2", 10, soft=True))
            x += 12
        out = own[-1].outputs
        parts.append(_column(x + 14, base, 30, branch_widths(own).items(), scale))
        parts.append(_reduces(x + 4, base, own, scale))
        parts.append(text(x + 28, base + 18, name, 13, bold=True))
        parts.append(text(x + 28, base + 33, f"{out:,}", 11, soft=True))
        if name in config.attached:
            parts.append(text(x + 28, 14, config.attached[name], 11, bold=True))
            parts.append(f'<path class="line" d="M{x + 28:g} 18V{base - out * scale - 3:g}"/>')
        x += 60
    parts.append(text(x + 26, base - 6, f"{config.classes:,}", 12, bold=True))
    parts.append(text(x + 26, base + 10, "classes", 11, soft=True))
    return _svg(x + 60, base + 56, "The network to scale", "".join(parts))


def _column(
    x: float, base: float, width: float, heights: Collection[tuple[str, int]], scale: float
) -> str:
    parts, top = [], base - sum(channels for _, channels in heights) * scale
    for branch, channels in heights:
        height = channels * scale
        colour = BRANCH_COLOURS.get(branch, STEM_COLOUR)
        words = f"{BRANCH_NAMES.get(branch, branch)}: {channels} channels"
        parts.append(
            f'<rect x="{x:g}" y="{top:.1f}" width="{width:g}" height="{max(height, 0.5):.1f}" '
            f'fill="{colour}"><title>{words}</title></rect>'
        )
        top += height
    return "".join(parts)


def _reduces(x: float, base: float, layers: Sequence[Layer], scale: float) -> str:
    parts, top = [], base - layers[-1].outputs * scale
    reduces = {layer.branch: layer.outputs for layer in layers if layer.role == "reduce"}
    for branch, channels in branch_widths(layers).items():
        count = reduces.get(branch, 0)
        if count:
            height = count * scale
            middle = top + channels * scale / 2
            parts.append(
                f'<rect x="{x:g}" y="{middle - height / 2:.1f}" width="7" height="{height:.1f}" '
                f'fill="{BRANCH_COLOURS[branch]}" opacity=".55">'
                f"<title>{BRANCH_NAMES[branch]} reduce: {count} channels</title></rect>"
            )
        top += channels * scale
    return "".join(parts)


def module_diagram(config: GoogLeNetConfig, module: str, *, naive: bool = False) -> str:
    """One module as boxes, after figure 2 of the paper; ``naive`` without its 1×1 reductions."""
    layers = steps(config)[module]
    inputs = layers[0].inputs
    if naive:
        layers = tuple(layer for layer in layers if layer.role not in ("reduce", "project"))
    columns = branch_widths(layers)
    width, box = 660.0, 128.0
    gap = (width - box * len(columns)) / (len(columns) + 1)
    parts = [_box(width / 2 - 70, 214, 140, f"{inputs} channels in", STEM_COLOUR)]
    out = sum(columns.values())
    parts.append(_box(width / 2 - 90, 6, 180, f"concatenated: {out:,} channels", STEM_COLOUR))
    for place, branch in enumerate(columns):
        x = gap + place * (box + gap)
        centre = x + box / 2
        texts = _boxes([layer for layer in layers if layer.branch == branch])
        heights = [150.0, 84.0] if len(texts) > 1 else [117.0]
        below = 214.0
        start = width / 2
        for y, words in zip(heights, texts, strict=True):
            parts.append(f'<path class="line" d="M{start:g} {below:g}L{centre:g} {y + 34:g}"/>')
            parts.append(_box(x, y, box, words, BRANCH_COLOURS[branch]))
            below, start = y, centre
        parts.append(f'<path class="line" d="M{start:g} {below:g}L{width / 2:g} 40"/>')
    title = f"Module {module}" + (", naive" if naive else "")
    return _svg(width, 254, title, "".join(parts))


def _boxes(layers: Sequence[Layer]) -> list[str]:
    """What stands in a branch's one or two boxes."""
    texts = []
    for layer in layers:
        kernel = f"{layer.kernel}×{layer.kernel}"
        if layer.kind == "max pool":
            texts.append(f"{kernel} max pool")
        elif layer.role == "reduce":
            texts.append(f"{kernel} reduce, {layer.outputs}")
        elif layer.role == "conv_b":
            texts[-1] = f"{kernel} twice, {layer.outputs}"
        else:
            texts.append(f"{kernel}, {layer.outputs}")
    return texts


def _box(x: float, y: float, width: float, words: str, colour: str) -> str:
    ink = ink_on(colour)
    return (
        f'<g><rect x="{x:g}" y="{y:g}" width="{width:g}" height="34" rx="5" fill="{colour}"/>'
        f"{text(x + width / 2, y + 22, words, 13, fill=ink)}</g>"
    )


def _svg(width: float, height: float, title: str, body: str) -> str:
    return (
        f'<svg class="iv-diagram" xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-label="{escape(title)}" viewBox="0 0 {width:g} {height:g}">{_STYLE}{body}</svg>'
    )
