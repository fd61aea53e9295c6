"""The same rounds with a learner's own `direction` or `aggregate`, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from fltutor.aggregators import mean
from fltutor.algorithms import FedAvg
from fltutor.clients import LocalTraining
from fltutor.course.lesson_05.drift_sim import FAR, START, Problem, Run
from fltutor.updates import Updates

Own: TypeAlias = Callable[..., Any]


def checked(name: str, answer: Any, like: Tensor) -> Tensor:
    """Return a learner's answer as a tensor, or say what does not fit."""
    if answer is None:
        raise ValueError(
            f"your {name} returned None, needed is a tensor. End it with return."
        )
    got = torch.as_tensor(answer).to(like.dtype)
    if got.shape != like.shape:
        raise ValueError(
            f"your {name} returned shape {tuple(got.shape)}, needed is "
            f"{tuple(like.shape)}. Print the shapes inside it."
        )
    if not bool(torch.isfinite(got).all()):
        raise ValueError(f"your {name} returned nan or inf, needed are finite numbers.")
    return got


def simulate_own(
    problem: Problem,
    algorithm: FedAvg,
    rounds: int,
    *,
    direction: Own | None = None,
    aggregate: Own | None = None,
) -> Run:
    """Run an algorithm with one or two of its parts replaced by a learner's.

    ``direction(grad (K, d), params, start, memory) -> (K, d)`` and
    ``aggregate(deltas (K, d), weights (K,)) -> (d,)``; fewer rounds if it diverges.
    """
    start = torch.tensor(START, dtype=torch.float64)  # (d,)
    state = algorithm.init(start, len(problem.centres))
    server, all_ids, all_paths, left = [start.numpy()], [], [], False
    for index in range(rounds):
        ids = torch.as_tensor(problem.ids(index))  # (K,)
        walked, steps = _walk(problem, algorithm, direction, state, ids)
        paths = tuple(walked[: s + 1, k] for k, s in enumerate(steps.tolist()))
        deltas = walked[-1] - walked[0]  # (K, d)
        local = LocalTraining(
            epochs=tuple(steps.tolist()), batch_size=None, lr=problem.lr
        )
        share = torch.full((len(ids),), 1 / len(ids), dtype=torch.float64)
        sent = Updates(ids, deltas, share, steps, round=index)
        sent, state = algorithm.finish(sent, state, local)
        if aggregate is None:
            vector = mean(sent.deltas, share)  # (d,)
        else:
            answer = aggregate(sent.deltas.clone(), share.clone())
            vector = checked("aggregate", answer, sent.deltas[0])
        state = algorithm.step(vector, sent, state)
        server.append(state.params.numpy())
        all_ids.append(ids.numpy())
        all_paths.append(tuple(path.numpy() for path in paths))
        left = not bool(state.params.abs().max() < FAR)
        if left:
            break
    return Run(np.array(server), tuple(all_ids), tuple(all_paths), left)


def _walk(
    problem: Problem, algorithm: FedAvg, direction: Own | None, state: Any, ids: Tensor
) -> tuple[Tensor, Tensor]:
    """Return all local models of a round, (S + 1, K, d), and the steps taken, (K,)."""
    a = torch.as_tensor(problem.curvatures)[ids]  # (K, d, d)
    e = torch.as_tensor(problem.centres)[ids]  # (K, d)
    steps = torch.tensor([problem.steps[i] for i in ids.tolist()])  # (K,)
    memory, begin = state.rows(ids), algorithm.start(state, ids)  # (K, d)
    params, walked = begin.clone(), [begin.clone()]
    for k in range(int(steps.max())):
        grad = (a @ (params - e)[..., None])[..., 0]  # (K, d)
        if direction is None:
            along = algorithm.direction(grad, params, begin, memory)
        else:
            answer = direction(grad.clone(), params.clone(), begin.clone(), memory)
            along = checked("direction", answer, grad)
        goes_on = (k < steps)[:, None]  # (K, 1)
        params = torch.where(goes_on, params - problem.lr * along, params)
        walked.append(params)
    return torch.stack(walked), steps
