"""Checks of lesson 09, Who shows up, and when."""

from fltutor.course.lesson_09.checks.count_updates import COUNT_UPDATES
from fltutor.course.lesson_09.checks.fedbuff_step import FEDBUFF_STEP
from fltutor.course.lesson_09.checks.round_end import ROUND_END
from fltutor.course.lesson_09.checks.unbiased_weights import UNBIASED_WEIGHTS

CHECKS = (ROUND_END, UNBIASED_WEIGHTS, FEDBUFF_STEP, COUNT_UPDATES)
