"""Checks of lesson 03, local work for communication."""

from __future__ import annotations

from fltutor.course.lesson_03.checks.exercises import (
    AFFORDABLE,
    BEST_RATES,
    PARETO_FRONT,
    READ_LEDGER,
)
from fltutor.course.lesson_03.checks.turns import LINE, ROUND_COST, ROUNDS_TO

CHECKS = (
    ROUNDS_TO,
    ROUND_COST,
    LINE,
    READ_LEDGER,
    AFFORDABLE,
    BEST_RATES,
    PARETO_FRONT,
)
