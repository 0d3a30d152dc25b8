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
from simulations.execution.agent_factory import Agency
from simulations.graphs.dialogue import DialogueGraph, build_graph, build_judging
from simulations.graphs.judged_items import JudgedTable
from simulations.graphs.lists import build_choice, build_hints, build_ranking, build_shortlist
from simulations.graphs.rewards import NoReward, Reward, RewardTable
from simulations.options.run_options import ZERO_SHOT
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Study


def join(study: Study, outputs: ModelOutputs, agency: Agency, chat: Chat) -> DialogueGraph:
    """The compiled loop of this study: its agents ask `chat`, its suggestions and scores come from `outputs`."""
    assert agency.recommendation_agent is not None, "an agency is completed before it plays"
    if study.options.protocol == ZERO_SHOT:
        return build_graph(agency.recommendation_agent(chat), None)
    if study.options.protocol != "dialogue":
        return _join_rankers(study, outputs, agency, chat)
    if not study.options.loop:
        return build_judging(_judge(agency, chat), _judged(study, outputs))
    return build_graph(
        agency.recommendation_agent(chat),
        None if agency.user_agent is None else agency.user_agent(chat),
        tools=(*_suggestion(study, outputs), *agency.tools),
        reward=_reward(study, outputs),
        rounds=study.options.rounds,
        judge=None if study.judged is None else _judge(agency, chat),
        judged=None if study.judged is None else _judged(study, outputs),
    )


def _join_rankers(study: Study, outputs: ModelOutputs, agency: Agency, chat: Chat) -> DialogueGraph:
    """The graph of a study that asks for lists or choices in place of a dialogue."""
    tools, reward = (*_suggestion(study, outputs), *agency.tools), _reward(study, outputs)
    match study.options.protocol:
        case "choice":
            return build_choice(_chooser(agency, chat), reward=reward)
        case "shortlist":
            ranker, chooser = _ranker(agency, chat), _chooser(agency, chat)
            return build_shortlist(ranker, chooser, top=study.options.listed, tools=tools, reward=reward)
        case "hints":
            return build_hints(_ranker(agency, chat), study.hints, top=study.options.listed)
        case _:
            return build_ranking(_ranker(agency, chat), top=study.options.listed, tools=tools)


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
        recall=recall,
        usage=usage,
        deadlines=deadlines,
        stall=stall,
    )


def _judge(agency: Agency, chat: Chat) -> Judge:
    assert agency.user_agent is not None, "options that judge have a user agent"
    agent = agency.user_agent(chat)
    if not isinstance(agent, Judge):
        raise UsageError(f"{type(agent).__name__} cannot judge items: expected a user agent with a method `judge`")
    return agent


def _ranker(agency: Agency, chat: Chat) -> Ranker:
    assert agency.recommendation_agent is not None, "an agency is completed before it plays"
    agent = agency.recommendation_agent(chat)
    if not isinstance(agent, Ranker):
        raise UsageError(f"{type(agent).__name__} cannot list items: expected an agent with a method `rank`")
    return agent


def _chooser(agency: Agency, chat: Chat) -> Chooser:
    assert agency.user_agent is not None, "whoever asks for a choice has a user agent"
    agent = agency.user_agent(chat)
    if not isinstance(agent, Chooser):
        raise UsageError(f"{type(agent).__name__} cannot choose: expected a user agent with a method `choose`")
    return agent


def _judged(study: Study, outputs: ModelOutputs) -> JudgedTable:
    return JudgedTable(study.judging_views(), outputs.judged)


def _suggestion(study: Study, outputs: ModelOutputs) -> tuple[RecommenderTool, ...]:
    if outputs.suggestions is None:
        return ()
    items = outputs.suggestions.tolist()
    return (SuggestionTool({row.id: item for row, item in zip(study.rows, items, strict=True)}),)


def _reward(study: Study, outputs: ModelOutputs) -> Reward:
    if outputs.scores is None:
        return NoReward()
    return RewardTable([row.id for row in study.rows], outputs.scores)
