"""Tiny problems with closed-form answers, to hold every algorithm to.

Client i's loss is a quadratic ``F_i(w) = 0.5 (w - e_i)^T A_i (w - e_i) + g_i^T w``
with centre e_i, curvature A_i and slope g_i (0 unless given). A local step of
gradient descent is then a linear map, a round too, and where the rounds end can be
computed without running one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from fltutor import validate
from fltutor.clients import Client
from fltutor.datasets import Dataset
from fltutor.datasets.arrays import numbers
from fltutor.task import Task
from fltutor.words import _

#: A tensor, an array or nested lists of numbers.
Numbers: TypeAlias = Any


class _Quadratic(nn.Module):
    """The loss of each example at the one parameter vector w."""

    def __init__(self, start: Tensor):
        super().__init__()
        self.w = nn.Parameter(start.clone())

    def forward(self, x: Tensor) -> Tensor:
        curvature, centre, slope = x[..., :-2], x[..., -2], x[..., -1]  # (B, d, d)
        gap = self.w - centre  # (B, d)
        pulled = (curvature @ gap.unsqueeze(-1)).squeeze(-1)  # (B, d)
        return 0.5 * (gap * pulled).sum(-1) + (slope * self.w).sum(-1)  # (B,)


def quadratics(
    centres: Numbers,
    curvatures: Numbers | None = None,
    *,
    slopes: Numbers | None = None,
    start: Numbers | None = None,
) -> tuple[Task, list[Client]]:
    """Make a federation of quadratics: a client is one example, all weigh the same.

    ``LocalTraining(epochs=K, batch_size=None)`` takes K local steps.

    Parameters
    ----------
    centres
        e_i, ``(N, d)``.
    curvatures
        A_i, ``(N, d)`` for diagonals or ``(N, d, d)``; None for ones. May be 0.
    slopes, start
        g_i, ``(N, d)``, and the first model, ``(d,)``; None for zeros.

    Returns
    -------
    the task, its parameter vector w ``(d,)`` and its loss F_i, and N clients.

    Raises
    ------
    ValueError
        shapes that do not go together.

    Examples
    --------
    >>> task, clients = quadratics([[0.0], [4.0]])
    >>> task.loss(torch.tensor([1.0]), clients[1].data.x, clients[1].data.y)
    tensor(4.5000)
    """
    e, a, g = _problem(centres, curvatures, slopes)  # (N, d), (N, d, d), (N, d)
    x = torch.cat([a, e[..., None], g[..., None]], dim=-1)  # (N, d, d + 2)
    data = [Dataset(row[None], x.new_zeros(1), num_classes=None) for row in x]
    return _task(start, e), [Client(i, own) for i, own in enumerate(data)]


def _task(start: Numbers | None, e: Tensor) -> Task:
    begin = torch.zeros_like(e[0]) if start is None else _float(start, e.dtype)
    validate.vector("start", begin, e.shape[1])
    return Task(_Quadratic(begin), loss=_outputs_are_losses, seed=None)


def _outputs_are_losses(outputs: Tensor, targets: Tensor) -> Tensor:
    return outputs


def quadratic_optimum(
    centres: Numbers,
    curvatures: Numbers | None = None,
    weights: Numbers | None = None,
    *,
    slopes: Numbers | None = None,
) -> Tensor:
    """Return the minimum ``(d,)`` of the weighted mean of the clients' losses.

    Solves ``sum p_i A_i w = sum p_i (A_i e_i - g_i)``.

    Parameters
    ----------
    centres, curvatures, slopes
        as in :func:`quadratics`.
    weights
        p_i, ``(N,)``, scaled to sum 1; None for equal ones.

    Raises
    ------
    ValueError
        the mean loss has no single minimum.

    Examples
    --------
    >>> quadratic_optimum([[0.0], [3.0], [9.0]])
    tensor([4.])
    """
    e, a, g = _problem(centres, curvatures, slopes)
    p = _shares(weights, e)  # (N,)
    force = (a @ e[..., None])[..., 0] - g  # (N, d)
    return _solve(torch.einsum("n,nij->ij", p, a), p @ force)


def fedavg_limit(
    centres: Numbers,
    curvatures: Numbers | None = None,
    *,
    lr: float,
    epochs: int | Sequence[int],
    weights: Numbers | None = None,
    slopes: Numbers | None = None,
) -> Tensor:
    """Return where FedAvg's rounds of full-batch steps end, ``(d,)``.

    A client's round maps x to ``(I - lr A_i)^K x + ...``; the weighted mean of these
    maps leaves the limit in place. For K = 1 it is the optimum; as K grows it tends to
    the mean of the clients' own optima. An lr above ``2 / curvature`` diverges.

    Parameters
    ----------
    centres, curvatures, weights, slopes
        as in :func:`quadratic_optimum`.
    lr
        the local step size.
    epochs
        local steps K, one for all or one per client.

    References
    ----------
    Karimireddy et al. 2020 (arXiv:1910.06378), Theorem II; Wang et al. 2020
    (arXiv:2007.07481), Lemma 1, is its limit as ``lr -> 0``.

    Examples
    --------
    >>> fedavg_limit([[0.0], [3.0], [9.0]], lr=0.05, epochs=(1, 5, 20))
    tensor([7.0307])
    """
    e, a, g = _problem(centres, curvatures, slopes)
    maps, shifts = _rounds(e, a, g, lr, _steps(epochs, len(e)), mu=0.0)
    return _fixed_point(maps, shifts, _shares(weights, e))


def fedprox_limit(
    centres: Numbers,
    curvatures: Numbers | None = None,
    *,
    mu: float,
    lr: float,
    epochs: int | Sequence[int],
    weights: Numbers | None = None,
    slopes: Numbers | None = None,
) -> Tensor:
    """Return where FedProx's rounds of full-batch steps end, ``(d,)``.

    Parameters as in :func:`fedavg_limit`, and ``mu``, the pull to the server's model.

    Examples
    --------
    >>> fedprox_limit([[0.0], [3.0], [9.0]], mu=10.0, lr=0.05, epochs=(1, 5, 20))
    tensor([4.7183])
    """
    e, a, g = _problem(centres, curvatures, slopes)
    maps, shifts = _rounds(e, a, g, lr, _steps(epochs, len(e)), mu)
    return _fixed_point(maps, shifts, _shares(weights, e))


def fednova_limit(
    centres: Numbers,
    curvatures: Numbers | None = None,
    *,
    lr: float,
    epochs: int | Sequence[int],
    weights: Numbers | None = None,
    slopes: Numbers | None = None,
) -> Tensor:
    """Return where FedNova's rounds of full-batch steps end, ``(d,)``.

    As :func:`fedavg_limit` with weights p_i / K_i: the bias that comes from unequal
    steps vanishes as ``lr -> 0``, and only then.

    Examples
    --------
    >>> fednova_limit([[0.0], [3.0], [9.0]], lr=0.001, epochs=(1, 5, 20))
    tensor([3.9849])
    """
    e, a, g = _problem(centres, curvatures, slopes)
    steps = _steps(epochs, len(e))
    maps, shifts = _rounds(e, a, g, lr, steps, 0.0)
    shares = _shares(weights, e) / torch.tensor(steps).clamp(min=1)  # (N,)
    return _fixed_point(maps, shifts, shares)


def _float(values: Numbers, dtype: torch.dtype | None = None) -> Tensor:
    tensor = numbers(values, "numbers")
    typed = tensor.is_floating_point() and not isinstance(values, list | tuple)
    kept = tensor.dtype if typed else torch.get_default_dtype()
    return tensor.to(dtype or kept)


def _problem(
    centres: Numbers, curvatures: Numbers | None, slopes: Numbers | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return checked e ``(N, d)``, A ``(N, d, d)``, g ``(N, d)`` of one dtype."""
    e = _float(centres)
    if e.ndim != 2 or e.numel() == 0:
        raise validate.fail(
            _("centres of shape {shape}").format(shape=tuple(e.shape)),
            _("a matrix (clients N, parameters d)"),
            _("Write one row per client, [[0.0], [4.0]] for two clients in 1-D."),
        )
    a = torch.ones_like(e) if curvatures is None else _float(curvatures, e.dtype)
    a = torch.diag_embed(a) if a.shape == e.shape else a
    g = torch.zeros_like(e) if slopes is None else _float(slopes, e.dtype)
    if a.shape != (*e.shape, e.shape[1]) or g.shape != e.shape:
        got = _("curvatures of shape {a} and slopes of shape {g} for centres {e}")
        raise validate.fail(
            got.format(a=tuple(a.shape), g=tuple(g.shape), e=tuple(e.shape)),
            _("curvatures (N, d) or (N, d, d) and slopes (N, d)"),
            _("Give one row, or one matrix, per client."),
        )
    for name, value in (("centres", e), ("curvatures", a), ("slopes", g)):
        validate.finite(name, value)
    return e, a, g


def _shares(weights: Numbers | None, e: Tensor) -> Tensor:
    p = e.new_ones(len(e)) if weights is None else _float(weights, e.dtype)  # (N,)
    validate.matrix("centres", e, p)
    return p / p.sum()


def _steps(epochs: int | Sequence[int], num_clients: int) -> list[int]:
    many = validate.is_many(epochs)
    each = validate.entries("epochs", epochs) if many else [epochs] * num_clients
    validate.same_length(centres=num_clients, epochs=len(each))
    return [validate.count("epochs", steps, low=0) for steps in each]


def _rounds(
    e: Tensor, a: Tensor, g: Tensor, lr: float, steps: list[int], mu: float
) -> tuple[Tensor, Tensor]:
    """Return each client's round as ``x -> M x + s``: M ``(N, d, d)``, s ``(N, d)``.

    A step is affine in (w, x, 1), where x is the round's start; its K-th matrix power
    is K steps, and w = x at the beginning.
    """
    lr, mu = validate.positive("lr", lr), validate.at_least("mu", mu, 0.0)
    n, d = e.shape
    eye = torch.eye(d, dtype=e.dtype)
    step = torch.eye(2 * d + 1, dtype=e.dtype).repeat(n, 1, 1)  # (N, 2d+1, 2d+1)
    step[:, :d, :d] = eye - lr * (a + mu * eye)
    step[:, :d, d:-1] = lr * mu * eye
    step[:, :d, -1] = lr * ((a @ e[..., None])[..., 0] - g)
    power = torch.linalg.matrix_power
    whole = torch.stack([power(step[i], k) for i, k in enumerate(steps)])
    return whole[:, :d, :d] + whole[:, :d, d:-1], whole[:, :d, -1]


def _fixed_point(maps: Tensor, shifts: Tensor, weights: Tensor) -> Tensor:
    """Solve ``sum q_i (M_i x + s_i - x) = 0`` for x ``(d,)``."""
    eye = torch.eye(maps.shape[1], dtype=maps.dtype)
    return _solve(torch.einsum("n,nij->ij", weights, eye - maps), weights @ shifts)


def _solve(matrix: Tensor, right: Tensor) -> Tensor:
    if int(torch.linalg.matrix_rank(matrix)) < len(matrix):
        raise validate.fail(
            _("clients whose curvatures together are flat in some direction"),
            _("one single minimum"),
            _("Give at least one client a positive curvature in every direction."),
        )
    solution: Tensor = torch.linalg.solve(matrix, right)
    return solution
