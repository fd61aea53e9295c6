"""Data sets: three that need no network, four that are fetched once.

Every loader returns a `Split` of two `Dataset` records.
"""

from .embedded import blobs_2d, digits
from .folder import (
    CatalogueEntry,
    DataChecksumWarning,
    DataCorruptError,
    DataDownloadError,
    DataNotFoundError,
    catalogue,
    data_folder,
    fetch,
)
from .hospitals import heart_disease
from .images import fashion_mnist, mnist
from .plays import shakespeare
from .records import Dataset, Split
from .synthetic import synthetic

__all__ = [
    "CatalogueEntry",
    "DataChecksumWarning",
    "DataCorruptError",
    "DataDownloadError",
    "DataNotFoundError",
    "Dataset",
    "Split",
    "blobs_2d",
    "catalogue",
    "data_folder",
    "digits",
    "fashion_mnist",
    "fetch",
    "heart_disease",
    "mnist",
    "shakespeare",
    "synthetic",
]
