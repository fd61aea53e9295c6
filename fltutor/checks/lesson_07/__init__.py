"""Checks of lesson 07, Correcting drift."""

from __future__ import annotations

from fltutor.checks.lesson_07.control_variate import CONTROL_VARIATE
from fltutor.checks.lesson_07.feddyn_server import FEDDYN_SERVER
from fltutor.checks.lesson_07.fednova_mean import FEDNOVA_MEAN
from fltutor.checks.lesson_07.prox_direction import PROX_DIRECTION

CHECKS = (PROX_DIRECTION, CONTROL_VARIATE, FEDNOVA_MEAN, FEDDYN_SERVER)
