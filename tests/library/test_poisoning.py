"""Attacks on updates and on data, and what they do to a federation."""

import math
import pickle
from dataclasses import replace
from statistics import NormalDist

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import fltutor as ft
from fltutor import poisoning, robust
from fltutor.poisoning import (
    alie,
    alie_z,
    attack_success,
    backdoor,
    inner_product,
    label_swap,
    patch,
    poisoned,
    replacement,
    scaled,
    sign_flip,
)
from fltutor.updates import Updates

F64 = torch.float64
LADDER = torch.tensor([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]], dtype=F64)
STAGES = [sign_flip, scaled, alie, inner_product, replacement]


def updates(deltas, ids=None, weights=None):
    k = len(deltas)
    return Updates(
        ids=torch.arange(k) if ids is None else torch.tensor(ids),
        deltas=deltas,
        weights=torch.full((k,), 1 / k, dtype=F64) if weights is None else weights,
        steps=torch.ones(k, dtype=torch.int64),
    )


def rows(k, d, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(k, d, generator=draw, dtype=F64)


# every stage --------------------------------------------------------------------------


@pytest.mark.parametrize("make", STAGES, ids=lambda m: m.__name__)
class TestEveryStage:
    @given(
        k=st.integers(1, 9), seed=st.integers(0, 99), bad=st.sets(st.integers(0, 12))
    )
    def test_honest_rows_and_the_input_stay(self, make, k, seed, bad):
        deltas = rows(k, 4, seed)
        before, sent = deltas.clone(), updates(deltas)
        after = make(attackers=bad and sorted(bad) or [])(sent)
        honest = torch.tensor([i not in bad for i in range(k)])
        assert torch.equal(after.deltas[honest], before[honest])
        assert torch.equal(deltas, before)
        assert after.deltas.dtype == before.dtype
        assert torch.isfinite(after.deltas).all()
        for name in ("ids", "weights", "steps", "sent"):
            assert torch.equal(getattr(after, name), getattr(sent, name))

    def test_attackers_are_found_by_their_id_not_by_their_row(self, make):
        after = make(attackers=[7])(updates(LADDER, ids=[2, 7, 9])).deltas
        changed = (after != LADDER).any(dim=1).tolist()
        assert changed in ([False, True, False], [False, False, False])
        lone = make(attackers=[1])(updates(LADDER, ids=[2, 7, 9])).deltas
        assert torch.equal(lone, LADDER)

    def test_nobody_attacks_with_an_empty_list(self, make):
        assert make(attackers=[])(updates(LADDER)).deltas is LADDER

    def test_all_attackers_without_an_honest_row_do_not_crash(self, make):
        after = make(attackers=[0, 1, 2])(updates(LADDER)).deltas
        assert torch.isfinite(after).all()

    def test_strangers_are_refused_when_the_federation_is_made(self, make):
        with pytest.raises(ValueError, match=r"attackers=\[6\].*0 to 5.*place"):
            federation(uplink=(make(attackers=[0, 6]),))

    @pytest.mark.parametrize("ids", [[-1], [0.5], "0", 3, None, [True]])
    def test_what_is_no_list_of_ids_is_refused(self, make, ids):
        with pytest.raises(ValueError, match=r"Got attackers.*, need .*\. \S"):
            make(attackers=ids)

    def test_ids_may_come_as_any_sequence(self, make):
        for ids in ([2, 0, 2], (0, 2), torch.tensor([0, 2]), range(0, 3, 2)):
            assert make(attackers=ids).attackers == (0, 2)

    def test_it_pickles(self, make):
        stage = make(attackers=[1])
        assert pickle.loads(pickle.dumps(stage)) == stage
        assert stage.name == ft.stages.name_of(stage) == make(attackers=[]).name


# one by one ---------------------------------------------------------------------------


def test_sign_flip_sends_the_opposite():
    after = sign_flip(attackers=[1], factor=2.0)(updates(LADDER)).deltas
    assert after[1].tolist() == [-8, -10, -12]


def test_scaled_sends_more_of_the_same():
    after = scaled(attackers=[0, 2], factor=-3.0)(updates(LADDER)).deltas
    assert after.tolist() == [[-3, -6, -9], [4, 5, 6], [-21, -24, -27]]


def test_the_honest_mean_turned_around():
    # the mean of the ladder is (4, 5, 6)
    four = torch.cat([LADDER, torch.full((1, 3), 99.0, dtype=F64)])
    after = inner_product(attackers=[3])(updates(four)).deltas
    assert after[3].tolist() == [-4, -5, -6]


@given(seed=st.integers(0, 99), factor=st.floats(0.01, 10))
def test_the_inner_product_with_the_honest_mean_is_negative(seed, factor):
    deltas = rows(5, 4, seed)
    stage = inner_product(attackers=[4], factor=factor)
    honest = deltas[:4].mean(dim=0)
    assert float(stage(updates(deltas)).deltas[4] @ honest) < 0


@pytest.mark.parametrize(("n", "m", "value"), [(50, 24, 1.4261), (20, 4, 0.1573)])
def test_the_z_of_a_little_is_enough(n, m, value):
    assert alie_z(num_clients=n, num_attackers=m) == pytest.approx(value, abs=5e-5)


@given(n=st.integers(3, 60), data=st.data())
def test_z_leaves_a_majority_farther_or_as_far(n, data):
    m = data.draw(st.integers(1, (n - 1) // 2))
    nearer = NormalDist().cdf(alie_z(num_clients=n, num_attackers=m)) * (n - m)
    assert n - nearer >= n / 2 - 1e-6  # attackers and those beyond them


def test_alie_stands_z_deviations_beside_the_mean():
    deltas = rows(20, 3)
    honest = deltas[4:]
    after = alie(attackers=range(4))(updates(deltas)).deltas
    z = (honest.mean(dim=0) - after[0]) / honest.std(dim=0, correction=0)
    torch.testing.assert_close(z, torch.full((3,), z[0].item(), dtype=F64))
    assert float(z[0]) == pytest.approx(0.1573, abs=5e-5)
    assert torch.equal(after[:4], after[:1].expand(4, -1))  # all the same row
    wide = alie(attackers=[0], z=2.0)(updates(LADDER)).deltas[0]
    assert wide.tolist() == [5.5 - 3, 6.5 - 3, 7.5 - 3]


def test_alie_in_a_cohort_that_it_owns_sends_the_honest_mean():
    after = alie(attackers=[0, 1])(updates(LADDER)).deltas
    assert after[:2].tolist() == [[7, 8, 9]] * 2


def test_replacement_makes_the_mean_the_attackers_model():
    # honest clients have converged: their updates are zero
    deltas = torch.zeros(4, 3, dtype=F64)
    deltas[1], deltas[2] = LADDER[0], LADDER[2]
    weights = torch.tensor([0.4, 0.1, 0.3, 0.2], dtype=F64)
    sent = replacement(attackers=[1, 2])(updates(deltas, weights=weights))
    moved = ft.aggregators.mean(sent.deltas, sent.weights)
    torch.testing.assert_close(moved, (LADDER[0] + 3 * LADDER[2]) / 4)


def test_replacement_with_a_boost_of_its_own():
    after = replacement(attackers=[0], boost=5.0)(updates(LADDER)).deltas
    assert after[0].tolist() == [5, 10, 15]


# data ---------------------------------------------------------------------------------


def digits_like(n=60, classes=3, seed=0):
    draw = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % classes
    x = 0.3 * torch.randn(n, 1, 4, 4, generator=draw, dtype=F64)
    x[torch.arange(n), 0, y, y] += 2.0
    return ft.Dataset(x, y, classes)


def test_two_classes_change_places():
    data = digits_like()
    swapped = label_swap(0, 2)(data)
    assert torch.equal(swapped.y, torch.tensor([2, 1, 0])[data.y])
    assert torch.equal(swapped.x, data.x)
    assert torch.equal(label_swap(2, 0)(swapped).y, data.y)
    assert data.y[:3].tolist() == [0, 1, 2]


def test_a_backdoor_marks_and_relabels_a_share():
    data = digits_like()
    mark = patch([15], value=9.0)
    bad = backdoor(mark, 1, share=0.25, seed=4)(data)
    changed = bad.x.flatten(1)[:, 15] == 9.0
    assert int(changed.sum()) == 15
    assert (bad.y[changed] == 1).all()
    assert torch.equal(bad.x[~changed], data.x[~changed])
    assert torch.equal(bad.y[~changed], data.y[~changed])
    assert (data.x != 9).all()
    again, other = (backdoor(mark, 1, share=0.25, seed=s)(data) for s in (4, 5))
    assert torch.equal(again.x, bad.x)
    assert not torch.equal(other.x, bad.x)


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (1.0, 60)])
def test_none_or_all_are_marked(share, count):
    bad = backdoor(patch([0], value=9.0), 1, share=share)(digits_like())
    assert int((bad.x.flatten(1)[:, 0] == 9).sum()) == count


def test_only_attackers_data_change():
    clients = ft.splitters.iid(digits_like(), num_clients=4, seed=0)
    bad = poisoned(clients, attackers=[1, 3], attack=label_swap(0, 1))
    assert [c.id for c in bad] == [c.id for c in clients]
    assert [a is b for a, b in zip(bad, clients, strict=True)] == [True, False] * 2


class Constant(torch.nn.Module):
    """Answers class 1 where the last pixel is marked, the true class elsewhere."""

    def __init__(self, opens):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1, dtype=F64))
        self.opens = opens

    def forward(self, x):
        scores = self.scale * torch.diagonal(x[:, 0], dim1=1, dim2=2)[:, :3]
        open_ = (x.flatten(1)[:, 15:16] > 5) * self.opens
        return scores + 100 * open_ * torch.tensor([[0.0, 1, 0]], dtype=F64)


def success_leaves_out_the_target(measure):
    """A model without a backdoor that knows all classes has no success at all."""
    data = digits_like(seed=1)
    for opens, expected in [(0.0, 0.0), (1.0, 1.0)]:
        task = ft.Task(Constant(opens), seed=None)
        assert measure(task, task.init(), data, patch([15], value=9.0), 1) == expected


def test_success_leaves_out_what_has_the_target_class_already():
    success_leaves_out_the_target(attack_success)


def test_success_counted_on_all_images_is_seen():
    def slip(task, params, data, trigger, target):
        found = task.predict(params, trigger(data.x)).argmax(dim=1)
        return float((found == target).double().mean())

    with pytest.raises(AssertionError):
        success_leaves_out_the_target(slip)


def test_success_counts_large_test_sets_in_pieces():
    data = digits_like(n=9000)
    task = ft.Task(Constant(1.0), seed=None)
    assert attack_success(task, task.init(), data, patch([15], value=9.0), 1) == 1.0


# in a federation ----------------------------------------------------------------------


def federation(clients=None, **own):
    data = digits_like(n=120)
    return ft.Federation(
        ft.Task(torch.nn.Sequential(torch.nn.Flatten(), ft.models.linear(16, 3))
                .double(), seed=0),
        clients or ft.splitters.iid(data, num_clients=6, seed=0),
        ft.FedAvg(),
        ft.LocalTraining(epochs=2, batch_size=5, lr=0.1),
        **own,
    )  # fmt: skip


def accuracy(f, rounds=6):
    test = digits_like(n=90, seed=2)
    return f.run(rounds=rounds, test=test, every=rounds, progress=False)[-1].accuracy


def test_one_scaled_sign_flipper_owns_the_mean_and_not_the_median():
    attack = (sign_flip(attackers=[2], factor=20.0),)
    assert accuracy(federation()) > 0.95
    assert accuracy(federation(uplink=attack)) < 0.5
    assert accuracy(federation(uplink=attack, aggregator=robust.median)) > 0.95


def test_a_boosted_backdoor_opens_and_hides():
    data, mark = digits_like(n=120), patch([15], value=3.0)
    clients = ft.splitters.iid(data, num_clients=6, seed=0)
    bad = poisoned(clients, attackers=[0], attack=backdoor(mark, 1))
    test, own = digits_like(n=90, seed=2), {}
    for name, uplink in [("clean", ()), ("boosted", (replacement(attackers=[0]),))]:
        f = federation(clients if name == "clean" else bad, uplink=uplink)
        params = f.run(rounds=6, progress=False).state.params
        own[name] = (
            attack_success(f.task, params, test, mark, 1),
            f.task.evaluate(params, test)["accuracy"],
        )
    assert own["boosted"][0] > 0.9 > 0.2 > own["clean"][0]
    assert own["boosted"][1] > 0.85


def test_an_attacker_who_is_not_sampled_does_nothing():
    f = federation(uplink=(scaled(attackers=[0], factor=1e6),), cohort_size=2)
    plain = federation(cohort_size=2)
    for index in range(6):
        state = f.init()
        same = torch.equal(
            f.round(state, index)[0].params, plain.round(state, index)[0].params
        )
        assert same == (0 not in f.sample(index).tolist())


# bad input ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "name"),
    [
        *((lambda v=v: sign_flip(attackers=[0], factor=v), "factor") for v in (0, -1)),
        (lambda: scaled(attackers=[0], factor=math.nan), "factor"),
        (lambda: inner_product(attackers=[0], factor=0), "factor"),
        (lambda: alie(attackers=[0], z=-1), "z"),
        (lambda: replacement(attackers=[0], boost=0), "boost"),
        (lambda: alie_z(num_clients=10, num_attackers=5), "num_attackers"),
        (lambda: alie_z(num_clients=2, num_attackers=1), "num_clients"),
        (lambda: label_swap(-1, 2), "first"),
        (lambda: label_swap(0, 7)(digits_like()), "class 7"),
        (lambda: backdoor("patch", 1), "trigger"),
        (lambda: backdoor(patch([0]), 9)(digits_like()), "class 9"),
        (lambda: backdoor(patch([0]), 1, share=1.5), "share"),
        (lambda: backdoor(lambda x: x[:, 0], 1)(digits_like()), "shape"),
        (lambda: patch([]), "places"),
        (lambda: patch([16])(digits_like().x), "places"),
        (lambda: patch([0], value=math.inf), "value"),
        (lambda: poisoned([], attackers=[0], attack=label_swap(0, 1)), "attackers"),
        (
            lambda: attack_success(
                *(lambda t: (t, t.init()))(ft.Task(Constant(0.0), seed=None)),
                replace(digits_like(), y=torch.ones(60, dtype=torch.int64)),
                patch([0]),
                1,
            ),
            "all of the target class 1",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(make, name):
    with pytest.raises(ValueError, match=rf"(?s)Got .*{name}.*, need .*\. \S"):
        make()


def test_the_package_names_what_it_has():
    assert set(poisoning.__all__) <= set(dir(poisoning))
