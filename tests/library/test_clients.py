import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fltutor import seeds
from fltutor.clients import LocalTraining, batch_plan


def plan_of(sizes, epochs, batch_size, ids=None):
    ids = np.arange(len(sizes)) if ids is None else ids
    local = LocalTraining(epochs=epochs, batch_size=batch_size)
    return batch_plan(sizes, local, seeds.keys(0, "batches", 0, ids))


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
    st.integers(1, 3),
    st.one_of(st.none(), st.integers(1, 12)),
)
def test_every_epoch_uses_every_example_once(sizes, epochs, batch_size):
    plan = plan_of(sizes, epochs, batch_size)
    for size, steps in zip(sizes, plan, strict=True):
        used = steps[(steps >= 0).any(dim=1)]  # steps that do something
        per_epoch = len(used) // epochs
        assert len(used) == epochs * per_epoch
        for epoch in range(epochs):
            rows = used[epoch * per_epoch : (epoch + 1) * per_epoch]
            assert sorted(rows[rows >= 0].tolist()) == list(range(size))


def test_no_batch_is_larger_than_the_batch_size_and_only_the_last_is_smaller():
    sizes = (plan_of([7], 2, 3) >= 0).sum(dim=2)[0]
    assert sizes.tolist() == [3, 3, 1, 3, 3, 1]


def test_idle_steps_stand_at_the_end():
    real = (plan_of([7, 2], 2, 3) >= 0).any(dim=2)
    assert real.tolist() == [[True] * 6, [True] * 2 + [False] * 4]


def test_a_clients_plan_does_not_depend_on_the_rest_of_the_cohort():
    alone = plan_of([5], 2, 2, ids=[3])
    among = plan_of([9, 5], 2, 2, ids=[1, 3])
    assert torch.equal(alone[0], among[1, :6])


def test_epochs_differ_per_client():
    steps = (plan_of([4, 4, 4], (1, 0, 3), 2) >= 0).any(dim=2).sum(dim=1)
    assert steps.tolist() == [2, 0, 6]


def test_two_epochs_shuffle_anew():
    plan = plan_of([50], 2, 50)[0]
    assert not torch.equal(plan[0], plan[1])


def test_full_batch_takes_all_examples_in_one_step():
    plan = plan_of([3, 2], 2, None)
    assert plan.shape == (2, 2, 3)
    assert plan[1].tolist() == [[0, 1, -1], [0, 1, -1]]


def test_generators_may_stand_in_for_keys():
    local = LocalTraining(batch_size=2)
    streams = [seeds.stream(0, "b", i) for i in range(2)]
    again = [seeds.stream(0, "b", i) for i in range(2)]
    assert torch.equal(
        batch_plan([4, 3], local, streams), batch_plan([4, 3], local, again)
    )


def test_epochs_of_a_cohort_are_those_of_its_ids():
    assert LocalTraining(epochs=[1, 2, 3]).of([2, 0]).epochs == (3, 1)
    assert LocalTraining(epochs=2).of([2, 0]).epochs == 2


def test_a_missing_entry_of_epochs_is_named():
    with pytest.raises(ValueError, match="epochs for 2 clients"):
        LocalTraining(epochs=[1, 2]).of([2])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"lr": 0}, "lr=0"),
        ({"lr": float("nan")}, "lr=nan"),
        ({"epochs": 0}, "epochs=0"),
        ({"epochs": 1.5}, "epochs=1.5"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"momentum": 1.0}, "momentum=1.0"),
        ({"weight_decay": -1.0}, "weight_decay=-1.0"),
    ],
)
def test_settings_out_of_range_are_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        LocalTraining(**wrong)


def test_a_client_without_examples_is_refused():
    with pytest.raises(ValueError, match="examples of the smallest client=0"):
        plan_of([3, 0], 1, 2)
