"""Slips that real projects shipped: each property holds, and turns red on its slip.

A property is a function that asserts. It is run on the library's algorithm, and then
on the slipped variant, where it must raise.
"""

from dataclasses import dataclass, fields, replace

import pytest
import torch
from algorithm_cases import (
    MEMBERS,
    classification,
    close,
    end,
    feed,
    full_batch,
    gradients,
    walk,
)

from fltutor import LocalTraining, State
from fltutor.aggregators import mean, uniform_mean
from fltutor.algorithms import FedAdam, FedDyn, FedProx, Scaffold
from fltutor.toys import quadratics

LOCAL = LocalTraining(epochs=2, batch_size=3, lr=0.1)


# SCAFFOLD ----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class FlippedSign(Scaffold):
    """Option 2 with (end - start) where the paper has (start - end)."""

    def renew(self, old, updates, state, local):
        mean_step = updates.deltas / (local.lr * updates.steps[:, None].double())
        return old - state.server["c"] + mean_step


@dataclass(frozen=True, kw_only=True)
class StartsFromWeights(Scaffold):
    """Control variates made by copying the network."""

    def init(self, params, num_clients):
        rows = params.expand(num_clients, -1)
        return State(params, {"c": params.clone()}, {"c_i": rows})


@dataclass(frozen=True, kw_only=True)
class OnlyServerFromWeights(Scaffold):
    """Only c copied from the network."""

    def init(self, params, num_clients):
        state = super().init(params, num_clients)
        return replace(state, server={"c": params.clone()})


@dataclass(frozen=True, kw_only=True)
class SendsOwnVariate(Scaffold):
    """Clients send c_i where the server adds its change."""

    def finish(self, updates, state, local):
        updates, state = super().finish(updates, state, local)
        sent = {"c_i_change": state.clients["c_i"][updates.ids]}
        return replace(updates, extra=sent), state


@dataclass(frozen=True, kw_only=True)
class DividesByCohort(Scaffold):
    """c moved by the mean over the cohort, not by |S| / N of it."""

    def step(self, aggregate, updates, state):
        c = state.server["c"] + updates.extra["c_i_change"].mean(dim=0)
        return replace(super().step(aggregate, updates, state), server={"c": c})


@dataclass(frozen=True, kw_only=True)
class CountsSamples(Scaffold):
    """tau counted in samples instead of batches."""

    def renew(self, old, updates, state, local):
        return super().renew(
            old, replace(updates, steps=3 * updates.steps), state, local
        )


def c_i_is_the_gradient_after_one_full_batch_step(algorithm):
    problem, ids = classification(), torch.arange(5)
    draw = torch.Generator().manual_seed(2)
    state = algorithm.init(problem[0].init(), 5)
    own = torch.randn(5, problem[0].dim, dtype=torch.float64, generator=draw)
    state = state.with_rows("c_i", ids, own)  # whatever c_i was
    after = end(problem, algorithm, full_batch(1), rounds=1, state=state)
    close(after.clients["c_i"], gradients(problem, state.params))


def control_variates_start_at_zero(algorithm):
    state = algorithm.init(classification()[0].init(), 5)
    close(state.server["c"], 0.0, atol=0)
    close(state.clients["c_i"], 0.0, atol=0)


def c_is_the_mean_of_c_i_under_partial_participation(algorithm):
    for _, _, after in walk(
        classification(), algorithm, LOCAL, rounds=5, cohort_size=2
    ):
        close(after.server["c"], after.clients["c_i"].mean(dim=0), atol=1e-13)


def c_i_is_the_mean_local_gradient(algorithm):
    # With a constant gradient g_i the mean is g_i, however many steps were taken.
    slopes = torch.tensor([[1.0], [-2.0], [5.0]], dtype=torch.float64)
    flat = torch.zeros_like(slopes)
    problem = quadratics(flat, flat, slopes=slopes)
    after = end(problem, algorithm, full_batch((1, 4, 9)), rounds=2)
    close(after.clients["c_i"], slopes)


# FedDyn ------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Detached(FedDyn):
    """Terms built from a detached flattened model: loss, but no gradient."""

    def direction(self, grad, params, start, memory):
        return grad


@dataclass(frozen=True, kw_only=True)
class PenaltyDetached(FedDyn):
    """Only the quadratic term is detached."""

    def direction(self, grad, params, start, memory):
        return grad - memory["h_i"]


def direction_differs_from_fedavgs_by_the_bend(algorithm):
    draw = torch.Generator().manual_seed(4)
    grad, params, start, h = torch.randn(4, 6, dtype=torch.float64, generator=draw)
    bent = algorithm.direction(grad, params, start, {"h_i": h})
    close(bent - grad, algorithm.alpha * (params - start) - h, atol=1e-14)


# FedProx -----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class NormNotSquared(FedProx):
    """The gradient of mu / 2 ||w - start||."""

    def direction(self, grad, params, start, memory):
        gap = params - start
        return grad + self.mu / 2 * gap / gap.norm()


@dataclass(frozen=True, kw_only=True)
class NoHalf(FedProx):
    """The gradient of mu ||w - start||^2."""

    def direction(self, grad, params, start, memory):
        return grad + 2 * self.mu * (params - start)


def direction_is_the_finite_difference_of_the_proximal_loss(algorithm):
    draw = torch.Generator().manual_seed(5)
    e, w, start = torch.randn(3, 4, dtype=torch.float64, generator=draw)

    def loss(point):
        penalty = algorithm.mu / 2 * (point - start).square().sum()
        return 0.5 * (point - e).square().sum() + penalty

    step = 1e-6
    around = step * torch.eye(4, dtype=torch.float64)
    slope = torch.stack([loss(w + h) - loss(w - h) for h in around]) / (2 * step)
    close(algorithm.direction(w - e, w, start, {}), slope, atol=1e-8)


# FedAdam -----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class BiasCorrected(FedAdam):
    """Adam as in deep learning libraries."""

    def init(self, params, num_clients):
        state = super().init(params, num_clients)
        return replace(state, server={**state.server, "t": params.new_zeros(1)})

    def step(self, aggregate, updates, state):
        t = float(state.server["t"]) + 1
        after = super().step(aggregate, updates, state)
        m = after.server["m"] / (1 - self.beta1**t)
        v = after.server["v"] / (1 - self.beta2**t)
        params = state.params + self.server_lr * m / (v.sqrt() + self.tau)
        return State(params, {**after.server, "t": params.new_full((1,), t)})


@dataclass(frozen=True, kw_only=True)
class VStartsAtZero(FedAdam):
    """v_{-1} = 0, where the paper asks for at least tau^2."""

    def init(self, params, num_clients):
        state = super().init(params, num_clients)
        return State(params, {**state.server, "v": torch.zeros_like(params)})


def path_is_the_trace_of_the_paper(algorithm):
    stage = feed([1.0, -0.5, 0.25, 0.0])
    problem = quadratics(torch.zeros(2, 1, dtype=torch.float64))
    path = [
        float(after.params)
        for _, _, after in walk(
            problem, algorithm, full_batch(1), rounds=4, uplink=(stage,)
        )
    ]
    expected = [0.099005049, 0.134605005, 0.18783974, 0.235990252]
    assert path == pytest.approx(expected, abs=6e-10, rel=0)


# Hyper-parameters by position --------------------------------------------------------


@dataclass(frozen=True)
class ByPosition:
    """Takes its hyper-parameters in order: which one is 0.1?"""

    server_lr: float = 1.0
    mu: float = 0.01


def every_hyper_parameter_is_keyword_only(algorithm):
    assert fields(algorithm)
    assert all(field.kw_only for field in fields(algorithm))


# Aggregation by a constant -----------------------------------------------------------


def clients_with_1_and_3_examples_weigh_1_and_3(aggregator):
    task, (first, second) = quadratics(torch.tensor([[0.0], [4.0]]).double())
    second = replace(second, data=second.data[[0, 0, 0]])
    state = end(
        (task, [first, second]),
        MEMBERS["FedAvg"],
        full_batch(1, lr=1.0),
        rounds=1,
        aggregator=aggregator,
    )
    close(state.params, 3.0, atol=1e-12)


SLIPS = [
    (c_i_is_the_gradient_after_one_full_batch_step, Scaffold(), FlippedSign()),
    (control_variates_start_at_zero, Scaffold(), StartsFromWeights()),
    (control_variates_start_at_zero, Scaffold(), OnlyServerFromWeights()),
    (
        c_is_the_mean_of_c_i_under_partial_participation,
        Scaffold(),
        OnlyServerFromWeights(),
    ),
    (c_is_the_mean_of_c_i_under_partial_participation, Scaffold(), SendsOwnVariate()),
    (c_is_the_mean_of_c_i_under_partial_participation, Scaffold(), DividesByCohort()),
    (c_i_is_the_mean_local_gradient, Scaffold(), CountsSamples()),
    (direction_differs_from_fedavgs_by_the_bend, FedDyn(alpha=0.3), Detached()),
    (direction_differs_from_fedavgs_by_the_bend, FedDyn(alpha=0.3), PenaltyDetached()),
    (
        direction_is_the_finite_difference_of_the_proximal_loss,
        FedProx(mu=0.7),
        NormNotSquared(mu=0.7),
    ),
    (
        direction_is_the_finite_difference_of_the_proximal_loss,
        FedProx(mu=0.7),
        NoHalf(mu=0.7),
    ),
    (path_is_the_trace_of_the_paper, FedAdam(), BiasCorrected()),
    (path_is_the_trace_of_the_paper, FedAdam(), VStartsAtZero()),
    (every_hyper_parameter_is_keyword_only, FedProx(), ByPosition()),
    (clients_with_1_and_3_examples_weigh_1_and_3, mean, uniform_mean),
]


def title(value):
    return getattr(value, "__name__", type(value).__name__)


@pytest.mark.parametrize(("holds", "right", "slipped"), SLIPS, ids=title)
def test_property_holds_and_its_slip_is_caught(holds, right, slipped):
    holds(right)
    with pytest.raises(AssertionError):
        holds(slipped)


@pytest.mark.parametrize("name", MEMBERS)
def test_every_algorithm_takes_hyper_parameters_by_name_only(name):
    every_hyper_parameter_is_keyword_only(MEMBERS[name])
