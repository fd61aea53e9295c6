"""L5: who shows up, and when: devices, a simulated clock, stragglers, asynchrony.

``synchronous`` gives a federation a clock, with deadlines, over-selection and
dropouts; ``stragglers`` is FedProx's protocol; ``fedasync`` and ``fedbuff`` do without
rounds. What happens when follows from devices and seeds alone, not from the training:
each has ``trace(rounds)``, which draws a Gantt chart without a single gradient.
"""

from fltutor.systems.asynchronous import Asynchronous, fedasync, fedbuff
from fltutor.systems.cohorts import Straggling, Synchronous, stragglers, synchronous
from fltutor.systems.devices import PROFILES, Device, Load, fleet, load_of
from fltutor.systems.staleness import constant, hinge, inverse_root, polynomial
from fltutor.systems.trace import OUTCOMES, USED, Span, Trace

__all__ = [
    "OUTCOMES",
    "PROFILES",
    "USED",
    "Asynchronous",
    "Device",
    "Load",
    "Span",
    "Straggling",
    "Synchronous",
    "Trace",
    "constant",
    "fedasync",
    "fedbuff",
    "fleet",
    "hinge",
    "inverse_root",
    "load_of",
    "polynomial",
    "stragglers",
    "synchronous",
]
