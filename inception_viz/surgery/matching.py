"""Which old module does a new one continue?"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher

from inception_viz.architecture.config import STAGES, GoogLeNetConfig
from inception_viz.architecture.places import Place

Origins = dict[str, str | None]


def match_modules(
    old: GoogLeNetConfig, new: GoogLeNetConfig, asked: Mapping[str, str | None] | None = None
) -> Origins:
    """New module → the old module that it continues, or None.

    ``asked`` decides where it is given; a name that doesn't exist counts as None. Otherwise modules
    are matched within their stage: in order if there are as many as before; else those with equal
    rows first, those between them in order.
    """
    if asked is not None:
        return {name: found if (found := asked.get(name)) in old.modules else None
                for name in new.modules}  # fmt: skip
    origins: Origins = {}
    for stage in STAGES:
        before, after = (
            [name for name in config.modules if Place(name).stage == str(stage)]
            for config in (old, new)
        )
        if len(before) == len(after):
            origins.update(zip(after, before, strict=True))
            continue
        origins.update(dict.fromkeys(after))
        matcher = SequenceMatcher(
            None, [old.modules[n] for n in before], [new.modules[n] for n in after], autojunk=False
        )
        for _, i, i_end, j, j_end in matcher.get_opcodes():
            origins.update(zip(after[j:j_end], before[i:i_end], strict=False))
    return origins
