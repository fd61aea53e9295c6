"""Secure aggregation from scratch: the server learns a sum and nothing else.

:mod:`~fltutor.secagg.fixed_point` writes real numbers into a ring,
:mod:`~fltutor.secagg.masks` makes masks that cancel, :mod:`~fltutor.secagg.shamir`
survives drop-outs. :mod:`~fltutor.secagg.client` and :mod:`~fltutor.secagg.server` are
the steps of Bonawitz et al. 2017, pure functions from message to message, and
:func:`run` plays a whole round. :func:`secure_sum` is the aggregator of a federation.
:mod:`~fltutor.secagg.additive` is the smallest secure computation, among three servers.

All of it is a toy, made to be read: it runs in one process, trusts its directory of
keys, and takes no care of timing. Real keys come from the library ``cryptography``.
"""

from fltutor.secagg import additive, client, masks, server, shamir
from fltutor.secagg.aggregation import SecureSum, secure_sum
from fltutor.secagg.costs import WeighUpload, upload_bits, weigh_upload
from fltutor.secagg.fixed_point import FixedPoint, wrap
from fltutor.secagg.messages import Settings
from fltutor.secagg.rounds import Transcript, run

__all__ = [
    "FixedPoint",
    "SecureSum",
    "Settings",
    "Transcript",
    "WeighUpload",
    "additive",
    "client",
    "masks",
    "run",
    "secure_sum",
    "server",
    "shamir",
    "upload_bits",
    "weigh_upload",
    "wrap",
]
