"""The records and the data sets that need no network."""

import torch

from fltutor.datasets import blobs_2d, digits


def test_digits_sizes_and_range():
    split = digits()
    assert (len(split.train), len(split.test)) == (1437, 360)
    assert split.train.x.shape == (1437, 64)
    assert float(split.train.x.min()) == 0.0 and float(split.train.x.max()) == 1.0
    assert split.train.y.dtype == torch.int64


def test_blobs_shape():
    split = blobs_2d(4, 50)
    assert (len(split.train), len(split.test)) == (160, 40)
