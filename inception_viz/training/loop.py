"""The training loop: one process or many, on whatever hardware ``accelerate`` finds.

A step depends only on the weights and on (seed, step): the order of the pictures, each picture's
augmentation and every step's dropout are seeded from them. So a run that was interrupted and
resumed gives the numbers of one that wasn't.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, cast

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.data_loader import prepare_data_loader
from accelerate.utils import broadcast_object_list
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.errors import TrainingError
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.pictures.preprocessing import IMAGENET
from inception_viz.training.augment import Squares, seed_of
from inception_viz.training.evaluation import evaluate
from inception_viz.training.optimisation import (
    AVERAGE_EVERY,
    averaging,
    copy_weights,
    mixed,
    mixed_precision,
    one_cycle,
    sgd,
)
from inception_viz.training.photos import Photos
from inception_viz.training.recipe import Recipe
from inception_viz.training.run import Command, Row

LOG_SECONDS = 2.0
MAX_ROWS = 2000  # of steps.csv; every second one is dropped when there are more


@dataclass
class Position:
    """Where a training stands, and what it has recorded."""

    epoch: int = 0
    step: int = 0
    history: list[Row] = field(default_factory=list)
    steps: list[Row] = field(default_factory=list)


@dataclass
class Totals:
    """Sums of losses and accuracies over steps with pictures of ``size`` pixels, and their time."""

    size: int
    images: int = 0
    steps: int = 0
    seconds: float = 0.0
    sums: dict[str, Tensor] = field(default_factory=dict)

    def add(self, measured: dict[str, Tensor], images: int, seconds: float) -> None:
        """Add one step's figures (scalars), without waiting for them to be computed."""
        self.images, self.steps = self.images + images, self.steps + 1
        self.seconds += seconds
        self.sums = {name: value + self.sums.get(name, 0) for name, value in measured.items()}


class Trainer:
    """Everything that changes while a network is trained, and the steps that change it.

    Use :meth:`train`; between steps, ``position``, ``state`` and ``network`` may be read.
    """

    def __init__(
        self,
        config: GoogLeNetConfig,
        recipe: Recipe,
        photos: Photos,
        validation: Photos,
        *,
        workers: int = 0,
        initial: GoogLeNet | None = None,
    ) -> None:
        """Build the network: random weights from the recipe's seed, or ``initial``'s that fit."""
        self.config, self.recipe, self.workers = config, recipe, workers
        self.photos, self.validation = photos, validation
        self.accelerator = Accelerator(
            cpu=not torch.accelerator.is_available(),  # said, so that processes find each other
            mixed_precision=mixed_precision(recipe),
        )
        world = self.accelerator.num_processes
        self.batch = min(recipe.batch, len(photos)) // world * world
        if self.batch < 2 * world:
            raise TrainingError(f"{len(photos)} pictures are too few for {world} processes.")
        self.steps_an_epoch = len(photos) // self.batch  # the rest waits for the next epoch
        self.total_steps = self.steps_an_epoch * recipe.epochs
        network = GoogLeNet(config)
        network.initialise(recipe.seed)
        if initial is not None:
            copy_weights(initial, network)
        if world > 1 and self.accelerator.device.type == "cuda":
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = sgd(network, recipe)
        self.model, self.optimizer = self.accelerator.prepare(network, optimizer)
        self.network: GoogLeNet = self.accelerator.unwrap_model(self.model)
        self.average = AveragedModel(
            self.network, multi_avg_fn=averaging(recipe.average), use_buffers=True
        )
        self.schedule = one_cycle(optimizer, recipe, self.total_steps)
        self.position = Position()
        self._totals: Totals | None = None  # of an epoch under way

    @property
    def averaged(self) -> GoogLeNet:
        """The network that is validated and kept: the average of the weights, if there is one."""
        use = self.recipe.average and self.average.n_averaged > 0
        return cast(GoogLeNet, self.average.module) if use else self.network

    def train(self, after_step: Callable[[], None], command: Callable[[], Command]) -> Command:
        """Train from the present position to the end, or until ``command`` says something else.

        Returns the command that ended it: "" when all epochs are done. ``after_step`` is called
        whenever ``position`` has moved, with the row of a finished epoch appended.
        """
        for epoch in range(self.position.epoch, self.recipe.epochs):
            wish = self._epoch(epoch, after_step, command)
            if wish:
                return wish
        return ""

    def batches(self, epoch: int) -> DataLoader[tuple[Tensor, Tensor]]:
        """What is left of an epoch's pictures, shuffled by (seed, epoch), on this device."""
        seeds = self.recipe.seed, epoch
        photos = Squares(self.photos, self.recipe.sizes[epoch], self.recipe.augmentation, *seeds)
        shuffle = torch.Generator().manual_seed(seed_of(*seeds))
        order = torch.randperm(len(photos), generator=shuffle).tolist()
        ends = (self.position.step - epoch * self.steps_an_epoch, self.steps_an_epoch)
        loader = DataLoader(
            photos,
            self.batch,
            sampler=order[slice(*(end * self.batch for end in ends))],
            num_workers=self.workers,
            prefetch_factor=4 if self.workers else None,
        )
        prepared: DataLoader[tuple[Tensor, Tensor]] = prepare_data_loader(
            loader, self.accelerator.device, split_batches=True, put_on_device=True
        )
        return prepared

    def close(self) -> None:
        """Let go of the other processes; nothing can be trained afterwards."""
        if self.accelerator.num_processes > 1:
            self.accelerator.wait_for_everyone()
            self.model = self.network  # the wrapper would outlive the group, and crash at exit
            self.accelerator.free_memory()
        self.accelerator.end_training()

    def state(self) -> dict[str, Any]:
        """Everything that :meth:`restore` needs, as plain values and tensors."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": {
                k: v for k, v in self.schedule.state_dict().items() if not k.startswith("_anneal")
            },
            "position": vars(self.position),
            "epoch": vars(self._totals) if self._totals else None,
            "batch": self.batch,
            "random": [self.recipe.seed, self.position.step],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go to where :meth:`state` was taken.

        Raises:
            TrainingError: if it belongs to another network, or to other pictures.
        """
        try:
            for name in ("network", "average", "optimizer", "schedule"):
                getattr(self, name).load_state_dict(state[name])
            self.position = Position(**state["position"])
            self._totals = Totals(**state["epoch"]) if state.get("epoch") else None
            same = state["batch"] == self.batch
            same = same and state["schedule"]["total_steps"] == self.total_steps + 1
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise TrainingError("The checkpoint belongs to another network.") from error
        if not same:
            raise TrainingError(
                "The pictures are not those that the run was started with. Put them back, or "
                "start a new run."
            )

    def _epoch(
        self, epoch: int, after_step: Callable[[], None], command: Callable[[], Command]
    ) -> Command:
        position, size = self.position, self.recipe.sizes[epoch]
        self.model.train()
        totals = self._totals = self._totals or Totals(size)
        recent, since = Totals(size), monotonic()
        for images, targets in self.batches(epoch):
            measured = self._step(images, targets)
            position.step += 1
            for sums in (totals, recent):
                sums.add(measured, self.batch, monotonic() - since)
            since = monotonic()
            ask = self.accelerator.num_processes == 1 or not position.step % 10
            wish = self.agree(command()) if ask else ""  # asking everybody costs a round trip
            last = self.steps_an_epoch * (epoch + 1) == position.step
            if recent.seconds > LOG_SECONDS or wish or last:
                position.steps.append(self._row(recent, epoch))
                if len(position.steps) > MAX_ROWS:
                    del position.steps[1::2]
                recent = Totals(size)
                after_step()
            if wish:
                return wish
        row = self._row(totals, epoch + 1, shared=True)
        self._totals = None
        position.epoch = epoch + 1
        if position.epoch % self.recipe.validate_every == 0 or position.epoch == self.recipe.epochs:
            found = evaluate(self.averaged, self.validation, size, IMAGENET, self.accelerator)
            for head, score in found.heads.items():
                row |= {f"val_{kind}_{head}": value for kind, value in vars(score).items()}
        position.history.append(row)
        after_step()
        return ""

    def _step(self, images: Tensor, targets: Tensor) -> dict[str, Tensor]:
        recipe, step = self.recipe, self.position.step
        torch.manual_seed(seed_of(recipe.seed, step, self.accelerator.process_index, 1))
        x = IMAGENET.normalise(images)
        wanted = targets
        if recipe.mix and step < recipe.mix_until * self.total_steps:
            x, wanted = mixed(x, targets, self.config.classes, recipe.mix)
        logits = {head: z for head, z in self.model(x)._asdict().items() if z is not None}
        losses = {
            head: F.cross_entropy(z.float(), wanted, label_smoothing=recipe.label_smoothing)
            for head, z in logits.items()
        }
        weights = {head: 1.0 if head == "main" else recipe.aux_weight for head in losses}
        self.accelerator.backward(sum(weights[head] * loss for head, loss in losses.items()))
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.schedule.step()
        if recipe.average and (step + 1) % AVERAGE_EVERY == 0:
            self.average.update_parameters(self.network)
        with torch.no_grad():
            chosen = wanted.argmax(1) if wanted.ndim > 1 else wanted
            right = {h: (z.argmax(1) == chosen).float().mean() for h, z in logits.items()}
        return {f"loss_{h}": v.detach() for h, v in losses.items()} | {
            f"accuracy_{h}": v for h, v in right.items()
        }

    def _row(self, totals: Totals, epoch: int, *, shared: bool = False) -> Row:
        """A row of figures, of this process alone or ``shared``: of all, asked at the same time."""
        sums = self.accelerator.reduce(totals.sums, reduction="mean") if shared else totals.sums
        means = {name: float(value) / totals.steps for name, value in sums.items()}
        if not all(v == v and abs(v) < float("inf") for v in means.values()):
            raise TrainingError(
                "The loss is no longer a finite number: the training diverged. Start again with a "
                "lower learning rate."
            )
        row: Row = {
            "epoch": epoch,
            "step": self.position.step,
            "size": totals.size,
            "learning_rate": float(self.schedule.get_last_lr()[0]),
            "images_per_second": totals.images / totals.seconds if totals.seconds else 0.0,
        }
        heads = ("main", *self.config.heads)
        names = [f"{kind}_{head}" for head in heads for kind in ("loss", "accuracy")]
        return row | {f"train_{n}": means.get(n) for n in names} | {f"val_{n}": None for n in names}

    def agree(self, wish: Command) -> Command:
        """What the main process wishes, told to all processes."""
        agreed: Command = broadcast_object_list([wish])[0]
        return agreed
