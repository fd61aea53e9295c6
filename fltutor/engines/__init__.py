"""Train a cohort: one client after another, or all at once; the same digits.

An engine is a function
``(task, starts (K, d), clients, plan (K, S, B), local, direction, memory)
-> ends (K, d), steps (K,)``. It holds no randomness: the plan does.
"""

from fltutor.engines.choosing import Vectorised
from fltutor.engines.reading import sequential
from fltutor.engines.shared import Direction, Engine, admit_clients

__all__ = [
    "Direction",
    "Engine",
    "Vectorised",
    "admit_clients",
    "sequential",
    "vectorised",
]

#: The engine of every federation that names no other.
vectorised = Vectorised()
