import pytest
import torch

from fltutor import models

SMALL_CNN = models.cnn(8, 4, channels=(4, 8), num_groups=2)


@pytest.mark.parametrize(
    ("module", "x", "outputs", "parameters"),
    [
        (models.linear(64, 10), torch.rand(3, 64), 10, 650),
        (models.mlp(784, 200, 200, 10), torch.rand(3, 784), 10, 199_210),
        (models.cnn(28, 10), torch.rand(3, 1, 28, 28), 10, 1_663_370),
        (SMALL_CNN, torch.rand(3, 1, 8, 8), 4, None),
        (models.char_rnn(30), torch.randint(0, 30, (3, 7)), 30, None),
    ],
)
def test_models_map_a_batch_to_scores_and_have_the_papers_sizes(
    module, x, outputs, parameters
):
    assert module(x).shape == (3, outputs)
    if parameters is not None:
        assert models.num_parameters(module) == parameters


def test_reset_draws_the_same_numbers_in_both_precisions():
    single, double = models.mlp(4, 3, 2).float(), models.mlp(4, 3, 2).double()
    models.reset(single, 5)
    models.reset(double, 5)
    for a, b in zip(single.parameters(), double.parameters(), strict=True):
        assert a.dtype == torch.float32
        assert torch.equal(a, b.float())


def test_reset_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    models.reset(models.mlp(4, 3, 2), 5)
    torch.set_rng_state(before)
    module = models.mlp(4, 3, 2)
    torch.set_rng_state(before)
    models.reset(module, 1)
    assert torch.equal(torch.get_rng_state(), before)


def test_an_image_size_that_does_not_pool_is_refused():
    with pytest.raises(ValueError, match="multiple of 4"):
        models.cnn(27)


def test_an_mlp_of_one_size_is_refused():
    with pytest.raises(ValueError, match="at least"):
        models.mlp(64)
