"""Checks of lesson 02, FedAvg from scratch."""

from __future__ import annotations

from fltutor.course.lesson_02.checks.exercises import (
    ARRIVE,
    CAREFUL_STEP,
    DIAGNOSE,
    MISSING_DELTA,
)
from fltutor.course.lesson_02.checks.turns import (
    FEDAVG_ROUND,
    LOCAL_TRAINING,
    WEIGHTED_MEAN,
)

CHECKS = (
    WEIGHTED_MEAN,
    LOCAL_TRAINING,
    FEDAVG_ROUND,
    DIAGNOSE,
    ARRIVE,
    MISSING_DELTA,
    CAREFUL_STEP,
)
