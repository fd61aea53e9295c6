"""Checks of lesson 08, Server optimisers."""

from __future__ import annotations

from fltutor.checks.lesson_08.effective_lr import EFFECTIVE_LR
from fltutor.checks.lesson_08.fedadam import FEDADAM
from fltutor.checks.lesson_08.momentum_step import MOMENTUM_STEP
from fltutor.checks.lesson_08.yogi import YOGI

CHECKS = (MOMENTUM_STEP, EFFECTIVE_LR, FEDADAM, YOGI)
