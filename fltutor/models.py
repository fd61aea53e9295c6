"""Builders of the course's models: linear, mlp, cnn, char_rnn.

All normalise with GroupNorm or not at all, and none has dropout: every number of a
model is then a trainable parameter, and a model is one vector. A builder gives the
module; :class:`fltutor.Task` gives it its seeded start.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from fltutor import validate


def linear(num_features: int, num_outputs: int) -> nn.Sequential:
    """Build logistic (or linear) regression: ``(B, f) -> (B, outputs)``.

    Examples
    --------
    >>> sum(p.numel() for p in linear(64, 10).parameters())
    650
    """
    validate.count("num_features", num_features)
    validate.count("num_outputs", num_outputs)
    return nn.Sequential(OrderedDict(head=nn.Linear(num_features, num_outputs)))


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
            f"sizes {sizes}", "at least (features, outputs)", "mlp(64, 32, 10), say."
        )
    for size in sizes:
        validate.count("size", size)
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for index, (left, right) in enumerate(zip(sizes[:-2], sizes[1:-1], strict=True)):
        layers[f"hidden{index + 1}"] = nn.Linear(left, right)
        layers[f"relu{index + 1}"] = nn.ReLU()
    layers["head"] = nn.Linear(sizes[-2], sizes[-1])
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
    if image_size % 4:
        raise validate.fail(
            f"image_size={image_size}", "a multiple of 4", "Pad the images: 28, 32."
        )
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for index, (left, right) in enumerate(((1, channels[0]), channels)):
        layers[f"conv{index + 1}"] = nn.Conv2d(left, right, 5, padding=2)
        if num_groups is not None:
            layers[f"norm{index + 1}"] = nn.GroupNorm(num_groups, right)
        layers[f"relu{index + 1}"] = nn.ReLU()
        layers[f"pool{index + 1}"] = nn.MaxPool2d(2)
    layers["flat"] = nn.Flatten()
    layers["hidden"] = nn.Linear(channels[1] * (image_size // 4) ** 2, hidden)
    layers["relu3"] = nn.ReLU()
    layers["head"] = nn.Linear(hidden, num_outputs)
    return nn.Sequential(layers)


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
    validate.count("vocabulary", vocabulary, low=2)
    return CharRNN(vocabulary, embedding, hidden, num_layers)


def num_parameters(module: nn.Module) -> int:
    """Count a module's trainable parameters, the length d of its vector."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def reset(module: nn.Module, seed: int) -> None:
    """Draw a module's parameters anew, the same numbers in every precision.

    Each layer's own ``reset_parameters`` runs in float64 under a forked generator;
    the process's random state is as before afterwards.
    """
    kinds = {name: p.dtype for name, p in module.named_parameters()}
    module.double()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for layer in module.modules():
            draw = getattr(layer, "reset_parameters", None)
            if callable(draw):
                draw()
    for name, parameter in module.named_parameters():
        parameter.data = parameter.data.to(kinds[name])
