"""The agents of a run: built-in ones and named tools, or your own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self, cast

from afl import plugins
from afl.data.dataset import Dataset
from afl.errors import UsageError
from afl.llm.language_model import PerRole
from afl.ports import Chat, Chooser, Judge, Ranker, RecommendationAgent, RecommenderTool, UserAgent
from afl.settings import Settings
from afl.tools import ToolContext
from simulations.options.run_options import ZERO_SHOT, RunOptions


@dataclass(frozen=True)
class Agents:
    """The agents of a run."""

    recommendation: RecommendationAgent
    user: UserAgent | None
    """None in a run without a user agent."""

    @property
    def ranker(self) -> Ranker:
        """The recommendation agent as one that lists items. Raises `UsageError` if it cannot."""
        if not isinstance(self.recommendation, Ranker):
            raise UsageError(
                f"{type(self.recommendation).__name__} cannot list items: expected an agent with a method `rank`"
            )
        return self.recommendation

    @property
    def judge(self) -> Judge:
        """The user agent as one that judges items. Raises `UsageError` if it cannot."""
        if not isinstance(self.user, Judge):
            raise UsageError(
                f"{type(self.user).__name__} cannot judge items: expected a user agent with a method `judge`"
            )
        return self.user

    @property
    def chooser(self) -> Chooser:
        """The user agent as one that chooses from a list. Raises `UsageError` if it cannot."""
        if not isinstance(self.user, Chooser):
            raise UsageError(
                f"{type(self.user).__name__} cannot choose: expected a user agent with a method `choose`"
            )
        return self.user


@dataclass(frozen=True)
class AgentFactory:
    """How the agents of a run are made, each from the chat of its role.

    None stands for the built-in agent; in a completed factory, a `user_agent` of None is no user agent.
    """

    recommendation_agent: Callable[[Chat], RecommendationAgent] | None = None
    user_agent: Callable[[Chat], UserAgent] | None = None
    tools: tuple[RecommenderTool, ...] = ()
    """Asked after the suggestion, in this order."""

    def with_tools(self, tools: tuple[RecommenderTool, ...]) -> Self:
        return replace(self, tools=(*self.tools, *tools))

    def complete(self, options: RunOptions, dataset: Dataset, settings: Settings) -> "AgentFactory":
        """The factory with nothing left out: built-in agents, and the tools that `options` name.

        Without a user in the options there is no user agent.
        """
        object_names = {tool.name for tool in self.tools}
        named = [_tool(text, dataset, settings) for text in options.tools if text not in object_names]
        tools = () if options.protocol == ZERO_SHOT else (*named, *self.tools)
        return AgentFactory(
            self._recommendation_agent(options),
            (self.user_agent or _builtin("user", options, see_candidates=options.user_sees_candidates))
            if options.user
            else None,
            tools,
        )

    def _recommendation_agent(self, options: RunOptions) -> Callable[[Chat], RecommendationAgent]:
        """A zero-shot answer comes from the language model alone, whatever agent recommends in dialogues."""
        if options.protocol == ZERO_SHOT:
            return _builtin(ZERO_SHOT, options)
        return self.recommendation_agent or _builtin("recommendation", options)

    def make(self, chats: PerRole[Chat]) -> Agents:
        """The agents of a completed factory, each asking the chat of its role."""
        assert self.recommendation_agent is not None, "completed before agents are made"
        user = None if self.user_agent is None else self.user_agent(chats.user)
        return Agents(self.recommendation_agent(chats.recommendation), user)

    def configuration(self) -> dict[str, Any]:
        """The agents by name, as part of a run's configuration."""
        return {
            "recommendation_agent": _qualified(self.recommendation_agent),
            "user_agent": None if self.user_agent is None else _qualified(self.user_agent),
        }


def _builtin(name: str, options: RunOptions, **arguments: Any) -> Callable[[Chat], Any]:
    """How a built-in agent is made, with the prompts of the run."""
    agent = plugins.load_plugin("afl.agents", name)
    if options.prompt_texts:
        arguments["prompts"] = options.prompts
    if not arguments:
        return cast(Callable[[Chat], Any], agent)

    def make(chat: Chat) -> Any:
        return agent(chat, **arguments)

    make.__module__, make.__qualname__ = agent.__module__, agent.__qualname__
    return make


def _tool(text: str, dataset: Dataset, settings: Settings) -> RecommenderTool:
    spec = plugins.parse_spec(text)
    tool: RecommenderTool = plugins.load_plugin("afl.tools", spec.name)(
        ToolContext(spec.argument, dataset, settings)
    )
    return tool


def _qualified(part: Any) -> str:
    return f"{part.__module__}.{part.__qualname__}"
