"""Checks of lesson 01, Why federate."""

from fltutor.checks.lesson_01.central_baseline import CENTRAL_BASELINE
from fltutor.checks.lesson_01.home_and_abroad import HOME_AND_ABROAD
from fltutor.checks.lesson_01.recover_example import RECOVER_EXAMPLE
from fltutor.checks.lesson_01.what_travels import WHAT_TRAVELS

CHECKS = (HOME_AND_ABROAD, WHAT_TRAVELS, RECOVER_EXAMPLE, CENTRAL_BASELINE)
