"""Aggregators that a few bad rows cannot lead anywhere, each with its price.

An aggregator here is a function or a record ``(deltas (K, d), weights (K,)) -> (d,)``
like :func:`fltutor.aggregators.mean`. ``columns`` looks at each number alone,
``nearness`` at which rows lie close together, ``centres`` looks for a point in their
middle, ``mixing`` prepares rows for another rule. All of them throw honest minorities
away where data are skewed, and none can run on what secure aggregation hides.
"""

from fltutor.robust.centres import (
    CentredClipping,
    GeometricMedian,
    NormBound,
    centred_clipping,
    geometric_median,
    norm_bound,
)
from fltutor.robust.columns import TrimmedMean, median, trimmed_mean
from fltutor.robust.mixing import (
    Bucketing,
    NearestNeighbourMixing,
    bucketing,
    nearest_neighbour_mixing,
)
from fltutor.robust.nearness import (
    Bulyan,
    Krum,
    MultiKrum,
    bulyan,
    krum,
    krum_scores,
    multi_krum,
)

__all__ = [
    "Bucketing",
    "Bulyan",
    "CentredClipping",
    "GeometricMedian",
    "Krum",
    "MultiKrum",
    "NearestNeighbourMixing",
    "NormBound",
    "TrimmedMean",
    "bucketing",
    "bulyan",
    "centred_clipping",
    "geometric_median",
    "krum",
    "krum_scores",
    "median",
    "multi_krum",
    "nearest_neighbour_mixing",
    "norm_bound",
    "trimmed_mean",
]
