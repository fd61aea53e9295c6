"""What the tests of lessons share: the settings of a notebook."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture
def float64() -> Iterator[None]:
    """Compute in float64, as `ft.lesson.setup()` does, for as long as a test lasts."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)
