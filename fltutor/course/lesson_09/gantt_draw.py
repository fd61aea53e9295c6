"""What the Gantt widget shows: bars of trips, marks of what became of them, a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fltutor import plots
from fltutor.lab.base import of_lesson
from fltutor.systems import USED, Span

WORDS = of_lesson("09", "gantt")
SLOWEST = 5


@dataclass(frozen=True)
class Frame:
    """A minute on the clock."""

    mode: str
    window: float  # seconds
    num_clients: int
    spans: tuple[Span, ...]  # begun within the window
    ends: tuple[float, ...]  # when the model changed, within the window
    late: int
    dropped: int
    used: int
    from_slowest: int  # of the used
    wasted: float  # share of the computing that ended in the window
    staleness: float  # mean of the used

    @property
    def pace(self) -> float | None:
        """Return the seconds between two changes of the model."""
        return self.ends[-1] / len(self.ends) if self.ends else None


def frame(
    mode: str,
    spans: Sequence[Span],
    ends: Sequence[float],
    num_clients: int,
    window: float,
) -> Frame:
    """Count what happened within the window."""
    shown = tuple(s for s in spans if s.start < window and s.outcome != "absent")
    over = [s for s in shown if s.upload_end <= window]
    used = [s for s in over if s.outcome in USED]
    work = sum(s.compute_end - s.download_end for s in over)
    kept = sum(s.compute_end - s.download_end for s in used)
    slowest = [s for s in used if s.client >= num_clients - SLOWEST]
    return Frame(
        mode, window, num_clients, shown,
        tuple(end for end in ends if end <= window),
        late=sum(s.outcome == "late" for s in over),
        dropped=sum(s.outcome == "dropped" for s in over),
        used=len(used), from_slowest=len(slowest),
        wasted=1 - kept / work if work else 0.0,
        staleness=sum(s.staleness for s in used) / max(len(used), 1),
    )  # fmt: skip


def draw(figure: plots.Figure, frame: Frame) -> None:
    """Draw a row a client, a bar a trip, and a line whenever the model changes."""
    axes = figure.add_axes((0.09, 0.19, 0.89, 0.73))
    plots.draw_gantt(
        axes, frame.spans, frame.ends, num_clients=frame.num_clients,
        window=frame.window, title=_headline(frame),
        names=(WORDS.say("quickest"), WORDS.say("slowest")),
    )  # fmt: skip


def _headline(frame: Frame) -> str:
    mode = WORDS.option("mode", frame.mode)
    if frame.pace is None:
        return WORDS.say("title_none", mode=mode, window=frame.window)
    return WORDS.say("title", mode=mode, pace=frame.pace, wasted=frame.wasted)


def finding(frame: Frame) -> str:
    """Say how often the model changes, what is wasted, and whom the model hears."""
    begin = "none" if frame.pace is None else "begin"
    return WORDS.say(
        "finding", used=frame.used, late=frame.late, dropped=frame.dropped,
        begin=WORDS.say(f"{begin}_{frame.mode}", pace=frame.pace,
                        changes=len(frame.ends), window=frame.window),
        wasted=100 * frame.wasted, slowest=SLOWEST, staleness=frame.staleness,
        from_slowest=frame.from_slowest,
    )  # fmt: skip
