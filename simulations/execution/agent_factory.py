"""Who takes part in a dialogue: the built-in agents and named tools, or parts of your own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

from afl import plugins
from afl.data.dataset import Dataset
from afl.ports import Chat, RecommendationAgent, RecommenderTool, UserAgent
from afl.settings import Settings
from afl.tools import ToolContext
from simulations.options.run_options import ZERO_SHOT, RunOptions


@dataclass(frozen=True)
class AgentFactory:
    """How the agents of a run are made from the chat they ask.

    None stands for the built-in agent; in a completed factory, a `user_agent` of None is no user agent.
    """

    recommendation_agent: Callable[[Chat], RecommendationAgent] | None = None
    user_agent: Callable[[Chat], UserAgent] | None = None
    tools: tuple[RecommenderTool, ...] = ()
    """Consulted after the suggestion, in this order."""

    def with_tools(self, tools: tuple[RecommenderTool, ...]) -> Self:
        return replace(self, tools=(*self.tools, *tools))

    def complete(self, options: RunOptions, dataset: Dataset, settings: Settings) -> "AgentFactory":
        """The factory with every part there: built-in agents, and the tools that `options` name.

        A study without a user has no user agent.
        """
        own = {tool.name for tool in self.tools}
        named = [_tool(text, dataset, settings) for text in options.tools if text not in own]
        tools = () if options.protocol == ZERO_SHOT else (*named, *self.tools)
        return AgentFactory(
            self._recommendation_agent(options),
            (self.user_agent or _user_agent(options)) if options.user else None,
            tools,
        )

    def _recommendation_agent(self, options: RunOptions) -> Callable[[Chat], RecommendationAgent]:
        """A zero-shot answer is the language model's own, whoever recommends in dialogues."""
        if options.protocol == ZERO_SHOT:
            factory: Callable[[Chat], RecommendationAgent] = plugins.load_plugin("afl.agents", ZERO_SHOT)
            return factory
        return self.recommendation_agent or plugins.load_plugin("afl.agents", "recommendation")

    def configuration(self) -> dict[str, Any]:
        """Who takes part, by name: enters the configuration of a run."""
        return {
            "recommendation_agent": _qualified(self.recommendation_agent),
            "user_agent": None if self.user_agent is None else _qualified(self.user_agent),
        }


def _user_agent(options: RunOptions) -> Callable[[Chat], UserAgent]:
    agent = plugins.load_plugin("afl.agents", "user")

    def make(chat: Chat) -> UserAgent:
        made: UserAgent = agent(chat, see_candidates=options.user_sees_candidates)
        return made

    make.__module__, make.__qualname__ = agent.__module__, agent.__qualname__
    return make


def _tool(text: str, dataset: Dataset, settings: Settings) -> RecommenderTool:
    spec = plugins.parse_spec(text)
    made: RecommenderTool = plugins.load_plugin("afl.tools", spec.name)(
        ToolContext(spec.argument, dataset, settings)
    )
    return made


def _qualified(part: Any) -> str:
    return f"{part.__module__}.{part.__qualname__}"
