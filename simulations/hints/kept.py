"""The policies that are kept for a knowledge base, as far as their files say it without their data set."""

import json
from pathlib import Path
from typing import NamedTuple

from safetensors import SafetensorError, safe_open

from afl.hints.knowledge_base import KnowledgeBase
from afl.hints.policy import FILENAME


class KeptPolicy(NamedTuple):
    """A policy that was trained on the hints of a base as they are."""

    name: str
    reward: str
    encoder: str
    sessions: int
    """That it learned from."""


def kept_policies(folder: Path, base: KnowledgeBase) -> list[KeptPolicy]:
    """Those below `folder`, by name; what is no policy is passed over."""
    texts = [hint.text for hint in base.hints]
    found = (_read(path, base.name, texts) for path in sorted(folder.glob(f"*/{FILENAME}")))
    return [policy for policy in found if policy is not None]


def _read(path: Path, base: str, texts: list[str]) -> KeptPolicy | None:
    try:
        with safe_open(path, framework="numpy") as file:
            record = {key: json.loads(text) for key, text in (file.metadata() or {}).items() if key != "hash"}
        if (record["base"]["name"], record["base"]["hints"]) != (base, texts):
            return None
        log = record["log"]
        encoder = str(record["encoding"].get("spec", next(iter(record["encoding"]), "")))
        return KeptPolicy(path.parent.name, str(log.get("reward", "–")), encoder, int(log.get("sessions", 0)))
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
