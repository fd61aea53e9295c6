"""Commit to a guess before a number is shown, then see how far off it was."""

from __future__ import annotations

import html
from typing import Any

from fltutor import validate
from fltutor.lab import view
from fltutor.lab.live import guess_slider
from fltutor.lesson.tables import number
from fltutor.words import _


class Reveal:
    """The sentence that sets a guess beside the measured number."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        """Return the sentence."""
        return self.text


class Prediction:
    """A question with a slider and a button that commits the guess."""

    def __init__(
        self,
        question: str,
        *,
        low: float,
        high: float,
        step: float,
        unit: str = "",
        key: str = "",
    ) -> None:
        for name, value in (("low", low), ("high", high), ("step", step)):
            validate.number(name, value)
        if not (low < high and 0 < step <= high - low):
            raise validate.fail(
                _("low={low}, high={high}, step={step}").format(
                    low=low, high=high, step=step
                ),
                _("low < high and a step between 0 and their distance"),
                _("Correct the range."),
            )
        self.question = " ".join(question.split())
        self.low, self.high, self.step = low, high, step
        self.unit = unit
        self.key = key
        self.guess: float | None = None
        self._box: Any = None

    def commit(self, value: float) -> None:
        """Fix the guess; once it is made, it stays."""
        advice = _("Move the slider into the range.")
        validate.number("the guess", value, low=self.low, high=self.high, advice=advice)
        if self.guess is None:
            self.guess = value

    def reveal(self, measured: float) -> Reveal:
        """Say what was measured, and how far off the guess was."""
        advice = _("Look at what was measured: a run may have diverged.")
        truth = float(validate.number("measured", measured, advice=advice))
        told = f"Measured: {self._with_unit(truth)}."
        if self.guess is None:
            return Reveal(
                f"{told} No guess was committed. To play, move the slider under the "
                "question, press Commit, and run the cells down to here again."
            )
        return Reveal(f"You guessed {self._with_unit(self.guess)}. {told} "
                      f"{self._verdict(truth)}")  # fmt: skip

    def _verdict(self, truth: float) -> str:
        assert self.guess is not None
        gap = self.guess - truth
        if abs(gap) <= self.step / 2:
            return "That is as near as the slider allows."
        side = "too high" if gap > 0 else "too low"
        share = abs(gap) / (self.high - self.low)
        return (
            f"Your guess was {self._with_unit(abs(gap))} {side}, "
            f"{share:.0%} of the slider's range."
        )

    def _with_unit(self, value: float) -> str:
        return f"{number(value)} {self.unit}".rstrip()

    def _say(self, text: Any) -> None:
        text.value = view.spoken(
            f"Committed: {self._with_unit(self.guess)}. Read on: it is measured."
            if self.guess is not None
            else "Nothing committed yet."
        )

    def _build(self) -> Any:
        middle = self.low + self.step * round((self.high - self.low) / self.step / 2)
        unit = f"your guess ({self.unit})" if self.unit else "your guess"
        slider = guess_slider(unit, self.low, self.high, self.step, middle)
        text = view.text_html("")

        def commit() -> None:
            self.commit(slider.value)
            slider.disabled = button.disabled = True
            self._say(text)

        button = view.button("Commit", commit)
        self._say(text)
        title = view.text_html(f"<b>Predict.</b> {html.escape(self.question)}")
        return view.column(title, slider, button, text, name="predict")

    @property
    def box(self) -> Any:
        """The ipywidgets view, built when it is first shown."""
        if self._box is None:
            self._box = self._build()
            if self.key:
                self._box.add_class(f"fltutor-predict-{self.key}")
        return self._box

    def __repr__(self) -> str:
        """Return the question and the range of the answer."""
        between = f"{self._with_unit(self.low)} to {self._with_unit(self.high)}"
        return f"Predict: {self.question} ({between}, in steps of {number(self.step)})"

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> dict[str, Any]:
        return view.mime_bundle(self.box, **{"text/plain": repr(self)})


def predict(
    question: str,
    *,
    low: float,
    high: float,
    step: float,
    unit: str = "",
    key: str = "",
) -> Prediction:
    """Ask for a number before it is measured; show the result at a cell's end.

    Parameters
    ----------
    question
        What will be measured, as a question.
    low, high, step
        The slider's range, in ``unit``.
    key
        A short word that names the prediction; it becomes a CSS class.

    Examples
    --------
    >>> guess = predict("What accuracy?", low=0, high=1, step=0.01, key="accuracy")
    >>> guess.commit(0.8)
    >>> guess.reveal(0.9)
    You guessed 0.8. Measured: 0.9. Your guess was 0.1 too low,
    10% of the slider's range.
    """
    return Prediction(question, low=low, high=high, step=step, unit=unit, key=key)
