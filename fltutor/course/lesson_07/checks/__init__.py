"""Checks of lesson 07, Correcting drift."""

from __future__ import annotations

from fltutor.course.lesson_07.checks.control_variate import CONTROL_VARIATE
from fltutor.course.lesson_07.checks.feddyn_server import FEDDYN_SERVER
from fltutor.course.lesson_07.checks.fednova_mean import FEDNOVA_MEAN
from fltutor.course.lesson_07.checks.prox_direction import PROX_DIRECTION

CHECKS = (PROX_DIRECTION, CONTROL_VARIATE, FEDNOVA_MEAN, FEDDYN_SERVER)
