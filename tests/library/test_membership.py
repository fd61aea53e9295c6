"""Who was in the training data: scores, shadow models, and what a score is worth."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fltutor import Dataset, LocalTraining, Task, datasets, models
from fltutor.engines import sequential
from fltutor.membership import (
    confidence,
    likelihood_score,
    loss_score,
    roc,
    shadow_members,
    train_shadows,
)

F64 = torch.float64


@pytest.fixture(scope="module", autouse=True)
def double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(F64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture(scope="module")
def world():
    """Return a task, 200 digits, half of them members of an overfitted model."""
    digits = datasets.digits().train[range(200)]
    task = Task(models.mlp(64, 32, 10), seed=0)
    local = LocalTraining(epochs=60, batch_size=10, lr=0.1)
    truth = torch.arange(200) % 2 == 0
    params = train_shadows(task, digits, truth[None], local, seed=7)[0]
    members = shadow_members(200, num_shadows=16)
    shadows = train_shadows(task, digits, members, local)
    return task, digits, truth, params, members, shadows


# --- the curve


def test_a_curve_by_hand():
    # scores 4 3 2 1, members 4 and 2: named one by one
    curve = roc(torch.tensor([4.0, 3, 2, 1]), torch.tensor([1, 0, 1, 0]))
    assert curve.true_positives.tolist() == [0, 0.5, 0.5, 1, 1]
    assert curve.false_positives.tolist() == [0, 0, 0.5, 0.5, 1]
    assert curve.thresholds.tolist() == [float("inf"), 4, 3, 2, 1]
    assert curve.auc == 0.75


def test_equal_scores_are_named_together():
    curve = roc(torch.tensor([2.0, 2, 2, 1]), torch.tensor([1, 0, 1, 0]))
    assert curve.true_positives.tolist() == [0, 1, 1]
    assert curve.false_positives.tolist() == [0, 0.5, 1]


@given(
    scores=st.lists(st.integers(0, 9), min_size=2, max_size=30), seed=st.integers(0, 99)
)
def test_the_area_is_the_chance_that_a_member_scores_higher(scores, seed):
    members = np.random.default_rng(seed).random(len(scores)) < 0.5
    members[0], members[1] = True, False
    values = np.array(scores, dtype=float)
    apart = np.sign(values[members][:, None] - values[~members])  # ties are 0
    expected = (apart.mean() + 1) / 2
    found = roc(torch.tensor(values), torch.tensor(members))
    assert found.auc == pytest.approx(expected, abs=1e-12)
    assert (found.true_positives.diff() >= 0).all()
    assert found.false_positives[-1] == found.true_positives[-1] == 1


def test_true_positives_at_a_low_false_positive_rate():
    # 1,000 others at 0 to 999; members: 10 above all, 20 above all but 5, 70 below all
    others = torch.arange(1000.0)
    members = torch.tensor([2000.0] * 10 + [994.5] * 20 + [-1.0] * 70)
    truth = torch.arange(1100) >= 1000
    curve = roc(torch.cat([others, members]), truth)
    assert curve.tpr_at(0.0) == 0.1
    assert curve.tpr_at(0.001) == 0.1
    assert curve.tpr_at(0.01) == pytest.approx(0.3)
    assert curve.tpr_at(1.0) == 1.0
    assert curve.summary() == {
        "auc": curve.auc,
        "tpr at 1 % fpr": pytest.approx(0.3),
        "tpr at 0.1 % fpr": 0.1,
    }


def test_nothing_is_invented_between_two_thresholds():
    # one of two others is half of them: 1 % allows none
    curve = roc(torch.tensor([2.0, 3.0, 1.0, 0.0]), torch.tensor([1, 0, 1, 0]))
    assert curve.tpr_at(0.01) == 0.0


def test_scores_may_be_infinite():
    scores = torch.tensor([float("inf"), 1.0, float("-inf")])
    assert roc(scores, torch.tensor([1, 0, 0])).auc == 1.0


@pytest.mark.parametrize(
    ("scores", "members", "words"),
    [
        ([1.0, 2.0], [1], "scores of length 2, members of length 1"),
        ([1.0, float("nan")], [1, 0], "Got 1 scores that are NaN"),
        ([1.0, 2.0], [1, 1], "Got 2 members and 0 others"),
        ([1.0, 2.0], [0, 0], "Got 0 members and 2 others"),
    ],
)
def test_scores_that_cannot_be_compared_are_refused(scores, members, words):
    with pytest.raises(ValueError, match=words):
        roc(torch.tensor(scores), torch.tensor(members))


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_out_of_range_is_refused(share):
    curve = roc(torch.tensor([1.0, 0.0]), torch.tensor([1, 0]))
    with pytest.raises(ValueError, match="0 <= false_positives <= 1"):
        curve.tpr_at(share)


# --- scores


def test_the_loss_score_is_the_loss_turned_round(world):
    task, digits, _, params, *_ = world
    score = loss_score(task, params, digits)
    assert score.shape == (200,)
    assert -score.mean() == pytest.approx(task.evaluate(params, digits)["loss"])


def test_confidence_is_the_log_odds_of_the_true_class(world):
    task, digits, _, params, *_ = world
    p = task.predict(params, digits.x).softmax(dim=1)[torch.arange(200), digits.y]
    torch.testing.assert_close(
        confidence(task, params, digits).exp(), p / (1 - p), rtol=1e-6, atol=0
    )


def test_confidence_stays_finite_where_a_probability_rounds_to_one():
    task = Task(models.linear(1, 2), seed=0)
    params = torch.tensor([0.0, 1000.0, 0.0, 0.0])
    score = confidence(task, params, Dataset(torch.ones(1, 1), [1], 2))
    assert score.item() == pytest.approx(1000.0)


def test_confidence_needs_classes():
    task = Task(models.linear(1, 1), loss="mse", seed=0)
    with pytest.raises(ValueError, match="Use loss_score for a task without classes"):
        confidence(task, task.init(), Dataset(torch.ones(2, 1), torch.ones(2)))


def test_an_overfitted_model_gives_its_members_away(world):
    task, digits, truth, params, members, shadows = world
    by_loss = roc(loss_score(task, params, digits), truth)
    ratio = likelihood_score(task, params, digits, shadows=shadows, members=members)
    assert by_loss.auc > 0.6
    # calibration tells easy from known
    assert roc(ratio, truth).auc > by_loss.auc + 0.05
    assert roc(ratio, truth).tpr_at(0.01) > by_loss.tpr_at(0.01)


def test_without_the_members_models_the_ratio_still_beats_the_loss(world):
    task, digits, truth, params, members, shadows = world
    offline = likelihood_score(
        task, params, digits, shadows=shadows, members=members, online=False
    )
    assert roc(offline, truth).auc > roc(loss_score(task, params, digits), truth).auc


def test_a_model_that_learnt_nothing_gives_nobody_away(world):
    task, digits, truth, _, members, shadows = world
    scores = likelihood_score(
        task, task.init(), digits, shadows=shadows, members=members, online=False
    )
    # 100 against 100 at random: standard deviation of the area about 0.041
    assert abs(roc(scores, truth).auc - 0.5) < 0.13


def test_the_ratio_by_hand():
    # one feature, two classes: confidence = x (w1 - w0) for class 1. Shadows with the
    # example have confidences 3 and 5 (mean 4), those without 0 and 2 (mean 1); each
    # spread is sqrt(2 / 1). Target 4: log ratio = (4 - 1)^2 / (2 * 2) = 2.25.
    task = Task(models.linear(1, 2), seed=0)
    shadows = torch.tensor([[0.0, w, 0.0, 0.0] for w in (3.0, 5.0, 0.0, 2.0)])
    members = torch.tensor([[True], [True], [False], [False]])
    one = Dataset(torch.ones(1, 1), [1], 2)
    target = torch.tensor([0.0, 4.0, 0.0, 0.0])
    ratio = likelihood_score(task, target, one, shadows=shadows, members=members)
    assert ratio.item() == pytest.approx(2.25)
    offline = likelihood_score(
        task, target, one, shadows=shadows, members=members, online=False
    )
    # log Phi(3 / sqrt 2) = log .98305
    assert offline.item() == pytest.approx(-0.017094, abs=1e-5)


def test_the_ratio_counts_both_spreads():
    # confidences 3 and 5 with it (mean 4, variance 2), -7 and 9 without (mean 1,
    # variance 128): log N(4; 4, 2) - log N(4; 1, 128) = 9 / 256 + log(8)
    task = Task(models.linear(1, 2), seed=0)
    shadows = torch.tensor([[0.0, w, 0.0, 0.0] for w in (3.0, 5.0, -7.0, 9.0)])
    members = torch.tensor([[True], [True], [False], [False]])
    one = Dataset(torch.ones(1, 1), [1], 2)
    target = torch.tensor([0.0, 4.0, 0.0, 0.0])
    ratio = likelihood_score(task, target, one, shadows=shadows, members=members)
    assert ratio.item() == pytest.approx(9 / 256 + np.log(8))


def test_equal_shadows_do_not_divide_by_zero():
    task = Task(models.linear(1, 2), seed=0)
    shadows = task.init().expand(4, -1)
    members = torch.tensor([[True], [True], [False], [False]])
    one = Dataset(torch.ones(1, 1), [1], 2)
    ratio = likelihood_score(task, task.init(), one, shadows=shadows, members=members)
    assert ratio.isfinite().all()


# --- shadow models


@given(
    num_examples=st.integers(1, 30),
    half=st.integers(1, 10),
    seed=st.integers(0, 99),
)
def test_every_example_is_in_half_of_the_shadow_models(num_examples, half, seed):
    members = shadow_members(num_examples, num_shadows=2 * half, seed=seed)
    assert members.shape == (2 * half, num_examples)
    assert (members.sum(dim=0) == half).all()
    assert torch.equal(
        members, shadow_members(num_examples, num_shadows=2 * half, seed=seed)
    )


def test_shadow_models_see_their_own_examples_alone(world):
    task, digits, *_ = world
    local = LocalTraining(epochs=1, batch_size=None, lr=0.1)
    members = shadow_members(200, num_shadows=4)
    shadows = train_shadows(task, digits, members, local)
    for shadow, row in zip(shadows, members, strict=True):
        own = digits[row]
        step = -0.1 * task.gradient(task.init(), own.x, own.y)
        torch.testing.assert_close(shadow, task.init() + step)


def test_engines_train_the_same_shadow_models(world):
    task, digits, *_ = world
    local = LocalTraining(epochs=2, batch_size=16, lr=0.1)
    members = shadow_members(200, num_shadows=2)
    one, two = (
        train_shadows(task, digits, members, local, **how)
        for how in ({}, {"engine": sequential})
    )
    torch.testing.assert_close(one, two, atol=1e-10, rtol=0)


def test_an_odd_number_of_shadow_models_is_refused():
    with pytest.raises(ValueError, match="Got num_shadows=3, need an even number"):
        shadow_members(10, num_shadows=3)


def test_members_of_another_data_set_are_refused(world):
    task, digits, *_ = world
    with pytest.raises(ValueError, match=r"Got members of shape \(4, 7\)"):
        train_shadows(task, digits, shadow_members(7, num_shadows=4), LocalTraining())


def test_an_example_that_every_shadow_model_had_is_refused(world):
    task, digits, _, params, members, shadows = world
    always = members.clone()
    always[:, 0] = True
    with pytest.raises(ValueError, match="Got 1 examples that all or none"):
        likelihood_score(task, params, digits, shadows=shadows, members=always)
