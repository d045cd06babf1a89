"""Damage to bytes, numbers, text and JSON, from a seeded source of chance."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Sequence
from typing import Any

NUMBERS = (
    0, 1, 2, 3, 7, 8, 15, 16, 64, 127, 128, 255, 256, 1000, 4096, 4097, 32767, 32768, 65535,
    65536,
    12_000, 30_001, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1,
)  # fmt: skip
TEXTS = (
    "", " ", "\0", "\n", "\r\n", "\t", "'", '"', "\\", "/", "..", "../../x", "C:\\x", "%00",
    "%2e%2e",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "${x}", "{0}",
    "{x.__class__}", "%s",
    "\u202e", "\ufeff", "\ud800", "é" * 90, "猫", "👩‍🔬" * 40, "²", "٣", "Ⅷ", "x" * 500,
    "x" * 5000, "-1",
    "1e999", "nan", "inf", "-0", "1_0", "0x10", "1.5", "9" * 30, "9" * 5000, "None", "true",
    "null",
    "[x](javascript:alert(1))", ":material/x:", "$x$", "a;b=c", "4c/5x5:7", "=1+1", "__proto__",
)  # fmt: skip


def damaged(data: bytes, chance: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """``data`` with one to five dumb changes: bits, bytes, numbers, cuts, copies, splices."""
    result = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        if not result:
            break
        chance.choice(_CHANGES)(result, chance)
    if others and chance.random() < 0.1:
        other = chance.choice(others)
        result = result[: chance.randrange(len(result) + 1)]
        result += other[chance.randrange(len(other) + 1) :]
    return bytes(result)


def _bit(data: bytearray, chance: random.Random) -> None:
    data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _byte(data: bytearray, chance: random.Random) -> None:
    data[_place(data, chance)] = chance.choice((0, 255, 127, 128, chance.randrange(256)))


def _number(data: bytearray, chance: random.Random) -> None:
    kind = chance.choice(("<H", ">H", "<I", ">I", "<Q", ">Q"))
    size = struct.calcsize(kind)
    place = _place(data, chance)
    if place + size <= len(data):
        data[place : place + size] = struct.pack(kind, chance.choice(NUMBERS) % 2 ** (8 * size))


def _cut(data: bytearray, chance: random.Random) -> None:
    start = _place(data, chance)
    del data[start : None if chance.random() < 0.3 else start + chance.randrange(1, 40)]


def _repeat(data: bytearray, chance: random.Random) -> None:
    start = _place(data, chance)
    part = data[start : start + chance.randrange(1, 100)]
    data[start:start] = part * chance.choice((1, 2, 50))


def _insert(data: bytearray, chance: random.Random) -> None:
    start = _place(data, chance)
    data[start:start] = chance.randbytes(chance.randrange(1, 20))


def _place(data: bytearray, chance: random.Random) -> int:
    """Anywhere, but often in the first 200 bytes: that is where headers are."""
    if not data:
        data.append(0)
    return chance.randrange(min(len(data), 200) if chance.random() < 0.5 else len(data))


_CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _bit, _bit, _byte, _byte, _number, _number, _cut, _repeat, _insert,
)  # fmt: skip


def bent(text: str, chance: random.Random, words: Sequence[str] = ()) -> str:
    """``text`` with one to four changes of characters and words."""
    for _ in range(chance.choice((1, 1, 2, 4))):
        start = chance.randrange(len(text) + 1)
        end = start + chance.choice((0, 1, 1, 2, 5, 20, len(text)))
        middle = text[start:end]
        new = chance.choice(
            (
                "",
                middle * 2,
                middle * 50,
                middle[::-1],
                chance.choice(TEXTS),
                chance.choice(words) if words else "",
                str(chance.choice(NUMBERS)),
                chr(chance.choice((chance.randrange(32, 127), chance.randrange(0xD7FF)))),
            )
        )
        text = text[:start] + new + text[end:]
    return text[:20_000]


def bent_json(value: Any, chance: random.Random) -> str:
    """JSON text of ``value`` with values, names and brackets changed."""
    value = json.loads(json.dumps(value))
    for _ in range(chance.choice((0, 1, 1, 2, 4))):
        value = _bent_value(value, chance)
    text = json.dumps(value, ensure_ascii=chance.random() < 0.9)
    return bent(text, chance) if chance.random() < 0.3 else text


def _bent_value(value: Any, chance: random.Random) -> Any:
    """Changes one place, the deeper the likelier."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(list(value))
        kind = chance.random()
        if kind < 0.1:
            del value[key]
        elif kind < 0.2:
            value[chance.choice((*TEXTS, key + "x", key.upper()))] = value[key]
        else:
            value[key] = _bent_value(value[key], chance)
        return value
    if isinstance(value, list) and value and chance.random() < 0.85:
        place = chance.randrange(len(value))
        kind = chance.random()
        if kind < 0.2:
            return value * chance.choice((0, 2, 30))
        value[place] = _bent_value(value[place], chance)
        return value
    return chance.choice(
        (
            chance.choice(NUMBERS), -chance.choice(NUMBERS), chance.choice(TEXTS), None,
            True, [], {},
            1.5, float("nan"), float("inf"), 1e308, 10**400, 10**4000, [value], {"a": value},
            _deep(chance.choice((5, 100, 2000))), [0] * 1000,
        )
    )  # fmt: skip


def _deep(depth: int) -> Any:
    value: Any = []
    for _ in range(min(depth, 300)):
        value = [value]
    return value
