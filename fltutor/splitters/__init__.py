"""From one data set to a federation: ways to hand examples to clients.

Every splitter is ``(dataset, *, num_clients, ..., seed) -> list[Client]``, gives each
example to exactly one client, keeps the data set's order within a client and leaves no
client empty. A splitter is a function of its arguments alone: nothing that was drawn
before, in whatever order, changes it. Which example goes where depends on labels,
groups and places, never on features: another order of the same data set deals out
other examples, but the same sizes, and under ``shards``, ``dirichlet`` and
``labels_per_client`` the same table of clients x classes.
"""

from fltutor.splitters.cutting import by_group, iid, quantity
from fltutor.splitters.labels import dirichlet, labels_per_client, shards
from fltutor.splitters.measures import client_skew, label_counts, skew
from fltutor.splitters.shifts import feature_shift, label_flip

__all__ = [
    "by_group",
    "client_skew",
    "dirichlet",
    "feature_shift",
    "iid",
    "label_counts",
    "label_flip",
    "labels_per_client",
    "quantity",
    "shards",
    "skew",
]
