"""Checks of lesson 09, Who shows up, and when."""

from fltutor.checks.lesson_09.count_updates import COUNT_UPDATES
from fltutor.checks.lesson_09.fedbuff_step import FEDBUFF_STEP
from fltutor.checks.lesson_09.round_end import ROUND_END
from fltutor.checks.lesson_09.unbiased_weights import UNBIASED_WEIGHTS

CHECKS = (ROUND_END, UNBIASED_WEIGHTS, FEDBUFF_STEP, COUNT_UPDATES)
