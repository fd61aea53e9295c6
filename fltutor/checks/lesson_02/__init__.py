"""Checks of lesson 02, FedAvg from scratch."""

from __future__ import annotations

from fltutor.checks.lesson_02.careful_step import CAREFUL_STEP
from fltutor.checks.lesson_02.fedavg_round import FEDAVG_ROUND
from fltutor.checks.lesson_02.local_training import LOCAL_TRAINING
from fltutor.checks.lesson_02.weighted_mean import WEIGHTED_MEAN

CHECKS = (WEIGHTED_MEAN, LOCAL_TRAINING, FEDAVG_ROUND, CAREFUL_STEP)
