"""Checks of lesson 02, FedAvg from scratch."""

from __future__ import annotations

from fltutor.course.lesson_02.checks.careful_step import CAREFUL_STEP
from fltutor.course.lesson_02.checks.fedavg_round import FEDAVG_ROUND
from fltutor.course.lesson_02.checks.local_training import LOCAL_TRAINING
from fltutor.course.lesson_02.checks.weighted_mean import WEIGHTED_MEAN

CHECKS = (WEIGHTED_MEAN, LOCAL_TRAINING, FEDAVG_ROUND, CAREFUL_STEP)
