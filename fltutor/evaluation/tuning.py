"""Equal tuning budgets: every method gets the same number of tries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from fltutor import seeds, validate
from fltutor.datasets import Dataset
from fltutor.evaluation.regimes import train
from fltutor.federation import Federation
from fltutor.words import _

if TYPE_CHECKING:
    import pandas as pd

Setting: TypeAlias = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """What was tried and what came out.

    Attributes
    ----------
    best
        the setting with the best validation score, the first of equals.
    score
        its score on the validation data; optimistic, being the best of several:
        report the test set's.
    tried
        the settings and their scores, in order; NaN where a run diverged.
    """

    best: Setting
    score: float
    tried: tuple[tuple[Setting, float], ...]

    @property
    def budget(self) -> int:
        """Return the number of tries."""
        return len(self.tried)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a try, with its setting and score."""
        import pandas as pd

        return pd.DataFrame([{**s, "score": score} for s, score in self.tried])


def settings(
    grid: Mapping[str, Sequence[Any]], *, budget: int, seed: int = 0
) -> list[Setting]:
    """Choose ``budget`` different settings of a grid, at random, in the grid's order.

    Parameters
    ----------
    grid
        name -> values; the settings are all combinations.
    budget
        how many.
    seed
        which.

    Raises
    ------
    ValueError
        the grid has fewer settings: its method would be tuned less than the others.
    """
    validate.count("budget", budget)
    values = [validate.entries(name, each) for name, each in grid.items()]
    every = [dict(zip(grid, each, strict=True)) for each in product(*values)]
    if len(every) < budget:
        raise validate.fail(
            _("a grid of {num_every} settings").format(num_every=len(every)),
            _("{budget}, the budget of every method").format(budget=budget),
            _("Make the grid finer or the budget smaller for all."),
        )
    draw = seeds.stream(seed, "tune")
    chosen = np.sort(draw.permutation(len(every))[:budget])
    return [every[i] for i in chosen]


def tune(
    make: Callable[..., Federation],
    grid: Mapping[str, Sequence[Any]],
    *,
    budget: int,
    rounds: int,
    validation: Dataset,
    seed: int = 0,
) -> Tuning:
    """Try ``budget`` settings of one method and keep the best on validation data.

    With equal budgets a method with more knobs searches its grid more thinly.

    Parameters
    ----------
    make, grid
        ``make(**setting) -> Federation``, and name -> values.
    budget
        tries, drawn from the grid without replacement.
    rounds, validation, seed
        of each try; data neither trained on nor reported on later; of the draw.

    Raises
    ------
    ValueError
        a grid below the budget, or every try diverged.
    """
    validate.instance("validation", validation, Dataset)
    chosen = settings(grid, budget=budget, seed=seed)
    tried = [(s, _score(make(**s), rounds, validation)) for s in chosen]
    marks = np.array([score for _, score in tried])
    if np.isnan(marks).all():
        raise validate.fail(
            _("{n} tries that all diverged").format(n=budget),
            _("one that did not"),
            _("Lower the lr."),
        )
    best, score = tried[int(np.nanargmax(marks))]
    return Tuning(best=best, score=score, tried=tuple(tried))


def _score(federation: Federation, rounds: int, validation: Dataset) -> float:
    """Return accuracy, or minus the loss of a regression; NaN where it diverged."""
    params = train(federation, rounds).params
    measured = federation.task.evaluate(params, validation)
    if not np.isfinite(measured["loss"]):
        return float("nan")
    return measured.get("accuracy", -measured["loss"])
