"""Membership inference: was this example among those that a model learnt from.

Whoever has a model can ask. An attack gives each example a *score*, higher for
"member"; :func:`roc` says what the score is worth. What counts is how many members it
names while it accuses hardly anybody wrongly: an attack that is right about a few
people for certain harms those, even where on average it hardly beats a coin.
"""

from fltutor.membership.curve import Roc, roc
from fltutor.membership.scores import confidence, likelihood_score, loss_score
from fltutor.membership.shadows import shadow_members, train_shadows

__all__ = [
    "Roc",
    "confidence",
    "likelihood_score",
    "loss_score",
    "roc",
    "shadow_members",
    "train_shadows",
]
