"""The commands ``atlas``, ``index`` and ``specialisation``: what channels look for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from inception_viz.cli.console import Console
from inception_viz.cli.photos import check_ending, loaded
from inception_viz.errors import FileError
from inception_viz.files.cache import atomic_write
from inception_viz.files.foreign import csv_text
from inception_viz.files.paths import typed_path
from inception_viz.sources.registry import default_source

if TYPE_CHECKING:
    from inception_viz.features import BranchTest, Index, Specialisation


def add_atlas_options(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``atlas``."""
    parser.add_argument("weights", metavar="MODEL", help="a source, or a file of weights")
    parser.add_argument(
        "-o", "--output", type=typed_path, help="NAME.zip, for all pictures in one file"
    )


def atlas(options: argparse.Namespace) -> None:
    """Paint every channel of every branch. Stopped, the same command goes on."""
    from inception_viz.features import make_atlas

    if options.output is not None:
        check_ending(options.output, ".zip")
    classifier = loaded(options.weights)
    count = sum(sum(m.widths.values()) for m in classifier.network.modules_by_name.values())
    with Console() as console:
        make_atlas(
            classifier,
            options.output,
            progress=lambda share: console.task("painting", int(count * share), count),
        )
    where = f"in {options.output}" if options.output else "kept; the app shows them"
    print(f"{count:,} pictures, {where}")


def add_index_options(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``index``."""
    parser.add_argument("photos", type=typed_path, help="a folder of photos")
    parser.add_argument("--weights", metavar="SOURCE", help="as for predict (default: bvlc)")
    parser.add_argument(
        "-o", "--output", type=typed_path, help="NAME.npz; without it, the app finds the index"
    )
    parser.add_argument("--restart", action="store_true", help="begin anew")


def index(options: argparse.Namespace) -> None:
    """Find the photos that make each channel fire. Stopped, the same command goes on."""
    from inception_viz.features import index as make_index

    if options.output is not None:
        check_ending(options.output, ".npz")
    with Console() as console:
        made: Index | None = make_index(
            loaded(options.weights or default_source().id),
            options.photos,
            options.output,
            restart=options.restart,
            progress=lambda done, total: console.task("looking", done, total),
        )
    if made is not None:
        bad = f"; {made.unreadable} files can't be read" if made.unreadable else ""
        channels = sum(made.layers.values())
        where = options.output or "kept for the app"
        print(f"{channels:,} channels on {len(made.pictures):,} photos{bad}: {where}")


def add_specialisation_options(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``specialisation``."""
    parser.add_argument(
        "weights", nargs="+", metavar="MODEL", help="a source, or a file of weights; one or two"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=typed_path,
        help="NAME.csv: one row a test; NAME.npz, for one model: the responses of all channels",
    )


def specialisation(options: argparse.Namespace) -> None:
    """Test whether the branches of each module prefer different things."""
    if len(options.weights) > 2:
        raise FileError("Name one model, or two to see them side by side.")
    if options.output:
        check_ending(options.output, ".csv", *[".npz"] * (len(options.weights) == 1))
    found = [_tested(name) for name in options.weights]
    print("\n".join(_table(found)))
    for one in found:
        significant = [test for test in one.tests if test.significant]
        print(f"\n{one.tuning.title}: {len(significant)} of {len(one.tests)} tests significant")
        for test in significant:
            print(f"  {test.sentence}")
    if options.output:
        _keep(found, options.output)
        print(f"\nwrote {options.output}")


def _tested(name: str) -> Specialisation:
    from inception_viz.features import specialisation as test_branches

    classifier = loaded(name)
    with Console() as console:
        return test_branches(
            classifier,
            progress=lambda share: console.task(classifier.title, int(100 * share), 100, "%"),
        )


def _table(found: list[Specialisation]) -> list[str]:
    """Lines: a test each, in the order of the first network's modules."""
    tests = [{(test.family, test.module): test for test in one.tests} for one in found]
    columns = f"   {'η²':>6}{'p (Holm)':>11}  {'highest':9}"
    lines = [f"{'family':12}{'module':6}{columns * len(found)}"]
    if len(found) > 1:
        lines[:0] = [f"{'':18}" + "".join(f"   {one.tuning.title[:28]:28}" for one in found)]
    for family, module in dict.fromkeys(place for of in tests for place in of):
        cells = (_cells(of.get((family, module))) for of in tests)
        lines.append(f"{family:12}{module:6}{''.join(cells)}")
    return [line.rstrip() for line in lines]


def _cells(test: BranchTest | None) -> str:
    if test is None:
        return f"   {'–':>6}{'–':>11}  {'–':9}"
    mark = "*" if test.significant else " "
    return f"   {test.eta_squared:6.3f}{test.p_holm:10.4f}{mark}  {test.highest:9}"


def _keep(found: list[Specialisation], path: Path) -> None:
    from inception_viz.features import table_of_tests

    if path.suffix.lower() == ".npz":
        found[0].tuning.save(path)
        return
    with atomic_write(path) as half:
        half.write_text(csv_text(table_of_tests(found)), "utf-8")
