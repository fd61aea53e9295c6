"""Checks of lesson 08, Server optimisers."""

from __future__ import annotations

from fltutor.course.lesson_08.checks.effective_lr import EFFECTIVE_LR
from fltutor.course.lesson_08.checks.fedadam import FEDADAM
from fltutor.course.lesson_08.checks.momentum_step import MOMENTUM_STEP
from fltutor.course.lesson_08.checks.yogi import YOGI

CHECKS = (MOMENTUM_STEP, EFFECTIVE_LR, FEDADAM, YOGI)
