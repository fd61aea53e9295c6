"""One guard for code that learners write, in checks and in widgets alike.

``guard.call(function, *args, seconds=10)`` runs it and answers in place: whatever it
raises, `SystemExit` included, however long it takes, whatever it prints. Torch's and
numpy's settings, generators and functions are as before afterwards. Only
`KeyboardInterrupt` goes through: it is the learner who asks to stop.

What cannot be stopped. A thread that sleeps, or waits inside torch, numpy or the
system, is left behind: the answer comes in time, and the thread ends with its call.
A single call that holds Python's lock, such as ``sum(range(10**11))``, lets no other
thread run, a signal's handler neither. Where the system can copy a process without
harm, which is Linux, :func:`rehearse` finds such a call in a copy first. Elsewhere,
and in a widget, only a restart of the kernel ends it.
"""

from fltutor.guard.answers import Answer, Fault, TooLong, cut, fault_of
from fltutor.guard.calling import call, function
from fltutor.guard.originals import originals
from fltutor.guard.rehearsal import rehearse

__all__ = [
    "Answer",
    "Fault",
    "TooLong",
    "call",
    "cut",
    "fault_of",
    "function",
    "originals",
    "rehearse",
]
