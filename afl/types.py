"""The domain types: session, message, reply, turn.

Everything here is a plain value: frozen, comparable, made of strings, numbers and tuples. Items are integers
(indices into the catalogue) in code, and titles in the prompts and replies of agents.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Generic, Literal, NamedTuple, TypedDict, TypeVar

Item = TypeVar("Item", int, str)
"""An item by its number in the catalogue, or by its title."""


class Role(StrEnum):
    """The two agents of a dialogue."""

    RECOMMENDATION = "recommendation"
    USER = "user"


class Phase(StrEnum):
    """The task that a call belongs to."""

    LOOP = "loop"
    """The dialogue of the two agents."""
    JUDGE = "judge"
    """The user-simulation task: yes or no for each of some items; `round` counts the items."""
    HINTS = "hints"
    """The ranking task under each hint of a knowledge base; `round` counts the hints, 0 is without one."""
    REFLECTION = "reflection"
    """Reflection of the model on its mistakes while a knowledge base is built; `round` counts the steps."""

    @property
    def counts_rounds(self) -> bool:
        """Whether `round` is a round of the dialogue; other phases count something else, and are reported as one."""
        return self is Phase.LOOP

    @property
    def turns_are_independent(self) -> bool:
        """Whether no request quotes an earlier turn of its phase: items are judged, and hints tried, one by one."""
        return self in (Phase.JUDGE, Phase.HINTS)

    @property
    def remembers_dialogue(self) -> bool:
        """Whether agents are told the refusals of the dialogue: in the dialogue, and when items are judged after it."""
        return self in (Phase.LOOP, Phase.JUDGE)

    @classmethod
    def of(cls, recorded: str) -> "Phase":
        """The phase of a recorded call; one that an agent from elsewhere has named counts rounds, like the dialogue."""
        return next((phase for phase in cls if phase == recorded), cls.LOOP)

    @property
    def heading(self) -> str:
        """The heading above all turns of the phase; empty for the dialogue, whose rounds have headings of their own."""
        headings = {
            Phase.JUDGE: "Items judged",
            Phase.HINTS: "Lists with each hint",
            Phase.REFLECTION: "Reflection on mistakes",
        }
        return headings.get(self, "")

    def step(self, number: int) -> str:
        """What `round` counts in this phase, with its number: `round 2`, `item 3`, `hint 4`."""
        if self is Phase.HINTS:
            return f"hint {number}" if number else "without a hint"
        if self is Phase.REFLECTION:
            steps = ("likely mistakes", "causes", "hints")
            return steps[number - 1] if number <= len(steps) else f"hint {number - len(steps)}: redundant?"
        return f"item {number}" if self is Phase.JUDGE else f"round {number}"

    @property
    def label(self) -> str:
        """The phase in a table of rounds, where it has one row."""
        return {Phase.JUDGE: "judging", Phase.HINTS: "lists"}.get(self, self.value)


PHASES_WITHOUT_ROUNDS = frozenset(phase for phase in Phase if not phase.counts_rounds)
"""By recorded name: phases that a plug-in agent names itself have rounds."""
INDEPENDENT_PHASES = frozenset(phase for phase in Phase if phase.turns_are_independent)


class Outcome(StrEnum):
    """How a turn, or one attempt of it, ended. Only `OK` carries an answer."""

    OK = "ok"
    DECLINED = "declined"
    """The model would not answer (a refusal by policy; refusing an item is an ordinary `OK` "no")."""
    TRUNCATED = "truncated"
    """The reply was cut off at a length limit."""
    UNPARSED = "unparsed"
    """The reply is empty or has no answer line."""
    OFF_LIST = "off_list"
    """The reply names an item that is not, or not unambiguously, on the candidate list."""
    FAILED = "failed"
    """Transport or authentication failure: there is no reply."""
    OVER_BUDGET = "over_budget"
    """The call was not sent: a budget would have been exceeded."""

    @property
    def repairable(self) -> bool:
        """Whether a repair turn, which shows the model its mistake, can help."""
        return self in (Outcome.UNPARSED, Outcome.OFF_LIST)

    @property
    def retried_on_continuation(self) -> bool:
        """Whether the next continuation of the run sends the request again."""
        return self in (Outcome.FAILED, Outcome.OVER_BUDGET)


UNLISTED = -1
"""A list entry that is not a candidate; it keeps its rank."""


JsonSchema = Mapping[str, Any]
"""A JSON schema that a reply has to follow; its `title` is its name."""


class Message(TypedDict):
    """One chat message, as it is sent and stored."""

    role: Literal["system", "user", "assistant"]
    content: str


class CallKey(NamedTuple):
    """The identity of one language-model call within a run.

    `subject` is a session's id, or the name of the object of a call outside sessions (a hint, a ranking).
    `attempt` is 0 for the first request of a turn, then 1, 2 for its repairs.
    """

    subject: str
    phase: str
    round: int
    role: str
    attempt: int


class Spending(NamedTuple):
    """Tokens and dollars of calls."""

    tokens: int = 0
    """Of prompts and completions together."""
    usd: float = 0.0

    def plus(self, other: "Spending") -> "Spending":
        return Spending(self.tokens + other.tokens, self.usd + other.usd)

    def minus(self, other: "Spending") -> "Spending":
        return Spending(self.tokens - other.tokens, self.usd - other.usd)


class ConcurrencyChange(NamedTuple):
    """A moment at which the number of requests that may be under way at once was changed."""

    at: float
    """Seconds since 1970, UTC."""
    concurrency: int
    """From now on."""
    why: str
    """`begun`, `well` (all answered for a while), or the HTTP status that asked for fewer: `429`, `503`."""
    wait: float | None = None
    """Seconds for which the endpoint asked for no requests at all."""
    role: str | None = None
    """Whose language model it is about; None where both agents ask the same."""

    def to_json(self) -> dict[str, Any]:
        """An entry of `pace` in `simulate --json`; the role only where the agents ask different models."""
        return {name: value for name, value in self._asdict().items() if name != "role" or value is not None}


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of one call: the reply, or the reason why there is none."""

    outcome: Outcome
    """`OK`, `DECLINED` and `TRUNCATED` describe a reply; `FAILED` and `OVER_BUDGET` its absence."""
    text: str = ""
    reasoning: str = ""
    """What a reasoning model thought, where the endpoint keeps it apart from the text; never read as the answer."""
    finish_reason: str | None = None
    error: str | None = None
    """One line, never holding a key."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int | None = None
    """Of the completion; None where the endpoint does not say."""
    cached_tokens: int | None = None
    """Of the prompt, what the provider's cache had; None where it had nothing, or the endpoint does not say."""
    cache_write_tokens: int | None = None
    """Of the prompt, what was written into the cache."""
    cost_usd: float | None = None
    """None where the model's price is not known."""
    retries: int = 0
    """Transport tries beyond the first."""
    latency: float = 0.0
    """Seconds from sending to the last byte, of the try that answered."""
    journaled: bool = False
    """Answered from the journal: nothing was sent."""
    reused: bool = False
    """Taken from an equal request (`--cache`, `--replay`): this one was not sent."""

    @property
    def sent(self) -> bool:
        """Whether the request was sent; an over-budget reply without a finish reason was not."""
        if self.reused:
            return False
        return self.outcome is not Outcome.OVER_BUDGET or self.finish_reason is not None

    def again(self) -> "Reply":
        """This reply as the answer to an equal request that is not sent: no tokens, no latency, no cost."""
        return replace(
            self,
            journaled=True,
            reused=True,
            prompt_tokens=0,
            completion_tokens=0,
            reasoning_tokens=None,
            cached_tokens=None,
            cache_write_tokens=None,
            cost_usd=0.0,
            retries=0,
            latency=0.0,
        )


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One row of the journal: a request, and its reply or typed failure."""

    key: CallKey
    fingerprint: str
    """SHA-256 (hex) over model, parameters and messages; equal requests have equal fingerprints."""
    messages: tuple[Message, ...]
    reply: Reply


@dataclass(frozen=True, slots=True)
class Domain:
    """The wording for a data set's items: *a listener listened to an artist*."""

    name: str
    item: str
    items: str
    verb: str
    """Infinitive with its preposition: "listen to"."""
    past: str
    """Past tense with its preposition: "listened to"."""
    person: str
    participle: str = ""
    """Past participle with its preposition; equal to the past tense unless given ("chose", but "chosen")."""

    def __post_init__(self) -> None:
        if not self.participle:
            object.__setattr__(self, "participle", self.past)


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as agents, tools and models see it, without the target item."""

    session: str
    """The row's id in its data set."""
    domain: Domain
    history: tuple[int, ...]
    """The items before the target, oldest first, at most ten."""
    history_titles: tuple[str, ...]
    candidates: tuple[int, ...]
    candidate_titles: tuple[str, ...]
    """In the order shown; each title occurs once."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Title -> what is shown below it (`[genre: Crime; year: 1995]`), for titles that have any."""

    def item(self, title: str) -> int:
        """The candidate with exactly this title."""
        return self.candidates[self.candidate_titles.index(title)]

    def title(self, item: int) -> str:
        """The title a candidate is shown under."""
        return self.candidate_titles[self.candidates.index(item)]


@dataclass(frozen=True, slots=True)
class Advice:
    """The contribution of a recommender tool to a turn."""

    tool: str
    text: str
    """A sentence or two for the prompt."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    """JSON for the journal: the suggested item, a hint's id and probability, ..."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused round, as both agents remember it."""

    round: int
    item: str
    """Title of the refused item."""
    recommendation_reason: str
    refusal_reason: str


@dataclass(frozen=True, slots=True)
class Answer(Generic[Item]):
    """The answer in a reply, as far as it could be parsed. Items are numbers where code computes, else titles."""

    outcome: Outcome
    reason: str = ""
    item: Item | None = None
    decision: bool | None = None
    """Yes or no of the user agent."""
    ranking: tuple[Item, ...] = ()
    """Several candidates, best first, where a list was requested; `item` is the first of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Answer[int]):
    """One request of a turn, and the answer in its reply.

    In lists that are parsed entry by entry, `UNLISTED` stands for an entry that is no candidate.
    """

    key: CallKey
    messages: tuple[Message, ...]
    reply: Reply


@dataclass(frozen=True, slots=True)
class Turn:
    """The answer of one agent in one round, repairs included; the last attempt counts."""

    role: Role
    round: int
    attempts: tuple[Attempt, ...]
    advice: tuple[Advice, ...] = ()
    """The advice of tools that the recommendation agent was given."""
    score: float | None = None
    """The reward score that the user agent was shown."""

    @property
    def answer(self) -> Attempt:
        return self.attempts[-1]

    @property
    def outcome(self) -> Outcome:
        return self.answer.outcome

    @property
    def reason(self) -> str:
        return self.answer.reason

    @property
    def item(self) -> int | None:
        return self.answer.item

    @property
    def decision(self) -> bool | None:
        return self.answer.decision

    @property
    def ranking(self) -> tuple[int, ...]:
        return self.answer.ranking
