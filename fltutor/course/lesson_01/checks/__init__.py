"""Checks of lesson 01, Why federate."""

from fltutor.course.lesson_01.checks.central_baseline import CENTRAL_BASELINE
from fltutor.course.lesson_01.checks.home_and_abroad import HOME_AND_ABROAD
from fltutor.course.lesson_01.checks.recover_example import RECOVER_EXAMPLE
from fltutor.course.lesson_01.checks.what_travels import WHAT_TRAVELS

CHECKS = (HOME_AND_ABROAD, WHAT_TRAVELS, RECOVER_EXAMPLE, CENTRAL_BASELINE)
