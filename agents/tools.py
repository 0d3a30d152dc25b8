"""Tools of the recommendation agent, and their conversion to LangChain tools."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from afl.data.catalogue import one_line
from afl.errors import UsageError
from afl.hints.knowledge_base import Hint, require_name
from afl.hints.policy import Policy
from afl.ports import RecommenderTool
from afl.tools import ToolContext
from afl.types import Advice, Refusal, SessionView

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool


SUGGESTS = "A sequential model suggests:"


class SuggestionTool:
    """The item that a base model suggests, the same in every round (I_m in algorithm 1 of the AFL paper)."""

    name = "suggestion"

    def __init__(self, suggestions: Mapping[str, int]) -> None:
        """`suggestions`: session id -> item, computed for all sessions before the loop."""
        self.suggestions = suggestions

    async def advise(self, view: SessionView, dialogue: Sequence[Refusal]) -> Advice | None:
        """The suggestion for this session, or None without one. Raises `UsageError` if it is not a candidate."""
        item = self.suggestions.get(view.session)
        if item is None:
            return None
        if item not in view.candidates:
            raise UsageError(
                f"session {view.session}: got suggested item {item}, which is not on its candidate list; "
                "expected a suggestion made for these candidates"
            )
        title = view.title(item)
        return Advice(tool=self.name, text=f"{SUGGESTS} {one_line(title)}", payload={"item": title})


def as_langchain_tool(
    tool: RecommenderTool, view: SessionView, dialogue: Sequence[Refusal] = (), *, description: str = ""
) -> "BaseTool":
    """The tool as a LangChain `BaseTool` for this session: no arguments, the advice's text as its result."""
    from langchain_core.tools import StructuredTool

    async def advise() -> str:
        advice = await tool.advise(view, dialogue)
        return advice.text if advice is not None else "No advice."

    return StructuredTool.from_function(
        coroutine=advise,
        name=tool.name,
        description=description
        or f"Advice on which {view.domain.item} to recommend to this {view.domain.person}.",
    )


TOOL = "re2llm"


def advice_of(hint: Hint, probability: float | None = None) -> Advice:
    """The hint as advice; `probability` is the policy's, if a policy chose it."""
    payload = {"hint": hint.number, "text": hint.text, "probability": probability}
    return Advice(tool=TOOL, text=f"Hint: {hint.text}", payload=payload)


class HintTool:
    """The hint that a trained policy chooses for a session, the same in every round; no advice if it chooses none."""

    name = TOOL

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    @property
    def hash(self) -> str:
        """The policy's hash: tools with equal hashes give equal advice."""
        return self.policy.hash

    async def advise(self, view: SessionView, dialogue: Sequence[Refusal]) -> Advice | None:
        """The most probable hint, with its probability in the payload, or None if no hint is most probable."""
        [choice] = self.policy.choose([view])
        return None if choice.hint is None else advice_of(choice.hint, choice.probability)


def hint_tool(context: ToolContext) -> HintTool:
    """`re2llm:NAME`: the policy trained by `afl hints train NAME`.

    Raises `UsageError` without a name, and the errors of `Policy.load`.
    """
    if context.argument is None:
        raise UsageError(f"got tool {TOOL!r}, expected {TOOL}:NAME; `afl hints train NAME` trains a policy")
    return HintTool(Policy.load(context.settings.policies_dir / require_name(context.argument), context.dataset))
