"""Fit auxiliary heads to a trained trunk, by distillation from its own main head.

No labels are needed: on any photos, the heads learn to repeat what the main head answers (Hinton et
al., "Distilling the Knowledge in a Neural Network", arXiv 1503.02531). The trunk doesn't change, so
what it computes in front of the heads is computed once, not every epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from inception_viz.folding import fold_batch_norm
from inception_viz.images import ImageError, read_picture
from inception_viz.network import AuxHead, GoogLeNet
from inception_viz.preprocessing import fit_image, fitting
from inception_viz.sources.base import Weights
from inception_viz.sources.distilled import NOTE, with_heads
from inception_viz.training.data import SUFFIXES
from inception_viz.training.errors import DataError

HELD_OUT = 0.1
_BATCH = 32

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class HeadRecipe:
    """How heads are fitted.

    Attributes:
        epochs: passes over the stored features.
        batch: photos a step.
        learning_rate: AdamW's peak, in a one-cycle schedule.
        weight_decay: AdamW's.
        temperature: both distributions are softened by it before they are compared.
        mirror: use each photo's mirror image, too: better heads, twice the time and memory.
        seed: of the heads' first weights, the order of the photos and dropout.
    """

    epochs: int = 30
    batch: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    temperature: float = 2.0
    mirror: bool = False
    seed: int = 0


@dataclass(frozen=True)
class FittedHeads:
    """A network with fitted heads, and how often each repeats the main head's first choice.

    ``agreement`` is measured on ``checked`` photos that the heads didn't learn from.
    """

    weights: Weights
    agreement: dict[str, float]
    checked: int
    skipped: tuple[str, ...]


@dataclass(frozen=True)
class Features:
    """What one pass over the photos leaves: pooled maps by head (16-bit), and main logits."""

    maps: dict[str, Tensor]
    logits: Tensor


def photos_in(folder: Path) -> list[Path]:
    """Every picture file below ``folder``, in order.

    Raises:
        DataError: if there are none.
    """
    found = sorted(
        p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")
    )
    if not found:
        raise DataError(
            f"There are no pictures in {folder}. Name a folder with photos of any kind."
        )
    return found


def fit_heads(
    weights: Weights,
    photos: Sequence[Path],
    *,
    data: str,
    recipe: HeadRecipe | None = None,
    check: Sequence[Path] = (),
    progress: Progress | None = None,
) -> FittedHeads:
    """Fit both heads of ``weights`` to its main head's answers on ``photos``.

    Args:
        weights: a trained trunk. Its own heads, if any, are replaced.
        photos: files of any pictures; those that can't be read are skipped and named.
        data: what the photos are, for the user.
        recipe: how to fit.
        check: photos to measure the agreement on; without them, a tenth of ``photos`` is held out.
        progress: told what is going on, how much of it is done, and of how much.

    Raises:
        DataError: if fewer than 20 photos can be read.
        WeightsError: if the network can't carry the heads.
    """
    recipe, tell = recipe or HeadRecipe(), progress or (lambda *_: None)
    network = _network_with_heads(weights, recipe.seed)
    frozen = fold_batch_norm(network)
    skipped: list[str] = []
    order = torch.randperm(
        len(photos), generator=torch.Generator().manual_seed(recipe.seed)
    ).tolist()
    held_out = 0 if check else round(HELD_OUT * len(photos))
    learn = [photos[i] for i in order[held_out:]]
    judge = list(check) or [photos[i] for i in order[:held_out]]
    total = len(learn) * (1 + recipe.mirror) + len(judge)

    def seen(done: int) -> None:
        tell("looking at photos", done, total)

    features = _features(frozen, weights, learn, recipe.mirror, skipped, seen)
    judged = _features(
        frozen, weights, judge, False, skipped, lambda n: seen(n + len(learn) * (1 + recipe.mirror))
    )
    if len(features.logits) < 20 or not len(judged.logits):
        raise DataError(
            f"Only {len(features.logits)} photos could be read; fit heads on at least 20."
        )
    agreement = {}
    for name, head in network.aux.items():
        assert isinstance(head, AuxHead)  # for the type checker
        _fit(head, features.maps[name], features.logits, recipe, name, tell)
        agreement[name] = agrees(head, judged.maps[name], judged.logits)
    network.eval().requires_grad_(False)
    note = NOTE.format(photos=len(learn) - len(skipped), data=data)
    fitted = replace(
        weights,
        network=network,
        trained_heads=("main", *network.config.heads),
        distilled_heads=tuple(network.config.heads),
        notes=(*(n for n in weights.notes if "auxiliary heads" not in n), note),
    )
    return FittedHeads(fitted, agreement, len(judged.logits), tuple(skipped))


@torch.no_grad()
def agrees(head: AuxHead, maps: Tensor, logits: Tensor) -> float:
    """Share of photos on which the head's first choice is the main head's."""
    head.eval()
    same = [
        head.classify(m.float()).argmax(1) == z.argmax(1)
        for m, z in zip(torch.split(maps, 256), torch.split(logits, 256), strict=True)
    ]
    return float(torch.cat(same).float().mean())


def _network_with_heads(weights: Weights, seed: int) -> GoogLeNet:
    network = GoogLeNet(with_heads(weights.network.config))
    network.initialise(seed)
    trunk = {k: v for k, v in weights.network.state_dict().items() if not k.startswith("aux.")}
    network.load_state_dict(trunk, strict=False)
    return network.eval()


def _features(
    network: GoogLeNet,
    weights: Weights,
    photos: Sequence[Path],
    mirror: bool,
    skipped: list[str],
    seen: Callable[[int], None],
) -> Features:
    attached = {head.after: name for name, head in network.config.heads.items()}
    maps: dict[str, list[Tensor]] = {name: [] for name in network.config.heads}
    logits = []
    done = 0
    for x in _inputs(network.config.input_size, weights, photos, skipped):
        for view in (x, x.flip(-1)) if mirror else (x,):
            with torch.inference_mode():
                for step, layer in network.trunk.items():
                    view = layer(view)
                    if step in attached:
                        head = network.aux[attached[step]]
                        assert isinstance(head, AuxHead)
                        maps[attached[step]].append(head.pooled(view).half())
                logits.append(network.classify(view))
            done += len(x)
            seen(done)
    if not logits:
        return Features({name: torch.empty(0) for name in maps}, torch.empty(0))
    return Features(
        {name: torch.cat(parts).clone() for name, parts in maps.items()}, torch.cat(logits).clone()
    )


def _inputs(
    size: int, weights: Weights, photos: Sequence[Path], skipped: list[str]
) -> Iterator[Tensor]:
    batch: list[Tensor] = []
    for path in photos:
        try:
            picture = read_picture(path)
        except ImageError as error:
            skipped.append(str(error))
            continue
        square = fit_image(
            picture.image, fitting(picture.size, size), weights.preprocessing.background
        )
        batch.append(weights.preprocessing.tensor(square))
        if len(batch) == _BATCH:
            yield torch.cat(batch)
            batch = []
    if batch:
        yield torch.cat(batch)


def _fit(
    head: AuxHead, maps: Tensor, logits: Tensor, recipe: HeadRecipe, name: str, tell: Progress
) -> None:
    torch.manual_seed(recipe.seed)
    count, batch = len(maps), min(recipe.batch, len(maps))
    steps = recipe.epochs * (count // batch)
    optimizer = torch.optim.AdamW(
        head.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=steps + 1, pct_start=0.2
    )
    wanted = F.log_softmax(logits / recipe.temperature, dim=1)
    head.requires_grad_(True).train()
    for epoch in range(recipe.epochs):
        for chosen in torch.split(torch.randperm(count)[: count // batch * batch], batch):
            answer = F.log_softmax(head.classify(maps[chosen].float()) / recipe.temperature, dim=1)
            loss = F.kl_div(answer, wanted[chosen], reduction="batchmean", log_target=True)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        tell(f"fitting {name}", epoch + 1, recipe.epochs)
