"""The losses that a name stands for: one number for each example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from torch import Tensor, nn
from torch.nn import functional

from fltutor import validate
from fltutor.words import _

#: (outputs (B, ...), targets (B,)) -> losses (B,)
Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]


def _cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(outputs, targets, reduction="none")


def _squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs.reshape(targets.shape) - targets).square()


LOSSES: dict[str, Loss] = {"cross_entropy": _cross_entropy, "mse": _squared_error}


def find_loss(loss: str | Loss) -> Loss:
    """Return the loss of this name, or a function of the caller's own."""
    if isinstance(loss, str):
        validate.one_of("loss", loss, LOSSES)
        return LOSSES[loss]
    validate.function("loss", loss)
    if isinstance(loss, nn.Module):
        refuse_reduced(f"{type(loss).__name__}()", getattr(loss, "reduction", "none"))
    return loss


def refuse_reduced(what: str, reduction: Any) -> None:
    """Refuse a loss that is a mean or a sum already."""
    if reduction != "none":
        raise validate.fail(
            _("the loss {what}, which gives one number for a whole batch").format(
                what=what
            ),
            _("one number for each example, (B,)"),
            _("Give it reduction='none': the task takes the mean itself."),
        )
