"""The one place where agents, models, journal and language model are joined into a running loop."""

from afl.errors import UsageError
from afl.llm.journaled_chat import JournaledChat
from afl.llm.language_model import LanguageModel
from afl.llm.reply_sources import CacheLookup
from afl.llm.time_limits import Deadlines
from afl.llm.usage import Usage
from afl.llm.watchdog import StallWatchdog
from afl.ports import BudgetAccount, Chat, Chooser, Clock, Journal, Judge, Limiter, Ranker, RecommenderTool
from agents.tools import SuggestionTool
from simulations.execution.agent_factory import AgentFactory
from simulations.graphs.dialogue import DialogueGraph, build_graph, build_judging
from simulations.graphs.judged_items import JudgedTable
from simulations.graphs.lists import build_choice, build_hints, build_ranking, build_shortlist
from simulations.graphs.rewards import NoReward, Reward, RewardTable
from simulations.options.run_options import ZERO_SHOT
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task


def build_task_graph(task: Task, outputs: ModelOutputs, agents: AgentFactory, chat: Chat) -> DialogueGraph:
    """The compiled loop of this study: its agents ask `chat`, its suggestions and scores come from `outputs`."""
    assert agents.recommendation_agent is not None, "the agents are completed before the graph is built"
    if task.options.protocol == ZERO_SHOT:
        return build_graph(agents.recommendation_agent(chat), None)
    if task.options.protocol != "dialogue":
        return _build_list_graph(task, outputs, agents, chat)
    if not task.options.loop:
        return build_judging(_judge(agents, chat), _judged(task, outputs))
    return build_graph(
        agents.recommendation_agent(chat),
        None if agents.user_agent is None else agents.user_agent(chat),
        tools=(*_suggestion(task, outputs), *agents.tools),
        reward=_reward(task, outputs),
        rounds=task.options.rounds,
        judge=None if task.judged is None else _judge(agents, chat),
        judged=None if task.judged is None else _judged(task, outputs),
    )


def _build_list_graph(task: Task, outputs: ModelOutputs, agents: AgentFactory, chat: Chat) -> DialogueGraph:
    """The graph of a study that asks for lists or choices in place of a dialogue."""
    tools, reward = (*_suggestion(task, outputs), *agents.tools), _reward(task, outputs)
    match task.options.protocol:
        case "choice":
            return build_choice(_chooser(agents, chat), reward=reward)
        case "shortlist":
            ranker, chooser = _ranker(agents, chat), _chooser(agents, chat)
            return build_shortlist(ranker, chooser, top=task.options.listed, tools=tools, reward=reward)
        case "hints":
            return build_hints(_ranker(agents, chat), task.hints, top=task.options.listed)
        case _:
            return build_ranking(_ranker(agents, chat), top=task.options.listed, tools=tools)


def open_chat(
    model: LanguageModel,
    journal: Journal,
    *,
    recorded: Journal | None,
    recall: CacheLookup | None,
    limiter: Limiter,
    account: BudgetAccount,
    clock: Clock,
    usage: Usage,
    deadlines: Deadlines,
    stall: StallWatchdog,
) -> JournaledChat:
    """The journaled chat of a run: to the model, or to a recorded run's journal and nothing else.

    With `recall`, equal requests of earlier runs answer before the model does.
    """
    if recorded is not None:
        return JournaledChat.replay(model, journal, recorded=recorded, usage=usage)
    return JournaledChat.live(
        model,
        journal,
        limiter=limiter,
        account=account,
        clock=clock,
        cache_lookup=recall,
        usage=usage,
        deadlines=deadlines,
        watchdog=stall,
    )


def _judge(agents: AgentFactory, chat: Chat) -> Judge:
    assert agents.user_agent is not None, "options that judge have a user agent"
    agent = agents.user_agent(chat)
    if not isinstance(agent, Judge):
        raise UsageError(f"{type(agent).__name__} cannot judge items: expected a user agent with a method `judge`")
    return agent


def _ranker(agents: AgentFactory, chat: Chat) -> Ranker:
    assert agents.recommendation_agent is not None, "the agents are completed before the graph is built"
    agent = agents.recommendation_agent(chat)
    if not isinstance(agent, Ranker):
        raise UsageError(f"{type(agent).__name__} cannot list items: expected an agent with a method `rank`")
    return agent


def _chooser(agents: AgentFactory, chat: Chat) -> Chooser:
    assert agents.user_agent is not None, "whoever asks for a choice has a user agent"
    agent = agents.user_agent(chat)
    if not isinstance(agent, Chooser):
        raise UsageError(f"{type(agent).__name__} cannot choose: expected a user agent with a method `choose`")
    return agent


def _judged(task: Task, outputs: ModelOutputs) -> JudgedTable:
    return JudgedTable(task.judging_views(), outputs.judged)


def _suggestion(task: Task, outputs: ModelOutputs) -> tuple[RecommenderTool, ...]:
    if outputs.suggestions is None:
        return ()
    items = outputs.suggestions.tolist()
    return (SuggestionTool({row.id: item for row, item in zip(task.rows, items, strict=True)}),)


def _reward(task: Task, outputs: ModelOutputs) -> Reward:
    if outputs.scores is None:
        return NoReward()
    return RewardTable([row.id for row in task.rows], outputs.scores)
