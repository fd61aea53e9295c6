"""What is learnt: a model and a loss, as functions of one parameter vector.

``task`` holds the functions, ``refusing`` what no vector can carry, ``admitting``
the trial of first data and the comparison of data with the model.
"""

from fltutor.task.losses import LOSSES, Loss
from fltutor.task.task import Task

__all__ = ["LOSSES", "Loss", "Task"]
