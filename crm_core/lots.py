"""The lot: the same contact always falls to the same arm of a campaign, and nobody can choose which."""

from collections.abc import Sequence
from hashlib import sha256

from crm_core.campaign_values import Arm

PERCENT = 100


def drawn(campaign_id: int, contact_id: int) -> float:
    """From 0 to below 1, even over contacts and independent between campaigns."""
    digest = sha256(f"{campaign_id}\0{contact_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def arm_of(campaign_id: int, contact_id: int, arms: Sequence[Arm]) -> Arm:
    """By the shares of `arms`, in their order."""
    place, reached = drawn(campaign_id, contact_id) * PERCENT, 0
    for arm in arms:
        reached += arm.share
        if place < reached:
            return arm
    return arms[-1]
