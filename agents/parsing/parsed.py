"""What the parsers return, and what becomes of a reply without an answer line."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from afl.data.catalogue import one_line
from afl.types import Outcome
from agents.parsing.lines import clean
from agents.parsing.refusals import is_refusal
from agents.parsing.thinking import answer_part

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """The answer in a reply: a value if the outcome is `OK`, else a sentence that shows the model its mistake."""

    outcome: Outcome
    value: T | None = None
    reason: str = ""
    problem: str = ""


def without_answer(text: str, problem: str) -> tuple[Outcome, None, str, str]:
    """The fields of `Parsed` for a reply without an answer line; `problem` is the message to the model."""
    content = answer_part(text).strip()
    if is_refusal(content):
        return Outcome.DECLINED, None, one_line(content), "The model would not answer."
    return Outcome.UNPARSED, None, clean(content.splitlines()), problem if content else "The reply is empty."
