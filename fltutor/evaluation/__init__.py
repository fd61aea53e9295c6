"""L5: measuring honestly: on whose data, with how many seeds, with whose tuning.

``scores`` measures a model on everyone's data and on each client's own; ``local_only``
and ``central`` are the two baselines between which a federation stands. ``repeat`` and
``compare`` say whether B is better than A, and when one cannot tell; ``tune`` gives
every method the same number of tries. ``update_cosine`` and ``drift_norm`` say how far
a round's clients drifted apart.
"""

from fltutor.evaluation.comparing import (
    Comparison,
    Interval,
    bootstrap,
    compare,
    ranks,
    repeat,
    table,
)
from fltutor.evaluation.drifting import drift_norm, update_cosine
from fltutor.evaluation.regimes import central, local_only, pool, regimes, train
from fltutor.evaluation.scoring import Scores, hold_out, per_class, scores, summary
from fltutor.evaluation.tuning import Tuning, settings, tune

__all__ = [
    "Comparison",
    "Interval",
    "Scores",
    "Tuning",
    "bootstrap",
    "central",
    "compare",
    "drift_norm",
    "hold_out",
    "local_only",
    "per_class",
    "pool",
    "ranks",
    "regimes",
    "repeat",
    "scores",
    "settings",
    "summary",
    "table",
    "train",
    "tune",
    "update_cosine",
]
