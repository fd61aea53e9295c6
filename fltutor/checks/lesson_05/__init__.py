"""Checks of lesson 05, Client drift."""

from __future__ import annotations

from fltutor.checks.lesson_05.cosines import UPDATE_COSINE
from fltutor.checks.lesson_05.fixed_points import FIXED_POINT, PROX_FIXED_POINT
from fltutor.checks.lesson_05.walks import LOCAL_END

CHECKS = (LOCAL_END, FIXED_POINT, UPDATE_COSINE, PROX_FIXED_POINT)
