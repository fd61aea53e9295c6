"""Widget of lesson 07: five algorithms race to the optimum on quadratics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from fltutor import guard, seeds, toys
from fltutor.algorithms import FedAvg, FedDyn, FedNova, FedProx, Scaffold
from fltutor.clients import LocalTraining
from fltutor.course.lesson_07.corrections_draw import (
    FAR,
    NEAR,
    ROUNDS,
    WORDS,
    YOURS,
    Frame,
    draw,
    ending,
    shown,
)
from fltutor.lab.base import Lab, choice, number, toggle
from fltutor.updates import State, Updates

Direction: TypeAlias = Callable[..., Any]
CLIENTS, DIMS = 8, 4
START = (1.0,) * DIMS
ALGORITHMS: dict[str, FedAvg] = {
    "FedAvg": FedAvg(),
    "FedProx": FedProx(mu=1.0),
    "FedNova": FedNova(),
    "SCAFFOLD": Scaffold(),
    "FedDyn": FedDyn(alpha=1.0),
}


@dataclass(frozen=True)
class Controls:
    """What the reader moves."""

    steps: int = number(10, low=1, high=30, step=1)
    lr: float = number(0.05, low=0.01, high=0.5, step=0.01)  # per step
    apart: float = number(2.0, low=0.0, high=4.0, step=0.5)
    spread: float = number(1.0, low=0.0, high=2.0, step=0.25)
    cohort: int = choice(CLIENTS, [1, 2, 4, CLIENTS])
    uneven: bool = toggle(False)


@dataclass(frozen=True, eq=False)
class Problem:
    """Clients' optima ``(N, d)``, diagonal curvatures ``(N, d)``, steps ``(N,)``."""

    centres: Tensor
    curvatures: Tensor
    steps: Tensor
    lr: float


def problem_of(controls: Controls) -> Problem:
    """Lay out the clients: random directions, drawn once, scaled by the sliders."""
    draw = seeds.torch_stream(0, "corrections")
    far, bent = torch.randn(2, CLIENTS, DIMS, generator=draw, dtype=torch.float64)
    factor = torch.tensor([(0.5, 1.0, 2.0)[i % 3] for i in range(CLIENTS)])
    steps = controls.steps * (factor if controls.uneven else torch.ones(CLIENTS))
    return Problem(
        controls.apart * far,
        torch.exp(controls.spread * bent.clamp(-1.0, 1.0)),
        steps.round().long().clamp(min=1),
        controls.lr,
    )


def compute(controls: Controls, direction: Direction | None, like: str) -> Frame:
    """Run every algorithm for all rounds, or until it has left."""
    distances = {
        name: list(_known(controls, name)) for name in ALGORITHMS
    }  # the same controls twice costs nothing
    if direction is not None:
        found = race(problem_of(controls), ALGORITHMS[like], controls.cohort, direction)
        distances = {YOURS: found, **distances}
    return Frame(distances)


@lru_cache(maxsize=1024)
def _known(controls: Controls, name: str) -> tuple[float, ...]:
    algorithm = ALGORITHMS[name]
    return tuple(race(problem_of(controls), algorithm, controls.cohort, None))


def race(
    problem: Problem, algorithm: FedAvg, cohort: int, own: Direction | None
) -> list[float]:
    """Run the algorithm's own moments and return its distances to the optimum."""
    optimum = toys.quadratic_optimum(problem.centres, problem.curvatures)  # (d,)
    local = LocalTraining(batch_size=None, lr=problem.lr)
    state = algorithm.init(torch.tensor(START, dtype=torch.float64), CLIENTS)
    distances = [float((state.params - optimum).norm())]
    for index in range(ROUNDS):
        draw = seeds.stream(0, "cohort", index)
        chosen = sorted(draw.choice(CLIENTS, cohort, replace=False).tolist())
        ids = torch.tensor(chosen)  # (K,)
        starts = algorithm.start(state, ids)  # (K, d)
        ends = _walk(problem, starts, ids, state, algorithm, own)
        weights = torch.full((cohort,), 1 / cohort, dtype=torch.float64)
        updates = Updates(ids, ends - starts, weights, problem.steps[ids])
        updates, state = algorithm.finish(updates, state, local)
        state = algorithm.step(weights @ updates.deltas, updates, state)
        distances.append(float((state.params - optimum).norm()))
        if not distances[-1] < FAR:
            distances[-1] = FAR
            break
    return [max(distance, NEAR) for distance in distances]


def _walk(
    problem: Problem,
    starts: Tensor,
    ids: Tensor,
    state: State,
    algorithm: FedAvg,
    own: Direction | None,
) -> Tensor:
    """Take each client's own number of steps side by side: ends ``(K, d)``.

    A direction is elementwise, so the library's runs in numpy, three times as fast.
    """
    given: list[Any] = [problem.curvatures[ids], problem.centres[ids], starts]
    memory: dict[str, Any] = state.rows(ids)
    steps = problem.steps[ids]
    busy = torch.arange(int(steps.max()))[:, None] < steps  # (S, K)
    moving: Any = problem.lr * busy.to(starts.dtype)
    if own is None:
        given = [np.asarray(each) for each in given]
        memory = {name: np.asarray(rows) for name, rows in memory.items()}
        moving = np.asarray(moving)
    a, e, start = given
    params: Any = start
    for lr in moving[:, :, None]:  # (K, 1), 0 where a client is done
        grad = a * (params - e)
        if own is None:
            along = algorithm.direction(grad, params, start, memory)  # (K, d)
        else:
            along = _checked(own(grad, params, start, memory), starts)
        params = params - lr * along
    return torch.as_tensor(params)


def _checked(along: object, starts: Tensor) -> Tensor:
    if isinstance(along, Tensor) and along.shape == starts.shape:
        return along
    raise ValueError(
        f"your direction returned {_what(along)}, needed is a tensor of shape "
        f"{tuple(starts.shape)}, one row a client. End it with return."
    )


def _what(value: object) -> str:
    if isinstance(value, Tensor):
        return f"shape {tuple(value.shape)}"
    return f"a {type(value).__name__}"


def finding(frame: Frame) -> str:
    """Say how far each algorithm is from the optimum at the end."""
    ends = "; ".join(
        f"{shown(name)} {ending(run)}" for name, run in frame.distances.items()
    )
    return WORDS.say("finding", rounds=ROUNDS, ends=ends)


def corrections_lab(
    *, direction: Direction | None = None, like: str = "SCAFFOLD"
) -> Lab[Controls, Frame]:
    """Race FedAvg, FedProx, FedNova, SCAFFOLD and FedDyn to the optimum.

    Parameters
    ----------
    direction
        a learner's own ``(grad (K, d), params, start, memory) -> (K, d)``, run as
        "yours" with all other moments of ``like``; its error is shown in place.
    like
        a name of ``ALGORITHMS``.

    Examples
    --------
    >>> corrections_lab().parts.title
    'Correcting drift'
    """
    if like not in ALGORITHMS:
        raise ValueError(
            f"corrections_lab got like={like!r}, needs one of {list(ALGORITHMS)}. "
            "Take the algorithm whose direction you wrote."
        )
    guard.function(
        "direction", direction, "(grad (K, d), params, start, memory) -> (K, d)"
    )
    return Lab(
        Controls(),
        partial(compute, direction=direction, like=like),
        draw,
        finding,
        words=WORDS,
        guarded=direction is not None,
    )
