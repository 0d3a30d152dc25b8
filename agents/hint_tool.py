"""Hints as the recommendation agent is given them: the same words wherever one is tried or used."""

from collections.abc import Sequence

from afl.errors import UsageError
from afl.hints.knowledge_base import Hint, require_name
from afl.hints.policy import Policy
from afl.tools import ToolContext
from afl.types import Advice, Refusal, SessionView

TOOL = "re2llm"


def advice_of(hint: Hint, probability: float | None = None) -> Advice:
    """The hint as a line of advice; `probability` is the policy's, where a policy chose it."""
    payload = {"hint": hint.number, "text": hint.text, "probability": probability}
    return Advice(tool=TOOL, text=f"Hint: {hint.text}", payload=payload)


class HintTool:
    """Says the hint that a trained policy picks for a session, the same in every round; silent where it picks none."""

    name = TOOL

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    @property
    def hash(self) -> str:
        """Of the policy: two tools of the same hash say the same."""
        return self.policy.hash

    async def advise(self, view: SessionView, dialogue: Sequence[Refusal]) -> Advice | None:
        """The likeliest hint, with its probability in the payload, or None where no hint is likeliest."""
        [choice] = self.policy.choose([view])
        return None if choice.hint is None else advice_of(choice.hint, choice.probability)


def hint_tool(context: ToolContext) -> HintTool:
    """`re2llm:NAME`: the policy that `afl hints train NAME` left.

    Raises `UsageError` without a name, and what `Policy.load` raises for one that cannot be used here.
    """
    if context.argument is None:
        raise UsageError(f"got tool {TOOL!r}, expected {TOOL}:NAME; `afl hints train NAME` trains a policy")
    return HintTool(Policy.load(context.settings.policies_dir / require_name(context.argument), context.dataset))
