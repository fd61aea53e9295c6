"""The uplink: stages with and without memory, bytes, and what is refused."""

from dataclasses import dataclass, replace

import pytest
import torch
from algorithm_cases import MEMBERS, classification

from fltutor.algorithms import FedAdam, FedAvg, FedDyn, Scaffold
from fltutor.clients import LocalTraining
from fltutor.federation import Federation
from fltutor.stages import name_of
from fltutor.updates import Updates, unwritten

LOCAL = LocalTraining(epochs=2, batch_size=3, lr=0.1)


def federation(*uplink, algorithm=None, **options):
    algorithm = algorithm or FedAvg()
    return Federation(*classification(), algorithm, LOCAL, uplink=uplink, **options)


@dataclass(frozen=True)
class Feedback:
    """Sends rounded deltas; each client remembers what rounding took away."""

    digits: float = 10.0

    def init(self, params, num_clients):
        return {"error": unwritten(num_clients, params)}

    def __call__(self, updates, state):
        whole = updates.deltas + state.clients["error"][updates.ids]  # (K, d)
        sent = (whole * self.digits).round() / self.digits
        return (
            replace(updates, deltas=sent, sent=torch.full((len(updates),), 15)),
            state.with_rows("error", updates.ids, whole - sent),
        )


@dataclass(frozen=True)
class Counter:
    """The server counts rounds in one number."""

    name: str = "counter"

    def init(self, params, num_clients):
        return {"rounds": torch.tensor(0), "sum": torch.zeros_like(params)}

    def __call__(self, updates, state):
        server = {
            "rounds": state.server["rounds"] + 1,
            "sum": state.server["sum"] + updates.deltas.sum(dim=0),
        }
        return updates, replace(state, server=server)


def play(fed, rounds=4):
    state, sent = fed.init(), []
    for index in range(rounds):
        state, updates = fed.round(state, index)
        sent.append(updates)
    return state, sent


# Memory ------------------------------------------------------------------------------


def test_what_is_rounded_off_is_sent_later_and_nothing_is_lost():
    state, sent = play(federation(Feedback(), cohort_size=3))
    plain = federation(cohort_size=3)
    others, _ = federation(Feedback(), cohort_size=3), None
    now = others.init()
    total = torch.zeros(5, 15, dtype=torch.float64)
    for index in range(4):
        raw, _ = plain.train(
            replace(plain.init(), params=now.params), sent[index].ids, index
        )
        total[raw.ids] += raw.deltas
        now, _ = others.round(now, index)
    told = torch.zeros(5, 15, dtype=torch.float64)
    for updates in sent:
        told[updates.ids] += updates.deltas
    torch.testing.assert_close(told + state.clients["Feedback/error"], total)


def test_memory_of_clients_and_of_the_server_stand_under_the_stages_names():
    fed = federation(Feedback(), Counter(), algorithm=Scaffold())
    start = fed.init()
    assert set(start.clients) == {"c_i", "Feedback/error"}
    assert set(start.server) == {"c", "counter/rounds", "counter/sum"}
    state, sent = play(fed)
    assert int(state.server["counter/rounds"]) == 4
    expected = sum(updates.deltas.sum(dim=0) for updates in sent)
    torch.testing.assert_close(state.server["counter/sum"], expected)
    assert not start.clients["Feedback/error"].any()


def test_two_stages_of_one_kind_keep_apart():
    fed = federation(Feedback(10.0), Feedback(1.0))
    state, _ = play(fed)
    fine, coarse = state.clients["Feedback/error"], state.clients["Feedback 2/error"]
    assert fine.abs().max() <= 0.05 < coarse.abs().max()


@pytest.mark.parametrize("name", MEMBERS)
def test_an_algorithm_runs_the_same_beside_a_stage_that_only_watches(name):
    # every algorithm writes its server memory anew; the stage's must outlive that,
    # and no direction may see it
    plain, _ = play(federation(algorithm=MEMBERS[name], cohort_size=3))
    fed = federation(Counter(), algorithm=MEMBERS[name], cohort_size=3)
    watched, _ = play(fed)
    assert torch.equal(watched.params, plain.params)
    assert int(watched.server["counter/rounds"]) == 4
    for key, value in plain.server.items():
        assert torch.equal(watched.server[key], value)


def test_a_direction_and_a_step_see_their_own_memory_alone():
    seen = []

    class Looks(FedAdam):
        def direction(self, grad, params, start, memory):
            seen.append(set(memory))
            return grad

        def step(self, aggregate, updates, state):
            seen.append(set(state.server) | set(state.clients))
            return super().step(aggregate, updates, state)

    play(federation(Feedback(), Counter(), algorithm=Looks()), rounds=1)
    assert {"m", "v"} in seen and all(names == {"m", "v"} for names in seen)


def test_a_stage_sees_its_own_memory_by_its_own_names():
    seen = []

    class Looks(Counter):
        def __call__(self, updates, state):
            seen.append((set(state.server), set(state.clients)))
            return super().__call__(updates, state)

    play(federation(Feedback(), Looks(), algorithm=Scaffold()), rounds=1)
    assert seen == [({"rounds", "sum"}, set())]


def test_nobody_to_send_leaves_a_stages_memory_alone():
    nobody = lambda u: u.keep(torch.zeros(len(u), dtype=torch.bool))  # noqa: E731
    fed = federation(nobody)
    state, updates = fed.round(fed.init(), 0)
    assert len(updates) == 0 and torch.equal(state.params, fed.init().params)


# Bytes -------------------------------------------------------------------------------


def test_a_message_weighs_its_numbers_unless_a_stage_says_otherwise():
    assert play(federation(), 1)[1][0].sent.tolist() == [15 * 8] * 5
    both = play(federation(algorithm=Scaffold()), 1)[1][0]
    assert both.sent.tolist() == [2 * 15 * 8] * 5
    record = next(federation(Feedback()).rounds(1))
    assert record.bytes_up == 5 * 15
    assert record.bytes_down == 5 * 15 * 8


def test_bytes_that_a_stage_set_outlive_later_stages():
    twice = lambda u: replace(u, deltas=2 * u.deltas)  # noqa: E731
    last = lambda u: u.keep(torch.tensor([0, 4]))  # noqa: E731
    (updates,) = play(federation(Feedback(), twice, last), 1)[1]
    assert updates.sent.tolist() == [15, 15]
    assert updates.nbytes == 30


def test_bytes_that_nobody_set_follow_what_is_sent():
    one = torch.ones(2)
    updates = Updates(torch.arange(2), torch.ones(2, 3), one, one)
    assert updates.nbytes == 2 * 3 * 4
    more = replace(updates, extra={"c": torch.ones(2, 5, dtype=torch.float64)})
    assert more.sent.tolist() == [12 + 40] * 2
    assert more.keep(torch.tensor([True, False])).nbytes == 52
    assert replace(more, extra={}).nbytes == 24


# What is refused ---------------------------------------------------------------------


def garbled(**changes):
    def garble(updates):
        return replace(updates, **{k: make(updates) for k, make in changes.items()})

    return garble


@pytest.mark.parametrize(
    "stage",
    [
        lambda u: None,
        lambda u: u.deltas,
        lambda u: (u, None),
        garbled(deltas=lambda u: u.deltas[:, :3]),
        garbled(deltas=lambda u: u.deltas.float()),
        garbled(deltas=lambda u: u.deltas[..., None]),
        garbled(weights=lambda u: u.weights[:, None]),
        garbled(sent=lambda u: torch.full((len(u),), 0.5)),
        garbled(sent=lambda u: torch.full((len(u),), -1)),
    ],
    ids=["None", "a tensor", "a pair", "narrow", "float32", "3-d", "weights", "half a "
         "byte", "less than nothing"],
)  # fmt: skip
def test_a_stage_that_returns_something_else_is_named(stage):
    stage.name = "my stage"
    with pytest.raises(ValueError, match="Got .* the stage 'my stage', need .*"):
        federation(stage).round(federation().init(), 0)


@pytest.mark.parametrize(
    "answer",
    [
        lambda u, s: u,
        lambda u, s: (u, u),
        lambda u, s: (s, u),
        lambda u, s: (None, s),
        lambda u, s: (u, replace(s, server={})),
        lambda u, s: (u, replace(s, server={**s.server, "new": s.params})),
        lambda u, s: (u, replace(s, clients={"new": s.params})),
        lambda u, s: (u, replace(s, params=s.params + 1)),
    ],
    ids=["no state", "no state at all", "turned round", "None", "forgets", "server",
         "clients", "moves the model"],
)  # fmt: skip
def test_a_stage_with_memory_that_returns_something_else_is_named(answer):
    class Wrong(Counter):
        def __call__(self, updates, state):
            return answer(updates, state)

    fed = federation(Wrong("mine"))
    with pytest.raises(ValueError, match="Got .* the stage 'mine', need .*"):
        fed.round(fed.init(), 0)


def test_client_memory_of_another_length_is_refused_with_the_stages_name():
    class Shrinks(Feedback):
        def __call__(self, updates, state):
            updates, state = super().__call__(updates, state)
            rows = {"error": state.clients["error"][updates.ids[:2]]}
            return updates, replace(state, clients=rows)

    fed = federation(Shrinks())
    with pytest.raises(
        ValueError, match=r"\(2, 15\) from the stage 'Shrinks'.*\(5, 15"
    ):
        fed.round(fed.init(), 0)


@pytest.mark.parametrize("made", [None, [1], {"error": 0.0}])
def test_memory_that_is_no_dict_of_tensors_is_refused(made):
    class Wrong(Counter):
        def init(self, params, num_clients):
            return made

    with pytest.raises(ValueError, match=r"the stage 'counter.init', need"):
        federation(Wrong()).init()


def test_rows_that_stages_broke_are_told_with_the_stages_names():
    def poison(updates):
        return replace(updates, deltas=updates.deltas * float("nan"))

    with pytest.warns(UserWarning, match=r"not finite after the uplink's poison and"):
        federation(poison).round(federation().init(), 0)


class Protected:
    """A stage, or an aggregator, that promises something."""

    protects = "privacy"
    name = "noise"

    def __call__(self, first, weights=None):
        return first if weights is None else weights @ first


@pytest.mark.parametrize("where", ["uplink", "aggregator"])
def test_what_travels_beside_the_delta_is_refused_where_privacy_is_promised(where):
    part = [Protected()] if where == "uplink" else Protected()
    refused = federation_with(Scaffold(), where, part)
    with pytest.raises(
        ValueError,
        match="'c_i_change' .*'noise', which protects privacy, need .*FedDyn",
    ):
        refused.round(refused.init(), 0)
    for algorithm in (FedAvg(), FedDyn()):
        fed = federation_with(algorithm, where, part)
        assert len(fed.round(fed.init(), 0)[1]) == 5


def federation_with(algorithm, where, part):
    return Federation(*classification(), algorithm, LOCAL, **{where: part})


def test_option_1s_gradient_does_not_count_as_sent_beside():
    # it stays with the client: only c_i_change is named
    fed = federation(Protected(), algorithm=Scaffold(option=1))
    with pytest.raises(ValueError, match="Got 'c_i_change' beside"):
        fed.round(fed.init(), 0)


def test_names_of_functions_classes_and_partials():
    from functools import partial

    assert name_of(Feedback()) == "Feedback"
    assert name_of(Counter("mine")) == "mine"
    assert name_of(partial(partial(name_of))) == "name_of"
