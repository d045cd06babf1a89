"""Look inside a GoogLeNet while it runs: forward hooks that live inside a ``with``.

>>> with iv.recording(network) as record:
...     network(x)
>>> record["4c/5x5"]

Works on this project's network and on torchvision's. All who record a network at the same time
share one set of hooks; what a hook sees goes to the record of the context that called the network,
so threads never see one another's tensors.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from inception_viz.architecture.config import Branch
from inception_viz.network import torchvision_names
from inception_viz.network.googlenet import GoogLeNet, InceptionModule, split

Record = dict[str, Tensor]
"""What the parts of a forward pass put out, N × channels × height × width: a step of the trunk
("conv1", "4c"), a branch ("4c/5x5"; without gradients a slice of its module's output), a reduce
layer ("4c/5x5/reduce"). And N × classes, the heads that ran ("main", "aux1", "aux2")."""

Network = TypeVar("Network", bound=nn.Module)


class Part(NamedTuple):
    """A layer to record: the name of what it puts out, and the branches that this consists of."""

    name: str
    layer: nn.Module
    widths: Mapping[Branch, int]


@dataclass
class _Hooks:
    """The hooks on one network, and how many are recording it."""

    handles: list[RemovableHandle] = field(default_factory=list)
    users: int = 0
    on_branches: bool = False  # only where somebody wants gradients: a module's output holds them


_lock = threading.RLock()
_hooked: WeakKeyDictionary[nn.Module, _Hooks] = WeakKeyDictionary()
_records: ContextVar[tuple[tuple[_Hooks, Record], ...]] = ContextVar("records", default=())


@contextmanager
def recording(network: nn.Module) -> Iterator[Record]:
    """Record what the parts of ``network`` put out while this context runs it.

    The record holds each part's latest output. Its tensors are the network's own: with gradients on
    they belong to the graph, so one can differentiate by them, by branches only if gradients are on
    when the ``with`` begins; who keeps them detaches them first.
    Nothing else changes: the hooks are gone when the last ``with`` ends, also after an error. What
    other threads run meanwhile is theirs alone.

    Args:
        network: a :class:`~inception_viz.network.GoogLeNet` or torchvision's, in any mode.

    Raises:
        TypeError: for any other network.
    """
    own: Record = {}
    found = list(parts(network))
    with _lock:
        hooks = _hooked.setdefault(network, _Hooks())
        wanted = [] if hooks.users else [part for part in found if not _is_branch(part)]
        if torch.is_grad_enabled() and not hooks.on_branches:
            wanted += filter(_is_branch, found)
            hooks.on_branches = True
        hooks.handles += [part.layer.register_forward_hook(_hook(hooks, part)) for part in wanted]
        hooks.users += 1
    token = _records.set((*_records.get(), (hooks, own)))
    try:
        yield own
    finally:
        with _lock:
            hooks.users -= 1
            if not hooks.users:
                for handle in hooks.handles:
                    handle.remove()
                del _hooked[network]
        _records.reset(token)


def _is_branch(part: Part) -> bool:
    return part.name.count("/") == 1


def _hook(hooks: _Hooks, part: Part) -> Callable[[nn.Module, object, Tensor], None]:
    def keep(_layer: nn.Module, _inputs: object, output: Tensor) -> None:
        for whose, record in _records.get():
            if whose is hooks:
                record[part.name] = output
                if part.widths and not (output.requires_grad and hooks.on_branches):
                    # What the branches put out is in the module's output, too: keep it once.
                    for branch, maps in split(output, part.widths).items():
                        record[f"{part.name}/{branch}"] = maps

    return keep


def parts(network: nn.Module) -> Iterator[Part]:
    """What there is to record, in the network's order.

    Raises:
        TypeError: if it is neither this project's GoogLeNet nor torchvision's.
    """
    if isinstance(network, GoogLeNet):
        for name, step in network.trunk.items():
            module = step if isinstance(step, InceptionModule) else None
            yield Part(name, step, module.widths if module else {})
            for branch, layers in module.branches.items() if module else ():
                yield Part(f"{name}/{branch}", layers, {})
            for branch, block in module.reduces.items() if module else ():
                yield Part(f"{name}/{branch}/reduce", block, {})
        yield from (Part(name, head, {}) for name, head in network.aux.items())
        yield Part("main", network.classifier, {})
    elif torchvision_names.is_torchvision(network):
        yield from (Part(*part) for part in torchvision_names.parts(network))
    else:
        raise TypeError(
            f"{type(network).__name__} is no GoogLeNet: give a network of this project or of "
            "torchvision.models.googlenet."
        )


def bare_copy(network: Network) -> Network:
    """A deep copy without anybody's hooks, also while others record ``network``."""
    with _lock:
        copied = copy.deepcopy(network)
    for layer in copied.modules():
        for hooks in (
            layer._forward_hooks,
            layer._forward_pre_hooks,
            layer._backward_hooks,
            layer._backward_pre_hooks,
        ):
            hooks.clear()
    return copied
