"""Loss, gradient and prediction as functions of one vector."""

from __future__ import annotations

from copy import deepcopy
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad

from fltutor import models, seeds, validate
from fltutor.datasets import Dataset
from fltutor.task.admitting import admit
from fltutor.task.losses import Loss, find_loss
from fltutor.task.refusing import refuse
from fltutor.threads import one_thread_each
from fltutor.vectors import Layout

#: Examples times parameters from which an evaluation is worth several threads.
_WORTH_THREADS = 10**8


class Task:
    """What is learnt: a model and a loss, as functions of one parameter vector.

    The vector holds the module's trainable float parameters and nothing else. The
    module is copied; the caller's own is never changed. Frozen parameters and buffers
    stay as they are. A task can be pickled and copied, if its module and loss can.

    What can be seen of a module without data is refused here. The rest, a forward pass
    that draws random numbers or mixes examples, a loss that is a mean already, is
    refused by :meth:`admits`, when the task meets its first data.

    Parameters
    ----------
    module
        any module whose layers work under ``torch.func``.
    loss
        "cross_entropy" (nats), "mse", or a function (outputs, targets) ->
        losses ``(B,)``.
    seed
        of the starting parameters, which are all drawn anew; None keeps the module's
        own, as for a model that was trained before.

    Raises
    ------
    ValueError
        an unknown loss; a module with running statistics, BatchNorm, dropout or hooks;
        with a seed, parameters that no ``reset_parameters`` draws.

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
        refuse(module)
        self.losses = find_loss(loss)
        self.loss_name = loss if isinstance(loss, str) else "custom"
        self.module = deepcopy(module)
        if seed is not None:
            models.reset(self.module, int(seeds.keys(seed, "init") >> 1))
        self.layout = Layout.of(self.module)
        self.dim = self.layout.size
        self.dtype = self.init().dtype
        self._shared = _second_names(self.module, self.layout)
        self._forget()

    def init(self) -> Tensor:
        """Return the starting parameters, ``(d,)``, the same at every call."""
        return self.layout.flatten(self.module)

    def predict(self, params: Tensor, x: Tensor) -> Tensor:
        """Return the model's outputs ``(B, ...)`` for inputs ``(B, ...)``."""
        pieces = self.layout.unflatten(params)
        pieces |= {other: pieces[name] for other, name in self._shared.items()}
        outputs: Tensor = functional_call(self.module, pieces, (x,), tie_weights=False)
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
        vector: Tensor = grad(self.loss)(params, x, y, real)
        return vector

    def admits(self, dataset: Dataset, name: str = "the data") -> None:
        """Require that a data set fits the model and the loss, in every example.

        A data set is looked at once. The first of its kind also makes a trial: a few
        examples go through model and loss, together and alone.

        Parameters
        ----------
        dataset
            what will be trained or measured on.
        name
            what it is called in a message.

        Raises
        ------
        ValueError
            another precision or width, labels without an output, whole labels where
            floats are needed or the reverse, a loss that is a mean, a forward pass
            that draws random numbers, remembers or mixes examples.
        """
        validate.instance(name, dataset, Dataset)
        if dataset in self._admitted:
            return
        kind = (dataset.x.shape[1:], dataset.x.dtype, dataset.y.dtype)
        self._trials[kind] = admit(self, dataset, name, self._trials.get(kind))
        self._admitted.add(dataset)

    def knows(self, dataset: Dataset) -> bool:
        """Tell whether :meth:`admits` has looked at a data set before."""
        return dataset in self._admitted

    @property
    def knows_one_form(self) -> bool:
        """Tell whether all that was admitted has one shape of example and one dtype."""
        return len(self._trials) == 1

    @torch.no_grad()
    def evaluate(self, params: Tensor, dataset: Dataset) -> dict[str, float]:
        """Measure a model on a data set, in chunks of 4,096 examples.

        Returns
        -------
        "loss" in nats, and for classification "accuracy" in [0, 1].
        """
        self.admits(dataset)
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

    def _forget(self) -> None:
        """Start without data that were admitted; a copy meets its own."""
        self._admitted: WeakSet[Dataset] = WeakSet()
        self._trials: dict[Any, Tensor] = {}
        #: the last large cohort that an engine admitted, and its sizes ``(K,)``
        self.crowd: tuple[list[Any], Tensor] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy holds."""
        passing = ("_admitted", "_trials", "crowd")
        return {k: v for k, v in self.__dict__.items() if k not in passing}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Become a copy."""
        self.__dict__.update(state)
        self._forget()


def _second_names(module: nn.Module, layout: Layout) -> dict[str, str]:
    """Map the other names of a shared parameter to its name in the vector.

    Only places of their own count: a layer that stands twice in a model is one place.
    """
    first = {id(p): name for name, p in module.named_parameters()}
    places, names = set(), dict[str, str]()
    for name, parameter in module.named_parameters(remove_duplicate=False):
        owner, _, attribute = name.rpartition(".")
        place = (id(module.get_submodule(owner)), attribute)
        known = first[id(parameter)]
        if place not in places and name != known and known in layout.shapes:
            names[name] = known
        places.add(place)
    return names
