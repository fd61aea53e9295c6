"""Exercise 06.equal_budget: the same number of tries for everyone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fltutor.checks.old import Check, Mistake, example

Floats = npt.NDArray[np.float64]


def _report(validation: Floats, test: Floats, budget: int) -> Floats:
    best = np.nanargmax(validation[:, :budget], axis=1)
    return np.asarray(test[np.arange(len(test)), best])


def _by_test(validation: Floats, test: Floats, budget: int) -> Floats:
    return np.asarray(test[:, :budget].max(axis=1))


def _one_for_all(validation: Floats, test: Floats, budget: int) -> Floats:
    best = int(np.nanmean(validation[:, :budget], axis=0).argmax())
    return np.asarray(test[:, best])


def _nan_wins(validation: Floats, test: Floats, budget: int) -> Floats:
    best = validation[:, :budget].argmax(axis=1)
    return np.asarray(test[np.arange(len(test)), best])


_V = np.array(
    [[0.70, 0.80, 0.60, 0.90], [0.75, 0.72, 0.81, 0.60], [0.50, 0.40, 0.45, 0.95]]
)
_T = np.array(
    [[0.71, 0.77, 0.79, 0.88], [0.78, 0.74, 0.76, 0.61], [0.52, 0.56, 0.47, 0.93]]
)
_N = np.array([[0.70, np.nan, 0.85], [0.60, 0.65, np.nan]])
_NT = np.array([[0.69, 0.10, 0.83], [0.62, 0.66, 0.11]])

EQUAL_BUDGET = Check(
    id="06.equal_budget",
    title="The same number of tries for everyone",
    signature="equal_budget(validation, test, budget) -> reported (M,)",
    cases=(
        example(
            "two methods, all tries",
            {"validation": _V[:2], "test": _T[:2], "budget": 4},
            (0.88, 0.76),
        ),
        example(
            "three methods, three tries each",
            {"validation": _V, "test": _T, "budget": 3},
            (0.77, 0.76, 0.52),
        ),
        example(
            "one try: the first",
            {"validation": _V, "test": _T, "budget": 1},
            (0.71, 0.78, 0.52),
        ),
        example(
            "a try that diverged (NaN) is spent, and is never chosen",
            {"validation": _N, "test": _NT, "budget": 3},
            (0.83, 0.66),
        ),
    ),
    mistakes=(
        Mistake(
            "Chosen on the test set",
            _by_test,
            "The setting is chosen by its test accuracy, so the number is the best of "
            "several looks. Choose on `validation`, read off `test`.",
        ),
        Mistake(
            "The validation score is reported",
            lambda validation, test, budget: np.nanmax(validation[:, :budget], axis=1),
            "This is the validation score of the winner, the best of several and so "
            "too good. Report the test accuracy of the same setting.",
        ),
        Mistake(
            "The budget is ignored",
            lambda validation, test, budget: _report(validation, test, len(test.T)),
            "All tries are used, whatever the budget says. Only the first `budget` "
            "columns count.",
        ),
        Mistake(
            "One setting for all methods",
            _one_for_all,
            "One column is chosen for all methods together. Each method chooses for "
            "itself: argmax along axis 1.",
        ),
        Mistake(
            "NaN wins",
            _nan_wins,
            "np.argmax takes NaN for the largest of all, so a run that diverged wins. "
            "Use np.nanargmax.",
        ),
        Mistake(
            "The worst setting",
            lambda validation, test, budget: test[
                np.arange(len(test)), np.nanargmin(validation[:, :budget], axis=1)
            ],
            "This keeps the setting with the lowest validation accuracy. Higher is "
            "better: argmax.",
        ),
    ),
    hints=(
        "Which of the two matrices may be used to choose, and which only to report?",
        "Cut both to the first `budget` columns; for each row the place of the best "
        "validation score (NaN does not count); the test value at that place.",
        "best = np.nanargmax(validation[:, :budget], axis=1); "
        "return test[np.arange(len(test)), best].",
    ),
)
