"""Flower's simulation engine: client apps on Ray actors, a FedAvg strategy."""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from flwr.client import ClientApp, NumPyClient
from flwr.common import ndarrays_to_parameters
from flwr.server import ServerApp, ServerAppComponents, ServerConfig
from flwr.server.strategy import FedAvg
from flwr.simulation import run_simulation
from torch import nn

folder = Path(sys.argv[1])
spec = json.loads((folder / "spec.json").read_text())


def network():
    """Build the MLP."""
    layers = []
    widths = [*spec["sizes"], spec["outputs"]]
    for left, right in zip(widths[:-1], widths[1:], strict=True):
        layers += [nn.Linear(left, right), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Client(NumPyClient):
    """A client that trains as the textbook does."""

    def __init__(self, index):
        data = np.load(folder / "data.npz")
        self.x = torch.from_numpy(data[f"x{index}"])
        self.y = torch.from_numpy(data[f"y{index}"])

    def fit(self, parameters, config):
        """Train, and return the parameters, the examples and the steps."""
        torch.set_num_threads(1)
        model, steps = network(), 0
        for own, given in zip(model.parameters(), parameters, strict=True):
            own.data = torch.tensor(given)
        optimizer = torch.optim.SGD(model.parameters(), lr=spec["lr"])
        for _ in range(spec["epochs"]):
            order = torch.randperm(len(self.x))
            for rows in order.split(spec["batch_size"]):
                optimizer.zero_grad()
                nn.functional.cross_entropy(
                    model(self.x[rows]), self.y[rows]
                ).backward()
                optimizer.step()
                steps += 1
        trained = [p.detach().numpy() for p in model.parameters()]
        return trained, len(self.x), {"steps": steps}


class Timed(FedAvg):
    """FedAvg that notes when a round begins and ends."""

    begun: list[float] = []
    ended: list[float] = []
    steps = 0

    def configure_fit(self, *args, **kwargs):
        """Note the time, and go on."""
        self.begun.append(time.perf_counter())
        return super().configure_fit(*args, **kwargs)

    def aggregate_fit(self, server_round, results, failures):
        """Aggregate, note the time, count the steps."""
        Timed.steps += sum(answer.metrics["steps"] for _, answer in results)
        out = super().aggregate_fit(server_round, results, failures)
        self.ended.append(time.perf_counter())
        return out


def server_fn(context):
    """Set up the server."""
    start = [p.detach().numpy() for p in network().parameters()]
    strategy = Timed(
        fraction_fit=1.0,
        fraction_evaluate=0.0,
        min_fit_clients=spec["clients"],
        min_available_clients=spec["clients"],
        initial_parameters=ndarrays_to_parameters(start),
    )
    config = ServerConfig(num_rounds=spec["rounds"])
    return ServerAppComponents(strategy=strategy, config=config)


run_simulation(
    server_app=ServerApp(server_fn=server_fn),
    client_app=ClientApp(
        client_fn=lambda c: Client(c.node_config["partition-id"]).to_client()
    ),
    num_supernodes=spec["clients"],
    backend_config={
        "client_resources": {"num_cpus": 1},
        "init_args": {"num_cpus": os.cpu_count()},
    },
)
print(
    json.dumps(
        {
            "parameters": sum(p.numel() for p in network().parameters()),
            "steps": Timed.steps // spec["rounds"],
            "seconds": np.subtract(Timed.ended, Timed.begun).tolist(),
        }
    )
)
