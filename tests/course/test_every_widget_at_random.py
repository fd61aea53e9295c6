"""Every widget's compute and words at a thousand random settings: `make test-slow`."""

import time

import numpy as np
import pytest

from fltutor import catalogue, widgets
from fltutor.lab.trials import check_frame, random_controls

SETTINGS, SECONDS, DRAWN = 1000, 20.0, 40  # every fortieth is drawn, too


@pytest.mark.settings
@pytest.mark.parametrize("name", sorted(catalogue.widgets()))
def test_a_widget_holds_at_random_settings(name):
    """Widgets that train take as many as fit into twenty seconds."""
    lab = getattr(widgets, name)()
    draw = np.random.default_rng(17)
    end, count = time.monotonic() + SECONDS, 0
    while count < SETTINGS and (count < 5 or time.monotonic() < end):
        controls = random_controls(lab.parts.controls, draw)
        drawn = count % DRAWN == 0
        check_frame(lab, lab.frame(controls), str(controls), drawn=drawn)
        count += 1
    assert count >= 5
