"""Privacy accounting, held to published numbers and to identities."""

import copy
import math
import pickle
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fltutor import accounting
from fltutor.accounting import (
    classic_gaussian_noise,
    epsilon,
    gaussian_epsilon,
    noise_for,
    quadrature,
    rdp_gaussian,
    renyi,
    spent,
)

#: the orders of the libraries whose numbers are quoted: 1.1 to 10.9 by .1, 12 to 63
COMMON = [*(round(1 + k / 10, 1) for k in range(1, 100)), *range(12, 64)]


def rdp(q, z, order):
    return rdp_gaussian(noise_multiplier=z, sampling_rate=q, orders=[order])[0]


def total(q, z, rounds, *, delta=1e-5, orders=COMMON, conversion="improved"):
    return spent(
        noise_multiplier=z,
        sampling_rate=q,
        rounds=rounds,
        delta=delta,
        orders=orders,
        conversion=conversion,
    )


# one round --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("q", "z", "order", "value"),
    [
        # Mironov, Talwar, Zhang 2019, equation for whole orders, summed by hand
        (0.01, 1, 2, 1.7181342e-4),  # log(1 + q^2 (e - 1))
        (0.1, 1, 2, 0.017036863),
        (0.1, 1, 8, 1.3783614),
        (0.01, 4, 17, 5.5363268e-5),
    ],
)
def test_one_round_has_the_published_divergence(q, z, order, value):
    assert rdp(q, z, order) == pytest.approx(value, rel=5e-8)


def test_order_two_is_the_closed_form():
    # E[(1 + q (r - 1))^2] = 1 + q^2 (E[r^2] - 1), E[r^2] = exp(1 / z^2)
    expected = math.log1p(0.3**2 * math.expm1(1 / 1.7**2))
    assert rdp(0.3, 1.7, 2) == pytest.approx(expected, rel=1e-13)


@given(order=st.floats(1.01, 500), z=st.floats(0.05, 100))
def test_without_sampling_it_is_the_gaussians(order, z):
    assert rdp(1, z, order) == pytest.approx(order / (2 * z * z), rel=1e-12)


@given(
    q=st.floats(-10, -0.01).map(lambda e: 10**e),
    z=st.floats(-1, 2.5).map(lambda e: 10**e),
    order=st.integers(2, 200),
)
def test_the_integral_equals_the_sum_at_whole_orders(q, z, order):
    by_sum = renyi._log_excess(order, q, 0.5 / z**2)
    by_integral = quadrature.log_excess(float(order), q, z)
    assert by_integral == pytest.approx(by_sum, rel=1e-11, abs=1e-11)


@given(
    q=st.floats(1e-6, 0.999),
    z=st.floats(0.02, 30),
    order=st.floats(1.05, 60),
)
def test_the_logarithm_of_the_moment_is_convex_in_the_order(q, z, order):
    # of any random variable, so that a wrong fractional order stands out beside others
    orders = [order, order + 0.4, order + 0.8]
    values = rdp_gaussian(noise_multiplier=z, sampling_rate=q, orders=orders)
    low, middle, high = values * (np.array(orders) - 1)
    assert middle <= (low + high) / 2 * (1 + 1e-9)
    assert values[0] <= values[1] * (1 + 1e-9)  # and the divergence grows


@pytest.mark.parametrize(
    ("order", "q", "z", "value"),
    [
        # the integral with 30 digits (mpmath, tanh-sinh between the bends)
        (1.1, 0.01, 1, -11.591804855944421),
        (2.7, 0.5, 2, -1.718639810728419),
        (10.9, 0.9, 0.7, 108.96381527932436),
        (1.1, 0.5, 10, -8.890320715529716),
        (5.5, 1e-6, 1.2, -25.11274527858005),
        (3.3, 0.99, 0.3, 42.13350055835038),
    ],
)
def test_fractional_orders_are_exact(order, q, z, value):
    assert quadrature.log_excess(order, q, z) == pytest.approx(value, rel=1e-13)


@pytest.mark.parametrize("order", [1.05, 1.2, 1.5, 3.7])
@pytest.mark.parametrize(("q", "z"), [(1e-200, 0.1), (1e-30, 0.5), (1e-12, 2.0)])
def test_rare_clients_cost_the_square_of_their_rate(order, q, z):
    # E[(1 + x)^a - 1 - a x] with x tiny wherever it counts: a (a - 1) / 2 E[x^2]
    expected = math.log(order * (order - 1) / 2) + 2 * math.log(q)
    expected += 1 / z**2 + math.log(-math.expm1(-1 / z**2))
    assert quadrature.log_excess(order, q, z) == pytest.approx(expected, rel=1e-9)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("z", [0, 1e-300, 1e-100, 1e-3, 0.00999, 0.01, 1, 1e5, 1e300])
@pytest.mark.parametrize("q", [1e-300, 1e-8, 0.5, 1 - 1e-12, 1])
def test_nothing_overflows(z, q):
    orders = [1.0001, 1.5, 2, 64, 255, 300.5, 1024, 1e5]
    values = rdp_gaussian(noise_multiplier=z, sampling_rate=q, orders=orders)
    assert not np.isnan(values).any()
    assert (values >= 0).all()
    assert (values[1:] >= values[:-1] * (1 - 1e-9)).all()
    assert np.isinf(values).all() == np.isinf(values).any() == (z < 1e-150)


def test_tiny_noise_and_small_noise_meet():
    # two ways of computing on both sides of the threshold
    below, above = (rdp(1e-4, z, 3.7) for z in (0.00999999, 0.01000001))
    assert below == pytest.approx(above, rel=1e-5)


# from divergences to epsilon ---------------------------------------------------------


@pytest.mark.parametrize(
    ("q", "z", "rounds", "improved", "classic"),
    [
        (0.01, 1, 1000, 2.1014, 2.5380),
        (0.01, 4, 10_000, 1.0355, 1.2586),  # Abadi 2016 reports 1.26
        (256 / 60_000, 1.1, 14_100, 2.6003, 3.0124),
    ],
)
def test_epsilons_of_both_conversions(q, z, rounds, improved, classic):
    assert round(total(q, z, rounds), 4) == improved
    assert round(total(q, z, rounds, conversion="classic"), 4) == classic


def test_epsilon_without_sampling_lies_above_the_analytic_one():
    assert round(total(1, 5, 10), 4) == 2.8137
    exact = gaussian_epsilon(noise_multiplier=5, rounds=10, delta=1e-5)
    assert exact == pytest.approx(2.594383, abs=5e-7)  # Balle and Wang 2018


def test_opacus_number():
    # z = 1.5, q = .04, 2,250 steps, its own orders; the best is 3.9, where its series
    # stops at terms of exp(-30)
    assert total(0.04, 1.5, 2250) == pytest.approx(7.32911117143, abs=1e-10)


def test_tensorflow_privacys_number_and_order():
    # 60,000 examples in batches of 150, z = 1.3, 15 epochs
    found = total(150 / 60_000, 1.3, 6000, orders=range(2, 65))
    assert found == pytest.approx(0.7242234026, abs=5e-11)
    assert found.order == 19


@pytest.mark.parametrize(("users", "value"), [(763_430, 4.634), (1e8, 1.152)])
def test_mcmahans_table(users, value):
    # McMahan et al. 2018: 5,000 a round, z = 1, 5,000 rounds, moments at 1 to 32
    found = total(
        5000 / users, 1, 5000, delta=1e-9, orders=range(2, 34), conversion="classic"
    )
    assert round(found, 3) == value


def test_the_textbooks_noise():
    assert classic_gaussian_noise(epsilon=1, delta=1e-5) == pytest.approx(
        4.844805, abs=5e-7
    )


def test_the_analytic_epsilon_solves_its_equation():
    # delta(eps) = Phi(mu/2 - eps/mu) - e^eps Phi(-mu/2 - eps/mu), by error functions
    mu = math.sqrt(7) / 1.3
    eps = gaussian_epsilon(noise_multiplier=1.3, rounds=7, delta=1e-3)

    def phi(x):
        return math.erfc(-x / math.sqrt(2)) / 2

    back = phi(mu / 2 - eps / mu) - math.exp(eps) * phi(-mu / 2 - eps / mu)
    assert back == pytest.approx(1e-3, rel=1e-9)


@given(z=st.floats(0.3, 50), delta=st.floats(-12, -1).map(lambda e: 10**e))
def test_no_renyi_bound_lies_below_the_exact_epsilon(z, delta):
    exact = gaussian_epsilon(noise_multiplier=z, delta=delta)
    assert total(1, z, 1, delta=delta, orders=accounting.ORDERS) >= exact - 1e-9


@given(
    rounds=st.integers(1, 5000), z=st.floats(0.4, 20), q=st.floats(1e-4, 1),
)  # fmt: skip
def test_more_rounds_cost_more_and_the_classic_conversion_too(rounds, z, q):
    one, more = (total(q, z, n, orders=range(2, 64)) for n in (rounds, rounds + 1))
    assert one <= more
    assert one <= total(q, z, rounds, orders=range(2, 64), conversion="classic")


def test_no_round_costs_nothing_and_no_noise_everything():
    # the orders cannot prove less than log(1 - 1/a) - log(delta a)/(a - 1) at the best
    assert spent(noise_multiplier=0, rounds=0, delta=1e-5) < 0.02
    assert spent(noise_multiplier=0, rounds=1, delta=1e-5) == math.inf
    assert gaussian_epsilon(noise_multiplier=3, rounds=0, delta=1e-5) == 0
    assert gaussian_epsilon(noise_multiplier=0, delta=1e-5) == math.inf
    assert gaussian_epsilon(noise_multiplier=1e9, delta=1e-3) == 0


@pytest.mark.parametrize("target", [0.1, 1, 8, 50])
@pytest.mark.parametrize("conversion", accounting.CONVERSIONS)
def test_the_noise_for_an_epsilon_is_enough_and_no_more(target, conversion):
    rest = {"delta": 1e-6, "sampling_rate": 0.02, "rounds": 300}
    z = noise_for(epsilon=target, conversion=conversion, **rest)
    assert spent(noise_multiplier=z, conversion=conversion, **rest) <= target
    less = z * (1 - 3e-6)
    assert spent(noise_multiplier=less, conversion=conversion, **rest) > target


def test_an_epsilon_is_a_number_that_remembers_its_delta():
    found = total(0.01, 4, 10_000, orders=range(2, 64))
    assert (found.delta, found.order) == (1e-5, 17.0)
    for copied in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert (copied, copied.delta, copied.order) == (found, 1e-5, 17.0)
    assert f"{found:.2f} {float(found) == found}" == "1.04 True"
    assert "delta=1e-05" in repr(found)


def test_ten_thousand_rounds_are_accounted_for_in_a_tenth_of_a_second():
    begin = time.process_time()
    total(0.0123, 1.07, 10_000, orders=accounting.ORDERS)
    assert time.process_time() - begin < 0.1 * 3  # three times, for a busy machine


# bad input --------------------------------------------------------------------------


GOOD = {"noise_multiplier": 1.0, "sampling_rate": 0.1, "rounds": 3, "delta": 1e-5}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("noise_multiplier", v) for v in (-0.1, math.nan, math.inf, "1", None, True)),
        *(("sampling_rate", v) for v in (0, -0.1, 1.0001, math.nan, [0.1])),
        *(("delta", v) for v in (0, 1, -1e-5, 2, math.nan)),
        *(("orders", v) for v in ([1], [0.5], [], [2, math.nan], [math.inf], "2", 1.0)),
        *(("rounds", v) for v in (-1, 2.5, True)),
        ("conversion", "new"),
    ],
)
def test_numbers_out_of_range_are_refused_by_name(name, value):
    with pytest.raises(ValueError, match=rf"Got .*{name}.*, need .*\. \S"):
        spent(**{**GOOD, name: value})


@pytest.mark.parametrize("values", [[0.1], [0.1, -1.0], [0.1, math.nan], 0.1])
def test_divergences_must_fit_their_orders(values):
    with pytest.raises(ValueError, match="need one number, at least 0, for each order"):
        epsilon(values, [2, 3], delta=1e-5)


@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_an_epsilon_that_is_asked_for_is_above_zero(value):
    with pytest.raises(ValueError, match="epsilon > 0"):
        noise_for(epsilon=value, delta=1e-5)


def test_an_epsilon_that_no_noise_reaches_is_refused():
    with pytest.raises(ValueError, match="Add higher orders"):
        noise_for(epsilon=0.1, delta=1e-5, orders=[2, 3])


def test_the_textbooks_proof_ends_at_one():
    with pytest.raises(ValueError, match="use noise_for"):
        classic_gaussian_noise(epsilon=1.5, delta=1e-5)


def test_numpys_numbers_and_arrays_count():
    orders = np.arange(2, 40)
    found = spent(
        noise_multiplier=np.float32(2),
        sampling_rate=np.float64(0.5),
        rounds=np.int64(3),
        delta=1e-5,
        orders=orders,
    )
    assert found == spent(
        noise_multiplier=2, sampling_rate=0.5, rounds=3, delta=1e-5, orders=range(2, 40)
    )
