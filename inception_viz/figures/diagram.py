"""The network and its modules drawn from a config alone, as SVG. Heights are channels, to scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html import escape

from inception_viz.architecture.config import GoogLeNetConfig, ModuleRow
from inception_viz.figures.colours import BRANCH_COLOURS, BRANCH_NAMES, STEM_COLOUR

_STYLE = (
    "<style>.iv-diagram{font-family:var(--st-font,system-ui,sans-serif)}"
    ".iv-diagram text{fill:var(--st-text-color,#1f2937)}"
    ".iv-diagram .line{stroke:var(--st-text-color,#1f2937);stroke-opacity:.4;fill:none}"
    ".iv-diagram .box text{fill:#fff}</style>"
)
_TALLEST = 190.0


def network_diagram(config: GoogLeNetConfig) -> str:
    """All modules side by side: what each branch puts out, and its reduce layer in front of it."""
    widest = max(config.stem.conv2, *(out for _, out in config.channels.values()))
    scale = _TALLEST / widest
    base = 24 + _TALLEST
    parts = [_column(46, base, 16, {"stem": config.stem.conv2}, scale)]
    parts.append(_text(54, base + 18, "stem", 12))
    parts.append(_text(54, base + 33, str(config.stem.conv2), 11, soft=True))
    x, stage = 80.0, "3"
    attached = {head.after: name for name, head in config.heads.items()}
    for name, row in config.modules.items():
        if name[0] != stage:
            x += 10
            parts.append(f'<path class="line" d="M{x:g} 20V{base:g}" stroke-dasharray="3 4"/>')
            parts.append(_text(x, base + 48, "pool /2", 10, soft=True))
            x += 12
            stage = name[0]
        inputs, out = config.channels[name]
        widths = {str(branch): width for branch, width in row.widths(inputs).items()}
        parts.append(_column(x + 14, base, 30, widths, scale))
        parts.append(_reduces(x + 4, base, row, widths, scale))
        parts.append(_text(x + 28, base + 18, name, 13, bold=True))
        parts.append(_text(x + 28, base + 33, f"{out:,}", 11, soft=True))
        if name in attached:
            parts.append(_text(x + 28, 14, attached[name], 11, bold=True))
            parts.append(f'<path class="line" d="M{x + 28:g} 18V{base - out * scale - 3:g}"/>')
        x += 60
    parts.append(_text(x + 26, base - 6, f"{config.classes:,}", 12, bold=True))
    parts.append(_text(x + 26, base + 10, "classes", 11, soft=True))
    return _svg(x + 60, base + 56, "The network to scale", "".join(parts))


def _column(x: float, base: float, width: float, heights: dict[str, int], scale: float) -> str:
    parts, top = [], base - sum(heights.values()) * scale
    for branch, channels in heights.items():
        height = channels * scale
        colour = BRANCH_COLOURS.get(branch, STEM_COLOUR)
        words = f"{BRANCH_NAMES.get(branch, branch)}: {channels} channels"
        parts.append(
            f'<rect x="{x:g}" y="{top:.1f}" width="{width:g}" height="{max(height, 0.5):.1f}" '
            f'fill="{colour}"><title>{words}</title></rect>'
        )
        top += height
    return "".join(parts)


def _reduces(x: float, base: float, row: ModuleRow, widths: dict[str, int], scale: float) -> str:
    parts, top = [], base - sum(widths.values()) * scale
    reduces = {"3x3": row.f_3x3_r, "5x5": row.f_5x5_r}
    for branch, channels in widths.items():
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
    row, (inputs, _) = config.modules[module], config.channels[module]
    if naive:
        row = replace(row, f_3x3_r=0, f_5x5_r=0, f_pp=0 if row.f_pp is not None else None)
    columns = list(_columns(row, config.kernel_5x5))
    width, box = 660.0, 128.0
    gap = (width - box * len(columns)) / (len(columns) + 1)
    parts = [_box(width / 2 - 70, 214, 140, f"{inputs} channels in", STEM_COLOUR)]
    out = sum(row.widths(inputs).values())
    parts.append(_box(width / 2 - 90, 6, 180, f"concatenated: {out:,} channels", STEM_COLOUR))
    for place, (branch, steps) in enumerate(columns):
        x = gap + place * (box + gap)
        centre = x + box / 2
        heights = [150.0, 84.0] if len(steps) > 1 else [117.0]
        below = 214.0
        start = width / 2
        for y, step in zip(heights, steps, strict=False):
            parts.append(f'<path class="line" d="M{start:g} {below:g}L{centre:g} {y + 34:g}"/>')
            parts.append(_box(x, y, box, step, BRANCH_COLOURS[branch]))
            below, start = y, centre
        parts.append(f'<path class="line" d="M{start:g} {below:g}L{width / 2:g} 40"/>')
    title = f"Module {module}" + (", naive" if naive else "")
    return _svg(width, 254, title, "".join(parts))


def _columns(row: ModuleRow, kernel: str) -> Iterator[tuple[str, list[str]]]:
    if row.f_1x1:
        yield "1x1", [f"1×1, {row.f_1x1}"]
    sizes = {"5": "5×5", "3": "3×3", "3+3": "3×3 twice"}
    for branch, reduce, filters, size in (
        ("3x3", row.f_3x3_r, row.f_3x3, "3×3"),
        ("5x5", row.f_5x5_r, row.f_5x5, sizes[kernel]),
    ):
        if filters:
            steps = [f"1×1 reduce, {reduce}"] if reduce else []
            yield branch, [*steps, f"{size}, {filters}"]
    if row.f_pp is not None:
        steps = ["3×3 max pool"]
        yield "pool", [*steps, f"1×1, {row.f_pp}"] if row.f_pp else steps


def _box(x: float, y: float, width: float, text: str, colour: str) -> str:
    ink = "#000" if colour in ("#E69F00", "#CC79A7") else "#fff"
    return (
        f'<g><rect x="{x:g}" y="{y:g}" width="{width:g}" height="34" rx="5" fill="{colour}"/>'
        f'<text x="{x + width / 2:g}" y="{y + 22:g}" text-anchor="middle" font-size="13" '
        f'style="fill:{ink}">{escape(text)}</text></g>'
    )


def _text(
    x: float, y: float, text: str, size: int, *, bold: bool = False, soft: bool = False
) -> str:
    weight = ' font-weight="600"' if bold else ""
    opacity = ' opacity=".75"' if soft else ""
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="middle" font-size="{size}"{weight}{opacity}>'
        f"{escape(text)}</text>"
    )


def _svg(width: float, height: float, title: str, body: str) -> str:
    return (
        f'<svg class="iv-diagram" xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-label="{escape(title)}" viewBox="0 0 {width:g} {height:g}">{_STYLE}{body}</svg>'
    )
