import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fltutor import aggregators

F64 = torch.float64
ALL = [aggregators.mean, aggregators.uniform_mean]


def rows(k, d, seed=0):
    draw = torch.Generator().manual_seed(seed)
    deltas = torch.randn(k, d, generator=draw, dtype=F64)
    return deltas, torch.rand(k, generator=draw, dtype=F64) + 0.1


@pytest.mark.parametrize("aggregate", ALL, ids=lambda f: f.__name__)
class TestConformance:
    @given(k=st.integers(1, 10), d=st.integers(1, 50))
    def test_gives_one_vector(self, aggregate, k, d):
        assert aggregate(*rows(k, d)).shape == (d,)

    @given(k=st.integers(1, 10), seed=st.integers(0, 99))
    def test_the_order_of_clients_does_not_matter(self, aggregate, k, seed):
        deltas, weights = rows(k, 5, seed)
        order = torch.randperm(k, generator=torch.Generator().manual_seed(seed))
        torch.testing.assert_close(
            aggregate(deltas, weights), aggregate(deltas[order], weights[order])
        )

    def test_scales_with_the_updates(self, aggregate):
        deltas, weights = rows(4, 5)
        torch.testing.assert_close(
            aggregate(3 * deltas, weights), 3 * aggregate(deltas, weights)
        )

    def test_the_scale_of_the_weights_does_not_matter(self, aggregate):
        deltas, weights = rows(4, 5)
        torch.testing.assert_close(
            aggregate(deltas, 7 * weights), aggregate(deltas, weights)
        )

    def test_one_client_gives_its_own_update(self, aggregate):
        deltas, weights = rows(1, 5)
        torch.testing.assert_close(aggregate(deltas, weights), deltas[0])

    def test_equal_rows_give_that_row(self, aggregate):
        row, weights = rows(6, 5)[0][:1], rows(6, 5)[1]
        torch.testing.assert_close(aggregate(row.expand(6, -1), weights), row[0])

    def test_its_input_stays_as_it_was(self, aggregate):
        deltas, weights = rows(4, 5)
        before = deltas.clone(), weights.clone()
        aggregate(deltas, weights)
        assert torch.equal(deltas, before[0])
        assert torch.equal(weights, before[1])

    @pytest.mark.parametrize(
        ("deltas", "weights", "words"),
        [
            (torch.zeros(3), torch.ones(3), "matrix"),
            (torch.zeros(3, 2), torch.ones(2), "weights of shape"),
            (torch.zeros(2, 2), torch.tensor([1.0, -1.0]), "weights >= 0"),
            (torch.zeros(2, 2), torch.zeros(2), "all zero"),
            (torch.zeros(2, 2), torch.tensor([1.0, float("nan")]), "finite"),
        ],
    )
    def test_shapes_and_weights_that_do_not_fit_are_refused(
        self, aggregate, deltas, weights, words
    ):
        with pytest.raises(ValueError, match=words):
            aggregate(deltas, weights)


def test_mean_weighs_clients_by_their_examples():
    # one client with 1 example, one with 3: (1 * 0 + 3 * 4) / 4
    deltas = torch.tensor([[0.0], [4.0]], dtype=F64)
    assert aggregators.mean(deltas, torch.tensor([1, 3])).item() == 3.0


def test_uniform_mean_does_not():
    deltas = torch.tensor([[0.0], [4.0]], dtype=F64)
    assert aggregators.uniform_mean(deltas, torch.tensor([1, 3])).item() == 2.0
