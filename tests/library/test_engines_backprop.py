"""Gradients derived by hand are the gradients; other models are left to torch."""

from __future__ import annotations

import pytest
import torch
from engine_cases import (
    CLASSES,
    FEATURES,
    MODELS,
    WIDE,
    compare,
    draw,
    make_clients,
    make_task,
    plan_for,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from fltutor import models
from fltutor.clients import LocalTraining
from fltutor.engines import vectorised
from fltutor.engines.backprop import Stack, read_layers
from fltutor.task import Task


class TestBackpropagation:
    @settings(max_examples=20, deadline=None, derandomize=True)
    @given(name=st.sampled_from(sorted(MODELS)), seed=st.integers(0, 99))
    def test_matches_the_difference_quotient_of_the_loss(self, name, seed):
        task = make_task(name)
        (client,) = make_clients(name, [5])
        params = task.init() + 0.1 * draw(seed, task.dim)
        grads = torch.empty(1, task.dim, dtype=WIDE)
        layers = read_layers(task)
        onehot = nn.functional.one_hot(client.data.y, CLASSES).T.to(WIDE)
        share = torch.full((1, 1, 5), 0.2, dtype=WIDE)
        x = client.data.x.reshape(1, 5, -1)
        stack = Stack(layers, "cross_entropy", params[None])
        factors = stack.backpropagate(x, onehot[None], share)
        Stack(layers, "cross_entropy", grads).store(factors)
        way, eps = draw(seed + 1, task.dim), 1e-6
        high, low = (
            task.loss(params + s * eps * way, client.data.x, client.data.y)
            for s in (1, -1)
        )
        assert abs((high - low) / (2 * eps) - grads[0] @ way) < 1e-5

    @pytest.mark.parametrize(
        ("module", "reason"),
        [
            (nn.Sequential(nn.Linear(6, 3), nn.ReLU()), "not followed"),
            (nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 3)), "no activation"),
            (nn.Sequential(nn.Linear(6, 3), nn.Softmax(1)), "Softmax"),
            (nn.Sequential(nn.ReLU(), nn.Linear(6, 3)), "ReLU"),
            (nn.Sequential(nn.Sequential(nn.Linear(6, 3))), "Sequential"),
            (nn.Linear(6, 3), "not an nn.Sequential"),
        ],
    )
    def test_other_models_are_left_to_torch(self, module, reason):
        task = Task(module.double())
        layers = read_layers(task)
        assert reason in layers
        local = LocalTraining(batch_size=3)
        clients = make_clients("mlp", [4, 6])
        compare(vectorised, task, clients, plan_for(clients, local), local)

    def test_frozen_and_shared_layers_are_left_to_torch(self):
        frozen = models.mlp(FEATURES, 5, CLASSES)
        frozen[0].weight.requires_grad_(False)
        shared = nn.Linear(FEATURES, FEATURES)
        twice = nn.Sequential(
            shared, nn.ReLU(), shared, nn.ReLU(), nn.Linear(FEATURES, CLASSES)
        )
        for module in (frozen, twice):
            task = Task(module.double())
            assert "frozen or shared" in read_layers(task)
            local = LocalTraining(batch_size=3)
            clients = make_clients("mlp", [4, 6])
            compare(vectorised, task, clients, plan_for(clients, local), local)

    def test_a_loss_of_ones_own_is_left_to_torch(self):
        task = Task(
            models.linear(FEATURES, 1).double(),
            loss=lambda out, y: (out[:, 0] - y).abs(),
        )
        assert "loss is custom" in read_layers(task)
        local, clients = LocalTraining(), make_clients("mlp", [4, 2], "mse")
        compare(vectorised, task, clients, plan_for(clients, local), local)
