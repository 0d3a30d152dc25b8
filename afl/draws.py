"""Seeded random draws that depend only on what they are for.

Every draw in AFL is derived from a seed and an identity (data set, session, phase, ...), never from a shared
generator, so results do not depend on order, worker count or interruptions.
"""

import json
from hashlib import blake2b
from random import Random


def derived_seed(*identity: str | int) -> int:
    """A 64-bit seed for this identity; different identities give independent streams."""
    text = json.dumps(identity, ensure_ascii=True, separators=(",", ":"))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def generator(*identity: str | int) -> Random:
    """Python's random generator, seeded for this identity: its stream is the same on every machine."""
    return Random(derived_seed(*identity))
