import pytest
import torch
from torch import nn

from fltutor import models
from fltutor.vectors import Layout


def test_unflatten_inverts_flatten():
    module = models.mlp(4, 3, 2)
    layout = Layout.of(module)
    pieces = layout.unflatten(layout.flatten(module))
    assert all(torch.equal(pieces[n], p) for n, p in module.named_parameters())


def test_flatten_copies():
    module = models.linear(2, 2)
    vector = Layout.of(module).flatten(module)
    vector += 1
    assert not torch.equal(vector, Layout.of(module).flatten(module))


def test_unflatten_keeps_leading_axes():
    layout = Layout.of(models.linear(3, 2))
    assert layout.unflatten(torch.zeros(5, 7, 8))["head.weight"].shape == (5, 7, 2, 3)


def test_slices_cover_the_vector_once():
    layout = Layout.of(models.mlp(4, 3, 2))
    covered = torch.zeros(layout.size)
    for part in layout.slices.values():
        covered[part] += 1
    assert torch.equal(covered, torch.ones(layout.size))


def test_frozen_parameters_are_not_in_the_vector():
    module = models.mlp(4, 3, 2)
    module.hidden1.requires_grad_(False)
    assert list(Layout.of(module).shapes) == ["head.weight", "head.bias"]


def test_mask_marks_the_named_block():
    layout = Layout.of(models.mlp(4, 3, 2))
    assert layout.mask("head").sum() == 3 * 2 + 2
    assert layout.mask("head", "hidden1").all()


def test_an_unknown_prefix_is_named():
    with pytest.raises(ValueError, match=r"prefix='tail'.*'head.weight'"):
        Layout.of(models.linear(2, 2)).mask("tail")


def test_a_vector_of_wrong_length_is_refused():
    with pytest.raises(ValueError, match="Got a vector of 5 parameters, need 6"):
        Layout.of(models.linear(2, 2)).unflatten(torch.zeros(5))


def test_a_module_without_parameters_is_refused():
    with pytest.raises(ValueError, match="trainable float parameters"):
        Layout.of(nn.ReLU())


def test_a_module_of_another_layout_is_refused():
    layout = Layout.of(models.linear(3, 2))
    with pytest.raises(ValueError, match="Layout.of"):
        layout.flatten(models.linear(2, 2))
