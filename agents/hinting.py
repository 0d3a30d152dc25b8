"""Hints as the recommendation agent is given them: the same words wherever one is tried or used."""

from afl.hints.base import Hint
from afl.types import Advice

TOOL = "re2llm"


def advice_of(hint: Hint, probability: float | None = None) -> Advice:
    """The hint as a line of advice; `probability` is the policy's, where a policy chose it."""
    payload = {"hint": hint.number, "text": hint.text, "probability": probability}
    return Advice(tool=TOOL, text=f"Hint: {hint.text}", payload=payload)
