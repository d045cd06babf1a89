"""The commands ``explain``, ``gradcam`` and ``report``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import inception_viz as iv
from inception_viz.architecture.config import BRANCHES
from inception_viz.cli.photos import (
    add_head_option,
    add_photo_options,
    check_ending,
    check_head,
    load_classifier,
)
from inception_viz.files.paths import typed_path


def add_explain_options(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``explain``."""
    from inception_viz.explain.contributions import METHODS

    add_photo_options(parser)
    parser.add_argument(
        "--method", choices=list(METHODS), default="shapley", help="how to score (default: shapley)"
    )
    parser.add_argument(
        "--baseline",
        choices=["zero", "reference"],
        default="zero",
        help="what stands in for a branch that is left out: zeros, or each channel's mean over the "
        "reference photos (default: zero)",
    )
    _add_target_options(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=typed_path,
        help="NAME.csv, .json, .png or .svg (default: print a table)",
    )


def add_gradcam_options(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``gradcam``."""
    from inception_viz.explain.grad_cam import VARIANTS

    add_photo_options(parser)
    _add_target_options(parser)
    parser.add_argument(
        "--variant", choices=VARIANTS, default="grad_cam", help="which map (default: grad_cam)"
    )
    parser.add_argument(
        "-o", "--output", type=typed_path, required=True, help="NAME.png, .jpg or .npz"
    )


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``report``."""
    add_photo_options(parser)
    _add_scene_options(parser)
    parser.add_argument("-o", "--output", type=typed_path, required=True, help="NAME.html")


def _add_scene_options(parser: argparse.ArgumentParser) -> None:
    """Define the class to explain, and what is to be silent."""
    parser.add_argument(
        "--target", metavar="CLASS", help="name or number (default: the network's first choice)"
    )
    parser.add_argument(
        "--mute",
        action="append",
        default=[],
        metavar="PLACE",
        help="put out zeros at 4c (a module), 4c/5x5 (a branch) or 4c/5x5:7 (a channel)",
    )


def _add_target_options(parser: argparse.ArgumentParser) -> None:
    _add_scene_options(parser)
    parser.add_argument(
        "--against", metavar="CLASS", help="explain the margin of the target over this class"
    )
    add_head_option(parser)
    parser.add_argument(
        "--kind",
        default="logit",
        choices=["logit", "probability"],
        help="explain the class's logit or its probability (default: logit)",
    )


def _scene(options: argparse.Namespace) -> tuple[iv.Classifier, iv.Trace, iv.Target]:
    from inception_viz.explain.target import find_class

    classifier = load_classifier(options)
    trace = classifier.trace(options.image, fit=options.fit)
    if fit := check_head(classifier, trace, options.head):
        print(f"note: {fit}", file=sys.stderr)
    first = trace.top_classes(1, options.head)[0][0]
    target = iv.Target(
        first if options.target is None else find_class(trace.labels, options.target),
        None if options.against is None else find_class(trace.labels, options.against),
        options.head,
        options.kind,
    )
    return classifier, iv.mute(classifier, trace, options.mute), target


def explain(options: argparse.Namespace) -> None:
    """Write or print a table of scores."""
    if options.output is not None:
        check_ending(options.output, ".csv", ".json", ".png", ".svg")
    classifier, trace, target = _scene(options)
    scores = iv.contributions(classifier, trace, target, options.method, baseline=options.baseline)
    if options.output is None:
        table = scores.to_frame().pivot(index="module", columns="branch", values="score")
        columns = [b for b in BRANCHES if b in table]
        print(f"{scores.method} of {scores.label}, in {scores.unit}; baseline {scores.baseline}")
        print(table.loc[[m for m in scores.modules if m in table.index], columns].round(3))
        return
    if options.output.suffix.lower() in (".csv", ".json"):
        scores.save(options.output)
    else:
        from inception_viz.figures.printed import save_contributions

        save_contributions(scores, options.output)
    print(f"wrote {options.output}")


def gradcam(options: argparse.Namespace) -> None:
    """Write a strip of all modules' maps, or the maps themselves."""
    check_ending(options.output, ".png", ".jpg", ".jpeg", ".npz")
    classifier, trace, target = _scene(options)
    cams = iv.grad_cam(classifier, trace, target, variant=options.variant)
    if options.output.suffix.lower() == ".npz":
        cams.save(options.output)
    else:
        from inception_viz.figures.printed import save_strip

        save_strip(trace, cams, options.output)
    if all(cams.energy(module) == 0 for module in cams):
        print("note: every map is flat; nothing speaks for this class", file=sys.stderr)
    print(f"wrote {options.output}")


def report(options: argparse.Namespace) -> None:
    """Write the report."""
    check_ending(options.output, ".html", ".htm")
    classifier = load_classifier(options)
    trace = iv.mute(classifier, classifier.trace(options.image, fit=options.fit), options.mute)
    name = Path(options.image).name
    iv.report.build(classifier, trace, options.target, photo=name).save(options.output)
    size = options.output.stat().st_size
    print(f"wrote {options.output} ({size / 1e6:.1f} MB); open it in any browser")
