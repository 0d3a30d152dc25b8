"""The state of one dialogue, as LangGraph carries it from node to node."""

from operator import add
from typing import Annotated, Required, TypedDict

from afl.types import Refusal, SessionView, Turn


class DialogueState(TypedDict, total=False):
    """Given `view`, the graph fills the rest. Memories and turns only grow."""

    view: Required[SessionView]
    """The session as agents may see it: history, candidates, no target. Written by the caller, never changed."""

    round: int
    """The round of the last recommendation, from 1. Written by `recommend`."""

    turns: Annotated[list[Turn], add]
    """All turns so far, in order; each node adds its own."""

    recommendation_memory: Annotated[list[Refusal], add]
    """What the recommendation agent remembers: the refused rounds. Written by `respond`, on a refusal only."""

    judgements: Annotated[list[Turn], add]
    """The user agent's yes or no to each judged item, in their order. Written by `judge`."""

    user_memory: Annotated[list[Refusal], add]
    """What the user agent remembers: the refused rounds. Written by `respond`, on a refusal only."""
