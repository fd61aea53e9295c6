"""Widget of lesson 07: five algorithms race to the optimum on quadratics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from fltutor import plots, seeds, toys
from fltutor.algorithms import FedAvg, FedDyn, FedNova, FedProx, Scaffold
from fltutor.clients import LocalTraining
from fltutor.lab.base import Lab, choice, number, toggle
from fltutor.updates import State as Round
from fltutor.updates import Updates

Direction: TypeAlias = Callable[..., Any]
CLIENTS, DIMS, ROUNDS = 8, 4, 50
START = (1.0,) * DIMS
FAR, NEAR = 1e3, 1e-6  # beyond this a run has diverged; below, it has arrived
ALGORITHMS: dict[str, FedAvg] = {
    "FedAvg": FedAvg(),
    "FedProx": FedProx(mu=1.0),
    "FedNova": FedNova(),
    "SCAFFOLD": Scaffold(),
    "FedDyn": FedDyn(alpha=1.0),
}


@dataclass(frozen=True)
class State:
    """What the reader moves."""

    steps: int = number("local steps K", 10, low=1, high=30, step=1)
    lr: float = number(
        "learning rate", 0.05, low=0.01, high=0.5, step=0.01, unit="per step"
    )
    apart: float = number("distance of the optima", 2.0, low=0.0, high=4.0, step=0.5)
    spread: float = number("curvature spread", 1.0, low=0.0, high=2.0, step=0.25)
    cohort: int = choice("clients in a round", CLIENTS, [1, 2, 4, CLIENTS])
    uneven: bool = toggle("uneven work: K/2, K or 2K steps", False)


@dataclass(frozen=True)
class Frame:
    """The distance to the optimum after each round, one list an algorithm."""

    distances: dict[str, list[float]]  # name -> up to ROUNDS + 1, in [NEAR, FAR]


@dataclass(frozen=True, eq=False)
class Problem:
    """Clients' optima ``(N, d)``, diagonal curvatures ``(N, d)``, steps ``(N,)``."""

    centres: Tensor
    curvatures: Tensor
    steps: Tensor
    lr: float


def problem_of(state: State) -> Problem:
    """Lay out the clients: random directions, drawn once, scaled by the sliders."""
    draw = seeds.torch_stream(0, "corrections")
    far, bent = torch.randn(2, CLIENTS, DIMS, generator=draw, dtype=torch.float64)
    factor = torch.tensor([(0.5, 1.0, 2.0)[i % 3] for i in range(CLIENTS)])
    steps = state.steps * (factor if state.uneven else torch.ones(CLIENTS))
    return Problem(
        state.apart * far,
        torch.exp(state.spread * bent.clamp(-1.0, 1.0)),
        steps.round().long().clamp(min=1),
        state.lr,
    )


def compute(state: State, direction: Direction | None, like: str) -> Frame:
    """Run every algorithm for all rounds, or until it has left."""
    distances = {
        name: list(_known(state, name)) for name in ALGORITHMS
    }  # the same state twice costs nothing
    if direction is not None:
        found = race(problem_of(state), ALGORITHMS[like], state.cohort, direction)
        distances = {"yours": found, **distances}
    return Frame(distances)


@lru_cache(maxsize=1024)
def _known(state: State, name: str) -> tuple[float, ...]:
    algorithm = ALGORITHMS[name]
    return tuple(race(problem_of(state), algorithm, state.cohort, None))


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
    state: Round,
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


def draw(figure: plots.Figure, frame: Frame) -> None:
    """Draw the distances on a logarithmic scale, with the runs' order beside them."""
    axes = figure.add_axes((0.1, 0.14, 0.6, 0.74))
    found = frame.distances
    known = {name: run for name, run in found.items() if name != "yours"}
    plots.draw_lines(
        axes,
        {name: list(range(len(run))) for name, run in known.items()},
        known,
        xlabel="round",
        ylabel="distance to the optimum",
        title=_headline(found),
        ylog=True,
        xlim=(0, ROUNDS),
        ylim=(NEAR / 2, 2 * FAR),
        labels=False,
    )
    if "yours" in found:
        axes.plot(found["yours"], color=plots.GREY, lw=3.5, label="yours", zorder=1)
    handles, names = axes.get_legend_handles_labels()
    order = sorted(range(len(names)), key=lambda i: found[names[i]][-1])
    axes.legend(
        [handles[i] for i in order],
        [f"{names[i]}: {_words(found[names[i]])}" for i in order],
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
    )


def _headline(found: dict[str, list[float]]) -> str:
    arrived = [name for name, run in found.items() if run[-1] <= 1e-3]
    if min(run[-1] for run in found.values()) >= FAR:
        return "Everybody diverges: take a smaller learning rate"
    if not arrived:
        return f"Nobody is within 0.001 of the optimum after {ROUNDS} rounds"
    if len(arrived) == len(found):
        return "Everybody arrives at the optimum"
    return f"At the optimum: {', '.join(arrived)}"


def finding(frame: Frame) -> str:
    """Say how far each algorithm is from the optimum at the end."""
    ends = "; ".join(f"{name} {_words(run)}" for name, run in frame.distances.items())
    return f"Distance to the optimum after {ROUNDS} rounds: {ends}."


def _words(run: list[float]) -> str:
    if run[-1] >= FAR:
        return "diverges"
    return "< 0.001" if run[-1] < 1e-3 else f"{run[-1]:.3f}"


def corrections_lab(
    *, direction: Direction | None = None, like: str = "SCAFFOLD"
) -> Lab[State, Frame]:
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

    return Lab(
        State(),
        partial(compute, direction=direction, like=like),
        draw,
        finding,
        title="Correcting drift",
        name="corrections",
    )
