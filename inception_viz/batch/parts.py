"""Where a table grows until it is whole: a folder beside it, ``NAME.parquet.parts``.

``plan.json`` says which pictures there are and what is asked about them. Every part holds the rows
of a run of pictures, the same in whatever order and by however many processes parts are made. A
file is written under another name, synced and renamed, so after a crash it is whole or not there.
The plan's id is part of the parts' names: what a forgotten process still writes for an older plan
is never taken for ours.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from inception_viz.errors import BatchError
from inception_viz.files.cache import hold, remove, replace_synced, writing
from inception_viz.training.photos import Unreadable

CHUNK = 32  # pictures a part: about what a kill costs, and by how much processes finish apart

Settings = dict[str, str | int]
_UNREADABLE = b"unreadable"
_THEN = ", or choose another place; what is done so far is kept"


@dataclass(frozen=True)
class Plan:
    """What a table is to hold.

    Attributes:
        settings: what decides the rows beside the pictures.
        pictures: paths relative to the folder, in the table's order.
        chunk: how many of them a part holds.
        id: of this plan alone.
    """

    settings: Settings
    pictures: tuple[str, ...]
    chunk: int = field(default_factory=lambda: CHUNK)
    id: str = field(default_factory=lambda: uuid4().hex[:12])

    @property
    def parts(self) -> range:
        """The parts' numbers."""
        return range(-(-len(self.pictures) // self.chunk))

    def part(self, number: int) -> tuple[str, ...]:
        """The pictures of a part."""
        return self.pictures[number * self.chunk : (number + 1) * self.chunk]

    def count(self, numbers: Iterable[int]) -> int:
        """How many pictures some parts have."""
        return sum(len(self.part(number)) for number in numbers)


@dataclass(frozen=True)
class Parts:
    """The folder of parts; removed once the table is whole."""

    path: Path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder, making it if need be, or raise a BatchError; freed however this ends."""
        with writing(self.path, BatchError, _THEN):
            held = hold(self.path / ".lock", 0)
        if held is None:
            raise BatchError(f"Another process is writing in {self.path}. Wait for it.")
        with held:
            for half in self.path.glob(".half-*"):  # of a process that was killed
                remove(half)
            yield

    def plan(self) -> Plan | None:
        """The plan that was begun here; None if there is none that can be read."""
        try:
            values = json.loads((self.path / "plan.json").read_text("utf-8"))
            return Plan(**{**values, "pictures": tuple(values["pictures"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def begin(self, plan: Plan) -> None:
        """Write a plan in place of whatever was here, or raise a BatchError."""
        self._remove_files()
        with self.placing("plan.json") as temporary:
            temporary.write_text(json.dumps(asdict(plan)), "utf-8")

    def missing(self, plan: Plan) -> list[int]:
        """The numbers of the parts that aren't here yet."""
        here = {path.name for path in self.path.glob(f"{plan.id}-*.arrow")}
        return [number for number in plan.parts if _name(plan, number) not in here]

    def write(self, plan: Plan, number: int, rows: pa.Table) -> None:
        """Put a part in its place, or raise a BatchError."""
        with (
            self.placing(_name(plan, number)) as temporary,
            temporary.open("wb") as file,
            pa.ipc.new_file(file, rows.schema) as writer,
        ):
            writer.write_table(rows)

    def read(self, plan: Plan, number: int) -> pa.Table:
        """A part; if it is damaged, a BatchError, and it is removed so that it is made again."""
        path = self.path / _name(plan, number)
        try:
            return pa.ipc.open_file(pa.BufferReader(path.read_bytes())).read_all()
        except (pa.ArrowException, OSError) as error:
            remove(path)
            raise BatchError(
                f"{path} was damaged and is removed. Run the same command again to make it anew."
            ) from error

    @contextmanager
    def placing(self, name: str | Path) -> Iterator[Path]:
        """Yield a temporary path whose file takes its place on success, synced to disk.

        ``name`` is that of a file in this folder, or a whole path on the same disk.

        Raises:
            BatchError: if it can't be written.
        """
        temporary = self.path / f".half-{uuid4().hex}"
        try:
            with writing(self.path / name, BatchError, _THEN):
                yield temporary
                replace_synced(temporary, self.path / name)
        finally:
            remove(temporary)

    def remove(self) -> None:
        """Take the folder away, as far as it is ours."""
        with contextlib.suppress(OSError):  # the table is whole; what stays here harms nobody
            self._remove_files()
            (self.path / ".lock").unlink(missing_ok=True)
            self.path.rmdir()

    def _remove_files(self) -> None:
        # The plan goes first: parts without one are nothing, a plan without parts would begin anew.
        for path in (self.path / "plan.json", *self.path.glob("*-*.arrow")):
            path.unlink(missing_ok=True)


def _name(plan: Plan, number: int) -> str:
    return f"{plan.id}-{number:08}.arrow"


def part(
    columns: pa.Schema, batches: list[pa.RecordBatch], unreadable: list[Unreadable]
) -> pa.Table:
    """The rows of a part, with the pictures that have none."""
    noted = json.dumps([[u.path, u.reason] for u in unreadable])
    return pa.Table.from_batches(batches, columns).replace_schema_metadata({_UNREADABLE: noted})


def unreadable_in(part: pa.Table) -> list[Unreadable]:
    """The pictures of a part that have no row."""
    return [Unreadable(*pair) for pair in json.loads(part.schema.metadata[_UNREADABLE])]
