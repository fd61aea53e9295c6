"""Checks of lesson 03, Local work for communication."""

from fltutor.checks.lesson_03.costs import PARETO_FRONT, ROUND_COST
from fltutor.checks.lesson_03.lines import LINE
from fltutor.checks.lesson_03.rounds_to import ROUNDS_TO

CHECKS = (ROUNDS_TO, ROUND_COST, LINE, PARETO_FRONT)
