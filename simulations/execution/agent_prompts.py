"""The prompts in use by the agents of a run, as a hash that is part of the run's identity."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from afl.data.domains import get_domain
from afl.ports import Chat, PromptedAgent
from afl.types import Advice, CallKey, JsonSchema, Message, Refusal, Reply, SessionView
from agents.prompts import Prompts, prompts_hash
from simulations.execution.agent_factory import AgentFactory

MakeAgent = Callable[[Chat], Any]

_SECONDS = 5
"""Limit for an agent to send its request about the example session."""


def prompts_in_use(agents: AgentFactory, *groups: str) -> str:
    """SHA-256 (hex) over the prompts of a run's agents; that of the built-in prompts if no agent uses others.

    `groups` names prompts beyond those of a dialogue. Agents are made for this with a chat that never replies.
    """
    factories = {"recommendation": agents.recommendation_agent, "user": agents.user_agent}
    hashes = {role: _agent_hash(make, groups) for role, make in factories.items() if make is not None}
    builtin = prompts_hash(*groups)
    custom = {role: value for role, value in hashes.items() if value not in (None, builtin)}
    if not custom:
        return builtin
    if len(set(hashes.values())) == 1:  # all agents use the same prompts
        return next(iter(custom.values()))
    return _hash(sorted(custom.items()))


def _agent_hash(make: MakeAgent, groups: Sequence[str]) -> str | None:
    """The hash that an agent declares; of a custom agent that does not declare it, the hash of what it sends.

    A subclass of a built-in agent inherits its declaration, which holds only while it sends the same requests. None
    for an agent that neither declares nor sends anything.
    """
    agent = make(_RecordingChat())
    declared = _declared(agent, groups)
    builtin = next((base for base in type(agent).__mro__ if base.__module__.split(".")[0] == "agents"), None)
    if (builtin is None and declared is not None) or builtin is type(agent) or _declares_itself(type(agent)):
        return declared
    sent = _sent(make)
    if sent is None or (builtin is not None and sent == _sent(lambda chat: _as_instance(make(chat), builtin))):
        return declared
    return sent if declared is None else _hash([declared, sent])


def _declared(agent: object, groups: Sequence[str]) -> str | None:
    """The hash declared by an agent, or by the parts that it is built from; None if neither declares one."""
    if isinstance(agent, PromptedAgent):
        return agent.prompts_hash(*groups)
    parts = getattr(agent, "__dict__", {}).values()
    hashes = {part.prompts_hash(*groups) for part in parts if isinstance(part, PromptedAgent)}
    hashes |= {part.hash(*groups) for part in parts if isinstance(part, Prompts)}
    return _hash(sorted(hashes)) if len(hashes) > 1 else next(iter(hashes), None)


def _declares_itself(agent: type) -> bool:
    """Whether a custom class defines `prompts_hash`, instead of inheriting it from a built-in agent."""
    owner = next((base for base in agent.__mro__ if "prompts_hash" in base.__dict__), None)
    return owner is not None and owner.__module__.split(".")[0] != "agents"


def _as_instance(agent: object, cls: type) -> object:
    """The agent without the methods of its subclass."""
    object.__setattr__(agent, "__class__", cls)
    return agent


class _RecordingChat:
    """A chat that records requests and has no reply."""

    def __init__(self) -> None:
        self.requests: list[Sequence[Message]] = []

    async def ask(self, key: CallKey, messages: Sequence[Message], *, schema: JsonSchema | None = None) -> Reply:
        self.requests.append(list(messages))
        raise RuntimeError(f"{tuple(key)}: this chat only records which prompts an agent uses; it has no reply")


_VIEW = SessionView(
    session="example",
    domain=get_domain("item"),
    history=(0, 1),
    history_titles=("First", "Second"),
    candidates=(2, 3, 4),
    candidate_titles=("Third", "Fourth", "Fifth"),
)
_ADVICE = (Advice("suggestion", "A sequential model suggests: Third", {"item": "Third"}),)
_MEMORY = (Refusal(1, "Fourth", "a reason to recommend", "a reason to refuse"),)
_CALLS: Mapping[str, Mapping[str, Any]] = {
    "recommend": {"round": 2, "advice": _ADVICE, "memory": _MEMORY},
    "rank": {"top": 2, "advice": _ADVICE},
    "respond": {"round": 2, "item": 2, "reason": "a reason to recommend", "score": 0.5, "memory": _MEMORY},
    "judge": {"number": 1, "title": "Third", "score": 0.5, "memory": _MEMORY},
    "choose": {"items": (2, 3), "scores": (0.5, 0.25), "reason": "a reason to recommend"},
}
"""Calls about an example session that fill all sections of a request."""


def _sent(make: MakeAgent) -> str | None:
    """SHA-256 (hex) over the agent's first request in each of `_CALLS`; None without requests, or if they vary."""
    with ThreadPoolExecutor(1) as thread:  # an event loop may be running in this one
        first, second = (thread.submit(asyncio.run, _requests(make)).result() for _ in range(2))
    return _hash(first) if first and first == second else None


async def _requests(make: MakeAgent) -> dict[str, Sequence[Message]]:
    chat = _RecordingChat()
    agent = make(chat)
    requests: dict[str, Sequence[Message]] = {}
    for name, arguments in _CALLS.items():
        method, before = getattr(agent, name, None), len(chat.requests)
        if method is None:
            continue
        with suppress(Exception):  # at least that of the chat
            async with asyncio.timeout(_SECONDS):
                await method(_VIEW, **arguments)
        if len(chat.requests) == before:  # it does not use the chat, or knows only the sessions of its run
            break
        requests[name] = chat.requests[before]
    return requests


def _hash(value: Iterable[Any]) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
