"""Checks of lesson 06, Measuring honestly."""

from fltutor.checks.lesson_06.budgets import EQUAL_BUDGET
from fltutor.checks.lesson_06.clients import WORST_CLIENT
from fltutor.checks.lesson_06.counts import SEEDS_NEEDED
from fltutor.checks.lesson_06.pairs import PAIRED_BOOTSTRAP

CHECKS = (WORST_CLIENT, PAIRED_BOOTSTRAP, EQUAL_BUDGET, SEEDS_NEEDED)
