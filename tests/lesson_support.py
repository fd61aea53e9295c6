"""What the facts of the lessons share: a definition, and what it became.

``tests/course/lesson_NN/facts.py`` lists them in ``ROWS``: the name, the ids of the
cells that define it and what it needs, the library's own, and what to compare.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import fltutor as ft


@dataclass(frozen=True)
class Row:
    """One definition of a lesson, and what it became in the library.

    ``inputs`` gives the arguments for both; ``library`` is called with them, and so
    is the definition, unless ``mine`` says how (given the lesson's namespace).
    """

    name: str  # the function or class
    cells: tuple[str, ...]  # ids of the cells that define it and what it needs
    library: Callable[..., Any]
    inputs: Callable[[], tuple[Any, ...]]
    mine: Callable[[dict[str, Any]], Callable[..., Any]] | None = None
    tolerance: float = 1e-12


def small_task() -> ft.Task:
    return ft.Task(ft.models.mlp(64, 32, 10), seed=3)


def federation_of_02() -> ft.Federation:
    train = ft.datasets.digits().train
    clients = ft.splitters.dirichlet(
        train, num_clients=20, alpha=0.3, min_size=5, seed=0
    )
    local = ft.LocalTraining(epochs=2, batch_size=16, lr=0.1)
    task = ft.Task(ft.models.mlp(64, 32, 10), seed=0)
    return ft.Federation(task, clients, ft.FedAvg(), local, cohort_size=10, seed=0)


@dataclass(frozen=True)
class Turn:
    """One function of a lesson that the learner writes."""

    name: str
    check: str
    stub: str  # the learner's cell
    said: str  # what the call printed when the notebook was saved
    code: str  # the finished code, folded below
    imports: str  # the lesson's first code cell

    def defined(self, code: str) -> Any:
        """Run the lesson's imports and this code; return what it defines."""
        space: dict[str, Any] = {"__name__": "lesson"}
        exec(re.sub(r"^ft\.lesson\.setup.*$", "", self.imports, flags=re.M), space)
        exec(code, space)
        return space[self.name]


_CALL = re.compile(r"^(\w+) = ft\.lesson\.yours\(\1, \"(\d\d\.\w+)\"\)$", re.MULTILINE)
_FOLDED = re.compile(r"<details>.*?```python\n(.*?)```.*?</details>", re.DOTALL)


def folded(text: str) -> str:
    """Return the Python code that a markdown cell folds away; "" where none is."""
    found = _FOLDED.search(text)
    return found[1] if found else ""


def turns(cells: Sequence[Any]) -> Iterator[Turn]:
    """Go through a lesson's Your turn cells: the stub, the call, the folded code."""
    imports = next(cell.source for cell in cells if cell.cell_type == "code")
    for place, cell in enumerate(cells):
        for name, check in _CALL.findall(cell.source):
            stub = next(
                c.source for c in reversed(cells[:place]) if f"def {name}(" in c.source
            )
            said = "".join(output.get("text", "") for output in cell.outputs)
            code = folded(cells[place + 1].source)
            yield Turn(name, check, stub, said, code, imports)
