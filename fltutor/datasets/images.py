"""`mnist` and `fashion_mnist`: 70,000 pictures each, in the IDX format."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .arrays import as_tensor
from .folder import damaged, locate, read
from .records import Dataset, Split
from .sources import FASHION_MNIST, MNIST, Source

Array = np.ndarray[Any, Any]

SIDE = 28
CLOTHES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)


def mnist(*, as_images: bool = False, download: bool = True) -> Split:
    """Return MNIST: 60,000 and 10,000 handwritten digits, 28 by 28 pixels.

    Parameters
    ----------
    as_images
        x as (n, 1, 28, 28) for convolutions instead of (n, 784); in [0, 1] both.
    download
        Fetch what is missing (11 MiB). False raises instead.

    Raises
    ------
    DataNotFoundError, DataDownloadError, DataCorruptError
        If the files are missing, cannot be fetched, or are damaged.

    Source: Y. LeCun et al., Gradient-based learning applied to document recognition,
    Proceedings of the IEEE 86 (1998), https://doi.org/10.1109/5.726791
    """
    return _load(MNIST, tuple("0123456789"), as_images, download)


def fashion_mnist(*, as_images: bool = False, download: bool = True) -> Split:
    """Return Fashion-MNIST: 60,000 and 10,000 pictures of clothes, 28 by 28 pixels.

    Parameters
    ----------
    as_images
        x as (n, 1, 28, 28) for convolutions instead of (n, 784); in [0, 1] both.
    download
        Fetch what is missing (29 MiB). False raises instead.

    Raises
    ------
    DataNotFoundError, DataDownloadError, DataCorruptError
        If the files are missing, cannot be fetched, or are damaged.

    Source: H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST (2017),
    https://arxiv.org/abs/1708.07747
    """
    return _load(FASHION_MNIST, CLOTHES, as_images, download)


def _load(
    source: Source, class_names: tuple[str, ...], as_images: bool, download: bool
) -> Split:
    paths = locate(source, download=download)
    contents = read(source, paths)
    tables = [
        parse_idx(source, path, content)
        for path, content in zip(paths, contents, strict=True)
    ]
    return Split(
        train=_dataset(source, paths[:2], tables[0], tables[1], as_images),
        test=_dataset(source, paths[2:], tables[2], tables[3], as_images),
        num_classes=10,
        name=source.name,
        licence=source.licence,
        class_names=class_names,
        description="Pictures of 28 by 28 pixels in [0, 1], cut as published.",
    )


def parse_idx(source: Source, path: Path, content: bytes) -> Array:
    """Return the bytes of an IDX file as uint8 array: (n,) or (n, 28, 28).

    The format: two zero bytes, the type (8 is unsigned byte), the number of
    dimensions, each dimension as a big-endian 32-bit number, then the values.

    Raises
    ------
    DataCorruptError
        If the header or the length is wrong.
    """
    dims = 3 if "idx3" in path.name else 1
    if content[:4] != bytes([0, 0, 8, dims]) or len(content) < 4 + 4 * dims:
        raise damaged(
            source,
            path,
            f"begins with the bytes {content[:4].hex(' ')}",
            f"an IDX file that begins with 00 00 08 0{dims}",
        )
    shape = struct.unpack_from(f">{dims}I", content, 4)
    expected = int(np.prod(shape, dtype=np.int64))
    got = len(content) - 4 - 4 * dims
    if got != expected:
        raise damaged(
            source,
            path,
            f"announces shape {shape}, so {expected} bytes, but holds {got}",
            "a whole file",
        )
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dims).reshape(shape)


def _dataset(
    source: Source, paths: tuple[Path, ...], images: Array, labels: Array, square: bool
) -> Dataset:
    """Return images and labels as one Dataset, after checking that they fit."""
    if images.shape[1:] != (SIDE, SIDE) or len(images) == 0:
        raise damaged(
            source, paths[0], f"has shape {images.shape}", f"shape (n, {SIDE}, {SIDE})"
        )
    if len(images) != len(labels):
        raise damaged(
            source,
            paths[1],
            f"holds {len(labels)} labels for {len(images)} pictures",
            "one label for each picture",
        )
    if int(labels.max()) > 9:
        raise damaged(
            source, paths[1], f"holds the label {labels.max()}", "a label in 0..9"
        )
    shape = (len(images), 1, SIDE, SIDE) if square else (len(images), SIDE * SIDE)
    pixels: Tensor = torch.tensor(
        images.reshape(shape), dtype=torch.get_default_dtype()
    )
    return Dataset(pixels.div_(255), as_tensor(labels), 10)
