"""Checks of lesson 04, Splitting data."""

from fltutor.checks.lesson_04.apportion import APPORTION
from fltutor.checks.lesson_04.dirichlet import DIRICHLET
from fltutor.checks.lesson_04.mystery import MYSTERY
from fltutor.checks.lesson_04.total_variation import TOTAL_VARIATION

CHECKS = (TOTAL_VARIATION, DIRICHLET, MYSTERY, APPORTION)
