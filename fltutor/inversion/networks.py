"""A small network that is smooth, as those of the first attacks were."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from fltutor import validate
from fltutor.words import _


def smooth_cnn(
    image_size: int = 8,
    num_outputs: int = 10,
    *,
    channels: tuple[int, int] = (4, 8),
    hidden: int = 32,
) -> nn.Sequential:
    """Build a CNN with tanh, and strides instead of pooling.

    It maps ``(B, 1, size, size) -> (B, outputs)``.

    L-BFGS needs second derivatives. ReLU has none but zero, and max pooling hides
    three pixels of four: the attack that gets a picture back from this network to 1e-10
    stays stuck on :func:`fltutor.models.cnn`.

    References
    ----------
    Zhu et al. 2019 (arXiv:1906.08935), section 4.1: a LeNet with sigmoid and without
    strides, larger than this one.

    Examples
    --------
    >>> sum(p.numel() for p in smooth_cnn().parameters())
    2298
    """
    if image_size % 4:
        raise validate.fail(
            f"image_size={image_size}", _("a multiple of 4"), _("Pad the images.")
        )
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for index, (left, right) in enumerate(((1, channels[0]), channels)):
        layers[f"conv{index + 1}"] = nn.Conv2d(left, right, 5, stride=2, padding=2)
        layers[f"tanh{index + 1}"] = nn.Tanh()
    layers["flat"] = nn.Flatten()
    layers["hidden"] = nn.Linear(channels[1] * (image_size // 4) ** 2, hidden)
    layers["tanh3"] = nn.Tanh()
    layers["head"] = nn.Linear(hidden, num_outputs)
    return nn.Sequential(layers)
