"""Checks of lesson 06, Measuring honestly."""

from fltutor.course.lesson_06.checks.budgets import EQUAL_BUDGET
from fltutor.course.lesson_06.checks.clients import WORST_CLIENT
from fltutor.course.lesson_06.checks.counts import SEEDS_NEEDED
from fltutor.course.lesson_06.checks.pairs import PAIRED_BOOTSTRAP

CHECKS = (WORST_CLIENT, PAIRED_BOOTSTRAP, EQUAL_BUDGET, SEEDS_NEEDED)
