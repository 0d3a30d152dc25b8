"""What the parts of AFL expect of each other, as Protocols: whoever has these methods fits.

`agents` and `memory` meet here and nowhere else; `simulations.execution.assembly` joins them.
"""

from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from afl.types import Advice, CallKey, JournalEntry, Message, Refusal, Reply, SessionView, Spending, Turn


class Chat(Protocol):
    """What an agent asks: one request in, one reply (or typed failure) out; never raises for a bad reply."""

    async def ask(self, key: CallKey, messages: Sequence[Message]) -> Reply: ...


class Journal(Protocol):
    """Where calls of one run and study are kept."""

    def find(self, key: CallKey) -> Awaitable[JournalEntry | None]:
        """The entry recorded under this identity, if there is one."""
        ...

    def record(self, entry: JournalEntry) -> Awaitable[None]:
        """Returns once the entry is on disk; replaces an earlier failure under the same identity."""
        ...


class Clock(Protocol):
    """Time, injectable: seconds, and waiting."""

    def monotonic(self) -> float: ...

    def time(self) -> float: ...

    def sleep(self, seconds: float) -> Awaitable[None]: ...


class Slot(Protocol):
    """The admission of one try; told how the try went, so that those to come are admitted accordingly."""

    def answered(self, reply: Reply) -> None:
        """The endpoint answered."""
        ...

    def throttled(self, status: int, retry_after: float | None) -> None:
        """The endpoint asks for fewer requests, and for none at all in the next `retry_after` seconds."""
        ...


class Limiter(Protocol):
    """Admission to the endpoint: a call is sent inside the slot it was given."""

    def slot(self, key: CallKey, messages: Sequence[Message]) -> AbstractAsyncContextManager[Slot]: ...


class BudgetAccount(Protocol):
    """Pays for calls: asked before a try is sent, told how it ended and when its reply is in the journal."""

    @property
    def max_tokens(self) -> int | None:
        """The longest reply that is paid for; None for any."""
        ...

    def reserve(self, key: CallKey, messages: Sequence[Message]) -> Awaitable[bool]:
        """Whether a try may be sent, now that it is paid for."""
        ...

    def over_budget_reply(self, messages: Sequence[Message]) -> Reply:
        """What stands in the journal for one that was not."""
        ...

    def failed(self, key: CallKey, *, billed: bool) -> None:
        """It had no answer; `billed` says whether the provider may have worked on it."""
        ...

    def answered(self, key: CallKey, reply: Reply) -> None:
        """It was answered."""
        ...

    def recorded(self, key: CallKey) -> None:
        """The journal has the reply."""
        ...

    def usable(self, reply: Reply) -> Reply:
        """The reply, or a failure where it was cut off for want of money."""
        ...


class CostLedger(Protocol):
    """Where it is kept what may have been billed beyond what the journal shows."""

    def save(self, unconfirmed: Spending) -> Awaitable[None]:
        """Returns once `doubt` is on disk, in place of what was kept before."""
        ...


class RecommenderTool(Protocol):
    """Something the recommendation agent consults before it speaks: a model's suggestion, a learned hint."""

    name: str

    async def advise(self, view: SessionView, dialogue: Sequence[Refusal]) -> Advice | None:
        """Advice for this round, or None to stay silent."""
        ...


@runtime_checkable
class LearnedTool(RecommenderTool, Protocol):
    """A tool whose advice was learned: what it learned is part of a run's configuration."""

    @property
    def hash(self) -> str:
        """SHA-256 (hex) over everything that determines its advice."""
        ...


class RecommendationAgent(Protocol):
    """Proposes one candidate and says why."""

    async def recommend(
        self, view: SessionView, *, round: int, advice: Sequence[Advice], memory: Sequence[Refusal]
    ) -> Turn: ...


@runtime_checkable
class PromptedAgent(Protocol):
    """An agent that says which prompts it sends: their hash is part of a run's identity."""

    def prompts_hash(self, *groups: str) -> str:
        """SHA-256 (hex) over its prompts for a dialogue, and over further `groups` of prompts that a run uses."""
        ...


class UserAgent(Protocol):
    """Accepts or refuses what is proposed and says why."""

    async def respond(
        self,
        view: SessionView,
        *,
        round: int,
        item: int,
        reason: str,
        score: float | None,
        memory: Sequence[Refusal],
    ) -> Turn: ...


@runtime_checkable
class Judge(Protocol):
    """A user agent that says yes or no to items, one by one."""

    async def judge(
        self, view: SessionView, *, number: int, title: str, score: float | None, memory: Sequence[Refusal]
    ) -> Turn: ...


@runtime_checkable
class Ranker(Protocol):
    """A recommendation agent that lists several candidates at once."""

    async def rank(
        self,
        view: SessionView,
        *,
        top: int,
        advice: Sequence[Advice] = (),
        round: int = 1,
        phase: str | None = None,
    ) -> Turn:
        """The list as a turn; `round` and `phase`, where given, are what its calls are recorded under."""
        ...


@runtime_checkable
class Chooser(Protocol):
    """A user agent that takes one of several items."""

    async def choose(
        self,
        view: SessionView,
        *,
        items: Sequence[int],
        scores: Sequence[float] | None = None,
        reason: str = "",
        round: int = 1,
    ) -> Turn: ...


class Recommender(Protocol):
    """A base model, or stored answers: suggests one candidate per session, all sessions at once."""

    def suggest(self, views: Sequence[SessionView]) -> NDArray[np.int64]:
        """(S,) the suggested item of each view; always one of its candidates."""
        ...


class RewardModel(Protocol):
    """Scores candidates for the user agent; higher means a better fit to the history."""

    def scores(self, views: Sequence[SessionView]) -> NDArray[np.float32]:
        """(S, N) one number per view and candidate, in the order of the candidates."""
        ...


class Progress(Protocol):
    """Where long work reports to; calling it costs next to nothing."""

    def __call__(self, done: int, total: int, text: str = "") -> None: ...
