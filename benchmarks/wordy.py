"""Replies of sixty words, as language models write them, at the price of a lookup."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from afl.llm.canned_answers import refusing_answer

WORDS = 60
_TEXT = """
the film keeps close to what you have watched lately and its slow first half gives way to an ending that few
viewers forget although some find the plot thin next to other work of its director who made it with little
money and unknown actors while critics praised how light and sound carry scenes in which nobody speaks it
may suit an evening when you want something quiet rather than another story about crime and since you
refused comedies twice this one avoids jokes but stays warm toward people it shows their small failures
without judging them which seems near your taste for honest drama from that decade even if era matters less
to you than genre or country an older audience often names music as what they liked best so consider whether
strings over long landscapes would please or tire you before deciding again
"""


def wordy_answer(messages: Sequence[Mapping[str, Any]]) -> str:
    """The refusing server's answer, its reason sixty words drawn by what was asked."""
    _, answer = refusing_answer(messages).rsplit("\n", 1)
    drawn = random.Random("\n".join(str(message["content"]) for message in messages)).choices(
        _TEXT.split(), k=WORDS
    )
    return f"Reason: {' '.join(drawn)}.\n{answer}"
