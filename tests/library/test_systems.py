"""Systems: timings in closed form, who is late, and what asynchrony computes."""

from __future__ import annotations

from dataclasses import replace
from math import inf, sqrt

import numpy as np
import pytest
import torch

from fltutor import datasets, evaluation, models, splitters, systems, toys
from fltutor.algorithms import FedAvg, FedProx, Scaffold
from fltutor.clients import Client, LocalTraining
from fltutor.datasets import Dataset
from fltutor.federation import Federation
from fltutor.systems import Device
from fltutor.task import Task

MIB = 2**20
#: no network: a trip takes steps / speed
STILL = Device(speed=1.0, download=inf, upload=inf, latency=0.0)


@pytest.fixture(autouse=True)
def _double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def bowls(centres=((0.0,), (4.0,)), lr=0.5, epochs=1, **kwargs) -> Federation:
    """Build F_i = (x - e_i)^2 / 2; an epoch is one step; d = 1, so 8 bytes a vector."""
    task, clients = toys.quadratics(torch.tensor(centres))
    local = LocalTraining(epochs=epochs, batch_size=None, lr=lr)
    return Federation(task, clients, kwargs.pop("algorithm", FedAvg()), local, **kwargs)


def at(*speeds: float, **kwargs) -> list[Device]:
    return [replace(STILL, speed=speed, **kwargs) for speed in speeds]


# ---------------------------------------------------------------- devices


class TestTiming:
    def test_a_trip_is_download_compute_upload(self):
        # 8 bytes each way; 4 epochs of one step
        device = Device(
            speed=2.0, download=8 / MIB / 3, upload=8 / MIB / 5, latency=0.25
        )
        timed = systems.synchronous(bowls(epochs=4), [device, device])
        span = timed.schedule(0, begin=10.0)[0][0]
        assert span.start == 10.0
        assert span.download_end == pytest.approx(10 + 0.25 + 3)
        assert span.compute_end == pytest.approx(13.25 + 4 / 2)
        assert span.upload_end == pytest.approx(15.25 + 0.25 + 5)

    def test_steps_are_epochs_times_batches(self):
        data = Dataset(torch.zeros(10, 1), torch.zeros(10, dtype=torch.int64), 2)
        clients = [Client(0, data), Client(1, data[:4])]
        local = LocalTraining(epochs=3, batch_size=4)
        federation = Federation(Task(models.linear(1, 2)), clients, FedAvg(), local)
        spans, end = systems.synchronous(federation, at(1.0, 1.0)).schedule(0)
        assert [s.upload_end for s in spans] == [9.0, 3.0] and end == 9.0
        _, updates = federation.round(federation.init(), 0)
        assert updates.steps.tolist() == [9, 3]

    def test_scaffold_sends_and_receives_twice_as_much(self):
        assert systems.load_of(bowls()) == systems.Load(bytes_down=8, bytes_up=8)
        for option in (1, 2):
            twice = systems.load_of(bowls(algorithm=Scaffold(option=option)))
            assert twice == systems.Load(bytes_down=16, bytes_up=16)

    @pytest.mark.parametrize(
        "bad",
        [
            {"speed": 0.0},
            {"upload": -1.0},
            {"download": float("nan")},
            {"latency": -0.1},
            {"availability": 0.0},
            {"dropout": 1.0},
        ],
    )
    def test_impossible_devices_are_refused_by_name(self, bad):
        with pytest.raises(ValueError, match=next(iter(bad))):
            Device(**bad)

    def test_a_fleet_is_seeded_and_client_by_client(self):
        few = systems.fleet(3, spread=1.0, seed=1)
        assert systems.fleet(9, spread=1.0, seed=1)[:3] == few
        assert systems.fleet(3, spread=1.0, seed=2) != few
        phone, sensor = systems.PROFILES["phone"], systems.PROFILES["sensor"]
        assert systems.fleet(3, profiles=[phone, sensor]) == [phone, sensor, phone]

    def test_a_fleets_speeds_spread_as_asked(self):
        speeds = [d.speed for d in systems.fleet(500, profiles=[STILL], spread=0.5)]
        assert np.std(np.log(speeds)) == pytest.approx(0.5, rel=0.1)
        assert np.mean(np.log(speeds)) == pytest.approx(0.0, abs=0.1)


# ---------------------------------------------------------------- rounds


class TestSynchronous:
    def test_without_limits_a_round_lasts_as_long_as_the_slowest(self):
        timed = systems.synchronous(bowls(epochs=6), at(3.0, 1.0))
        history = timed.run(rounds=3)
        assert history["seconds"].tolist() == [6.0, 12.0, 18.0]
        assert history["participants"].tolist() == [2, 2, 2]

    def test_without_limits_it_trains_the_same_model(self):
        federation = bowls(cohort_size=1)
        timed = systems.synchronous(federation, at(3.0, 1.0))
        plain, clocked = (evaluation.train(f, 5).params for f in (federation, timed))
        assert torch.equal(plain, clocked)

    def test_the_deadline_ends_the_round_and_leaves_the_late_out(self):
        timed = systems.synchronous(bowls(epochs=6), at(3.0, 1.0), deadline=4.0)
        spans, end = timed.schedule(0)
        assert end == 4.0
        assert [s.outcome for s in spans] == ["used", "late"]
        assert spans[1].compute_end == spans[1].upload_end == 4.0
        state, updates = timed.round(timed.init(), 0)
        assert updates.ids.tolist() == [0]
        assert state.params.item() == 0.0  # client 0's centre, where it began

    def test_a_deadline_met_exactly_is_met(self):
        timed = systems.synchronous(bowls(epochs=6), at(3.0, 1.0), deadline=6.0)
        for index, begin in enumerate((0.0, 0.1, 1e6 + 0.3)):
            spans, _ = timed.schedule(index, begin)
            assert [s.outcome for s in spans] == ["used", "used"]

    def test_a_round_ends_when_everyone_is_back_before_the_deadline(self):
        timed = systems.synchronous(bowls(epochs=6), at(3.0, 2.0), deadline=50.0)
        assert timed.schedule(0)[1] == 3.0

    def test_over_selection_goes_on_with_the_first(self):
        federation = bowls([[1.0], [2.0], [3.0], [4.0]], epochs=12)
        timed = systems.synchronous(federation, at(1.0, 4.0, 2.0, 3.0), enough=2)
        spans, end = timed.schedule(0)
        assert [s.outcome for s in spans] == ["late", "used", "late", "used"]
        assert end == 4.0
        assert timed.run(rounds=2)["seconds"].tolist() == [4.0, 8.0]

    def test_equally_fast_clients_are_taken_in_order_of_their_id(self):
        timed = systems.synchronous(bowls([[1.0]] * 3), at(1, 1, 1), enough=2)
        assert [s.outcome for s in timed.schedule(0)[0]] == ["used", "used", "late"]

    def test_partial_work_does_the_epochs_that_fit(self):
        timed = systems.synchronous(
            bowls(epochs=6), at(3.0, 1.0), deadline=4.0, partial=True
        )
        spans, end = timed.schedule(0)
        assert [(s.outcome, s.epochs) for s in spans] == [("used", 6), ("partial", 4)]
        assert end == 4.0
        _, updates = timed.round(timed.init(), 0)
        assert updates.steps.tolist() == [6, 4]
        # four steps of lr 1/2 from 0 towards 4
        assert updates.deltas[1].item() == pytest.approx(4 * (1 - 0.5**4))

    def test_partial_work_of_less_than_an_epoch_is_late(self):
        timed = systems.synchronous(
            bowls(epochs=6), at(3.0, 0.2), deadline=4.0, partial=True
        )
        assert [s.outcome for s in timed.schedule(0)[0]] == ["used", "late"]

    def test_a_round_in_which_all_are_late_changes_nothing_but_the_clock(self):
        timed = systems.synchronous(bowls(epochs=6), at(1.0, 1.0), deadline=2.0)
        history = timed.run(rounds=2)
        assert history["participants"].tolist() == [0, 0]
        assert history["left_out"].tolist() == [2, 2]
        assert history["seconds"].tolist() == [2.0, 4.0]
        assert history["bytes_up"].tolist() == [0, 0]
        start = timed.init().params
        assert torch.equal(evaluation.train(timed, 2).params, start)

    def test_scaffolds_c_stays_the_mean_of_all_c_i_when_clients_are_late(self):
        federation = bowls([[1.0], [2.0], [7.0]], algorithm=Scaffold(), epochs=3)
        timed = systems.synchronous(federation, at(1, 1, 0.1), deadline=5.0)
        state = evaluation.train(timed, 4)
        c_i = state.clients["c_i"]
        assert torch.allclose(state.server["c"], c_i.mean(dim=0), atol=1e-12)
        assert c_i[2].item() == 0.0 and c_i[0].item() != 0.0

    def test_dropouts_and_absences_come_as_often_as_asked(self):
        device = replace(STILL, availability=0.7, dropout=0.4)
        timed = systems.synchronous(bowls([[1.0]] * 40), [device] * 40)
        counts = timed.trace(50).counts()
        assert sum(counts.values()) == 2000
        assert counts["absent"] / 2000 == pytest.approx(0.3, abs=0.03)
        assert counts["dropped"] / (2000 - counts["absent"]) == pytest.approx(
            0.4, abs=0.03
        )

    def test_a_dropped_client_goes_silent_on_the_way(self):
        device = replace(STILL, speed=0.1, dropout=0.5)
        spans = systems.synchronous(bowls([[1.0]] * 60), [device] * 60).trace(1)
        gone = [s.seconds for s in spans if s.outcome == "dropped"]
        assert min(gone) > 0 and max(gone) < 10.0
        assert np.mean(gone) == pytest.approx(5.0, abs=1.5)

    def test_luck_does_not_depend_on_the_cohort(self):
        device = replace(STILL, dropout=0.5)
        everyone = systems.synchronous(bowls([[1.0]] * 30), [device] * 30)
        some = systems.synchronous(
            bowls([[1.0]] * 30, cohort_size=10), [device] * 30
        ).trace(3)
        same = {(s.client, s.round): s.outcome for s in everyone.trace(3)}
        assert all(same[s.client, s.round] == s.outcome for s in some)

    def test_the_trace_is_what_the_run_does(self):
        device = replace(STILL, availability=0.8, dropout=0.2)
        federation = bowls([[1.0]] * 12, cohort_size=5)
        timed = systems.synchronous(federation, [device] * 12, deadline=5, enough=3)
        trace, history = timed.trace(6), timed.run(rounds=6)
        assert list(trace.ends) == history["seconds"].tolist()
        used = [
            sum(s.outcome in systems.USED for s in trace if s.round == r)
            for r in range(6)
        ]
        assert used == history["participants"].tolist()
        assert len(trace.to_frame()) == 30

    def test_who_is_always_late_is_never_heard(self):
        data = datasets.blobs_2d(per_class=60, spread=0.3, seed=0)
        clients = splitters.shards(data.train, num_clients=3, shards_per_client=1)
        lost = int(clients[2].data.y[0])
        local = LocalTraining(epochs=2, batch_size=8, lr=0.2)
        federation = Federation(Task(models.linear(2, 3)), clients, FedAvg(), local)
        timed = systems.synchronous(federation, at(9, 9, 1), deadline=5.0)
        for f, heard in ((federation, True), (timed, False)):
            params = evaluation.train(f, 15).params
            each = evaluation.per_class(f.task, params, data.test)
            assert (each[lost] > 0.9) is np.bool_(heard)

    @pytest.mark.parametrize(
        ("kwargs", "message"),
        [
            ({"deadline": 0.0}, "deadline=0.0"),
            ({"deadline": float("nan")}, "deadline=nan"),
            ({"enough": 3}, "enough=3"),
        ],
    )
    def test_settings_out_of_range_are_refused(self, kwargs, message):
        with pytest.raises(ValueError, match=message):
            systems.synchronous(bowls(), at(1.0, 1.0), **kwargs)

    def test_there_must_be_a_device_for_each_client(self):
        with pytest.raises(
            ValueError, match="devices of length 1, clients of length 2"
        ):
            systems.synchronous(bowls(), at(1.0))


# ---------------------------------------------------------------- stragglers


class TestStragglers:
    def many(self, **kwargs) -> Federation:
        return bowls([[float(i)] for i in range(30)], cohort_size=10, **kwargs)

    def test_dropping_leaves_the_rest_of_the_cohort(self):
        slow = systems.stragglers(self.many(epochs=20), fraction=0.9, keep=False)
        for index in range(5):
            work = slow.work(index)
            assert list(work.values()) == [20]
            assert set(work) <= set(slow.sample(index).tolist())

    def test_keeping_takes_all_with_one_to_e_epochs(self):
        slow = systems.stragglers(self.many(epochs=4), fraction=0.9, keep=True)
        seen = []
        for index in range(60):
            work = slow.work(index)
            assert sorted(work) == slow.sample(index).tolist()
            seen += list(work.values())
        assert set(seen) == {1, 2, 3, 4}
        # 9 of 10 draw from 1..4 evenly, 1 of 10 does all 4
        assert np.mean(seen) == pytest.approx(0.9 * 2.5 + 0.1 * 4, abs=0.15)

    def test_partial_work_is_done_and_counted(self):
        slow = systems.stragglers(self.many(epochs=4), fraction=0.5, keep=True)
        _, updates = slow.round(slow.init(), 0)
        work = slow.work(0)
        assert updates.steps.tolist() == [work[i] for i in updates.ids.tolist()]

    def test_two_algorithms_meet_the_same_stragglers(self):
        one = systems.stragglers(self.many(epochs=9), fraction=0.5, keep=True)
        two = systems.stragglers(
            self.many(epochs=9, algorithm=FedProx(mu=1.0)), fraction=0.5, keep=True
        )
        assert [one.work(i) for i in range(9)] == [two.work(i) for i in range(9)]

    @pytest.mark.parametrize("keep", [True, False])
    def test_no_stragglers_is_the_federation_itself(self, keep):
        federation = self.many(epochs=3)
        slow = systems.stragglers(federation, fraction=0.0, keep=keep)
        a, b = (evaluation.train(f, 4).params for f in (federation, slow))
        assert torch.equal(a, b)

    def test_only_stragglers_and_none_kept_is_a_round_of_nobody(self):
        slow = systems.stragglers(self.many(), fraction=1.0, keep=False)
        assert slow.run(rounds=2)["participants"].tolist() == [0, 0]

    def test_a_fraction_out_of_range_is_refused(self):
        with pytest.raises(ValueError, match="fraction=1.5"):
            systems.stragglers(self.many(), fraction=1.5, keep=True)


# ---------------------------------------------------------------- asynchrony


class TestClock:
    def test_two_devices_report_at_the_multiples_of_their_times(self):
        # one step each: every 1 s and every 2.5 s
        run = systems.fedbuff(bowls(), at(1.0, 0.4), buffer=1)
        trace = run.trace(7)
        assert trace.ends == (1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 5.0)
        slow = sorted(s.upload_end for s in trace if s.client == 1)
        assert slow == [2.5, 5.0]

    def test_staleness_counts_the_changes_in_between(self):
        trace = systems.fedbuff(bowls(), at(1.0, 0.4), buffer=1).trace(5)
        by_end = sorted(trace, key=lambda s: s.upload_end)
        # client 1 started at 0; two updates of client 0 came first; its own came
        # between the third trip's start and end
        assert [(s.client, s.staleness) for s in by_end] == [
            (0, 0), (0, 0), (1, 2), (0, 1), (0, 0),
        ]  # fmt: skip

    def test_a_buffer_of_two_changes_the_model_every_second_arrival(self):
        run = systems.fedbuff(bowls(), at(1.0, 0.4), buffer=2)
        assert run.trace(3).ends == (2.0, 3.0, 5.0)

    def test_never_more_clients_at_work_than_places(self):
        devices = systems.fleet(12, spread=1.0, seed=3)
        federation = bowls([[1.0]] * 12, cohort_size=4)
        trace = systems.fedbuff(federation, devices, buffer=3).trace(20)
        for moment in np.linspace(0, trace.ends[-1], 50)[:-1]:
            at_work = [s for s in trace if s.start <= moment < s.upload_end]
            assert len(at_work) <= 4
            assert len({s.client for s in at_work}) == len(at_work)

    def test_dropouts_and_absences_free_their_place(self):
        device = replace(STILL, availability=0.5, dropout=0.5)
        run = systems.fedbuff(bowls([[1.0]] * 6), [device] * 6, buffer=2)
        trace, history = run.trace(30), run.run(rounds=30)
        assert list(trace.ends) == history["seconds"].tolist()
        counts = trace.counts()
        assert counts["used"] == 60
        assert counts["dropped"] > 20 and counts["absent"] > 40

    def test_it_is_the_same_every_time(self):
        devices = systems.fleet(6, spread=1.0, seed=3)
        run = systems.fedbuff(bowls([[1.0]] * 6), devices, buffer=2)
        assert run.trace(20) == run.trace(20)
        assert torch.equal(run.train(20).params, run.train(20).params)


class TestFedBuff:
    def test_equal_devices_and_a_full_buffer_are_synchronous_federated_averaging(self):
        data = datasets.blobs_2d(per_class=20, seed=0)
        clients = splitters.iid(data.train, num_clients=4)  # 48 examples, 12 each
        local = LocalTraining(epochs=2, batch_size=4, lr=0.2)
        federation = Federation(Task(models.linear(2, 3)), clients, FedAvg(), local)
        run = systems.fedbuff(federation, at(1, 1, 1, 1), buffer=4)
        plain = evaluation.train(federation, 5).params
        assert torch.allclose(run.train(5).params, plain, atol=1e-12)
        history = run.run(rounds=5, test=data.test)
        expected = federation.run(rounds=5, test=data.test)
        for column in ("loss", "participants", "bytes_up", "local_steps", "round"):
            assert history[column] == pytest.approx(expected[column]), column

    def test_a_stale_update_is_scaled_by_one_over_the_root(self):
        # e = (0, 4), lr 1/2, one step: delta_i = (e_i - start) / 2
        run = systems.fedbuff(bowls(), at(1.0, 0.4), buffer=1)
        states = [s.params.item() for s, _, _ in run.changes(4)]
        # x = 0: client 0's updates change nothing; client 1, two changes late, brings
        # 2 / sqrt(3); client 0 started at 0 and brings 0, then x / 2 back
        x = 2 / sqrt(3)
        assert states == pytest.approx([0.0, 0.0, x, x])
        last = [s.params.item() for s, _, _ in run.changes(5)][-1]
        assert last == pytest.approx(x - x / 2)

    def test_server_lr_scales_the_change(self):
        half = systems.fedbuff(
            bowls([[4.0]], algorithm=FedAvg(server_lr=0.5)), at(1.0), buffer=1
        )
        assert half.train(1).params.item() == pytest.approx(0.5 * 2.0)

    def test_uplink_stages_see_the_buffer(self):
        seen = []

        def watch(updates):
            seen.append(updates.ids.tolist())
            return replace(updates, deltas=0 * updates.deltas)

        run = systems.fedbuff(bowls(uplink=[watch]), at(1.0, 0.4), buffer=2)
        assert run.train(3).params.item() == 0.0
        assert seen == [[0, 0], [1, 0], [0, 0]]


class TestFedAsync:
    def test_one_client_with_mixing_one_is_federated_averaging(self):
        federation = bowls([[4.0]], epochs=2)
        run = systems.fedasync(federation, at(1.0), mixing=1.0)
        plain = evaluation.train(federation, 6).params
        assert torch.allclose(run.train(6).params, plain, atol=1e-12)

    def test_it_mixes_models_by_the_papers_rule(self):
        # e = (0, 4), lr 1: a client returns its own centre, wherever it began
        run = systems.fedasync(
            bowls(lr=1.0), at(1.0, 0.4), mixing=0.5, staleness=systems.polynomial(1.0)
        )
        states = [s.params.item() for s, _, _ in run.changes(5)]
        a = 0.5 / 3  # client 1, staleness 2
        x = a * 4.0
        y = (1 - 0.5 / 2) * x  # client 0, staleness 1
        assert states == pytest.approx([0.0, 0.0, x, y, 0.5 * y])

    def test_a_constant_staleness_ignores_age(self):
        run = systems.fedasync(
            bowls(lr=1.0), at(1.0, 0.4), mixing=0.5, staleness=systems.constant
        )
        assert [s.params.item() for s, _, _ in run.changes(3)][-1] == 2.0

    @pytest.mark.parametrize("mixing", [0.0, 1.5])
    def test_mixing_out_of_range_is_refused(self, mixing):
        with pytest.raises(ValueError, match="mixing"):
            systems.fedasync(bowls(), at(1.0, 1.0), mixing=mixing)

    def test_algorithms_with_client_memory_are_refused(self):
        with pytest.raises(ValueError, match="SCAFFOLD.*FedAvg, FedProx"):
            systems.fedasync(bowls(algorithm=Scaffold()), at(1.0, 1.0))

    def test_names_say_what_ran(self):
        assert systems.fedasync(bowls(), at(1.0, 1.0)).name == "FedAsync"
        both = systems.fedbuff(bowls(algorithm=FedProx(mu=1.0)), at(1.0, 1.0))
        assert both.name.startswith("FedBuff + FedProx")


# ---------------------------------------------------------------- the ledger


class TestLedger:
    """What happened is counted: bytes to who was there, work of who came too late."""

    def test_the_absent_receive_nothing(self):
        device = replace(STILL, availability=0.5)
        timed = systems.synchronous(bowls([[1.0]] * 6), [device] * 6)
        spans = [timed.schedule(r)[0] for r in range(20)]
        there = [sum(s.outcome != "absent" for s in each) for each in spans]
        assert len(set(there)) > 3
        history = timed.run(rounds=20, progress=False)
        assert history["bytes_down"].tolist() == [8 * n for n in there]
        assert history["left_out"].tolist() == [6 - n for n in there]

    def test_over_selection_pays_for_everyone_it_asked(self):
        # 12 steps each; speeds 1 to 6, enough=3: the round ends at 12 / 4 = 3 s
        federation = bowls([[float(i)] for i in range(6)], epochs=12)
        timed = systems.synchronous(federation, at(1, 2, 3, 4, 5, 6), enough=3)
        (record,) = timed.run(rounds=1, progress=False)
        assert (record.participants, record.left_out) == (3, 3)
        assert record.bytes_down == 6 * 8
        assert record.bytes_up == 3 * 8
        assert record.local_steps == 3 + 6 + 9 + 3 * 12

    @pytest.mark.parametrize("speed", [1.0, inf])
    def test_a_late_client_that_was_sending_has_done_all_its_work(self, speed):
        slow_up = replace(STILL, speed=speed, upload=8 / MIB / 10)  # 10 s for 8 bytes
        timed = systems.synchronous(bowls(epochs=4), [STILL, slow_up], deadline=6.0)
        (record,) = timed.run(rounds=1, progress=False)
        assert (record.participants, record.local_steps) == (1, 8)

    @pytest.mark.parametrize("speed", [1.0, inf])
    def test_a_late_client_that_was_receiving_has_done_none(self, speed):
        slow_down = replace(STILL, speed=speed, download=8 / MIB / 10)
        timed = systems.synchronous(bowls(epochs=4), [STILL, slow_down], deadline=6.0)
        (record,) = timed.run(rounds=1, progress=False)
        assert (record.local_steps, record.bytes_down) == (4, 16)

    def test_work_that_went_silent_is_counted_up_to_that_moment(self):
        device = replace(STILL, dropout=0.5)
        timed = systems.synchronous(bowls([[1.0]] * 8, epochs=100), [device] * 8)
        spans, _ = timed.schedule(0)
        gone = [int(s.seconds + 1e-9) for s in spans if s.outcome == "dropped"]
        assert 0 < len(gone) < 8
        (record,) = timed.run(rounds=1, progress=False)
        assert record.local_steps == 100 * (8 - len(gone)) + sum(gone)

    def test_dropped_stragglers_have_received_and_worked(self):
        federation = bowls([[float(i)] for i in range(10)], epochs=9)
        dropped, kept = (
            systems.stragglers(federation, fraction=0.6, keep=keep).run(
                rounds=3, progress=False
            )
            for keep in (False, True)
        )
        assert dropped["participants"].tolist() == [4] * 3
        assert dropped["bytes_up"].tolist() == [4 * 8] * 3
        for column in ("bytes_down", "local_steps"):
            assert dropped[column].tolist() == kept[column].tolist()
        assert kept["bytes_down"].tolist() == [80] * 3

    def test_without_rounds_it_counts_the_same(self):
        # everyone alike and a full buffer: the two clocks tell the same story
        device = replace(STILL, dropout=0.4)
        federation = bowls([[1.0]] * 5, epochs=20)
        run = systems.fedbuff(federation, [device] * 5, buffer=3)
        trace, history = run.trace(12), run.run(rounds=12)
        gone = [int(s.seconds + 1e-9) for s in trace if s.outcome == "dropped"]
        assert len(gone) > 5
        assert history["local_steps"].sum() == 20 * 36 + sum(gone)
        assert history["bytes_down"].sum() == 8 * len(trace)
        assert history["bytes_up"].sum() == 8 * 36


class TestStagesInABuffer:
    def test_a_row_keeps_its_trips_age_where_another_was_left_out(self):
        seen = []

        def only_the_second(updates):
            seen.append(updates)
            return updates.keep(torch.tensor([1]))

        run = systems.fedbuff(
            bowls([[4.0], [-3.0]], uplink=[only_the_second]), at(1.0, 0.4), buffer=2,
            staleness=lambda age: 1.0 + age,
        )  # fmt: skip
        (_, one, _), (_, two, batch) = run.changes(2)
        # client 0 twice, both fresh; then client 1, whose model is old, and client 0
        assert [u.ids.tolist() for u in seen] == [[0, 0], [1, 0]]
        assert [u.trips.tolist() for u in seen] == [[0, 1], [0, 2]]
        assert [span.staleness for span in batch.used] == [1, 0]
        assert (one.trips.tolist(), two.trips.tolist()) == ([1], [2])
        assert one.deltas.item() == 2.0
        assert two.deltas.item() == seen[1].deltas[1].item() == 1.0

    def test_a_stage_of_the_servers_remembers_across_changes(self):
        class Counts:
            def init(self, params, num_clients):
                return {"calls": torch.tensor(0)}

            def __call__(self, updates, state):
                return updates, replace(
                    state, server={"calls": state.server["calls"] + 1}
                )

        run = systems.fedbuff(bowls(uplink=[Counts()]), at(1.0, 0.4), buffer=2)
        assert int(run.train(5).server["Counts/calls"]) == 5

    def test_a_stage_whose_clients_remember_is_refused(self):
        class Keeps:
            def init(self, params, num_clients):
                return {"error": params.new_zeros(num_clients, len(params))}

        with pytest.raises(ValueError, match="a stage whose clients keep"):
            systems.fedbuff(bowls(uplink=[Keeps()]), at(1.0, 0.4))

    def test_poisson_cohorts_are_no_matter_of_buffers(self):
        with pytest.raises(ValueError, match="sampling='poisson'"):
            systems.fedbuff(bowls(sampling="poisson"), at(1.0, 0.4))


def test_a_clock_takes_poisson_cohorts():
    federation = bowls([[1.0]] * 6, cohort_size=1, sampling="poisson")
    timed = systems.synchronous(federation, at(*[1.0] * 6))
    history = timed.run(rounds=12, progress=False)
    sizes = [len(federation.sample(r)) for r in range(12)]
    assert 0 in sizes
    assert history["participants"].tolist() == sizes
    assert history["seconds"][-1] == sum(size > 0 for size in sizes)


def test_a_clock_is_not_put_on_top_of_another():
    slow = systems.stragglers(bowls(), fraction=0.5, keep=True)
    for wrap in (systems.synchronous, systems.fedbuff):
        with pytest.raises(ValueError, match="Straggling already, need a plain"):
            wrap(slow, at(1.0, 1.0))


def test_the_central_baseline_of_a_timed_federation_has_no_clock():
    timed = systems.synchronous(bowls(), at(1.0, 1.0), deadline=0.1)
    central = evaluation.central(timed, 1)
    assert central.item() == pytest.approx(1.0)  # half way from 0 to the mean 2


def test_staleness_functions():
    assert [systems.inverse_root(s) for s in (0, 3, 8)] == [1, 0.5, 1 / 3]
    assert [systems.polynomial(1.0)(s) for s in (0, 1, 3)] == [1, 0.5, 0.25]
    hinge = systems.hinge(a=10, b=4)
    assert [hinge(s) for s in (0, 4, 5)] == [1, 1, pytest.approx(1 / 11)]
    assert systems.constant(99) == 1
