"""The drift microscope of lessons 05 and 07: every local step of every round."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fltutor import guard, plots, validate
from fltutor.course.lesson_05.drift_draw import (
    FILLS,
    LEVELS,
    OWN_LEVEL,
    STROKES,
    VIEW,
    WORDS,
    Frame,
    draw,
    ellipse,
    gap,
    shown,
)
from fltutor.course.lesson_05.drift_own import Own, simulate_own
from fltutor.course.lesson_05.drift_sim import (
    ALGORITHMS,
    START,
    Array,
    Problem,
    make_problem,
)
from fltutor.course.lesson_05.drift_sim import simulate as simulate_known
from fltutor.evaluation import drift_norm, update_cosine
from fltutor.lab.base import choice, number, toggle
from fltutor.lab.canvas import CanvasLab
from fltutor.palette import CONTOUR

ROUNDS = 40
UNEVEN = (1.75, 0.25, 1.0)  # times K, client after client
#: What the script writes on the canvas.
TEXTS = (
    "start", "round", "distance", "diverges", "cosine", "none", "huge", "drift_norm",
    "optimum", "fixed_point", "not_reached", "no_form", "own", "local", "server",
    "beside_it", "of",
)  # fmt: skip


@dataclass(frozen=True)
class Controls:
    """What the reader moves."""

    algorithm: str = choice("fedavg", tuple(ALGORITHMS))
    steps: int = choice(20, (1, 2, 3, 5, 10, 20, 50, 100))
    lr: float = number(0.1, low=0.01, high=0.6, step=0.01)  # per step
    spread: float = number(1.0, low=0.0, high=1.5, step=0.1)
    distance: float = number(1.5, low=0.0, high=2.0, step=0.1)
    clients: int = number(4, low=2, high=6, step=1)
    participation: float = number(1.0, low=0.25, high=1.0, step=0.25)  # share
    uneven: bool = toggle(False)


@dataclass(frozen=True)
class OwnControls(Controls):
    """The same with the learner's own algorithm to choose."""

    algorithm: str = choice("yours", ("yours", *ALGORITHMS))


def compute(
    controls: Controls,
    *,
    direction: Own | None = None,
    aggregate: Own | None = None,
    like: str = "fedavg",
) -> Frame:
    """Run all rounds of a setting: pure, a few milliseconds."""
    problem, known = problem_of(controls), controls.algorithm
    reference = None
    if known == "yours":
        known = like
        run = simulate_own(
            problem, ALGORITHMS[like](), ROUNDS,
            direction=direction, aggregate=aggregate,
        )  # fmt: skip
        reference = simulate_known(problem, like, ROUNDS)
    else:
        run = simulate_known(problem, known, ROUNDS)
    optimum = problem.optimum()
    moved = [run.moved(index) for index in range(len(run.paths))]
    return Frame(
        name=controls.algorithm,
        problem=problem,
        run=run,
        optimum=optimum,
        # rounds that diverge have no fixed point that they could reach
        limit=None if (reference or run).left else problem.limit(known),
        distances=np.linalg.norm(run.server - optimum, axis=1),
        cosines=tuple(_cosine(deltas) for deltas in moved),
        drifts=tuple(drift_norm(deltas) for deltas in moved),
        like="" if reference is None else like,
        reference=None if reference is None else reference.server,
    )


def problem_of(controls: Controls) -> Problem:
    """Return the federation that the controls describe."""
    count = controls.clients
    factors = [UNEVEN[i % 3] if controls.uneven else 1.0 for i in range(count)]
    return make_problem(
        clients=count,
        spread=controls.spread,
        distance=controls.distance,
        steps=[max(1, round(controls.steps * factor)) for factor in factors],
        lr=controls.lr,
        cohort=max(1, round(controls.participation * count)),
    )


def finding(frame: Frame) -> str:
    """Say where the run ends, and how the clients' updates agree there."""
    known = {
        "name": frame.who,
        "rounds": len(frame.run.paths),
        "gap": gap(frame.distances[-1]),
    }
    if frame.run.left:
        return WORDS.say("left", **known)
    if frame.further:
        return WORDS.say("away", **known)
    limit = beside = ""
    like = shown(frame.like) if frame.like else ""
    if frame.limit is not None:
        ends = gap(np.linalg.norm(frame.limit - frame.optimum))
        limit = WORDS.say("limit_like" if like else "limit", gap=ends, like=like)
    if frame.reference is not None:
        other = gap(np.linalg.norm(frame.reference[-1] - frame.optimum))
        beside = WORDS.say("beside", like=like, gap=other)
    cosine = frame.cosines[-1]
    agree = WORDS.say("no_cosine") if cosine is None else f"{cosine:.2f}"
    drift = frame.drifts[-1]
    return WORDS.say(
        "ends", **known, limit=limit, beside=beside, cosine=agree, drift=drift
    )


def _cosine(deltas: Array) -> float | None:
    if len(deltas) < 2 or np.linalg.norm(deltas, axis=1).min() < 1e-12:
        return None
    return update_cosine(deltas)


def payload(frame: Frame) -> dict[str, Any]:
    """Return what the canvas draws; arrays travel as float32 bytes."""
    problem, run = frame.problem, frame.run
    whole = problem.curvatures.mean(0)  # the global loss has the mean curvature
    points = [path for paths in run.paths for path in paths]
    names = [frame.name, *([frame.like] if frame.like else [])]
    looks = plots.styles(names)
    return {
        "name": shown(frame.name),
        "colours": [looks[name].colour for name in names],
        "like": shown(frame.like) if frame.like else "",
        "fills": list(FILLS),
        "strokes": list(STROKES),
        "contour": CONTOUR,
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
    guard.function("aggregate", aggregate, "(deltas (K, d), weights (K,)) -> (d,)")
    guard.function(
        "direction", direction, "(grad (K, d), params, start, memory) -> (K, d)"
    )
    own = aggregate is not None or direction is not None
    controls: Controls = OwnControls() if own else Controls()
    if algorithm is not None:
        controls = type(controls)(algorithm=algorithm.lower())
    return CanvasLab(
        controls,
        partial(compute, direction=direction, aggregate=aggregate, like=_key(like)),
        draw,
        finding,
        payload=payload,
        script=Path(__file__).with_name("drift.js"),
        words=WORDS,
        texts=TEXTS,
        guarded=own,
    )


def _key(name: str) -> str:
    """Return the key of an algorithm by its name."""
    if str(name).lower() not in ALGORITHMS:
        raise validate.fail(
            f"drift_lab with like={name!r}",
            f"one of {[shown(key) for key in ALGORITHMS]}",
            "Take the algorithm whose part you replaced.",
        )
    return name.lower()
