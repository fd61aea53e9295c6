"""What a run leaves behind: a ledger of one record a round, the state, and a file.

``record`` and ``ledger`` hold :class:`Record` and :class:`History`, ``saving`` the file
in which a history outlives the program, ``running`` how a run's records are gathered.
"""

from fltutor.history.ledger import History
from fltutor.history.record import CUMULATIVE, UNITS, Record
from fltutor.history.running import gather

__all__ = ["CUMULATIVE", "UNITS", "History", "Record", "gather"]
