"""FedJAX's federated averaging, compiled in the first round."""

import json
import sys
import time
from pathlib import Path

import jax

jax.tree_map = jax.tree_util.tree_map  # removed from jax after FedJAX's last release

import fedjax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from fedjax.algorithms import fed_avg  # noqa: E402

folder = Path(sys.argv[1])
spec = json.loads((folder / "spec.json").read_text())
data = np.load(folder / "data.npz")
widths = [*spec["sizes"], spec["outputs"]]
draw = np.random.default_rng(0)
params = [
    {
        "w": jnp.asarray(draw.normal(0, i**-0.5, (i, o)), jnp.float32),
        "b": jnp.zeros(o, jnp.float32),
    }
    for i, o in zip(widths[:-1], widths[1:], strict=True)
]


def loss(params, batch, rng):
    """Return the mean cross entropy of a batch."""
    h = batch["x"]
    for layer in params[:-1]:
        h = jax.nn.relu(h @ layer["w"] + layer["b"])
    scores = jax.nn.log_softmax(h @ params[-1]["w"] + params[-1]["b"])
    return -jnp.mean(jnp.take_along_axis(scores, batch["y"][:, None], axis=1))


algorithm = fed_avg.federated_averaging(
    jax.grad(loss),
    client_optimizer=fedjax.optimizers.sgd(spec["lr"]),
    server_optimizer=fedjax.optimizers.sgd(1.0),
    client_batch_hparams=fedjax.ShuffleRepeatBatchHParams(
        batch_size=spec["batch_size"], num_epochs=spec["epochs"], drop_remainder=False
    ),
)
cohort, steps = [], 0
for i in range(spec["clients"]):
    own = fedjax.ClientDataset({"x": data[f"x{i}"], "y": data[f"y{i}"]})
    cohort.append((str(i).encode(), own, jax.random.PRNGKey(i)))
    steps += -(-len(own) // spec["batch_size"]) * spec["epochs"]

state, seconds = algorithm.init(params), []
for _ in range(spec["rounds"]):
    begin = time.perf_counter()
    state, _ = algorithm.apply(state, cohort)
    jax.block_until_ready(state.params)
    seconds.append(time.perf_counter() - begin)
count = sum(leaf.size for leaf in jax.tree_util.tree_leaves(params))
print(json.dumps({"parameters": int(count), "steps": steps, "seconds": seconds}))
