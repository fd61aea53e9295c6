"""Data sets: three that need no network, four that are fetched once.

Every loader returns a `Split` of two `Dataset` records.
"""

from .embedded import blobs_2d, digits
from .records import Dataset, Split

__all__ = ["Dataset", "Split", "blobs_2d", "digits"]
