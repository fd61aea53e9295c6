"""Federated algorithms, each a small difference from FedAvg."""

from fltutor.algorithms.drift import FedDyn, FedNova, FedProx
from fltutor.algorithms.fedavg import Aggregate, FedAvg
from fltutor.algorithms.scaffold import Scaffold
from fltutor.algorithms.server import FedAdagrad, FedAdam, FedAvgM, FedOpt, FedYogi

__all__ = [
    "Aggregate",
    "FedAdagrad",
    "FedAdam",
    "FedAvg",
    "FedAvgM",
    "FedDyn",
    "FedNova",
    "FedOpt",
    "FedProx",
    "FedYogi",
    "Scaffold",
]
