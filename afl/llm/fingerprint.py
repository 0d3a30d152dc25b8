"""What a request is, in 64 characters: equal requests have equal fingerprints."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from afl.types import Message


def fingerprint(model: str, parameters: Mapping[str, Any], messages: Sequence[Message]) -> str:
    """SHA-256 (hex) of the canonical JSON of model name, parameters and messages; addresses and keys stay out."""
    request = {"model": model, "parameters": dict(parameters), "messages": list(messages)}
    text = json.dumps(request, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
