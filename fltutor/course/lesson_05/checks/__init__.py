"""Checks of lesson 05, Client drift."""

from __future__ import annotations

from fltutor.course.lesson_05.checks.cosines import UPDATE_COSINE
from fltutor.course.lesson_05.checks.fixed_points import FIXED_POINT, PROX_FIXED_POINT
from fltutor.course.lesson_05.checks.walks import LOCAL_END

CHECKS = (LOCAL_END, FIXED_POINT, UPDATE_COSINE, PROX_FIXED_POINT)
