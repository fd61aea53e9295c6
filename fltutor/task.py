"""Loss, gradient and prediction as functions of one vector."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad
from torch.nn import functional

from fltutor import models, seeds, validate
from fltutor.datasets import Dataset
from fltutor.threads import one_thread_each
from fltutor.vectors import Layout

#: (outputs (B, ...), targets (B,)) -> losses (B,)
Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]


def _cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(outputs, targets, reduction="none")


def _squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs.reshape(targets.shape) - targets).square()


#: Examples times parameters from which an evaluation is worth several threads.
_WORTH_THREADS = 10**8

LOSSES: dict[str, Loss] = {"cross_entropy": _cross_entropy, "mse": _squared_error}


class Task:
    """What is learnt: a model and a loss, as functions of one parameter vector.

    The vector holds the module's trainable float parameters and nothing else. The
    module is copied; the caller's own is never changed.

    Parameters
    ----------
    module
        any module whose layers work under ``torch.func``.
    loss
        "cross_entropy" (nats), "mse", or a function (outputs, targets) ->
        losses ``(B,)``.
    seed
        of the starting parameters; None keeps the module's own.

    Raises
    ------
    ValueError
        an unknown loss, or a module with running statistics or dropout.

    Examples
    --------
    >>> task = Task(models.mlp(64, 32, 10), seed=0)
    >>> task.dim, task.init().shape
    (2410, torch.Size([2410]))
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        loss: str | Loss = "cross_entropy",
        seed: int | None = 0,
    ):
        _refuse_hidden_state(module)
        if isinstance(loss, str):
            validate.one_of("loss", loss, LOSSES)
        self.module = deepcopy(module)
        if seed is not None:
            models.reset(self.module, int(seeds.keys(seed, "init") >> 1))
        self.loss_name = loss if isinstance(loss, str) else "custom"
        self.losses = LOSSES[loss] if isinstance(loss, str) else loss
        self.layout = Layout.of(self.module)
        self.dim = self.layout.size
        self.dtype = self.init().dtype
        self._gradient = grad(self.loss)

    def init(self) -> Tensor:
        """Return the starting parameters, ``(d,)``, the same at every call."""
        return self.layout.flatten(self.module)

    def predict(self, params: Tensor, x: Tensor) -> Tensor:
        """Return the model's outputs ``(B, ...)`` for inputs ``(B, ...)``."""
        outputs: Tensor = functional_call(
            self.module, self.layout.unflatten(params), (x,)
        )
        return outputs

    def loss(
        self, params: Tensor, x: Tensor, y: Tensor, real: Tensor | None = None
    ) -> Tensor:
        """Return the mean loss over a batch, a scalar.

        Parameters
        ----------
        params
            ``(d,)``.
        x
            ``(B, ...)``.
        y
            ``(B,)``.
        real
            bool ``(B,)``, False for rows that only pad the batch; such a row
            counts for nothing, and a batch of padding alone has loss 0.
        """
        each = self.losses(self.predict(params, x), y)  # (B,)
        if real is None:
            return each.mean()
        present = real.to(each.dtype)
        return (each * present).sum() / present.sum().clamp(min=1)

    def gradient(
        self, params: Tensor, x: Tensor, y: Tensor, real: Tensor | None = None
    ) -> Tensor:
        """Return the gradient of :meth:`loss` in ``params``, ``(d,)``."""
        vector: Tensor = self._gradient(params, x, y, real)
        return vector

    @torch.no_grad()
    def evaluate(self, params: Tensor, dataset: Dataset) -> dict[str, float]:
        """Measure a model on a data set, in chunks of 4,096 examples.

        Returns
        -------
        "loss" in nats, and for classification "accuracy" in [0, 1].
        """
        validate.vector("params", params, self.dim)
        if len(dataset) * self.dim < _WORTH_THREADS:
            with one_thread_each():
                return self._measure(params, dataset)
        return self._measure(params, dataset)

    def _measure(self, params: Tensor, dataset: Dataset) -> dict[str, float]:
        total, right = 0.0, 0
        for start in range(0, len(dataset), 4096):
            x, y = dataset.x[start : start + 4096], dataset.y[start : start + 4096]
            outputs = self.predict(params, x)
            total += float(self.losses(outputs, y).sum())
            if self.loss_name == "cross_entropy":
                right += int((outputs.argmax(dim=1) == y).sum())
        result = {"loss": total / len(dataset)}
        if self.loss_name == "cross_entropy":
            result["accuracy"] = right / len(dataset)
        return result


def _refuse_hidden_state(module: nn.Module) -> None:
    """Refuse what a parameter vector cannot carry, and say what to use."""
    for name, layer in module.named_modules():
        where = f"{type(layer).__name__} at {name!r}"
        if getattr(layer, "running_mean", None) is not None:
            raise validate.fail(
                f"{where}, which keeps running statistics outside its parameters",
                "a model that is its trainable parameters and nothing else",
                "A server that averages vectors would lose them. Use nn.GroupNorm.",
            )
        if isinstance(layer, nn.modules.dropout._DropoutNd) and layer.p > 0:
            raise validate.fail(
                f"{where}, which draws random numbers while it trains",
                "a loss that is a function of parameters and batch",
                "Set p=0 or leave the layer out.",
            )
