"""pfl-research's federated averaging on its simulated backend."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from pfl.aggregate.simulate import SimulatedBackend
from pfl.algorithm.base import NNAlgorithmParams
from pfl.algorithm.federated_averaging import FederatedAveraging
from pfl.callback.base import TrainingProcessCallback
from pfl.data.dataset import Dataset
from pfl.data.federated_dataset import FederatedDataset
from pfl.hyperparam import NNTrainHyperParams
from pfl.metrics import Metrics, Weighted
from pfl.model.pytorch import PyTorchModel
from torch import nn

folder = Path(sys.argv[1])
spec = json.loads((folder / "spec.json").read_text())
data = np.load(folder / "data.npz")
torch.set_num_threads(1)
calls = 0


class Net(nn.Sequential):
    """The MLP, with the two functions that pfl asks for."""

    def loss(self, x, y, eval=False):
        """Return the mean cross entropy, and count the calls."""
        global calls
        calls += not eval
        return nn.functional.cross_entropy(self(x), y)

    def metrics(self, x, y):
        """Return the loss for an evaluation."""
        return {"loss": Weighted(self.loss(x, y, eval=True).item() * len(y), len(y))}


class Clock(TrainingProcessCallback):
    """Note when each central iteration ends."""

    def __init__(self):
        self.times = [time.perf_counter()]

    def after_central_iteration(self, metrics, model, *, central_iteration):
        """Note the time and go on."""
        self.times.append(time.perf_counter())
        return False, Metrics()


layers: list[nn.Module] = []
widths = [*spec["sizes"], spec["outputs"]]
for left, right in zip(widths[:-1], widths[1:], strict=True):
    layers += [nn.Linear(left, right), nn.ReLU()]
net = Net(*layers[:-1])
users = {
    str(i): Dataset((torch.from_numpy(data[f"x{i}"]), torch.from_numpy(data[f"y{i}"])))
    for i in range(spec["clients"])
}
order = iter(list(users) * (spec["rounds"] + 2))
backend = SimulatedBackend(
    training_data=FederatedDataset(users.__getitem__, lambda: next(order)),
    val_data=None,
)
model = PyTorchModel(
    net,
    local_optimizer_create=torch.optim.SGD,
    central_optimizer=torch.optim.SGD(net.parameters(), lr=1.0),
)
clock = Clock()
FederatedAveraging().run(
    algorithm_params=NNAlgorithmParams(
        central_num_iterations=spec["rounds"],
        evaluation_frequency=10**6,
        train_cohort_size=spec["clients"],
        val_cohort_size=0,
    ),
    backend=backend,
    model=model,
    model_train_params=NNTrainHyperParams(
        local_num_epochs=spec["epochs"],
        local_learning_rate=spec["lr"],
        local_batch_size=spec["batch_size"],
    ),
    model_eval_params=None,
    callbacks=[clock],
)
count = sum(p.numel() for p in net.parameters())
print(
    json.dumps(
        {
            "parameters": count,
            "steps": calls // spec["rounds"],
            "seconds": np.diff(clock.times).tolist(),
        }
    )
)
