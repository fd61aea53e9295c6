"""What an update gives away: examples, labels, pictures, computed back from it.

:mod:`~fltutor.inversion.exact` divides: a dense layer hands its input over.
:mod:`~fltutor.inversion.labels` counts: the last layer says how often each class came.
:mod:`~fltutor.inversion.iterative` searches: examples whose update is the same.
:mod:`~fltutor.inversion.measures` says how near a reconstruction is.

The attacker is an honest but curious server, or whoever reads the wire: it knows the
model that it sent, the update that came back, and how clients train.
"""

from fltutor.inversion.exact import dense_input, dense_inputs, layer
from fltutor.inversion.iterative import Attack, Reconstruction, invert, simulated
from fltutor.inversion.labels import label_counts, lone_label, noise
from fltutor.inversion.measures import found, match, mse, psnr
from fltutor.inversion.networks import smooth_cnn

__all__ = [
    "Attack",
    "Reconstruction",
    "dense_input",
    "dense_inputs",
    "found",
    "invert",
    "label_counts",
    "layer",
    "lone_label",
    "match",
    "mse",
    "noise",
    "psnr",
    "simulated",
    "smooth_cnn",
]
