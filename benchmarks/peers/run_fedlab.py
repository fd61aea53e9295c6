"""FedLab's standalone simulation: a serial trainer and a synchronous server."""

import copy
import json
import sys
import time
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
import torch

# FedLab's data sets import torchvision; none is used here, and its wheel may not be
# built for this torch.
for name in ("", ".transforms", ".datasets", ".models", ".utils"):
    sys.modules[f"torchvision{name}"] = MagicMock()

from fedlab.contrib.algorithm.basic_client import SGDSerialClientTrainer  # noqa: E402
from fedlab.contrib.algorithm.basic_server import SyncServerHandler  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

folder = Path(sys.argv[1])
spec = json.loads((folder / "spec.json").read_text())
data = np.load(folder / "data.npz")
torch.set_num_threads(1)
steps = 0


class Clients:
    """What FedLab asks a dataset for."""

    def get_dataloader(self, index, batch_size):
        """Return one client's batches, and count them."""
        x = torch.from_numpy(data[f"x{index}"])
        y = torch.from_numpy(data[f"y{index}"])
        global steps
        steps += -(-len(x) // batch_size) * spec["epochs"]
        return DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True)


layers: list[nn.Module] = []
widths = [*spec["sizes"], spec["outputs"]]
for left, right in zip(widths[:-1], widths[1:], strict=True):
    layers += [nn.Linear(left, right), nn.ReLU()]
model = nn.Sequential(*layers[:-1])

trainer = SGDSerialClientTrainer(copy.deepcopy(model), spec["clients"], cuda=False)
trainer.setup_dataset(Clients())
trainer.setup_optim(spec["epochs"], spec["batch_size"], spec["lr"])
server = SyncServerHandler(model, spec["rounds"], 1.0)
server.num_clients = spec["clients"]

seconds = []
for _ in range(spec["rounds"]):
    begin = time.perf_counter()
    ids = server.sample_clients()
    trainer.local_process(server.downlink_package, ids)
    for package in trainer.uplink_package:
        server.load(package)
    seconds.append(time.perf_counter() - begin)

count = sum(p.numel() for p in model.parameters())
print(
    json.dumps(
        {"parameters": count, "steps": steps // spec["rounds"], "seconds": seconds}
    )
)
