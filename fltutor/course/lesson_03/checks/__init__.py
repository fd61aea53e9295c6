"""Checks of lesson 03, Local work for communication."""

from fltutor.course.lesson_03.checks.costs import PARETO_FRONT, ROUND_COST
from fltutor.course.lesson_03.checks.lines import LINE
from fltutor.course.lesson_03.checks.rounds_to import ROUNDS_TO

CHECKS = (ROUNDS_TO, ROUND_COST, LINE, PARETO_FRONT)
