"""The interfaces between the parts of AFL, as Protocols: any object with these methods can be used.

`agents` and `memory` meet here and nowhere else; `simulations.execution.assembly` joins them.
"""

from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from afl.types import (
    Advice,
    CallKey,
    JournalEntry,
    JsonSchema,
    Message,
    Refusal,
    Reply,
    SessionView,
    Spending,
    Turn,
)


class Chat(Protocol):
    """The language model of an agent: one request in, one reply (or typed failure) out; a bad reply never raises."""

    async def ask(self, key: CallKey, messages: Sequence[Message], *, schema: JsonSchema | None = None) -> Reply:
        """The reply to these messages; with `schema`, as far as the endpoint can, a JSON object that follows it."""
        ...


@runtime_checkable
class StructuredChat(Chat, Protocol):
    """A chat that knows whether answers are to be asked for as JSON objects under a schema."""

    @property
    def structured(self) -> bool: ...


class Journal(Protocol):
    """The recorded calls of one run."""

    def find(self, key: CallKey) -> Awaitable[JournalEntry | None]:
        """The entry recorded under this identity, or None."""
        ...

    def record(self, entry: JournalEntry) -> Awaitable[None]:
        """Returns once the entry is on disk; replaces an earlier failure under the same identity."""
        ...


class Clock(Protocol):
    """An injectable clock, in seconds."""

    def monotonic(self) -> float: ...

    def time(self) -> float: ...

    def sleep(self, seconds: float) -> Awaitable[None]: ...


class Slot(Protocol):
    """The admission of one attempt; its outcome is reported back, so that the limiter can adapt."""

    def answered(self, reply: Reply) -> None:
        """The endpoint answered."""
        ...

    def throttled(self, status: int, retry_after: float | None) -> None:
        """The endpoint asked for fewer requests, and for none within the next `retry_after` seconds."""
        ...


class Limiter(Protocol):
    """Rate limiting of an endpoint: a request is sent while its slot is entered."""

    def slot(self, key: CallKey, messages: Sequence[Message]) -> AbstractAsyncContextManager[Slot]: ...


class BudgetAccount(Protocol):
    """Pays for calls: reserves the cost before an attempt is sent, and learns how it ended."""

    @property
    def max_tokens(self) -> int | None:
        """The longest reply that the budget covers; None for any."""
        ...

    def reserve(self, key: CallKey, messages: Sequence[Message]) -> Awaitable[bool]:
        """Whether an attempt may be sent; its cost is then reserved."""
        ...

    def over_budget_reply(self, key: CallKey, messages: Sequence[Message]) -> Reply:
        """The journal's entry for a request that was not sent."""
        ...

    def failed(self, key: CallKey, *, billed: bool) -> None:
        """The attempt had no answer; `billed` says whether the provider may charge for it."""
        ...

    def answered(self, key: CallKey, reply: Reply) -> None:
        """The attempt was answered."""
        ...

    def recorded(self, key: CallKey) -> None:
        """The reply is in the journal."""
        ...

    def usable(self, key: CallKey, reply: Reply) -> Reply:
        """The reply, or a failure where the budget cut it off."""
        ...


class CostLedger(Protocol):
    """Stores the unconfirmed cost of a run: what may have been billed beyond what its journal shows."""

    def save(self, unconfirmed: Spending) -> Awaitable[None]:
        """Returns once this cost is on disk, in place of the one saved before."""
        ...


class RecommenderTool(Protocol):
    """A tool that the recommendation agent consults before it answers: a model's suggestion, a learned hint."""

    name: str

    async def advise(self, view: SessionView, dialogue: Sequence[Refusal]) -> Advice | None:
        """Advice for this round, or None for no advice."""
        ...


@runtime_checkable
class LearnedTool(RecommenderTool, Protocol):
    """A tool whose advice was learned: its hash is part of a run's configuration."""

    @property
    def hash(self) -> str:
        """SHA-256 (hex) over everything that determines its advice."""
        ...


class RecommendationAgent(Protocol):
    """Recommends one candidate and gives a reason."""

    async def recommend(
        self, view: SessionView, *, round: int, advice: Sequence[Advice], memory: Sequence[Refusal]
    ) -> Turn: ...


@runtime_checkable
class PromptedAgent(Protocol):
    """An agent that can tell which prompts it sends: their hash is part of a run's identity."""

    def prompts_hash(self, *groups: str) -> str:
        """SHA-256 (hex) over its prompts for a dialogue, and over further `groups` of prompts that a run uses."""
        ...


class UserAgent(Protocol):
    """Accepts or refuses a recommended item and gives a reason."""

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
    """A recommendation agent that ranks several candidates at once."""

    async def rank(
        self,
        view: SessionView,
        *,
        top: int,
        advice: Sequence[Advice] = (),
        round: int = 1,
        phase: str | None = None,
    ) -> Turn:
        """The ranked list as a turn; its calls are recorded under `round` and `phase`, where given."""
        ...


@runtime_checkable
class Chooser(Protocol):
    """A user agent that chooses one of several items."""

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
    """A base model, or stored suggestions: one candidate per session, for all sessions at once."""

    def suggest(self, views: Sequence[SessionView]) -> NDArray[np.int64]:
        """(S,) the suggested item of each view; always one of its candidates."""
        ...


class RewardModel(Protocol):
    """Scores candidates for the user agent; higher means a better fit to the history."""

    def scores(self, views: Sequence[SessionView]) -> NDArray[np.float32]:
        """(S, N) one number per view and candidate, in the order of the candidates."""
        ...


class Progress(Protocol):
    """A progress callback for long work; cheap to call."""

    def __call__(self, done: int, total: int, text: str = "") -> None: ...


def no_progress(done: int, total: int, text: str = "") -> None:
    """The `Progress` that reports nothing."""
