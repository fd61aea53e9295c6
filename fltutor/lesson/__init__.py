"""L7: what cells of a lesson call: setup, compare, predict, yours, quiz, table."""

from __future__ import annotations

from fltutor.lesson.agreement import compare
from fltutor.lesson.guesses import Prediction, Reveal, predict
from fltutor.lesson.questions import Quiz, quiz
from fltutor.lesson.tables import Table, table
from fltutor.lesson.turns import progress, yours

__all__ = [
    "Prediction",
    "Quiz",
    "Reveal",
    "Table",
    "compare",
    "predict",
    "progress",
    "quiz",
    "setup",
    "table",
    "yours",
]


def setup() -> None:
    """Make a notebook ready: float64, one thread, short numbers, the figure style.

    * float64 everywhere, so that every machine prints the same digits;
    * one thread for torch: the course's tensors are small, and small tensors are
      slower on two threads than on one;
    * at most four digits in printed arrays and tensors;
    * the course's figure style for figures that a learner draws.

    It seeds nothing: the course never draws from a global random generator.
    """
    import numpy as np
    import torch

    from fltutor import plots

    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    torch.set_printoptions(  # type: ignore[no-untyped-call]
        precision=4, sci_mode=False
    )
    np.set_printoptions(precision=4, suppress=True)
    plots.use_style()
