"""Fit auxiliary heads to a trained trunk, by distillation from its own main head.

No labels are needed: on any photos, the heads learn to repeat what the main head answers (Hinton et
al., "Distilling the Knowledge in a Neural Network", arXiv 1503.02531). A head of the paper's shape
ends as the main head does, in a linear layer that reads 1,024 features; that layer is taken over as
it is, so that a head need only learn the features, and knows classes that no photo showed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from inception_viz.errors import DataError
from inception_viz.files.paths import is_folder
from inception_viz.network.folding import fold_batch_norm
from inception_viz.network.googlenet import AuxHead, GoogLeNet
from inception_viz.network.precision import fast_bfloat16
from inception_viz.pictures.preprocessing import CROP_MARGIN
from inception_viz.sources.base import Weights
from inception_viz.sources.distilled import NOTE, trunk_hash, with_heads
from inception_viz.training.augment import seed_of, view
from inception_viz.training.data import pictures_in
from inception_viz.training.evaluation import judge
from inception_viz.training.features import Features, collect, work_folder
from inception_viz.training.photos import read_photos
from inception_viz.training.recipe import Precision

_FEWEST = 20  # photos
_HELD_OUT = 0.1  # of the photos

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class HeadRecipe:
    """How heads are fitted.

    Attributes:
        views: cuts and mixtures of the photos that pass through the trunk once, most of the work.
        epochs: passes of each head over what the trunk made of them.
        batch: views a step.
        learning_rate: AdamW's peak, in a one-cycle schedule.
        weight_decay: AdamW's.
        logits: weight of the mean squared difference of the logits beside the cross-entropy.
        precision: ``bf16``, ``fp32``, or ``auto``: bf16 where the processor is made for it.
        seed: of the views, the heads' first weights and the order.
    """

    views: int = 40_000
    epochs: int = 12
    batch: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    logits: float = 4.0
    precision: Precision = "auto"
    seed: int = 0


@dataclass(frozen=True)
class FittedHeads:
    """A network with fitted heads; ``weights.fits`` says how well each repeats the main head.

    ``skipped`` has a sentence for each file that could not be read.
    """

    weights: Weights
    skipped: tuple[str, ...]


def photos_in(folder: Path) -> list[Path]:
    """Every picture file below ``folder``, in order.

    Raises:
        DataError: if there are none.
    """
    photos = pictures_in(folder) if is_folder(folder) else []
    if not photos:
        raise DataError(
            f"There are no pictures in {folder}. Name a folder with photos of any kind."
        )
    return photos


def held_out(photos: Sequence[Path], share: float = _HELD_OUT) -> tuple[list[Path], list[Path]]:
    """Photos to learn from and photos to judge on, by content: copies of one fall together."""
    learn: list[Path] = []
    judge: list[Path] = []
    for path in photos:
        try:
            digest = hashlib.sha256(path.read_bytes()).digest()
        except OSError:  # whoever reads it as a picture says why it can't be read
            digest = b"\xff" * 4
        (judge if int.from_bytes(digest[:4]) < share * 2**32 else learn).append(path)
    return learn, judge


def fit_heads(
    weights: Weights,
    photos: Sequence[Path],
    *,
    data: str,
    recipe: HeadRecipe | None = None,
    check: Sequence[Path] = (),
    work: Path | None = None,
    progress: Progress | None = None,
) -> FittedHeads:
    """Fit both heads of ``weights`` to its main head's answers on ``photos``.

    Args:
        weights: a trained trunk. Its own heads, if any, are replaced.
        photos: files of any pictures; those that can't be read are skipped and named.
        data: what the photos are, for the user.
        recipe: how to fit.
        check: photos to measure the agreement on; without them, a tenth of ``photos`` is held out.
        work: a folder for what the trunk computes, about 35 KB a view. Killed work goes on there.
            Without it, a temporary one.
        progress: told what is going on, how much of it is done, and of how much.

    Raises:
        DataError: if fewer than 20 photos can be read.
        WeightsError: if the network can't carry the heads.
        FileError: if ``work`` can't be written.
    """
    recipe, tell = recipe or HeadRecipe(), progress or (lambda *_: None)
    network = _network_with_heads(weights, recipe.seed)
    learn, judged_files = (list(photos), list(check)) if check else held_out(photos)
    size = network.config.input_size
    read, unreadable = read_photos(
        [(path, 0) for path in learn],
        round(size * CROP_MARGIN),
        lambda done, total: tell("reading photos", done, total),
    )
    judged, more = read_photos([(path, 0) for path in judged_files], shorter_side=4096)
    if len(read) < _FEWEST or not len(judged):
        raise DataError(f"Only {len(read)} photos could be read; fit heads on at least {_FEWEST}.")
    fast = recipe.precision == "bf16" or (recipe.precision == "auto" and fast_bfloat16())
    trunk = fold_batch_norm(network)
    of = (trunk_hash(weights.network), (recipe.views, recipe.seed, recipe.precision))
    with work_folder(work, "fit-heads", learn, *of) as folder:
        files = collect(
            trunk.to(torch.bfloat16) if fast else trunk,
            weights.preprocessing,
            lambda number: view(read, size, seed_of(recipe.seed, number)),
            recipe.views,
            folder,
            lambda done: tell("looking at views", done, recipe.views),
        )
        for name, head in network.aux.items():
            assert isinstance(head, AuxHead)  # for the type checker
            told = partial(tell, f"fitting {name}")
            _fit(head, network.classifier, Features(files, name), recipe, fast, told)
    network.eval().requires_grad_(False)
    fits = judge(fold_batch_norm(network), weights.preprocessing, judged, len(read), data)
    fitted = replace(
        weights,
        network=network,
        trained_heads=("main", *network.config.heads),
        fits=fits,
        notes=(*(n for n in weights.notes if "auxiliary heads" not in n), NOTE),
    )
    return FittedHeads(fitted, tuple(u.reason for u in (*unreadable, *more)))


def _network_with_heads(weights: Weights, seed: int) -> GoogLeNet:
    network = GoogLeNet(with_heads(weights.network.config))
    network.initialise(seed)
    trunk = {k: v for k, v in weights.network.state_dict().items() if not k.startswith("aux.")}
    network.load_state_dict(trunk, strict=False)
    return network.eval()


def _fit(
    head: AuxHead,
    classifier: nn.Linear,
    features: Features,
    recipe: HeadRecipe,
    fast: bool,
    tell: Callable[[int, int], None],
) -> None:
    """Cross-entropy to the main head's probabilities, and the squared difference of the logits."""
    torch.manual_seed(recipe.seed)
    head.requires_grad_(True).train()
    head.dropout.eval()  # there is no label to learn by heart, but 1,024 features to meet
    if head.classifier.weight.shape == classifier.weight.shape:
        head.classifier.load_state_dict(classifier.state_dict())
        head.classifier.requires_grad_(False)
    _scale(head, *next(iter(DataLoader(features, 256))))
    learned = [p for p in head.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, recipe.learning_rate, weight_decay=recipe.weight_decay)
    batch = min(recipe.batch, recipe.views)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        recipe.learning_rate,
        total_steps=recipe.epochs * (recipe.views // batch) + 1,
        pct_start=0.2,
    )
    for epoch in range(recipe.epochs):
        for maps, averages in DataLoader(features, batch, shuffle=True, drop_last=True):
            with torch.no_grad():
                wanted = classifier(averages)
            with torch.autocast("cpu", torch.bfloat16, enabled=fast):
                said = head.classify(maps)
            loss = _difference(said.float(), wanted, recipe.logits)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        tell(epoch + 1, recipe.epochs)


@torch.no_grad()
def _scale(head: AuxHead, maps: Tensor, averages: Tensor) -> None:
    """Begin with activations as large as those to be met, whatever the trunk's scale is."""
    hidden = head.conv(maps)
    head.conv.conv.weight /= hidden.std().clamp(min=1e-6)
    hidden = head.relu(head.fc(head.conv(maps).flatten(1)))
    head.fc.weight *= averages.std() / hidden.std().clamp(min=1e-6)


def _difference(said: Tensor, wanted: Tensor, logits: float) -> Tensor:
    """Cross-entropy to the main head's probabilities, and how far the logits are apart.

    A constant added to all logits changes no answer and isn't counted.
    """
    entropy = F.kl_div(
        F.log_softmax(said, 1), F.log_softmax(wanted, 1), reduction="batchmean", log_target=True
    )
    apart = (said - said.mean(1, keepdim=True)) - (wanted - wanted.mean(1, keepdim=True))
    return entropy + logits * apart.square().mean()
