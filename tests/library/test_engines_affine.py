"""A direction read with symbols is the direction; what is not affine is refused."""

from __future__ import annotations

import functools
from dataclasses import replace

import pytest
import torch
from engine_cases import (
    ALGORITHMS,
    MODELS,
    OTHERS,
    compare,
    draw,
    everything,
    make_clients,
    make_task,
    plan_for,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from fltutor import algorithms
from fltutor.clients import LocalTraining
from fltutor.directions import affine, is_affine
from fltutor.engines import Vectorised, sequential, vectorised
from fltutor.engines.affine import Affine, add_up, plan_descent, read
from fltutor.federation import Federation
from fltutor.task import Task

START, MEMORY = draw(1, 3, 4), {"own": draw(2, 3, 4), "server": draw(3, 4)}

AFFINE = {
    "everything": everything,
    "the gradient": lambda g, p, s, m: g,
    "nothing but params": lambda g, p, s, m: p,
    "no params": lambda g, p, s, m: 2 * g - m["client"],
    "the start on the left": lambda g, p, s, m: m["server"] - (s - p) + g,
    "numbers": lambda g, p, s, m: 0.1 + g / 4 - 3 - (1 - p) * 0.2,
    "scalar tensors": lambda g, p, s, m: g * torch.tensor(0.5) + m["server"].sum() * p,
    "torch's functions": lambda g, p, s, m: torch.sub(g, torch.neg(torch.div(p, 9))),
    "a vector of the server's": lambda g, p, s, m: g - m["server"],
    "a number a client": lambda g, p, s, m: g + s.mean(-1, keepdim=True),
    "a pull of no strength": lambda g, p, s, m: g + 0 * (p - s),
}
OTHER = {
    "a clamp": lambda g, p, s, m: g.clamp(-0.1, 0.1),
    "torch.clamp": lambda g, p, s, m: torch.clamp(g, -0.1, 0.1),
    "a norm": lambda g, p, s, m: g / g.norm(dim=-1, keepdim=True).clamp(min=1),
    "a choice": lambda g, p, s, m: torch.where(g > 0, g, p),
    "a comparison": lambda g, p, s, m: g * (p > s),
    "a product of both": lambda g, p, s, m: g * p,
    "a square": lambda g, p, s, m: g + p**2,
    "a vector's factor": lambda g, p, s, m: g * m["client"],
    "a quotient by params": lambda g, p, s, m: g / (1 + p * p),
    "a number over params": lambda g, p, s, m: g + 1 / (10 + p),
    "an alpha": lambda g, p, s, m: torch.add(g, p, alpha=2),
    "the start": lambda g, p, s, m: s,
    "a matrix product": lambda g, p, s, m: g + (p @ s.mT @ s if p.ndim > 1 else p),
    "an index": lambda g, p, s, m: g + p[..., :1],
    "a sum in place": lambda g, p, s, m: s.clone().add_(g),
    "a test for equality": lambda g, p, s, m: g if bool((g != p).any()) else p,
    "truth": lambda g, p, s, m: g if g is not None and g == g else p,
}


def evaluate(found, grad, params):
    shift = add_up(found.terms, grad.shape[-1])
    shift = 0 if shift is None else shift
    return found.grad * grad + found.params * params + shift


class TestReading:
    @pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda a: a.name)
    def test_every_algorithm_is_read_exactly(self, algorithm):
        algorithm = replace(algorithm, **_strength(algorithm))
        state = algorithm.init(draw(4, 4), 3)
        memory = {
            **{name: draw(5, 4) for name in state.server},
            **{name: draw(6, 3, 4) for name in state.clients},
        }
        found = read(algorithm.direction, START, memory)
        assert (found.grad, found.params) == (1, *_strength(algorithm).values(), 0)[:2]
        zero = torch.zeros_like(START)
        shift = algorithm.direction(zero, zero, START, memory)
        found_shift = add_up(found.terms, START.shape[-1])
        if found_shift is None:
            assert not shift.any()
        else:
            assert (found_shift - shift).abs().max() < 1e-15
        grad, params = draw(7, 3, 4), draw(8, 3, 4)
        truth = algorithm.direction(grad, params, START, memory)
        assert (evaluate(found, grad, params) - truth).abs().max() < 1e-14

    @pytest.mark.parametrize("name", AFFINE)
    def test_affine_directions_are_read(self, name):
        memory = {"client": MEMORY["own"], "server": MEMORY["server"]}
        found = read(AFFINE[name], START, memory)
        grad, params = draw(7, 3, 4), draw(8, 3, 4)
        truth = AFFINE[name](grad, params, START, memory)
        assert (evaluate(found, grad, params) - truth).abs().max() < 1e-14

    @pytest.mark.parametrize("name", OTHER)
    def test_a_declaration_that_does_not_hold_is_refused(self, name):
        memory = {"client": MEMORY["own"], "server": MEMORY["server"]}
        with pytest.raises(ValueError, match="Leave out @affine"):
            read(OTHER[name], START, memory)

    def test_an_error_of_the_directions_own_is_not_hidden(self):
        with pytest.raises(KeyError, match="missing"):
            read(lambda g, p, s, m: m["missing"], START, MEMORY)

    def test_a_pull_of_no_strength_costs_nothing(self):
        found = read(algorithms.FedProx(mu=0.0).direction, START, {})
        assert (found.grad, found.params, found.terms) == (1, 0, ())

    def test_reading_leaves_start_and_memory_alone(self):
        before = [t.clone() for t in (START, *MEMORY.values())]
        memory = {"client": MEMORY["own"], "server": MEMORY["server"]}
        assert plan_descent(everything, START, memory, LocalTraining()) is not None
        for was, now in zip(before, (START, *MEMORY.values()), strict=True):
            assert torch.equal(was, now)

    @settings(max_examples=50, deadline=None, derandomize=True)
    @given(
        numbers=st.tuples(*[st.floats(-4, 4)] * 4),
        signs=st.lists(st.sampled_from("+-"), min_size=3, max_size=3),
    )
    def test_sums_of_multiples(self, numbers, signs):
        def direction(grad, params, start, memory):
            a, b, c, e = numbers
            total = a * grad
            parts = (params * b, start * c, memory["server"] * e)
            for sign, part in zip(signs, parts, strict=True):
                total = total + part if sign == "+" else part - total
            return total

        grad, params = draw(7, 3, 4), draw(8, 3, 4)
        found = read(direction, START, MEMORY)
        truth = direction(grad, params, START, MEMORY)
        assert (evaluate(found, grad, params) - truth).abs().max() < 1e-12


def _strength(algorithm):
    """Return the number that stands before params, by its name."""
    names = {"FedProx": "mu", "FedDyn": "alpha"}
    return {names[algorithm.name]: 0.3} if algorithm.name in names else {}


class Clipped(algorithms.FedProx):
    def direction(self, grad, params, start, memory):
        return super().direction(grad, params, start, memory).clamp(-1, 1)


class Same(algorithms.Scaffold):
    def direction(self, grad, params, start, memory):
        return grad - memory["c_i"] + memory["c"]


class Kept(algorithms.Scaffold):
    """Nothing of the direction is its own."""


def plain(grad, params, start, memory):
    return grad


class Callable:
    def __call__(self, grad, params, start, memory):
        return grad

    def method(self, grad, params, start, memory):
        return grad


wrapped = functools.wraps(algorithms.FedAvg.direction)(plain)

LEARNERS = {
    "a function": plain,
    "a lambda": lambda *given: given[0],
    "a partial": functools.partial(plain),
    "a partial of the library's": functools.partial(
        algorithms.FedAvg.direction, algorithms.FedAvg()
    ),
    "an object": Callable(),
    "a bound method": Callable().method,
    "a wrapped one": wrapped,
    "a subclass's own": Same().direction,
    "a subclass's that asks the library's": Clipped(mu=0.1).direction,
}


class TestDeclaration:
    @pytest.mark.parametrize("path", ["stacked", "vmap", "threads"])
    @pytest.mark.parametrize("name", LEARNERS)
    def test_a_learners_direction_gets_tensors_in_every_step(self, path, name):
        seen = []

        def recorded(*given):
            seen.append([type(value) for value in given[:3]])
            return LEARNERS[name](*given)

        local = LocalTraining(epochs=2, batch_size=4)
        clients, task = make_clients("mlp", [4, 4]), make_task("mlp")
        memory = {"c_i": draw(8, 2, task.dim), "c": draw(9, task.dim)}
        starts, plan = task.init().expand(2, -1), plan_for(clients, local)
        arguments = (task, starts, clients, plan, local)
        assert not is_affine(LEARNERS[name])
        ends, _ = Vectorised(path)(*arguments, recorded, memory)
        truth, _ = sequential(*arguments, LEARNERS[name], memory)
        assert (ends - truth).abs().max() < 1e-10
        assert seen and all(kinds == [torch.Tensor] * 3 for kinds in seen)

    @pytest.mark.parametrize("name", LEARNERS)
    def test_no_learners_direction_is_read(self, name):
        memory = {"c_i": MEMORY["own"], "c": MEMORY["server"]}
        assert plan_descent(LEARNERS[name], START, memory, LocalTraining()) is None

    def test_what_a_learner_prints_are_numbers(self, capsys):
        class Loud(algorithms.FedAvg):
            def direction(self, grad, params, start, memory):
                print(grad)  # noqa: T201 - what learners do
                return grad

        clients, task = make_clients("linear", [2, 2]), make_task("linear")
        federation = Federation(task, clients, Loud(), LocalTraining(batch_size=None))
        federation.round(federation.init(), 0)
        printed = capsys.readouterr().out
        assert "tensor(" in printed and "Affine" not in printed

    @pytest.mark.parametrize("algorithm", [*ALGORITHMS, Kept()], ids=lambda a: a.name)
    def test_the_librarys_algorithms_are_read(self, algorithm):
        memory = {"c_i": MEMORY["own"], "c": MEMORY["server"], "h_i": MEMORY["own"]}
        found = plan_descent(algorithm.direction, START, memory, LocalTraining())
        assert found is not None


class TestSteps:
    @pytest.mark.parametrize("name", [*MODELS, *OTHERS])
    @pytest.mark.parametrize("direction", AFFINE)
    def test_steps_straight_into_the_weights_are_the_same_steps(self, name, direction):
        local = LocalTraining(epochs=2, batch_size=4, weight_decay=0.05)
        clients, task = make_clients(name, [2, 9, 5]), make_task(name)
        plan = plan_for(clients, local)
        compare(vectorised, task, clients, plan, local, affine(AFFINE[direction]))

    @pytest.mark.parametrize("path", ["stacked", "vmap", "threads"])
    @pytest.mark.parametrize("name", ["a clamp", "a choice", "a product of both"])
    def test_what_is_not_affine_is_called_in_every_step(self, path, name):
        local = LocalTraining(epochs=2, batch_size=4, weight_decay=0.05)
        clients, task = make_clients("mlp", [2, 9, 5]), make_task("mlp")
        plan = plan_for(clients, local)
        compare(Vectorised(path), task, clients, plan, local, OTHER[name])

    @pytest.mark.parametrize("path", ["stacked", "vmap", "threads"])
    @pytest.mark.parametrize("sizes", [[6], [6, 6, 6], [2, 9, 5]])
    def test_clients_alone_alike_and_ragged(self, path, sizes):
        local = LocalTraining(epochs=2, batch_size=4)
        clients, task = make_clients("mlp", sizes), make_task("mlp")
        compare(Vectorised(path), task, clients, plan_for(clients, local), local)

    @pytest.mark.parametrize("path", ["vmap", "threads"])
    def test_a_frozen_layer_takes_no_step(self, path):
        module = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3))
        module[0].weight.requires_grad_(False)
        local = LocalTraining(epochs=2, batch_size=4, weight_decay=0.05)
        clients, task = make_clients("mlp", [2, 9, 5]), Task(module.double())
        compare(Vectorised(path), task, clients, plan_for(clients, local), local)

    @pytest.mark.parametrize("path", ["stacked", "vmap", "threads"])
    def test_a_step_of_nobody_pulls_nobody(self, path):
        task, clients = make_task("mlp"), make_clients("mlp", [3, 3, 3])
        nobody = [[-1, -1]]
        plan = torch.tensor(
            [[[0, 1], *nobody, [2, -1]], nobody * 3, [*nobody, [1, 2], *nobody]]
        )
        local = LocalTraining(weight_decay=0.5)
        compare(Vectorised(path), task, clients, plan, local)

    def test_with_momentum_every_step_calls_the_direction(self):
        local = LocalTraining(momentum=0.5)
        assert plan_descent(affine(lambda g, p, s, m: g), START, {}, local) is None

    def test_weight_decay_passes_through_the_direction(self):
        local = LocalTraining(lr=0.5, weight_decay=0.25)
        direction = affine(lambda g, p, s, m: 2 * g + 3 * p)
        step = plan_descent(direction, START, {}, local)
        assert (step.rate, step.keep, step.terms) == (
            1.0,
            1 - 0.5 * (3 + 2 * 0.25),
            (),
        )

    def test_symbols_print_what_they_are(self):
        assert str(2 * Affine(grad=1.0)) == "Affine(grad=2.0, params=0.0, terms=())"
