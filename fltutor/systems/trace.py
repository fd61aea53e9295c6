"""What happened when: one span a trip of a client, the data of a Gantt chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import pandas as pd

#: outcomes whose update reached the model
USED = ("used", "partial")
OUTCOMES = (*USED, "late", "dropped", "absent")


@dataclass(frozen=True, kw_only=True)
class Span:
    """One trip of a client: download, compute, upload.

    Attributes
    ----------
    client
        its id.
    round
        the round, from 0; without rounds, the version of the model it started from.
    start, download_end, compute_end, upload_end
        simulated seconds since the run began. A trip that was cut short has its
        remaining ends at the cut.
    epochs
        local epochs asked of it.
    outcome
        "used"; "partial", used with fewer epochs than planned; "late", too slow for
        its round; "dropped", went silent on the way; "absent", did not answer.
    staleness
        how many times the model had changed since ``start`` when the update came in.
    trip
        how many trips the client had made before.
    """

    client: int
    round: int
    start: float
    download_end: float
    compute_end: float
    upload_end: float
    epochs: int
    outcome: str = "used"
    staleness: int = 0
    trip: int = 0

    @property
    def seconds(self) -> float:
        """Return how long the trip took."""
        return self.upload_end - self.start


@dataclass(frozen=True)
class Trace(Sequence[Span]):
    """All trips of a run, and when the model changed.

    Attributes
    ----------
    spans
        in the order in which they started, ties by client.
    ends
        when each round ended, or the model changed, in simulated seconds.
    """

    spans: tuple[Span, ...]
    ends: tuple[float, ...]

    def __len__(self) -> int:
        """Count the trips."""
        return len(self.spans)

    def __iter__(self) -> Iterator[Span]:
        """Go through the trips in order."""
        return iter(self.spans)

    @overload
    def __getitem__(self, key: int) -> Span: ...

    @overload
    def __getitem__(self, key: slice) -> Sequence[Span]: ...

    def __getitem__(self, key: Any) -> Any:
        """Return a trip, or some of them."""
        return self.spans[key]

    def counts(self) -> dict[str, int]:
        """Count the trips by outcome, every outcome named."""
        got = [span.outcome for span in self.spans]
        return {outcome: got.count(outcome) for outcome in OUTCOMES}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a trip."""
        import pandas as pd

        names = list(Span.__dataclass_fields__)
        return pd.DataFrame([asdict(span) for span in self.spans], columns=names)
