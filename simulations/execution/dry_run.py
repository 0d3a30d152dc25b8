"""The requests a run would make, counted without a language model: real agents and prompts over some sessions."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from langchain_core.runnables import RunnableConfig

from afl.llm.canned_answers import refusing_answer, under_schema
from afl.llm.language_model import PerRole
from afl.llm.reply_sources import with_schema
from afl.prompt_headings import HEADINGS, Headings
from afl.types import PHASES_WITHOUT_ROUNDS, CallKey, JsonSchema, Message, Outcome, Reply
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.assembly import build_task_graph
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task

SAMPLE = 200
"""Sessions that a dry run plays; the others are taken to be like them."""
BYTES_PER_TOKEN = 4
"""A rule of thumb for English; other languages and odd titles take more tokens."""
_PER_MESSAGE = 4
"""Tokens that mark where a message begins and whose it is."""
_FILLER = "it goes well with what came before and with what is asked for now, "


TEXT = PerRole.shared(False)


class RequestStatistics(NamedTuple):
    """Requests of one agent in one round, or all about judged items."""

    phase: str
    role: str
    round: int | None
    calls: float
    """Per session."""
    prompt_tokens: float
    """Per session."""


@dataclass
class DryRunChat:
    """A `Chat` in place of the language model: counts its requests, and never accepts anything."""

    reply_tokens: int
    structured: bool = False
    headings: Headings = HEADINGS
    calls: Counter[tuple[str, str, int | None]] = field(default_factory=Counter)
    prompt_tokens: Counter[tuple[str, str, int | None]] = field(default_factory=Counter)

    async def ask(self, key: CallKey, messages: Sequence[Message], *, schema: JsonSchema | None = None) -> Reply:
        """An answer in the requested format, of the assumed length."""
        kind = (key.phase, key.role, None if key.phase in PHASES_WITHOUT_ROUNDS else key.round)
        self.calls[kind] += 1
        counted = with_schema(messages, schema)
        self.prompt_tokens[kind] += sum(tokens(message["content"]) + _PER_MESSAGE for message in counted)
        answer = self._padded(refusing_answer(messages, self.headings))
        if schema is not None:
            answer = under_schema(answer, messages, schema, self.headings)
        return Reply(Outcome.OK, text=answer)

    def _padded(self, answer: str) -> str:
        reason, line, rest = answer.partition("\n")
        missing = self.reply_tokens * BYTES_PER_TOKEN - len(answer.encode())
        filler = (_FILLER * (missing // len(_FILLER) + 1))[: max(0, missing - 1)]
        return f"{reason} {filler}".rstrip() + line + rest


def tokens(text: str) -> int:
    """About the number of tokens of a text."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


async def dry_run(
    task: Task,
    outputs: ModelOutputs,
    agents: AgentFactory,
    *,
    reply_tokens: int,
    structured: PerRole[bool] = TEXT,
) -> list[RequestStatistics]:
    """The requests of an average session when nothing is ever accepted, in the order of the dialogue.

    `structured`: whether each agent asks for JSON objects under a schema.
    """
    chat = DryRunChat(reply_tokens, headings=task.options.headings)
    chats = structured.map(lambda is_structured: replace(chat, structured=is_structured))
    graph = build_task_graph(task, outputs, agents, chats)
    step = max(1, len(task) // SAMPLE)
    positions = range(0, len(task), step)
    limit: RunnableConfig = {"recursion_limit": 2 * task.options.rounds + 2}
    for position in positions:
        await graph.ainvoke({"view": task.session(position).view}, limit)
    n = len(positions)
    return [
        RequestStatistics(*kind, calls=count / n, prompt_tokens=chat.prompt_tokens[kind] / n)
        for kind, count in chat.calls.items()
    ]
