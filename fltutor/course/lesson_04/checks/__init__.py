"""Checks of lesson 04, Splitting data."""

from fltutor.course.lesson_04.checks.apportion import APPORTION
from fltutor.course.lesson_04.checks.dirichlet import DIRICHLET
from fltutor.course.lesson_04.checks.mystery import MYSTERY
from fltutor.course.lesson_04.checks.total_variation import TOTAL_VARIATION

CHECKS = (TOTAL_VARIATION, DIRICHLET, MYSTERY, APPORTION)
