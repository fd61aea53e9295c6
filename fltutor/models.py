"""Builders of the course's models: linear, mlp, cnn, char_rnn.

All normalise with GroupNorm or not at all, and none has dropout: every number of a
model is then a trainable parameter, and a model is one vector. A builder gives the
module; :class:`fltutor.Task` gives it its seeded start. Until then two modules of one
shape start alike: nothing reads or moves torch's global generator.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from fltutor import validate
from fltutor.words import _


def linear(num_features: int, num_outputs: int) -> nn.Sequential:
    """Build logistic (or linear) regression: ``(B, f) -> (B, outputs)``.

    Examples
    --------
    >>> sum(p.numel() for p in linear(64, 10).parameters())
    650
    """
    features = validate.count("num_features", num_features)
    outputs = validate.count("num_outputs", num_outputs)
    with _generator(0):
        return nn.Sequential(OrderedDict(head=nn.Linear(features, outputs)))


def mlp(*sizes: int) -> nn.Sequential:
    """Build a multi-layer perceptron with ReLU between its layers.

    Parameters
    ----------
    *sizes
        features, hidden widths, outputs. ``mlp(784, 200, 200, 10)`` is the
        2NN of McMahan et al. 2017 (arXiv:1602.05629), 199,210 parameters.

    Examples
    --------
    >>> sum(p.numel() for p in mlp(784, 200, 200, 10).parameters())
    199210
    """
    if len(sizes) < 2:
        raise validate.fail(
            _("sizes {sizes}").format(sizes=sizes),
            _("at least (features, outputs)"),
            _("mlp(64, 32, 10), say."),
        )
    widths = [validate.count("size", size) for size in sizes]
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    with _generator(0):
        for index, (left, right) in enumerate(pairwise(widths[:-1])):
            layers[f"hidden{index + 1}"] = nn.Linear(left, right)
            layers[f"relu{index + 1}"] = nn.ReLU()
        layers["head"] = nn.Linear(widths[-2], widths[-1])
    return nn.Sequential(layers)


def cnn(
    image_size: int = 28,
    num_outputs: int = 10,
    *,
    channels: tuple[int, int] = (32, 64),
    hidden: int = 512,
    num_groups: int | None = None,
) -> nn.Sequential:
    """Build the CNN of McMahan et al. 2017: ``(B, 1, size, size) -> (B, outputs)``.

    Two 5x5 convolutions, each with ReLU and 2x2 max pooling, a hidden layer, a head:
    1,663,370 parameters by default, as in section 3 (arXiv:1602.05629).

    Parameters
    ----------
    image_size
        pixels on a side, a multiple of 4.
    num_outputs
        classes.
    channels, hidden
        of the two convolutions, width of the layer before the head.
    num_groups
        adds GroupNorm after each convolution; must divide both channels.
    """
    side = _quarter(image_size)
    wide, width = _channels(channels, num_groups), validate.count("hidden", hidden)
    outputs = validate.count("num_outputs", num_outputs)
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    with _generator(0):
        for index, (left, right) in enumerate(pairwise((1, *wide))):
            layers[f"conv{index + 1}"] = nn.Conv2d(left, right, 5, padding=2)
            if num_groups is not None:
                layers[f"norm{index + 1}"] = nn.GroupNorm(num_groups, right)
            layers[f"relu{index + 1}"] = nn.ReLU()
            layers[f"pool{index + 1}"] = nn.MaxPool2d(2)
        layers["flat"] = nn.Flatten()
        layers["hidden"] = nn.Linear(wide[1] * side**2, width)
        layers["relu3"] = nn.ReLU()
        layers["head"] = nn.Linear(width, outputs)
    return nn.Sequential(layers)


def _quarter(image_size: int) -> int:
    """Return the pixels on a side that two poolings leave."""
    size = validate.count("image_size", image_size, low=4)
    if size % 4:
        raise validate.fail(
            f"image_size={size}", _("a multiple of 4"), _("Pad the images: 28, 32.")
        )
    return size // 4


def _channels(channels: Any, num_groups: int | None) -> list[int]:
    """Check the widths of two convolutions and the groups that cut them."""
    wide = [
        validate.count("channels", c) for c in validate.entries("channels", channels)
    ]
    if len(wide) != 2:
        raise validate.fail(
            f"channels={validate.shown(channels)}", _("two widths"), _("(32, 64), say.")
        )
    if num_groups is not None:
        groups = validate.count("num_groups", num_groups)
        if any(width % groups for width in wide):
            raise validate.fail(
                _("num_groups={groups} and channels {wide}").format(
                    groups=groups, wide=tuple(wide)
                ),
                _("groups that divide both"),
                _("Use num_groups=1, or a common divisor."),
            )
    return wide


class CharRNN(nn.Module):
    """Predict the next character: ``(B, T) int64 -> (B, vocabulary)``."""

    def __init__(self, vocabulary: int, embedding: int, hidden: int, layers: int):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(embedding, hidden, num_layers=layers, batch_first=True)
        self.head = nn.Linear(hidden, vocabulary)

    def forward(self, x: Tensor) -> Tensor:
        """Read ``T`` characters and score the one that follows."""
        states, _ = self.lstm(self.embedding(x))  # (B, T, hidden)
        scores: Tensor = self.head(states[..., -1, :])  # (B, vocabulary)
        return scores


def char_rnn(
    vocabulary: int, *, embedding: int = 8, hidden: int = 64, num_layers: int = 1
) -> CharRNN:
    """Build a small character LSTM: ``(B, T) int64 -> (B, vocabulary)``.

    McMahan et al. 2017 use embedding 8 and two layers of 256 on Shakespeare; the
    defaults here are smaller, to train in seconds.
    """
    with _generator(0):
        return CharRNN(
            validate.count("vocabulary", vocabulary, low=2),
            validate.count("embedding", embedding),
            validate.count("hidden", hidden),
            validate.count("num_layers", num_layers),
        )


def num_parameters(module: nn.Module) -> int:
    """Count a module's trainable parameters, the length d of its vector."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def reset(module: nn.Module, seed: int) -> None:
    """Draw a module's trainable parameters anew, the same in every precision.

    Each layer's own ``reset_parameters`` (attention's ``_reset_parameters``) runs in
    float64 under a forked generator, a layer after those inside it; the process's
    random state is as before afterwards. Frozen parameters and buffers stay.

    Raises
    ------
    ValueError
        a trainable parameter that no layer draws; the module is then as before.
    """
    named = dict(module.named_parameters())
    before = {name: p.data for name, p in named.items()}
    for parameter in named.values():
        if parameter.is_floating_point():
            parameter.data = parameter.data.double().fill_(float("nan"))
    with _generator(seed):
        for layer in _inside_out(module):
            draw = getattr(layer, "reset_parameters", None)
            draw = draw or getattr(layer, "_reset_parameters", None)
            if callable(draw):
                draw()
    drawn = {n: p.data for n, p in named.items() if p.requires_grad}
    missed = [name for name, data in drawn.items() if bool(data.isnan().any())]
    for name, parameter in named.items():
        kept = missed or name not in drawn
        old = before[name]
        parameter.data = old if kept else drawn[name].to(old.dtype)
    if missed:
        raise validate.fail(
            _("parameters {missed} that no layer's reset_parameters() draws").format(
                missed=missed
            ),
            _("a seeded start for every trainable parameter"),
            _(
                "Give their module a reset_parameters(), or keep the module's "
                "own start with Task(module, seed=None)."
            ),
        )


def _inside_out(module: nn.Module) -> list[nn.Module]:
    """List every layer once, after those inside it, as they are made."""
    found: dict[nn.Module, None] = {}
    for child in module.children():
        found |= dict.fromkeys(_inside_out(child))
    return [*found, module]


@contextmanager
def _generator(seed: int) -> Iterator[None]:
    """Let layers draw from a fresh generator; torch's global one stays as it is."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
