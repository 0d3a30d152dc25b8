"""Policies without training that always choose the same hint."""

from collections.abc import Sequence

import numpy as np

from afl.data.dataset import Dataset, Split
from afl.data.sessions import build_session, session_rows
from afl.hints.encoding import Encoding
from afl.hints.knowledge_base import Hint, KnowledgeBase
from afl.hints.policy import Actor, Layer, Policy


def constant_policy(
    dataset: Dataset, hints: Sequence[str], *, choose: int, probability: float = 0.5, name: str = "constant"
) -> Policy:
    """A policy over `hints` that chooses number `choose` (0: none) for every session, with this probability."""
    views = [build_session(dataset, row, row.history).view for row in session_rows(dataset, Split.TRAIN)]
    encoding = Encoding.fit("attributes", dataset, views)
    others = (1 - probability) / len(hints)
    shares = np.array([probability if action == choose else others for action in range(len(hints) + 1)])
    weight = np.zeros((len(shares), len(encoding.mean)), np.float32)
    base = KnowledgeBase(
        name, dataset.name, "none", tuple(Hint(at, text) for at, text in enumerate(hints, start=1))
    )
    return Policy(
        Actor((Layer(weight, np.log(shares).astype(np.float32)),)), encoding, base, dataset.catalogue.hash
    )
