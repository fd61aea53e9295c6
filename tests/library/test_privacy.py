"""Clip, noise, fixed mean, adaptive clip, the ledger's epsilon, and the audit.

A property is a function that asserts. It is run on the library's stage, and on a slip
that real projects shipped, where it must raise.
"""

import math
import pickle
import warnings
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import fltutor as ft
from fltutor import accounting, privacy, promises
from fltutor.privacy import adapted, clip, clipped, fixed_mean, gaussian_noise
from fltutor.updates import State, Updates

F64 = torch.float64


def updates(k, d, seed=0, scale=1.0, round=0):
    draw = torch.Generator().manual_seed(seed)
    return Updates(
        ids=torch.arange(k) * 2,
        deltas=scale * torch.randn(k, d, generator=draw, dtype=F64),
        weights=torch.full((k,), 1 / k, dtype=F64),
        steps=torch.ones(k, dtype=torch.int64),
        round=round,
    )


def federation(*, sampling="poisson", num_clients=12, size=6, **changes):
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(8 * num_clients, 6, generator=draw, dtype=F64)
    data = ft.Dataset(x, (x[:, 0] > 0).long(), 2)
    own = {
        "uplink": (clip(max_norm=0.5), gaussian_noise(max_norm=0.5, multiplier=1.0)),
        "aggregator": fixed_mean(expected=size),
        "algorithm": ft.FedAvg(),
        **changes,
    }
    return ft.Federation(
        ft.Task(ft.models.linear(6, 2).double(), seed=0),
        ft.splitters.iid(data, num_clients=num_clients, seed=0),
        own.pop("algorithm"),
        ft.LocalTraining(epochs=1, batch_size=4, lr=0.1),
        cohort_size=size,
        sampling=sampling,
        **own,
    )


# clip -------------------------------------------------------------------------------


def no_row_is_longer_than_c(stage, bound=1.0):
    for k, d, scale in [(1, 1, 2.0), (5, 1, 50.0), (4, 7, 3.0), (3, 2, 1e-3)]:
        rows = stage(updates(k, d, scale=scale)).deltas
        assert (rows.norm(dim=1) <= bound * (1 + 1e-12)).all()


def test_no_row_is_longer_than_c():
    no_row_is_longer_than_c(clip(max_norm=1.0))


def test_a_clip_that_skips_models_of_one_number_is_seen():
    # a framework clipped in place, and left parameters without a dimension as they were
    def slip(u):
        return u if u.deltas.shape[1] == 1 else clip(max_norm=1.0)(u)

    with pytest.raises(AssertionError):
        no_row_is_longer_than_c(slip)


def test_a_vector_of_one_number_with_norm_2_comes_out_as_1():
    row = torch.tensor([[2.0], [-2.0]], dtype=F64)
    assert clipped(row, 1.0).tolist() == [[1.0], [-1.0]]


def test_a_row_that_is_a_view_is_clipped_and_its_base_stays():
    base = torch.full((3, 8), 2.0, dtype=F64)
    rows = clipped(base[:, ::2], 1.0)
    torch.testing.assert_close(rows.norm(dim=1), torch.ones(3, dtype=F64))
    assert (base == 2).all()


def test_short_rows_and_directions_stay():
    rows = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]], dtype=F64)
    expected = torch.tensor([[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]], dtype=F64)
    torch.testing.assert_close(clipped(rows, 1.0), expected)


def test_huge_rows_in_float32_are_clipped_without_overflow():
    row = torch.full((1, 4), 1e30)  # its square is beyond float32
    torch.testing.assert_close(clipped(row, 1.0), torch.full((1, 4), 0.5))


def test_the_share_of_clipped_updates_is_told():
    rows = torch.tensor([[0.5], [1.0], [1.5], [-3.0]])
    assert privacy.clipped_share(rows, 1.0) == 0.5
    assert privacy.clipped_share(rows, 1000.0) == 0.0  # nothing is ever clipped


# noise ------------------------------------------------------------------------------


def sums_noise(stage, *, k=4, d=40_000):
    """The noise of the sum over k clients, d draws of it."""
    still = replace(updates(k, d), deltas=torch.zeros(k, d, dtype=F64))
    return stage(still).deltas.sum(dim=0)


def std_of_the_sum_is_z_times_c(make):
    for max_norm, z in [(0.5, 1.0), (3.0, 1.0), (0.5, 2.5)]:
        noise = sums_noise(make(max_norm=max_norm, multiplier=z))
        # standard error of a std from 40,000 draws: 0.35 percent
        assert float(noise.std()) == pytest.approx(z * max_norm, rel=0.02)
        assert abs(float(noise.mean())) < 0.03 * z * max_norm


@pytest.mark.parametrize("placement", ["central", "distributed"])
@pytest.mark.parametrize("k", [1, 4, 9])
def test_the_noise_of_the_sum_has_std_z_times_c(placement, k):
    std_of_the_sum_is_z_times_c(
        lambda **own: lambda u: gaussian_noise(placement=placement, **own)(u)
    )
    stage = gaussian_noise(max_norm=2.0, multiplier=1.5, placement=placement)
    assert float(sums_noise(stage, k=k).std()) == pytest.approx(3.0, rel=0.02)


def test_noise_that_forgets_the_clip_is_seen():
    def slip(*, max_norm, multiplier):
        return gaussian_noise(max_norm=1.0, multiplier=multiplier)

    with pytest.raises(AssertionError):
        std_of_the_sum_is_z_times_c(slip)


def test_noise_of_that_size_on_every_row_is_seen():
    def slip(**own):
        return gaussian_noise(placement="local", **own)

    with pytest.raises(AssertionError):
        std_of_the_sum_is_z_times_c(slip)


def test_local_noise_hides_each_row_by_itself():
    stage = gaussian_noise(max_norm=2.0, multiplier=1.5, placement="local")
    still = replace(updates(3, 40_000), deltas=torch.zeros(3, 40_000, dtype=F64))
    rows = stage(still).deltas
    for row in rows:
        assert float(row.std()) == pytest.approx(3.0, rel=0.02)
    assert float(torch.corrcoef(rows)[0, 1]) == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("placement", privacy.PLACEMENTS)
def test_noise_is_fresh_in_every_round_and_the_same_when_repeated(placement):
    stage = gaussian_noise(max_norm=1, multiplier=1, placement=placement, seed=3)
    first, again, next_ = (stage(updates(3, 5, round=r)).deltas for r in (0, 0, 1))
    other = gaussian_noise(max_norm=1, multiplier=1, placement=placement, seed=4)
    assert torch.equal(first, again)
    assert (first != next_).all()
    assert (first != other(updates(3, 5)).deltas).all()


@pytest.mark.parametrize("placement", ["distributed", "local"])
def test_a_clients_own_noise_does_not_depend_on_its_row(placement):
    stage = gaussian_noise(max_norm=1, multiplier=1, placement=placement)
    whole = updates(4, 5)
    order = torch.tensor([2, 0, 3, 1])
    shuffled = replace(whole, ids=whole.ids[order], deltas=whole.deltas[order])
    torch.testing.assert_close(stage(whole).deltas[order], stage(shuffled).deltas)


def test_no_global_generator_is_moved():
    f = federation()
    before = torch.get_rng_state()
    f.run(rounds=1, progress=False)
    assert torch.equal(torch.get_rng_state(), before)


# the fixed denominator --------------------------------------------------------------


def one_client_moves_the_mean_by_at_most_c_over_qn(aggregate, expected=4.0):
    rows = clipped(updates(5, 3, scale=9).deltas, 1.0)
    for left in range(5):
        rest = torch.arange(5) != left
        change = aggregate(rows, torch.ones(5)) - aggregate(rows[rest], torch.ones(4))
        assert change.norm() <= 1.0 / expected + 1e-12


def test_one_client_moves_the_fixed_mean_by_at_most_c_over_qn():
    one_client_moves_the_mean_by_at_most_c_over_qn(fixed_mean(expected=4))


def test_a_denominator_that_is_the_number_who_came_is_seen():
    # opposite rows: without one, all the others weigh more
    rows = torch.tensor([[1.0], [-1.0]], dtype=F64)
    for aggregate, moves in [(ft.aggregators.mean, 1.0), (fixed_mean(expected=2), 0.5)]:
        both = aggregate(rows, torch.ones(2, dtype=F64))
        assert float(abs(both - aggregate(rows[:1], torch.ones(1)))) == moves


def test_a_federation_with_a_fixed_mean_divides_by_the_expected_number():
    f = federation(uplink=())
    for index in range(4):
        state, came = f.round(f.init(), index)
        expected = f.init().params + came.deltas.sum(dim=0) / 6
        torch.testing.assert_close(state.params, expected)
    assert len({len(f.sample(i)) for i in range(4)}) > 1  # cohorts did differ


# adaptive clipping ------------------------------------------------------------------


def test_the_next_clip_is_andrews():
    assert adapted(3, 0.5, quantile=0.2, lr=0.2) == pytest.approx(
        2.825293600752746, rel=1e-15
    )
    assert adapted(3, 0.5, quantile=0.5, lr=0.2) == 3


def test_the_updates_noise_beside_noised_bits_is_andrews():
    # z = 1, sigma_b = 5: (1 - 1/100)^(-1/2)
    z = privacy.noise_beside_bits(multiplier=1, bits_noise=5)
    assert z == pytest.approx(1.005037815, abs=5e-10)


def after(stage, rows, start):
    u = replace(updates(*rows.shape), deltas=rows)
    state = State(torch.zeros(rows.shape[1], dtype=F64))
    memory = stage.init(state.params, 99)
    assert float(memory["max_norm"]) == start
    return stage(u, replace(state, server=dict(memory)))


def the_clip_follows_the_unclipped(step):
    """Where most norms are above C it must grow, where most are below it must fall."""
    norms = torch.tensor([1.0, 2.0, 3.0, 4.0, 10.0], dtype=F64)
    for c, share in [(0.5, 0.0), (2.0, 0.4), (2.5, 0.4), (20.0, 1.0)]:
        expected = c * math.exp(-0.2 * (share - 0.5))
        assert step(norms, c) == pytest.approx(expected, rel=1e-12)


def test_the_bit_counts_the_unclipped():
    def step(norms, c):
        stage = privacy.adaptive_clip(start=c)
        return float(after(stage, norms[:, None], c)[1].server["max_norm"])

    the_clip_follows_the_unclipped(step)


def test_an_inverted_bit_is_seen():
    def slip(norms, c):
        return adapted(c, float((norms > c).double().mean()), quantile=0.5, lr=0.2)

    with pytest.raises(AssertionError):
        the_clip_follows_the_unclipped(slip)


def test_the_clip_converges_to_the_quantile():
    rows = torch.linspace(1, 9, 9, dtype=F64)[:, None]
    stage, state = privacy.adaptive_clip(quantile=0.7, start=0.1), None
    state = State(torch.zeros(1, dtype=F64), {"max_norm": torch.tensor([0.1]).double()})
    for index in range(200):
        u = replace(updates(9, 1, round=index), deltas=rows)
        _, state = stage(u, state)
    assert 6 <= float(state.server["max_norm"]) <= 8  # 6 of 9 below, then 7 of 9


def test_adaptive_noise_follows_the_clip_and_the_bits_have_noise_of_their_own():
    still = torch.zeros(10, 20_000, dtype=F64)
    stage = privacy.adaptive_clip(start=4.0, multiplier=2.0, bits_noise=5.0)
    out, state = after(stage, still, 4.0)
    z_delta = (2.0**-2 - 10.0**-2) ** -0.5
    assert float(out.deltas.sum(dim=0).std()) == pytest.approx(4 * z_delta, rel=0.02)
    shares = []
    for index in range(400):
        u = replace(updates(10, 1, round=index), deltas=torch.zeros(10, 1).double())
        blank = State(torch.zeros(1).double(), {"max_norm": torch.tensor([4.0])})
        new = float(stage(u, blank)[1].server["max_norm"])
        shares.append(0.5 - math.log(new / 4.0) / 0.2)
    shares = torch.tensor(shares)
    assert float(shares.mean()) == pytest.approx(1.0, abs=0.1)  # nobody was clipped
    assert float(shares.std()) == pytest.approx(5.0 / 10, rel=0.15)


def test_an_adaptive_federation_remembers_its_clip_and_accounts_for_both_noises():
    stage = privacy.adaptive_clip(start=0.3, multiplier=1.0, expected=6)
    history = federation(uplink=(stage,)).run(rounds=3, progress=False)
    assert float(history.state.server["adaptive_clip/max_norm"]) != 0.3
    plain = federation().run(rounds=3, progress=False)
    assert history["epsilon"].tolist() == plain["epsilon"].tolist()


# the ledger -------------------------------------------------------------------------


def test_every_record_says_epsilon_and_delta():
    history = federation().run(rounds=4, progress=False)
    expected = [
        accounting.spent(noise_multiplier=1, sampling_rate=0.5, rounds=n, delta=1e-5)
        for n in (1, 2, 3, 4)
    ]
    assert history["epsilon"].tolist() == [float(e) for e in expected]
    assert history["delta"].tolist() == [1e-5] * 4


def test_a_run_that_goes_on_adds_to_what_was_spent():
    f = federation()
    first = f.run(rounds=2, progress=False)
    more = f.run(rounds=2, state=first.state, start=2, progress=False)
    whole = f.run(rounds=4, progress=False)
    assert more["epsilon"].tolist() == whole["epsilon"].tolist()[2:]
    assert torch.equal(more.state.params, whole.state.params)


@pytest.mark.parametrize(
    ("x", "y"), [("epsilon", "participants"), ("round", "epsilon")]
)
def test_an_axis_of_epsilon_names_its_delta(x, y):
    history = federation().run(rounds=3, progress=False)
    picture = ft.plots.curves({"noise 1": history}, x=x, y=y)
    axes = picture.figure.axes[0]
    labels = {"epsilon": axes.get_xlabel() if x == "epsilon" else axes.get_ylabel()}
    assert labels["epsilon"] == "epsilon at delta 1e-05"
    assert picture.alt.endswith("Epsilon at delta 1e-05.")


def test_without_noise_nothing_is_claimed():
    history = federation(uplink=()).run(rounds=1, progress=False)
    assert math.isnan(history[0].epsilon)
    assert math.isnan(history[0].delta)


def test_a_cohort_of_fixed_size_counts_as_everybody():
    history = federation(sampling="fixed").run(rounds=1, progress=False)
    whole = accounting.spent(noise_multiplier=1, rounds=1, delta=1e-5)
    assert history[0].epsilon == float(whole)


def test_local_noise_is_not_amplified_by_sampling():
    noise = gaussian_noise(max_norm=0.5, multiplier=1.0, placement="local", delta=1e-6)
    f = federation(uplink=(clip(max_norm=0.5), noise))
    whole = accounting.spent(noise_multiplier=1, rounds=1, delta=1e-6)
    assert f.run(rounds=1, progress=False)[0].epsilon == float(whole)


def test_of_two_promises_the_stronger_counts():
    weak, strong = (gaussian_noise(max_norm=0.5, multiplier=z) for z in (1.0, 3.0))
    uplink = (clip(max_norm=0.5), strong, clip(max_norm=0.5), weak)
    f = federation(uplink=uplink)
    found = promises.spent(f, 5)["epsilon"]
    assert found == strong.spend(5, f) < weak.spend(5, f)


NOISE = gaussian_noise(max_norm=0.5, multiplier=1.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"uplink": (NOISE,)}, "no clip of max_norm <= 0.5 stands right before"),
        ({"uplink": (NOISE, clip(max_norm=0.5))}, "no clip"),  # clipped too late
        ({"uplink": (clip(max_norm=5.0), NOISE)}, "no clip"),  # noise forgot C
        ({"aggregator": ft.aggregators.mean}, "use privacy.fixed_mean"),
        ({"aggregator": ft.aggregators.uniform_mean}, "use privacy.fixed_mean"),
        (
            {"uplink": (privacy.adaptive_clip(multiplier=1.0),)},
            "pass expected=cohort_size",
        ),
    ],
)
def test_noise_that_proves_nothing_says_why_and_the_ledger_says_inf(changes, words):
    with pytest.warns(UserWarning, match=words):
        f = federation(**changes)
    assert f.run(rounds=1, progress=False)[0].epsilon == math.inf


def test_a_uniform_mean_of_a_fixed_cohort_has_a_fixed_denominator():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        federation(sampling="fixed", aggregator=ft.aggregators.uniform_mean)
        federation(
            uplink=(privacy.adaptive_clip(multiplier=1.0),),
            sampling="fixed",
        )


def test_shares_of_noise_under_a_secure_sum_are_the_noise_of_a_trusted_server():
    def run(aggregator):
        shares = gaussian_noise(
            max_norm=0.5, multiplier=1.0, placement="distributed", seed=2
        )
        return federation(
            sampling="fixed",
            aggregator=aggregator,
            uplink=(clip(max_norm=0.5), shares),
        ).run(rounds=2, progress=False)

    secure = ft.secagg.secure_sum(
        threshold=4, bits=24, clip=8.0, rule=ft.aggregators.uniform_mean
    )
    hidden, plain = run(secure), run(ft.aggregators.uniform_mean)
    torch.testing.assert_close(
        hidden.state.params, plain.state.params, atol=1e-5, rtol=0
    )
    whole = accounting.spent(noise_multiplier=1, rounds=2, delta=1e-5)
    assert hidden[-1].epsilon == plain[-1].epsilon == float(whole)


def test_buffers_of_an_asynchronous_federation_claim_nothing():
    # a client may stand in one buffer twice
    f = federation(sampling="fixed")
    devices = ft.systems.fleet(12, seed=0)
    history = ft.systems.Asynchronous(federation=f, devices=devices).run(rounds=2)
    assert all(math.isnan(record.epsilon) for record in history)


@pytest.mark.parametrize(
    "stage",
    [clip(max_norm=1), NOISE, privacy.adaptive_clip(), None],
    ids=lambda s: getattr(s, "name", "fixed_mean"),
)
def test_what_travels_beside_the_delta_is_refused(stage):
    own = {"uplink": (stage,)} if stage else {"uplink": ()}
    aggregator = ft.aggregators.uniform_mean if stage else fixed_mean(expected=6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        f = federation(algorithm=ft.Scaffold(), aggregator=aggregator, **own)
    with pytest.raises(ValueError, match="beside the deltas"):
        f.round(f.init(), 1)


def test_stages_pickle():
    for part in (
        clip(max_norm=1),
        NOISE,
        privacy.adaptive_clip(),
        fixed_mean(expected=2),
    ):
        assert pickle.loads(pickle.dumps(part)) == part


# the audit --------------------------------------------------------------------------


class Faint(privacy.GaussianNoise):
    """Noise of a tenth of the size that it accounts for."""

    def __call__(self, updates):
        return replace(self, multiplier=self.multiplier / 10).honest(updates)

    def honest(self, updates):
        return super().__call__(updates)


def wide(noise, **changes):
    """A federation whose model has room for orthogonal canaries."""
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(60, 30, generator=draw, dtype=F64)
    data = ft.Dataset(x, torch.arange(60) % 10, 10)
    own = {"cohort_size": 6, "aggregator": fixed_mean(expected=6), **changes}
    return ft.Federation(
        ft.Task(ft.models.linear(30, 10).double(), seed=0),
        ft.splitters.iid(data, num_clients=6, seed=0),
        ft.FedAvg(),
        ft.LocalTraining(epochs=1, lr=0.1),
        sampling="poisson",
        uplink=(clip(max_norm=0.5), noise),
        **own,
    )


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("placement", privacy.PLACEMENTS)
def test_the_audit_stays_below_the_promise(seed, placement):
    noise = gaussian_noise(max_norm=0.5, multiplier=2.0, placement=placement, seed=seed)
    found = privacy.audit(wide(noise), rounds=2, num_canaries=300, seed=seed)
    promise = accounting.spent(noise_multiplier=2.0, rounds=2, delta=1e-5)
    assert found.upper == float(promise)
    assert 0 <= found.epsilon < found.upper
    assert not found.broken


@pytest.mark.parametrize("seed", range(3))
def test_the_audit_exceeds_the_promise_where_the_noise_is_broken(seed):
    noise = Faint(max_norm=0.5, multiplier=4.0, seed=seed)
    found = privacy.audit(wide(noise), rounds=1, num_canaries=300, seed=seed)
    assert found.upper == float(
        accounting.spent(noise_multiplier=4, rounds=1, delta=1e-5)
    )
    assert found.epsilon > found.upper
    assert found.broken


def test_the_audit_finds_more_where_there_is_less_noise():
    bounds = [
        privacy.audit(
            wide(gaussian_noise(max_norm=0.5, multiplier=z)), rounds=1, num_canaries=300
        ).epsilon
        for z in (0.1, 1.0, 20.0)
    ]
    assert bounds[0] > bounds[1] > bounds[2] >= 0


def test_sampling_hides_the_canaries_too():
    noise = gaussian_noise(max_norm=0.5, multiplier=0.5)
    everyone = privacy.audit(wide(noise), rounds=1, num_canaries=300)
    few = wide(noise, cohort_size=1, aggregator=fixed_mean(expected=1))
    assert privacy.audit(few, rounds=1, num_canaries=300).epsilon < everyone.epsilon


def test_all_guesses_right_rule_out_what_the_binomial_says():
    # 95 %: (e^eps / (1 + e^eps))^100 = .05
    share = 0.05 ** (1 / 100)
    expected = math.log(share / (1 - share))
    found = privacy.lower_bound(100, 100, num_canaries=100, delta=0.0)
    assert found == pytest.approx(expected, abs=1e-6)


@given(
    guesses=st.integers(1, 60), share=st.floats(0, 1), eps=st.floats(0, 6),
    delta=st.sampled_from([0.0, 1e-5, 1e-2]),
)  # fmt: skip
def test_the_p_value_is_the_binomial_tail_and_delta_adds_to_it(
    guesses, share, eps, delta
):
    right = round(share * guesses)
    chance = 1 / (1 + math.exp(-eps))
    tail = sum(
        math.comb(guesses, k) * chance**k * (1 - chance) ** (guesses - k)
        for k in range(right, guesses + 1)
    )
    known = {"num_canaries": guesses, "epsilon": eps}
    plain = privacy.p_value(right, guesses, delta=0.0, **known)
    assert plain == pytest.approx(min(1, tail), rel=1e-9)
    assert privacy.p_value(right, guesses, delta=delta, **known) >= plain - 1e-15


def test_guesses_at_chance_rule_nothing_out():
    assert privacy.lower_bound(50, 100, num_canaries=100, delta=1e-5) == 0


def test_an_audit_needs_clients_without_memory():
    f = federation(algorithm=ft.FedDyn(alpha=0.1), uplink=(clip(max_norm=1),))
    with pytest.raises(ValueError, match="clients that remember nothing"):
        privacy.audit(f, rounds=1)


# bad input --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "name"),
    [
        *((lambda v=v: clip(max_norm=v), "max_norm") for v in (0, -1, math.nan, "1")),
        (lambda: gaussian_noise(max_norm=0, multiplier=1), "max_norm"),
        *(
            (lambda v=v: gaussian_noise(max_norm=1, multiplier=v), "multiplier")
            for v in (-0.1, math.inf, None)
        ),
        *(
            (lambda v=v: gaussian_noise(max_norm=1, multiplier=1, delta=v), "delta")
            for v in (0, 1, -1)
        ),
        (lambda: gaussian_noise(max_norm=1, multiplier=1, placement="x"), "placement"),
        (lambda: gaussian_noise(max_norm=1, multiplier=1, seed=0.5), "seed"),
        (lambda: fixed_mean(expected=0), "expected"),
        (lambda: privacy.adaptive_clip(quantile=1.5), "quantile"),
        (lambda: privacy.adaptive_clip(start=0), "start"),
        (lambda: privacy.adaptive_clip(lr=-1), "lr"),
        (lambda: privacy.adaptive_clip(expected=0), "expected"),
        (lambda: privacy.adaptive_clip(placement="local"), "placement"),
        (lambda: privacy.adaptive_clip(multiplier=2, bits_noise=1), "bits_noise"),
        (lambda: privacy.audit(federation(), rounds=0), "rounds"),
        (lambda: privacy.audit(federation(), rounds=1, num_canaries=1), "canaries"),
        (lambda: privacy.audit(federation(), rounds=1, guesses=3), "guesses"),
        (lambda: privacy.audit(federation(), rounds=1, guesses=900), "guesses"),
        (lambda: privacy.audit(federation(), rounds=1, confidence=1), "confidence"),
        (lambda: privacy.audit(federation(), rounds=1, delta=0), "delta"),
    ],
)
def test_numbers_out_of_range_are_refused_by_name(make, name):
    with pytest.raises(ValueError, match=rf"Got .*{name}.*, need .*\. \S"):
        make()
