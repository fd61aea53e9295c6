"""Checks of lesson 01, why federate."""

from __future__ import annotations

from fltutor.course.lesson_01.checks.baseline import CENTRAL_BASELINE
from fltutor.course.lesson_01.checks.exercises import (
    CLAIMED_SIZE,
    LABEL_COUNTS,
    MOST_ROUNDS,
    REPAIRED_ROUND,
)
from fltutor.course.lesson_01.checks.turns import (
    AVERAGE,
    HOME_AND_ABROAD,
    RECOVER_EXAMPLE,
    WHAT_TRAVELS,
)

CHECKS = (
    HOME_AND_ABROAD,
    CENTRAL_BASELINE,
    AVERAGE,
    RECOVER_EXAMPLE,
    WHAT_TRAVELS,
    REPAIRED_ROUND,
    MOST_ROUNDS,
    CLAIMED_SIZE,
    LABEL_COUNTS,
)
