"""Widget of lesson 08: the server-optimiser map, server lr against momentum."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from fltutor import datasets, models, plots, splitters
from fltutor.algorithms import FedAdagrad, FedAdam, FedAvg, FedAvgM, FedOpt, FedYogi
from fltutor.clients import LocalTraining
from fltutor.federation import Federation
from fltutor.lab.base import Lab, choice, number
from fltutor.rounds import walk
from fltutor.task import Task
from fltutor.updates import State as Round
from fltutor.updates import Updates, finite_rows

Second: TypeAlias = Callable[..., Any]
Floats: TypeAlias = np.ndarray[Any, Any]
SERVER_LRS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
MOMENTA = (0.0, 0.5, 0.9, 0.97)
OPTIMISERS = ("FedAvgM", "FedAdagrad", "FedAdam", "FedYogi")
CLIENTS, COHORT, ROUNDS = 20, 2, 30
MEAN_OF = 5  # rounds: one round alone jumps with its cohort
FAR = 1e4  # a parameter beyond this: the run has diverged, and stands still
LOCAL = LocalTraining(epochs=5, batch_size=16, lr=0.1)


@dataclass(frozen=True)
class State:
    """What the reader moves."""

    optimiser: str = choice("server optimiser", "FedAvgM", OPTIMISERS)
    rounds: int = number("rounds", 20, low=5, high=ROUNDS, step=5)
    server_lr: float = choice("your server lr", 1.0, SERVER_LRS)
    momentum: float = choice("your momentum", 0.9, MOMENTA)
    tau: float = choice("tau (adaptive)", 1e-3, [1e-4, 1e-3, 1e-2, 1e-1])


@dataclass(frozen=True)
class Frame:
    """Every cell's accuracy so far, and which cell the reader looks at."""

    optimiser: str
    own: bool  # FedAdam with a learner's v
    rounds: int  # asked for
    accuracy: Floats  # (T + 1, momenta, server lrs), from before round 1
    fedavg: Floats  # (T + 1,)
    row: int
    column: int

    @property
    def last(self) -> Floats:
        """Return the map: the mean over the last rounds so far."""
        return np.asarray(
            self.accuracy[1:][-MEAN_OF:].mean(0) if self.done else self.accuracy[0]
        )

    @property
    def done(self) -> int:
        """Return how many rounds are trained."""
        return len(self.accuracy) - 1

    @property
    def cell(self) -> Floats:
        """Return the curve of the reader's cell."""
        return np.asarray(self.accuracy[:, self.row, self.column])


@dataclass(frozen=True, kw_only=True)
class Own(FedAdam):
    """FedAdam with a learner's own rule for v."""

    rule: Second = field(default=lambda v, square, beta2: v)

    def second(self, v: Tensor, square: Tensor) -> Tensor:
        """Ask the learner's function, and say what does not fit [server]."""
        answer = self.rule(v.clone(), square.clone(), self.beta2)
        got = answer if isinstance(answer, Tensor) else None
        if got is None or got.shape != v.shape:
            what = type(answer).__name__ if got is None else f"shape {tuple(got.shape)}"
            raise ValueError(
                f"your rule for v returned {what}, needed is a tensor of shape "
                f"{tuple(v.shape)}. End it with return, and work elementwise."
            )
        return got


@dataclass
class Training:
    """All cells of one map side by side, trained as far as anybody asked so far."""

    algorithms: list[FedAvg]
    federation: Federation
    test: datasets.Dataset
    cells: list[Federation] = field(init=False)  # one an algorithm
    states: list[Round] = field(init=False)
    scores: list[Floats] = field(init=False)  # a (cells,) a round

    def __post_init__(self) -> None:
        """Put all cells at the same start."""
        self.cells = [replace(self.federation, algorithm=a) for a in self.algorithms]
        start = self.federation.task.init()
        self.states = [each.init(start, CLIENTS) for each in self.algorithms]
        score = self.federation.task.evaluate(start, self.test)["accuracy"]
        self.scores = [np.full(len(self.states), score)]

    def round(self) -> None:
        """Train a round: one cohort, one plan, one call of the engine for all cells."""
        federation, index = self.federation, len(self.scores) - 1
        ids, cells = federation.sample(index), len(self.states)  # (K,)
        starts = torch.cat([s.params.expand(COHORT, -1) for s in self.states])
        ends, steps = walk(federation, starts, ids.repeat(cells), index)
        deltas = (ends - starts).view(cells, COHORT, -1)
        weights = federation.weights([federation.clients[i] for i in ids.tolist()])
        for i, cell in enumerate(self.cells):
            updates = Updates(ids, deltas[i], weights, steps[:COHORT], round=index)
            if finite_rows(deltas[i]) is not None:
                continue
            new = cell.close(self.states[i], updates)
            if bool((new.params.abs() < FAR).all()):  # false for nan too
                self.states[i] = new
        self.scores.append(np.array([self._score(s) for s in self.states]))

    def _score(self, state: Round) -> float:
        return self.federation.task.evaluate(state.params, self.test)["accuracy"]


Known: TypeAlias = dict[tuple[str, float], Training]


def compute(state: State, second: Second | None, known: Known) -> Iterator[Frame]:
    """Yield a frame a round; what was trained before, in this widget, comes at once."""
    key = (state.optimiser, 0.0 if state.optimiser == "FedAvgM" else state.tau)
    if key not in known:
        known[key] = _training(cells(state, second))
    training = known[key]
    first = min(len(training.scores) - 1, state.rounds)
    for done in range(first, state.rounds + 1):
        if done >= len(training.scores):
            training.round()
        scores = np.stack(training.scores[: done + 1])  # (T + 1, 1 + cells)
        yield Frame(
            optimiser=state.optimiser,
            own=second is not None and state.optimiser == "FedAdam",
            rounds=state.rounds,
            accuracy=scores[:, 1:].reshape(-1, len(MOMENTA), len(SERVER_LRS)),
            fedavg=scores[:, 0],
            row=MOMENTA.index(state.momentum),
            column=SERVER_LRS.index(state.server_lr),
        )


def cells(state: State, second: Second | None) -> list[FedAvg]:
    """Make plain FedAvg, then one algorithm a cell, row by row."""
    kinds: dict[str, type[FedOpt]] = {
        "FedAdagrad": FedAdagrad, "FedAdam": FedAdam, "FedYogi": FedYogi
    }  # fmt: skip
    made: list[FedAvg] = [FedAvg()]
    for momentum in MOMENTA:
        for server_lr in SERVER_LRS:
            if state.optimiser == "FedAvgM":
                made.append(FedAvgM(server_lr=server_lr, momentum=momentum))
                continue
            one = kinds[state.optimiser](
                server_lr=server_lr, beta1=momentum, tau=state.tau
            )
            if second is not None and state.optimiser == "FedAdam":
                own = Own(rule=second)
                one = replace(own, server_lr=server_lr, beta1=momentum, tau=state.tau)
            made.append(one)
    return made


def _training(algorithms: list[FedAvg]) -> Training:
    data = datasets.digits()
    clients = splitters.dirichlet(
        data.train, num_clients=CLIENTS, alpha=0.1, min_size=5, seed=0
    )
    task = Task(models.mlp(64, 32, 10).to(data.train.x.dtype), seed=0)
    federation = Federation(task, clients, FedAvg(), LOCAL, cohort_size=COHORT, seed=0)
    return Training(algorithms, federation, data.test)


def draw(figure: plots.Figure, frame: Frame) -> None:
    """Draw the map with the reader's cell framed, and that cell's curve."""
    left = figure.add_axes((0.095, 0.14, 0.5, 0.7))
    right = figure.add_axes((0.685, 0.14, 0.295, 0.7))
    _draw_map(left, frame)
    _draw_curve(right, frame)
    figure.text(
        0.01, 0.945, _headline(frame), fontsize=10, fontweight="bold", va="center"
    )


def _draw_map(axes: plots.Axes, frame: Frame) -> None:
    plots.draw_heatmap(
        axes,
        frame.last,
        rows=[f"{m:g}" for m in MOMENTA],
        columns=[f"{lr:g}" for lr in SERVER_LRS],
        xlabel="server lr",
        ylabel="momentum" if frame.optimiser == "FedAvgM" else "momentum (beta1)",
        vmin=0.0,
        vmax=1.0,
    )
    x = frame.column + np.array([-1, 1, 1, -1, -1]) * 0.46
    y = frame.row + np.array([-1, -1, 1, 1, -1]) * 0.46
    axes.plot(x, y, color="white", lw=5)
    axes.plot(x, y, color=plots.VERMILLION, lw=2.5)
    axes.set_title(f"accuracy, mean of {_over(frame)}", fontsize=9, fontweight="normal")


def _draw_curve(axes: plots.Axes, frame: Frame) -> None:
    x = np.arange(len(frame.cell))
    axes.plot(x, frame.fedavg, color=plots.BLUE, lw=1.4, label="FedAvg")
    axes.plot(x, frame.cell, color=plots.VERMILLION, lw=2.2, ls="--", label="your cell")
    axes.set_xlim(0, max(frame.rounds, 1))
    axes.set_ylim(0, 1.25)
    axes.set_yticks(np.arange(0, 1.1, 0.2))
    axes.set_xlabel("round")
    axes.set_title("accuracy, round by round", fontsize=9, fontweight="normal")
    axes.legend(loc="upper left", ncols=2, handlelength=1.6, columnspacing=1.0)


def _headline(frame: Frame) -> str:
    name = frame.optimiser + (" with your v" if frame.own else "")
    lr, momentum = SERVER_LRS[frame.column], MOMENTA[frame.row]
    mine = frame.last[frame.row, frame.column]
    plain = frame.fedavg[1:][-MEAN_OF:].mean() if frame.done else frame.fedavg[0]
    where = f"{name}, server lr {lr:g}, momentum {momentum:g}"
    return f"{where}: {mine:.3f}; FedAvg: {plain:.3f}"


def _over(frame: Frame) -> str:
    if frame.done == 0:
        return "before round 1"
    return f"rounds {max(1, frame.done - MEAN_OF + 1)} to {frame.done}"


def finding(frame: Frame) -> str:
    """Say what the cell reaches, what FedAvg does, and where each row is best."""
    best = "; ".join(
        f"momentum {momentum:g} at {SERVER_LRS[int(np.argmax(row))]:g} "
        f"({row.max():.3f})"
        for momentum, row in zip(MOMENTA, frame.last, strict=True)
    )
    return (
        f"{_headline(frame)} (accuracy, mean of {_over(frame)}). "
        f"Best server lr for each momentum: {best}."
    )


def server_lab(*, second: Second | None = None) -> Lab[State, Frame]:
    """Map the accuracy over server lr and momentum, for four server optimisers.

    Parameters
    ----------
    second
        a learner's own ``(v (d,), square (d,), beta2) -> (d,)``, run in place of
        FedAdam's; its error is shown in place. Default: the library's.

    Examples
    --------
    >>> server_lab().parts.title
    'The server-optimiser map'
    """
    known: Known = {}
    return Lab(
        State(),
        partial(compute, second=second, known=known),
        draw,
        finding,
        title="The server-optimiser map",
        name="server",
    )
