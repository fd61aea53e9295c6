"""Splitters that leave the cut alone and change what an example means.

Feature shift: the same digit looks different at each client. Concept shift: the same
picture has another label. Both start from an even random cut, so that nothing else is
heterogeneous.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isqrt

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from fltutor import seeds, validate
from fltutor.clients import Client
from fltutor.datasets import Dataset
from fltutor.splitters.cutting import iid
from fltutor.splitters.shared import Indices, enough, labels_of
from fltutor.words import _

KINDS = ("rotation", "noise", "contrast")


def feature_shift(
    dataset: Dataset,
    *,
    num_clients: int,
    kind: str = "rotation",
    strength: float,
    seed: int = 0,
) -> list[Client]:
    """Cut at random, then show every client its examples in its own way.

    Client i is shifted at the level i / (N - 1): the first not at all, the last by the
    full ``strength``. Labels stay.

    Parameters
    ----------
    dataset, num_clients, seed
        float features, N, and the seed of cut and noise.
    kind
        "rotation" turns square images ``(n, s*s)``, ``(n, s, s)`` or ``(n, c, s, s)``
        counterclockwise, bilinear, 0 outside; "noise" adds Gaussian noise; "contrast"
        pulls features to their example's mean, ``m + (1 - level strength)(x - m)``.
    strength
        degrees for rotation, standard deviation for noise, 0 to 1 for contrast.

    Raises
    ------
    ValueError
        unknown kind, strength out of range, x that is not square images.

    References
    ----------
    Li et al. 2022 (arXiv:2102.02079), section 4.2: noise of variance sigma i / N.
    """
    shift = _shift_of(kind, strength, dataset)
    clients = iid(dataset, num_clients=num_clients, seed=seed)
    steps = max(num_clients - 1, 1)
    return [
        Client(c.id, replace(c.data, x=shift(c.data.x, c.id / steps, c.id, seed)))
        for c in clients
    ]


def label_flip(
    dataset: Dataset,
    *,
    num_clients: int,
    fraction: float = 0.5,
    concepts: int | None = None,
    seed: int = 0,
) -> list[Client]:
    """Cut at random, then rename the classes at a fraction of the clients.

    A renaming is a random cycle through all classes: no label keeps its meaning, and
    no single model is right for clients who mean different things by a 3.

    Parameters
    ----------
    dataset, num_clients, seed
        classification data, N, and the seed of cut, choice and renamings.
    fraction
        of the clients, in [0, 1], rounded to whole clients, drawn at random.
    concepts
        different renamings, dealt out in turn; None gives each client its own.

    Raises
    ------
    ValueError
        a fraction out of range, or fewer than two classes.
    """
    num_clients = enough(dataset, num_clients)
    labels_of(dataset)
    num_classes = dataset.num_classes or 0
    _check_flip(fraction, concepts, num_classes)
    clients = iid(dataset, num_clients=num_clients, seed=seed)
    draw = seeds.stream(seed, "split", "label_flip", "who")
    chosen = draw.permutation(num_clients)[: round(fraction * num_clients)]
    for place, i in enumerate(chosen):
        concept = place if concepts is None else place % concepts
        names = torch.from_numpy(_cycle(num_classes, seed, concept))  # (C,)
        data = clients[i].data
        clients[i] = Client(int(i), replace(data, y=names[data.y]))
    return clients


def _check_flip(fraction: float, concepts: int | None, num_classes: int) -> None:
    advice = _("Use 0.5 for half of them.")
    validate.number("fraction", fraction, low=0, high=1, advice=advice)
    if concepts is not None:
        validate.count("concepts", concepts)
    if num_classes < 2:
        raise validate.fail(
            _("{num_classes} class").format(num_classes=num_classes),
            _("two classes or more"),
            _("One cannot be renamed."),
        )


def _cycle(num_classes: int, seed: int, concept: int) -> Indices:
    """Return old label -> new label ``(C,)``, one cycle through all of them."""
    order = seeds.stream(seed, "split", "label_flip", concept).permutation(num_classes)
    names = np.empty(num_classes, dtype=np.int64)
    names[order] = np.roll(order, -1)
    return names


def _shift_of(
    kind: str, strength: float, dataset: Dataset
) -> Callable[[Tensor, float, int, int], Tensor]:
    """Check kind, strength and x; return ``(x, level, client, seed) -> x``."""
    validate.one_of("kind", kind, KINDS)
    validate.instance("dataset", dataset, Dataset)
    strength = validate.number(
        "strength",
        strength,
        low=None if kind == "rotation" else 0,
        high=1 if kind == "contrast" else None,
        advice=_("0 changes nothing; 1 already takes all contrast away."),
    )
    if not dataset.x.is_floating_point():
        advice = _("Tokens cannot be shifted: use label_flip or by_group.")
        raise validate.fail(
            _("x of {dtype}").format(dtype=dataset.x.dtype), _("float features"), advice
        )
    if kind == "rotation":
        _side(dataset.x)
        return lambda x, level, client, seed: _rotate(x, level * strength)
    if kind == "noise":
        return lambda x, level, client, seed: _noise(x, level * strength, client, seed)
    return lambda x, level, client, seed: _contrast(x, 1 - level * strength)


def _side(x: Tensor) -> int:
    """Return s of square images ``(n, s*s)``, ``(n, s, s)`` or ``(n, c, s, s)``."""
    side = isqrt(x.shape[1]) if x.ndim == 2 else x.shape[-1]
    square = x.shape[1] == side**2 if x.ndim == 2 else x.shape[-2] == side
    if x.ndim not in (2, 3, 4) or not square or side < 2:
        raise validate.fail(
            _("x of shape {shape}").format(shape=tuple(x.shape)),
            _("square images (n, s*s), (n, s, s) or (n, c, s, s)"),
            _("Use kind='noise' for features that are no pictures."),
        )
    return side


def _rotate(x: Tensor, degrees: float) -> Tensor:
    if degrees == 0:
        return x
    side = _side(x)
    images = x.reshape(len(x), -1, side, side)  # (n, c, s, s)
    c, s = float(np.cos(np.deg2rad(degrees))), float(np.sin(np.deg2rad(degrees)))
    turn = x.new_tensor([[c, -s, 0.0], [s, c, 0.0]]).expand(len(x), 2, 3)
    grid = functional.affine_grid(turn, list(images.shape), align_corners=False)
    turned = functional.grid_sample(images, grid, align_corners=False)
    return turned.reshape(x.shape)


def _noise(x: Tensor, sigma: float, client: int, seed: int) -> Tensor:
    draw = seeds.stream(seed, "split", "feature_shift", client)
    noise = draw.standard_normal(tuple(x.shape))
    return x + sigma * torch.from_numpy(noise).to(x.dtype)


def _contrast(x: Tensor, factor: float) -> Tensor:
    if factor == 1:
        return x
    middle = x.flatten(1).mean(dim=1).reshape(-1, *[1] * (x.ndim - 1))
    return middle + factor * (x - middle)
