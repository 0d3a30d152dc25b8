"""The one place where agents and the outputs of base models are joined into the graph of a task."""

from afl.llm.language_model import PerRole
from afl.ports import Chat, RecommenderTool
from agents.tools import SuggestionTool
from simulations.execution.agent_factory import AgentFactory, Agents
from simulations.graphs.dialogue import DialogueGraph, build_graph, build_judging
from simulations.graphs.lists import build_choice, build_hints, build_ranking, build_shortlist
from simulations.graphs.model_scores import JudgedTable, NoReward, Reward, RewardTable
from simulations.options.run_options import ZERO_SHOT
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task


def build_task_graph(
    task: Task, outputs: ModelOutputs, agents: AgentFactory, chats: PerRole[Chat]
) -> DialogueGraph:
    """The compiled graph of a task: each agent asks the chat of its role; suggestions and scores are `outputs`."""
    options, task_agents = task.options, agents.make(chats)
    if options.protocol == ZERO_SHOT:
        return build_graph(task_agents.recommendation, None)
    tools = (*_suggestion_tool(task, outputs), *agents.tools)
    if options.protocol != "dialogue":
        return _build_list_graph(task, task_agents, tools, _reward(task, outputs))
    if not options.loop:
        return build_judging(task_agents.judge, _judged_items(task, outputs))
    return build_graph(
        task_agents.recommendation,
        task_agents.user,
        tools=tools,
        reward=_reward(task, outputs),
        rounds=options.rounds,
        judge=None if task.judged is None else task_agents.judge,
        judged=None if task.judged is None else _judged_items(task, outputs),
    )


def _build_list_graph(
    task: Task, agents: Agents, tools: tuple[RecommenderTool, ...], reward: Reward
) -> DialogueGraph:
    """The graph of a task that asks for lists or choices instead of a dialogue."""
    top = task.options.listed
    match task.options.protocol:
        case "choice":
            return build_choice(agents.chooser, reward=reward)
        case "shortlist":
            return build_shortlist(agents.ranker, agents.chooser, top=top, tools=tools, reward=reward)
        case "hints":
            return build_hints(agents.ranker, task.hints, top=top)
        case _:
            return build_ranking(agents.ranker, top=top, tools=tools)


def _judged_items(task: Task, outputs: ModelOutputs) -> JudgedTable:
    return JudgedTable(task.judging_views(), outputs.judged)


def _suggestion_tool(task: Task, outputs: ModelOutputs) -> tuple[RecommenderTool, ...]:
    if outputs.suggestions is None:
        return ()
    items = outputs.suggestions.tolist()
    return (SuggestionTool({row.id: item for row, item in zip(task.rows, items, strict=True)}),)


def _reward(task: Task, outputs: ModelOutputs) -> Reward:
    if outputs.scores is None:
        return NoReward()
    return RewardTable([row.id for row in task.rows], outputs.scores)
