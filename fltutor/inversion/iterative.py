"""Search for examples whose update is the one that came: gradient matching."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from fltutor import seeds, validate
from fltutor.clients import LocalTraining
from fltutor.task import Task
from fltutor.threads import one_thread_each
from fltutor.words import _

DISTANCES = ("cosine", "squared")

#: x (B, ...) -> (distance of its update, that and whatever else is made small)
Cost: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Reconstruction:
    """What an attack came up with.

    Attributes
    ----------
    x
        ``(B, ...)`` float64, in the bounds.
    distance
        between its update and the one that came; small does not mean near the truth
        where several batches have one update.
    distances
        of every start, in order.
    """

    x: Tensor
    distance: float
    distances: tuple[float, ...]


def simulated(
    task: Task, params: Tensor, x: Tensor, y: Tensor, local: LocalTraining
) -> Tensor:
    """Train as a client would and keep the graph: the delta ``(d,)`` in terms of x.

    Every step takes the whole batch. That is what a client does whose batch size is
    None; for one that shuffles batches it is the attacker's best guess, with as many
    steps.

    Parameters
    ----------
    task, params
        the model ``(d,)`` that the server sent.
    x, y
        ``(B, ...)`` and ``(B,)``.
    local
        epochs (one number), batch size, lr, momentum and weight decay.
    """
    epochs = validate.count("epochs", local.epochs)
    steps = epochs * -(-len(x) // (local.batch_size or len(x)))
    start = params.detach().requires_grad_()
    now, velocity = start, torch.zeros_like(start)
    for _step in range(steps):
        loss = task.loss(now, x, y)
        (grad,) = torch.autograd.grad(loss, now, create_graph=True)
        velocity = local.momentum * velocity + grad + local.weight_decay * now
        now = now - local.lr * velocity
    return now - start


@dataclass(frozen=True, kw_only=True, eq=False)
class Attack:
    """Settings of :func:`invert`: what the attacker knows, and how it searches.

    Gradient matching: ``min over x of distance(update of x, update that came)``. It
    computes in float64 whatever the model's precision, since the distance becomes
    tiny.

    Attributes
    ----------
    labels
        ``(B,)``, as :func:`~fltutor.inversion.labels.label_counts` finds them; their
        number is the batch size. The larger it is, the more batches share one update.
    shape
        of one example.
    local
        how clients train: the attacker trains the same way.
    distance
        "cosine", ``1 - cos``, does not mind clipping; "squared" is the squared norm of
        the difference, over that of the update.
    smoothness
        weight of total variation, which prefers smooth pictures; 0 for data that are
        none. Small (1e-4) helps against noise and compression, large blurs.
    bounds
        lowest and highest value of an input; starts lie between them, what comes out
        is cut to them.
    seen
        bool ``(d,)``: the numbers that travelled, where compression left out others at
        random; the distance counts no others. None: all of them, right for top-k too,
        where a number that did not travel was nearly zero.
    iterations
        of L-BFGS, from each start.
    restarts
        how many random starts; the one with the smallest distance counts.
    seed
        of the starts.

    References
    ----------
    Zhu et al. 2019 (DLG, arXiv:1906.08935), Algorithm 1, "squared"; here labels are
    found before and not searched for, as in Zhao et al. 2020. Geiping et al. 2020
    (arXiv:2003.14053), equation 4, "cosine" and total variation, there with signed
    Adam; section 6 there for several local steps.
    """

    labels: Tensor
    shape: tuple[int, ...]
    local: LocalTraining
    distance: str = "cosine"
    smoothness: float = 0.0
    bounds: tuple[float, float] = (0.0, 1.0)
    seen: Tensor | None = None
    iterations: int = 150
    restarts: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every setting."""
        validate.one_of("distance", self.distance, DISTANCES)
        validate.at_least("smoothness", self.smoothness, 0.0)
        validate.count("iterations", self.iterations)
        validate.count("restarts", self.restarts)
        object.__setattr__(self, "labels", torch.as_tensor(self.labels))
        object.__setattr__(self, "shape", tuple(self.shape))
        validate.not_empty("labels", self.labels.reshape(-1))
        low, high = self.bounds
        if not low < high:
            raise validate.fail(
                f"bounds={self.bounds}", _("low < high"), _("Pixels have (0.0, 1.0).")
            )
        if self.smoothness and len(self.shape) < 2:
            raise validate.fail(
                _("smoothness for examples of shape {shape}").format(shape=self.shape),
                _("pictures, of two axes or more"),
                _("Set smoothness=0, or reshape: shape=(1, 8, 8)."),
            )


@one_thread_each()
def invert(
    task: Task, params: Tensor, update: Tensor, attack: Attack
) -> Reconstruction:
    """Reconstruct a client's examples from its update, by L-BFGS [server].

    Parameters
    ----------
    task, params
        the model ``(d,)`` that the server sent.
    update
        the delta ``(d,)`` that came back: bare, noised, clipped or compressed.
    attack
        what the attacker knows and how it searches.

    Examples
    --------
    >>> from fltutor import models
    >>> task = Task(models.mlp(4, 8, 3), seed=0)
    >>> x, y = torch.tensor([[0.1, 0.9, 0.4, 0.3]]), torch.tensor([2])
    >>> local = LocalTraining(epochs=1, batch_size=None, lr=0.1)
    >>> update = -0.1 * task.gradient(task.init(), x, y)
    >>> attack = Attack(labels=y, shape=(4,), local=local)
    >>> bool((invert(task, task.init(), update, attack).x - x).abs().max() < 1e-3)
    True
    """
    _check(task, params, update, attack)
    cost = _cost(task, params.double(), update.double(), attack)
    tries = [_search(cost, attack, start) for start in range(attack.restarts)]
    distances = tuple(distance for distance, _x in tries)
    x = tries[distances.index(min(distances))][1].clamp(*attack.bounds)
    return Reconstruction(x=x, distance=min(distances), distances=distances)


def _check(task: Task, params: Tensor, update: Tensor, attack: Attack) -> None:
    validate.vector("params", params, task.dim)
    validate.vector("update", update, task.dim)
    validate.finite("update", update)
    if attack.seen is not None and attack.seen.shape != update.shape:
        raise validate.fail(
            _("seen of shape {shape}").format(shape=tuple(attack.seen.shape)),
            f"({task.dim},)",
            _("Tell of every number of the update whether it travelled."),
        )
    if not bool(update.abs().max() > 0):
        raise validate.fail(
            _("an update that is zero everywhere"),
            _("one that moved something"),
            _("There is nothing to match: this client learnt nothing."),
        )


def _cost(task: Task, params: Tensor, update: Tensor, attack: Attack) -> Cost:
    seen = torch.ones_like(update) > 0 if attack.seen is None else attack.seen  # (d,)
    target = update[seen]
    size = target.norm()

    def cost(x: Tensor) -> tuple[Tensor, Tensor]:
        mine = simulated(task, params, x, attack.labels, attack.local)[seen]
        if attack.distance == "cosine":
            apart = 1 - mine @ target / (mine.norm() * size).clamp(min=1e-300)
        else:
            apart = ((mine - target) / size).square().sum()
        if attack.smoothness:
            return apart, apart + attack.smoothness * total_variation(x)
        return apart, apart

    return cost


def _search(cost: Cost, attack: Attack, start: int) -> tuple[float, Tensor]:
    """Run L-BFGS from one start; return the best point that it visited."""
    x = _start(attack, start).requires_grad_()
    optimiser = torch.optim.LBFGS(
        [x],
        max_iter=attack.iterations,
        history_size=50,
        tolerance_grad=1e-14,
        tolerance_change=1e-18,
        line_search_fn="strong_wolfe",
    )
    lowest, best, near = math.inf, x.detach().clone(), math.inf

    def closure() -> Tensor:
        nonlocal lowest, best, near
        optimiser.zero_grad()
        apart, whole = cost(x)
        if float(whole.detach()) < lowest:  # never true of NaN
            lowest, near = float(whole.detach()), float(apart.detach())
            best = x.detach().clone()
        whole.backward()  # type: ignore[no-untyped-call]  # torch has no types here
        return whole

    optimiser.step(closure)  # type: ignore[no-untyped-call]  # nor here
    return near, best


def _start(attack: Attack, start: int) -> Tensor:
    low, high = attack.bounds
    drawn = torch.rand(
        (len(attack.labels), *attack.shape),
        generator=seeds.torch_stream(attack.seed, "inversion", start),
        dtype=torch.float64,
    )
    return low + (high - low) * drawn


def total_variation(x: Tensor) -> Tensor:
    """Return the mean absolute difference of neighbours in ``(B, ..., h, w)``."""
    down = (x[..., 1:, :] - x[..., :-1, :]).abs().mean()
    right = (x[..., :, 1:] - x[..., :, :-1]).abs().mean()
    return down + right
