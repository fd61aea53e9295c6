"""What a lesson defines is what the library holds.

The definitions are taken from the lesson's own cells and run beside the library. A
lesson adds rows to ``ROWS``: the notebook, the function's name, what to compare.
``cells`` are run before, by id, besides the imports; plain assignments in them count.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
import torch
from scipy import stats

import fltutor as ft
from fltutor.course.lesson_06 import roulette_runs

LESSONS = Path(__file__).resolve().parents[2] / "lessons"


@dataclass(frozen=True)
class Row:
    """One definition of a lesson, and what it became in the library.

    ``inputs`` gives the arguments for both; ``library`` is called with them, and so
    is the definition, unless ``mine`` says how (given the lesson's namespace).
    """

    lesson: str  # the file's name begins with this
    name: str  # the function or class
    cells: tuple[str, ...]  # ids of the cells that define it and what it needs
    library: Callable[..., Any]
    inputs: Callable[[], tuple[Any, ...]]
    mine: Callable[[dict[str, Any]], Callable[..., Any]] | None = None
    tolerance: float = 1e-12

    def __str__(self) -> str:
        return f"{self.lesson}-{self.name}"


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def namespace(lesson: str, cells: tuple[str, ...]) -> dict[str, Any]:
    """Run a lesson's imports, then those cells, leaving out what only shows."""
    (path,) = LESSONS.glob(f"{lesson}_*.ipynb")
    sources = {c.id: c.source for c in nbformat.read(path, 4).cells}
    unknown = set(cells) - set(sources)
    assert not unknown, f"{path.name} has no cells {sorted(unknown)}"
    made: dict[str, Any] = {"__name__": "lesson"}
    for cell in ("setup", *cells):
        tree = ast.parse(sources[cell])
        tree.body = [node for node in tree.body if not isinstance(node, ast.Expr)]
        code = compile(tree, f"{path.name}:{cell}", "exec", dont_inherit=True)
        exec(code, made)
    return made


def largest_difference(mine: Any, library: Any) -> float:
    a, b = torch.as_tensor(mine).double(), torch.as_tensor(library).double()
    assert a.shape == b.shape
    return float((a - b).abs().max())


# ---- lesson 02 -------------------------------------------------------------------


def matrix() -> tuple[torch.Tensor, torch.Tensor]:
    deltas = ft.seeds.torch_stream(0, "deltas")
    return torch.randn(4, 7, generator=deltas), torch.tensor([10.0, 20.0, 30.0, 5.0])


def small_task() -> ft.Task:
    return ft.Task(ft.models.mlp(64, 32, 10), seed=3)


def a_batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    data = ft.datasets.digits().train
    return small_task().init(), data.x[:9], data.y[:9]


def a_client() -> tuple[Any, ...]:
    client = ft.Client(5, ft.datasets.digits().train[torch.arange(37)])
    local = ft.LocalTraining(epochs=2, batch_size=8, lr=0.3)
    keys = ft.seeds.keys(0, "batches", 0, [client.id])
    plan = ft.batch_plan([len(client)], local, keys)[0]
    return small_task().init(), client, plan, local.lr


def one_client_engine(
    start: torch.Tensor, client: ft.Client, plan: torch.Tensor, lr: float
) -> torch.Tensor:
    local, direction = ft.LocalTraining(lr=lr), ft.FedAvg().direction
    ends, _ = ft.engines.sequential(
        small_task(), start[None], [client], plan[None], local, direction, {}
    )
    return ends[0] - start


def federation_of_02() -> ft.Federation:
    train = ft.datasets.digits().train
    clients = ft.splitters.dirichlet(
        train, num_clients=20, alpha=0.3, min_size=5, seed=0
    )
    local = ft.LocalTraining(epochs=2, batch_size=16, lr=0.1)
    task = ft.Task(ft.models.mlp(64, 32, 10), seed=0)
    return ft.Federation(task, clients, ft.FedAvg(), local, cohort_size=10, seed=0)


def library_round(params: torch.Tensor, index: int) -> torch.Tensor:
    return federation_of_02().round(ft.State(params), index)[0].params


LOCAL_02 = ("predict-by-hand", "gradient", "local-training")
ROUND_02 = ("client", "deal", *LOCAL_02, "plan", "sample", "weighted-mean", "round")

ROWS = [
    Row("02", "weighted_mean", ("weighted-mean",), ft.aggregators.mean, matrix),
    Row("02", "predict", LOCAL_02, lambda p, x, y: small_task().predict(p, x), a_batch,
        mine=lambda made: lambda p, x, y: made["predict"](p, x)),
    Row("02", "gradient", LOCAL_02, lambda *a: small_task().gradient(*a), a_batch),
    Row("02", "local_training", LOCAL_02, one_client_engine, a_client),
    Row("02", "sample", ROUND_02, lambda i: federation_of_02().sample(i), lambda: (3,)),
    Row("02", "fedavg_round", ROUND_02, library_round,
        lambda: (small_task().init(), 4)),
    Row("02", "Client", ("client",), lambda c: len(c), lambda: (a_client()[1],),
        mine=lambda made: lambda c: len(made["Client"](c.id, c.data))),
]  # fmt: skip


# ---- lesson 07 -------------------------------------------------------------------


def a_local_step() -> tuple[Any, ...]:
    draw = ft.seeds.torch_stream(0, "corrections of 07")
    grad, params, start, c_i, c = torch.randn(5, 6, generator=draw)
    return grad, params, start, {"c_i": c_i, "c": c, "h_i": c_i}


def a_renewal() -> tuple[Any, ...]:
    _, delta, _, memory = a_local_step()
    return memory["c_i"], memory["c"], delta, 5, 0.05


def library_renew(c_i: Any, c: Any, delta: Any, tau: int, lr: float) -> torch.Tensor:
    one, steps = torch.ones(1), torch.tensor([tau])
    updates = ft.Updates(torch.arange(1), delta[None], one, steps)
    state, local = ft.State(c, {"c": c}), ft.LocalTraining(lr=lr)
    return ft.Scaffold().renew(c_i[None], updates, state, local)[0]


def library_fednova(deltas: Any) -> torch.Tensor:
    rows = torch.as_tensor(deltas)[:, None]  # (3, 1)
    third, steps = torch.full((3,), 1 / 3), torch.tensor([1, 5, 20])
    updates = ft.Updates(torch.arange(3), rows, third, steps)
    state = ft.State(rows[0])
    sent, _ = ft.FedNova().finish(updates, state, ft.LocalTraining())
    return sent.weights @ sent.deltas[:, 0]


ROWS += [
    Row("07", "fedprox", ("prox",), ft.FedProx(mu=0.5).direction, a_local_step,
        mine=lambda made: made["fedprox"](0.5)),
    Row("07", "fednova", ("problem", "nova"), library_fednova,
        lambda: (np.array([0.5, -2.0, 7.0]),)),
    Row("07", "scaffold_direction", ("scaffold-direction",),
        ft.Scaffold().direction, a_local_step),
    Row("07", "renew", ("renew",), library_renew, a_renewal),
    Row("07", "feddyn_direction", ("dyn-direction",),
        ft.FedDyn(alpha=1.0).direction, a_local_step),
]  # fmt: skip


# ---- lesson 04 -------------------------------------------------------------------


def mixes() -> tuple[Any, ...]:
    counts = counts_of_04(ft.splitters.dirichlet, alpha=0.3)  # zeros included
    return counts / counts.sum(axis=1, keepdims=True), counts.sum(0) / counts.sum()


def counts_of_04(split: Callable[..., Any], **options: Any) -> Any:
    train = ft.datasets.digits().train
    return ft.splitters.label_counts(split(train, num_clients=20, seed=0, **options))


def table_of_04(name: str, *options: Any) -> Callable[..., Any]:
    """Return what runs a lesson's splitter on the library's own stream."""

    def run(made: dict[str, Any]) -> Callable[..., Any]:
        labels = ft.datasets.digits().train.y.numpy()
        draw = ft.seeds.stream(0, "split", name)
        first = len(labels) if name == "quantity" else labels
        owner = made[name](first, 20, *options, draw)
        return lambda: made["table"](owner, labels)

    return run


ROWS += [
    Row("04", "total_variation", ("total-variation",),
        ft.splitters.measures.METRICS["tv"], mixes),
    Row("04", "earth_mover", ("earth-mover",),
        ft.splitters.measures.METRICS["emd"], mixes),
    Row("04", "jensen_shannon", ("divergence", "jensen-shannon"),
        ft.splitters.measures.METRICS["jsd"], mixes),
    Row("04", "shards", ("table", "shards"),
        lambda: counts_of_04(ft.splitters.shards), tuple,
        mine=table_of_04("shards", 2)),
    Row("04", "dirichlet", ("table", "dirichlet"),
        lambda: counts_of_04(ft.splitters.dirichlet, alpha=1.0), tuple,
        mine=table_of_04("dirichlet", 1.0)),
    Row("04", "quantity", ("table", "quantity"),
        lambda: counts_of_04(ft.splitters.quantity, alpha=0.5).sum(axis=1), tuple,
        mine=lambda made: lambda: table_of_04("quantity", 0.5)(made)().sum(axis=1)),
]  # fmt: skip


# ---- lesson 08 -------------------------------------------------------------------


def a_server() -> tuple[Any, ...]:
    """Return params, aggregate, and two memories: m and v, or a velocity and v."""
    x, aggregate, m, v = torch.randn(4, 9, generator=ft.seeds.torch_stream(0, "server"))
    return x, aggregate, m, v.square()


def one_server_step(algorithm: ft.FedAvg, *names: str) -> Callable[..., Any]:
    """Take the library's step from such a state; return params and memory as rows."""

    def step(x: torch.Tensor, aggregate: torch.Tensor, *memory: torch.Tensor) -> Any:
        state = ft.State(x, dict(zip(names, memory, strict=False)))
        nobody = torch.arange(1)
        sent = ft.Updates(nobody, aggregate[None], torch.ones(1), nobody)
        new = algorithm.step(aggregate, sent, state)
        return torch.stack([new.params, *(new.server[name] for name in names)])

    return step


def mine_of_08(rule: str, beta1: float) -> Callable[..., Any]:
    return lambda made: (
        lambda x, aggregate, m, v: torch.stack(
            made["adaptive_step"](x, aggregate, m, v, made[rule], 0.3, beta1, 0.9, 0.01)
        )
    )


_SERVER = {"server_lr": 0.3, "beta2": 0.9, "tau": 0.01}

ROWS += [
    Row("08", "momentum_step", ("momentum-step",),
        one_server_step(ft.FedAvgM(server_lr=0.3, momentum=0.7), "v"), a_server,
        mine=lambda made: lambda x, aggregate, velocity, _: torch.stack(
            made["momentum_step"](x, aggregate, velocity, 0.3, 0.7))),
    Row("08", "adagrad", ("adaptive-step", "rules"),
        one_server_step(ft.FedAdagrad(**_SERVER), "m", "v"), a_server,
        mine=mine_of_08("adagrad", 0.0)),
    Row("08", "adam", ("adaptive-step", "rules"),
        one_server_step(ft.FedAdam(**_SERVER), "m", "v"), a_server,
        mine=mine_of_08("adam", 0.9)),
    Row("08", "yogi", ("adaptive-step", "rules"),
        one_server_step(ft.FedYogi(**_SERVER), "m", "v"), a_server,
        mine=mine_of_08("yogi", 0.9)),
]  # fmt: skip


# ---- lesson 09 -------------------------------------------------------------------


def devices_of_09() -> list[ft.systems.Device]:
    phone = ft.systems.Device(speed=10, download=0.05, upload=0.02, latency=0.1)
    return ft.systems.fleet(20, profiles=[phone], spread=1.0, seed=3)


def library_trip(device: ft.systems.Device, num_bytes: int, steps: int) -> float:
    load = ft.systems.Load(bytes_down=num_bytes, bytes_up=num_bytes)
    blank = ft.systems.Span(
        client=0, round=0, start=0.0, download_end=0.0, compute_end=0.0,
        upload_end=0.0, epochs=1,
    )  # fmt: skip
    return ft.systems.devices.trip(blank, device, load, steps).seconds


def trips_of_09() -> dict[int, float]:
    clock = ft.systems.synchronous(federation_of_02(), devices_of_09())
    return {span.client: span.seconds for span in clock.trace(1)}


def library_round_of_09(
    trips: dict[int, float], deadline: float, enough: int | None
) -> list[float]:
    clock = ft.systems.synchronous(
        federation_of_02(), devices_of_09(), deadline=deadline, enough=enough
    )
    spans, end = clock.schedule(0)
    used = sorted(s.client for s in spans if s.outcome == "used")
    return [end, *used]


def round_of_09(made: dict[str, Any]) -> Callable[..., list[float]]:
    def play(trips: dict[int, float], deadline: float, enough: int) -> list[float]:
        end, used = made["play_round"](trips, deadline, enough)
        return [end, *sorted(used)]

    return play


ROWS += [
    Row("09", "trip_seconds", ("trip",), library_trip,
        lambda: (devices_of_09()[4], 19280, 25)),
    *(
        Row("09", "play_round", ("play-round",), library_round_of_09,
            lambda rule=rule: (trips_of_09(), *rule), mine=round_of_09)
        for rule in [(float("inf"), None), (3.0, None), (3.0, 4), (99.0, 7)]
    ),
]  # fmt: skip


# ---- lesson 06 -------------------------------------------------------------------


def gains_and_picks() -> tuple[Any, ...]:
    gains = np.array([0.02, -0.01, 0.05, 0.03, 0.04, -0.02, 0.01, 0.06])
    picks = ft.seeds.stream(0, "bootstrap").integers(8, size=(10_000, 8))
    tail = stats.norm.cdf(np.sqrt(8 / 7) * stats.t.ppf(0.025, 7))
    return gains, picks, tail


def library_interval(gains: Any, picks: Any, tail: float) -> list[float]:
    found = ft.evaluation.bootstrap(gains)
    return [found.low, found.high]


def library_run(seed: int, algorithm: ft.FedAvg, lr: float) -> float:
    everyone: float = roulette_runs.measure("FedAvg", {"lr": lr}, seed)[1]
    return everyone


def a_model_and_data() -> tuple[Any, ...]:
    return small_task().init(), ft.datasets.digits().test


RUN_06 = ("digits", "parts", "federation", "accuracy")

ROWS += [
    Row("06", "bootstrap_interval", ("interval-rule",), library_interval,
        gains_and_picks),
    Row("06", "accuracy_on", (*RUN_06[:3], "everyone"),
        lambda model, data: small_task().evaluate(model, data)["accuracy"],
        a_model_and_data),
    Row("06", "accuracy", RUN_06, library_run, lambda: (5, ft.FedAvg(), 0.1),
        tolerance=1e-4),  # the saved runs have four digits
]  # fmt: skip


# ---- the test --------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_lessons_definition_is_what_the_library_holds(row):
    made = namespace(row.lesson, row.cells)
    mine = row.mine(made) if row.mine else made[row.name]
    got, expected = mine(*row.inputs()), row.library(*row.inputs())
    assert largest_difference(got, expected) <= row.tolerance


def test_a_wrong_definition_would_be_noticed():
    deltas, weights = matrix()
    right = ft.aggregators.mean(deltas, weights)
    assert largest_difference(deltas.mean(0), right) > 1e-3
