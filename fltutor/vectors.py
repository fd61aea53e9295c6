"""A model is a vector: a module's trainable parameters and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from fltutor import validate
from fltutor.words import _


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where each trainable float parameter of a module stands in its vector.

    Attributes
    ----------
    shapes
        name -> shape, in the module's own order.

    Examples
    --------
    >>> layout = Layout.of(nn.Linear(3, 2))
    >>> layout.size, layout.slices
    (8, {'weight': slice(0, 6, None), 'bias': slice(6, 8, None)})
    """

    shapes: Mapping[str, torch.Size]

    @classmethod
    def of(cls, module: nn.Module) -> Layout:
        """Read the layout of a module's trainable float parameters.

        Raises
        ------
        ValueError
            the module has none.
        """
        shapes = {
            name: parameter.shape
            for name, parameter in module.named_parameters()
            if parameter.requires_grad and parameter.is_floating_point()
        }
        if not shapes:
            raise validate.fail(
                _("{name} without trainable float parameters").format(
                    name=type(module).__name__
                ),
                _("at least one"),
                _("Check requires_grad."),
            )
        return cls(shapes=shapes)

    @property
    def size(self) -> int:
        """Return d, the number of entries of the vector."""
        return sum(prod(shape) for shape in self.shapes.values())

    @property
    def slices(self) -> dict[str, slice]:
        """Return name -> slice of the vector."""
        result, start = {}, 0
        for name, shape in self.shapes.items():
            result[name] = slice(start, start + prod(shape))
            start += prod(shape)
        return result

    def flatten(self, module: nn.Module) -> Tensor:
        """Copy a module's trainable parameters into one vector ``(d,)``.

        Raises
        ------
        ValueError
            the module's parameters are not those of this layout.
        """
        parameters = dict(module.named_parameters())
        for name, shape in self.shapes.items():
            got = parameters[name].shape if name in parameters else None
            if got != shape:
                raise validate.fail(
                    _("parameter {name!r} of shape {value}").format(
                        name=name, value=got and tuple(got)
                    ),
                    _("shape {shape}").format(shape=tuple(shape)),
                    _("Use the layout of this very module: Layout.of(module)."),
                )
        parts = [parameters[name].detach().reshape(-1) for name in self.shapes]
        return torch.cat(parts)  # (d,), a copy

    def unflatten(self, params: Tensor) -> dict[str, Tensor]:
        """Cut ``(..., d)`` into named tensors; leading axes stay in front.

        Examples
        --------
        >>> pieces = Layout.of(nn.Linear(3, 2)).unflatten(torch.zeros(5, 8))
        >>> pieces["weight"].shape
        torch.Size([5, 2, 3])
        """
        if params.shape[-1] != self.size:
            raise validate.fail(
                _("a vector of {shape} parameters").format(shape=params.shape[-1]),
                f"{self.size}",
                _("The vector and the layout belong to different models."),
            )
        lead = params.shape[:-1]
        sizes = [prod(shape) for shape in self.shapes.values()]
        parts = torch.split(params, sizes, dim=-1)  # its gradient is one cat
        return {
            name: part.reshape((*lead, *shape))  # a number of its own has no axes
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    def mask(self, *prefixes: str) -> Tensor:
        """Return a bool vector ``(d,)``: True where a name starts with a prefix.

        Raises
        ------
        ValueError
            a prefix that no parameter has.
        """
        result = torch.zeros(self.size, dtype=torch.bool)  # (d,)
        for prefix in prefixes:
            hits = [name for name in self.shapes if name.startswith(prefix)]
            if not hits:
                validate.one_of("prefix", prefix, list(self.shapes))
            for name in hits:
                result[self.slices[name]] = True
        return result
