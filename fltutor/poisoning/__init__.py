"""What a client that does not play by the rules may send, and may have learnt from.

``updates`` holds stages of the uplink: attackers, named by their ids, replace their
rows of a round's matrix. ``data`` holds changes to a client's examples, after which it
trains as everybody does, and the measure of a backdoor's success.
"""

from fltutor.poisoning.attack import Attack
from fltutor.poisoning.data import (
    attack_success,
    backdoor,
    label_swap,
    patch,
    poisoned,
)
from fltutor.poisoning.knowing import Alie, InnerProduct, alie, alie_z, inner_product
from fltutor.poisoning.own import (
    Replacement,
    Scaled,
    SignFlip,
    replacement,
    scaled,
    sign_flip,
)

__all__ = [
    "Alie",
    "Attack",
    "InnerProduct",
    "Replacement",
    "Scaled",
    "SignFlip",
    "alie",
    "alie_z",
    "attack_success",
    "backdoor",
    "inner_product",
    "label_swap",
    "patch",
    "poisoned",
    "replacement",
    "scaled",
    "sign_flip",
]
