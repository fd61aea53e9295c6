"""The drift microscope of lessons 05 and 07: every local step of every round."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fltutor import plots
from fltutor.course.lesson_05.drift_draw import (
    FILLS,
    LEVELS,
    OWN_LEVEL,
    VIEW,
    draw,
    ellipse,
)
from fltutor.course.lesson_05.drift_own import Own, simulate_own
from fltutor.course.lesson_05.drift_sim import (
    ALGORITHMS,
    START,
    Array,
    Problem,
    Run,
    make_problem,
)
from fltutor.course.lesson_05.drift_sim import simulate as simulate_known
from fltutor.evaluation import drift_norm, update_cosine
from fltutor.lab.base import choice, number, toggle
from fltutor.lab.canvas import CanvasLab

ROUNDS = 40
UNEVEN = (1.75, 0.25, 1.0)  # times K, client after client


@dataclass(frozen=True)
class State:
    """What the reader moves."""

    algorithm: str = choice("algorithm", "FedAvg", tuple(ALGORITHMS))
    steps: int = choice("local steps K", 20, (1, 2, 3, 5, 10, 20, 50, 100))
    lr: float = number(
        "learning rate", 0.1, low=0.01, high=0.6, step=0.01, unit="per step"
    )
    spread: float = number("curvature spread", 1.0, low=0.0, high=1.5, step=0.1)
    distance: float = number(
        "distance of optima", 1.5, low=0.0, high=2.0, step=0.1, unit="units"
    )
    clients: int = number("clients", 4, low=2, high=6, step=1)
    participation: float = number(
        "participation", 1.0, low=0.25, high=1.0, step=0.25, unit="share"
    )
    uneven: bool = toggle("uneven work: some take 1.75 K steps, some K / 4", False)


@dataclass(frozen=True)
class OwnState(State):
    """The same with the learner's own algorithm to choose."""

    algorithm: str = choice("algorithm", "yours", ("yours", *ALGORITHMS))


@dataclass(frozen=True, eq=False)
class Frame:
    """A whole run, and what is measured in each of its rounds."""

    name: str
    problem: Problem
    run: Run
    optimum: Array  # (2,)
    limit: Array | None  # (2,) where the (reference's) rounds end in closed form
    distances: Array  # (R + 1,) of the server's model to the optimum
    cosines: tuple[float | None, ...]  # R: mean over the pairs of updates
    drifts: tuple[float, ...]  # R: mean distance of a local end to their mean
    like: str = ""  # the reference beside the learner's
    reference: Array | None = None  # (R' + 1, 2) its models


def compute(
    state: State,
    *,
    direction: Own | None = None,
    aggregate: Own | None = None,
    like: str = "FedAvg",
) -> Frame:
    """Run all rounds of a state: pure, a few milliseconds."""
    problem = problem_of(state)
    reference = None
    if state.algorithm == "yours":
        run = simulate_own(
            problem, ALGORITHMS[like](), ROUNDS,
            direction=direction, aggregate=aggregate,
        )  # fmt: skip
        reference = simulate_known(problem, like, ROUNDS).server
    else:
        run = simulate_known(problem, state.algorithm, ROUNDS)
    optimum = problem.optimum()
    moved = [run.moved(index) for index in range(len(run.paths))]
    return Frame(
        name=state.algorithm,
        problem=problem,
        run=run,
        optimum=optimum,
        limit=problem.limit(like if state.algorithm == "yours" else state.algorithm),
        distances=np.linalg.norm(run.server - optimum, axis=1),
        cosines=tuple(_cosine(deltas) for deltas in moved),
        drifts=tuple(drift_norm(deltas) for deltas in moved),
        like="" if reference is None else like,
        reference=reference,
    )


def problem_of(state: State) -> Problem:
    """Return the federation that a state describes."""
    factors = [UNEVEN[i % 3] if state.uneven else 1.0 for i in range(state.clients)]
    return make_problem(
        clients=state.clients,
        spread=state.spread,
        distance=state.distance,
        steps=[max(1, round(state.steps * factor)) for factor in factors],
        lr=state.lr,
        cohort=max(1, round(state.participation * state.clients)),
    )


def finding(frame: Frame) -> str:
    """Say where the run ends, and how the clients' updates agree there."""
    rounds = len(frame.run.paths)
    if frame.run.left:
        return (
            f"{_capital(frame.name)} diverges: in round {rounds} the model leaves the "
            "picture. A smaller learning rate brings it back."
        )
    words = (
        f"{_capital(frame.name)} after {rounds} rounds: {_gap(frame.distances[-1])} "
        f"from the global optimum"
    )
    if frame.limit is not None:
        ends = float(np.linalg.norm(frame.limit - frame.optimum))
        whose = f"{frame.like}'s" if frame.like else "its"
        words += f" ({whose} fixed point in closed form: {_gap(ends)})"
    if frame.reference is not None:
        other = float(np.linalg.norm(frame.reference[-1] - frame.optimum))
        words += f", {frame.like} beside it {_gap(other)}"
    cosines = frame.cosines[-1]
    agree = "no pair to compare" if cosines is None else f"{cosines:.2f}"
    return f"{words}; mean update cosine {agree}, drift norm {frame.drifts[-1]:.3f}."


def _cosine(deltas: Array) -> float | None:
    if len(deltas) < 2 or np.linalg.norm(deltas, axis=1).min() < 1e-12:
        return None
    return update_cosine(deltas)


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _gap(distance: float) -> str:
    return f"{abs(round(float(distance), 3)):.3f}"


def payload(frame: Frame) -> dict[str, Any]:
    """Return what the canvas draws; arrays travel as float32 bytes."""
    problem, run = frame.problem, frame.run
    whole = problem.curvatures.mean(0)  # the global loss has the mean curvature
    points = [path for paths in run.paths for path in paths]
    names = [frame.name, *([frame.like] if frame.like else [])]
    looks = plots.styles(names)
    return {
        "name": frame.name,
        "colours": [looks[name].colour for name in names],
        "like": frame.like,
        "fills": list(FILLS),
        "clients": [
            ellipse(e, a) for e, a in zip(problem.centres, problem.curvatures,
                                          strict=True)
        ],
        "whole": ellipse(frame.optimum, whole),
        "view": list(VIEW),
        "start": list(START),
        "levels": list(LEVELS),
        "ownLevel": OWN_LEVEL,
        "limit": None if frame.limit is None or run.left else frame.limit.tolist(),
        "left": run.left,
        "ids": [ids.tolist() for ids in run.ids],
        "steps": list(problem.steps),
        "cosines": list(frame.cosines),
        "drifts": [min(drift, 1e6) for drift in frame.drifts],
        "server": run.server,
        "paths": np.concatenate(points),
        "reference": frame.reference,
        "distances": frame.distances,
    }  # fmt: skip


def drift_lab(
    *,
    aggregate: Own | None = None,
    direction: Own | None = None,
    like: str = "FedAvg",
    algorithm: str | None = None,
) -> CanvasLab[Any, Frame]:
    """Watch clients drift on 2-D quadratics: contours, local paths, optimum, limit.

    Parameters
    ----------
    aggregate
        a learner's own ``(deltas (K, d), weights (K,)) -> (d,)``.
    direction
        a learner's own ``(grad (K, d), params, start, memory) -> (K, d)``.
    like
        the algorithm whose other parts are used, and that is shown beside it.
    algorithm
        chosen at first; "yours" where a function is given, else FedAvg.

    """
    if like not in ALGORITHMS:
        raise ValueError(
            f"drift_lab got like={like!r}, needs one of {list(ALGORITHMS)}. "
            "Take the algorithm whose part you replaced."
        )
    own = aggregate is not None or direction is not None
    state: State = OwnState() if own else State()
    if algorithm is not None:
        state = type(state)(algorithm=algorithm)
    return CanvasLab(
        state,
        partial(compute, direction=direction, aggregate=aggregate, like=like),
        draw,
        finding,
        payload=payload,
        script=Path(__file__).with_name("drift.js"),
        title="The drift microscope",
        name="drift",
    )
