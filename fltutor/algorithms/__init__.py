"""Federated algorithms, each a small difference from FedAvg."""

from fltutor.algorithms.fedavg import Aggregate, FedAvg

__all__ = ["Aggregate", "FedAvg"]
