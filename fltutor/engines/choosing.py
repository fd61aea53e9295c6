"""The engine to wait less: it chooses how a cohort trains fastest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from fltutor import validate
from fltutor.clients import Client, LocalTraining
from fltutor.engines.affine import plan_descent
from fltutor.engines.backprop import Layer, read_layers
from fltutor.engines.schedule import Group, count_steps, groups
from fltutor.engines.shared import Direction, admit, keep_freed_memory
from fltutor.engines.stacking import (
    Gradients,
    by_autograd,
    by_hand,
    by_vmap,
    descend,
    descend_by_autograd,
    descend_by_hand,
)
from fltutor.task import Task
from fltutor.threads import one_thread_each

# Thresholds. Each comment says why, with a round's time at other values as a multiple
# of its time at this one: medians of interleaved runs, one thread, float32.

#: Bytes of parameters of the clients that step together. Fewer clients share a step's
#: calls too thinly (2**18: 1.3 in W2 and W3, 2**16: 2.1 to 2.4 in W1 and W3). More lie
#: beyond the second-level cache, which wins nothing sure (2**24: 0.96 to 1.1).
STACKED_BYTES = 2**23
#: The same for vmap, whose calls cost more: 11.6 at 2**16, 1.4 at 2**20, 1 from 2**22.
MAPPED_BYTES = 2**24
#: Bytes of a step's examples of the clients that step together: too few, and a crowd of
#: small clients is cut up (W3: 2.3 at 2**16, 1.2 at 2**18); more leave a core's cache
#: (W2: 1.1 at 2**24).
BATCH_BYTES = 2**20
#: Multiplications in a thread's part of a step from which a second thread pays. The
#: calls around a step are Python's, made by one thread at a time: at three million two
#: threads took 1.4 times as long as one, at ten million (W2) 0.6 times.
WORTH_A_THREAD = 4_000_000
#: Parameters from which clients one by one beat clients mapped together. vmap saves
#: calls and pays with products that torch computes slower: 0.71 of the time at 52,000
#: parameters, 0.97 at 113,000, 1.2 at 238,000, 1.5 at 545,000 (an MLP with LayerNorm).
LARGE = 100_000

# vmap turns them into grouped convolutions, which took 1.3 times the textbook's time.
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d)


@dataclass(frozen=True)
class Path:
    """One way to train a cohort, chosen.

    Attributes
    ----------
    name
        "stacked", "vmap" or "threads".
    why
        the reason, for people.
    size
        bytes of the parameters of clients that step together; 0 is one client.
    gradients
        ``(task, group, clients, params)`` -> the gradients of a group's steps.
    descend
        ``(task, group, clients, starts, params, descent)`` takes all, where a direction
        is affine; None where nothing is won by it.
    """

    name: str
    why: str
    size: int
    gradients: Callable[..., Gradients]
    descend: Callable[..., None] | None = None

    def train(
        self,
        task: Task,
        group: Group,
        clients: Sequence[Client],
        starts: Tensor,
        params: Tensor,
        local: LocalTraining,
        direction: Direction,
        memory: Mapping[str, Tensor],
    ) -> None:
        """Take all steps of a group, from starts ``(M, d)`` to params ``(M, d)``."""
        descent = plan_descent(direction, starts, memory, local)
        if descent is None or self.descend is None:
            params.copy_(starts)
            gradients = self.gradients(task, group, clients, params)
            descend(group, starts, params, local, direction, memory, gradients)
        else:
            self.descend(task, group, clients, starts, params, descent)


@dataclass(frozen=True)
class Vectorised:
    """Train all clients of a cohort at once, by the path that suits the model.

    * "stacked": linear models and MLPs. Parameters of many clients in one matrix,
      gradients derived by hand (:mod:`fltutor.engines.backprop`).
    * "vmap": whatever else maps over clients, ``torch.func.vmap(grad)``.
    * "threads": clients one after another, several threads side by side. For
      convolutions, which vmap makes slower, and for other large models.

    Called like :func:`fltutor.engines.sequential`, and equal to it to 1e-10 in
    float64. Clients with fewer examples or steps are padded through the plan; a step
    without a real example leaves its client's row unchanged. Torch's thread
    settings are as before afterwards.

    Attributes
    ----------
    path
        one of the three, or "auto".
    workers
        threads side by side; None takes as many as torch may use
        (``torch.get_num_threads()``). Digits do not depend on it.

    Examples
    --------
    >>> from fltutor import Dataset, models
    >>> task = Task(models.mlp(2, 3, 2), seed=0)
    >>> client = Client(0, Dataset([[0.0, 1.0]], [1], num_classes=2))
    >>> print(Vectorised().explain(task, [client]))
    stacked: linear layers and activations only, gradients derived by hand
    """

    path: str = "auto"
    workers: int | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown path and a worker count below 1."""
        validate.one_of("path", self.path, ["auto", "stacked", "vmap", "threads"])
        if self.workers is not None:
            validate.count("workers", self.workers)

    def __call__(
        self,
        task: Task,
        starts: Tensor,
        clients: Sequence[Client],
        plan: Tensor,
        local: LocalTraining,
        direction: Direction,
        memory: Mapping[str, Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Return ends ``(K, d)`` and steps ``(K,)``, as every engine."""
        admit(task, starts, clients, plan, local, memory)
        keep_freed_memory()
        path = self.choose(task, clients)
        ends = torch.empty_like(starts, memory_format=torch.contiguous_format)

        @torch.no_grad()
        def train(group: Group) -> None:
            begin, rows = group.of(starts), group.span
            params = begin.new_empty(begin.shape) if rows is None else ends[rows]
            own = {name: group.of(matrix) for name, matrix in memory.items()}
            path.train(task, group, clients, begin, params, local, direction, own)
            if rows is None:
                ends[group.rows] = params

        with one_thread_each() as allowed:
            workers = _side_by_side(path, task, plan, self.workers or allowed)
            most = _fitting(path, task, plan.shape[2] * clients[0].data.x[0].nbytes)
            cuts = groups(plan, _even(len(clients), most, workers))
            if workers > 1:
                with ThreadPoolExecutor(workers) as pool:
                    list(pool.map(train, cuts))
            else:
                for group in cuts:
                    train(group)
        return ends, count_steps(plan)

    def explain(self, task: Task, cohort: Sequence[Client]) -> str:
        """Say which path a cohort would take, and why."""
        path = self.choose(task, cohort)
        return f"{path.name}: {path.why}"

    def choose(self, task: Task, cohort: Sequence[Client]) -> Path:
        """Choose the path for a model and a cohort.

        Raises
        ------
        ValueError
            the path that was asked for does not fit the model.
        """
        layers = _layers(task, cohort)
        if self.path == "stacked" and isinstance(layers, str):
            raise validate.fail(
                f"path='stacked', but {layers}",
                "a linear model or an MLP on float data",
                "Use path='auto'.",
            )
        if not isinstance(layers, str) and self.path in ("auto", "stacked"):
            why = "linear layers and activations only, gradients derived by hand"
            return Path(
                "stacked",
                why,
                STACKED_BYTES,
                partial(by_hand, layers=layers),
                partial(descend_by_hand, layers=layers),
            )
        together = Path("vmap", "", MAPPED_BYTES, by_vmap)
        alone = Path("threads", "", 0, by_autograd, descend_by_autograd)
        if self.path == "vmap":
            return replace(together, why="asked for")
        if type(task) is not Task:
            return replace(together, why="a task with a gradient of its own")
        if self.path == "threads":
            return replace(alone, why="asked for")
        if any(isinstance(layer, _CONVOLUTIONS) for layer in task.module.modules()):
            return replace(alone, why="it has convolutions, slower when mapped")
        if task.dim >= LARGE:
            return replace(alone, why=f"{task.dim:,} parameters, too many to map")
        return replace(together, why=f"{layers}, so torch maps its own gradient")


def _layers(task: Task, cohort: Sequence[Client]) -> list[Layer] | str:
    """Read the layers, or say why the model or its data are not for the hand."""
    x = cohort[0].data.x
    if x.dtype != task.dtype:
        return f"the data are {x.dtype}"
    if type(task) is not Task:
        return "the task is one of its own kind"
    first = next(iter(task.module.children()), None)
    if x.ndim != 2 and type(first) is not nn.Flatten:
        return f"the examples have {x.ndim - 1} axes"
    return read_layers(task)


def _fitting(path: Path, task: Task, batch: int) -> int:
    """Count the clients that step together, with so many bytes of examples each."""
    own = task.dim * torch.finfo(task.dtype).bits // 8
    return max(1, min(path.size // own, BATCH_BYTES // max(1, batch)))


def _side_by_side(path: Path, task: Task, plan: Tensor, workers: int) -> int:
    """Count the threads that pay: a step's arithmetic against Python's work around it.

    ``functional_call`` lends its parameters to the module for a moment, so two
    threads must never be in it at once: the path that calls it has one.
    """
    num_clients, _, batch = plan.shape
    work = num_clients * batch * task.dim / workers
    if path.name == "vmap" or (path.name == "stacked" and work < WORTH_A_THREAD):
        return 1
    return min(workers, num_clients)


def _even(num_clients: int, most: int, workers: int) -> int:
    """Lower a group's limit so that the workers get equal shares of the groups."""
    cuts = -(-num_clients // most)
    cuts = -(-cuts // workers) * workers
    return -(-num_clients // cuts)
