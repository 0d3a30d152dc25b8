"""Sources of replies that are not in the run's own journal: the model, an earlier run, a recorded run."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from afl.clock import SystemClock
from afl.errors import EndpointError, ReplayError
from afl.llm.budget import unlimited_account
from afl.llm.endpoint_errors import FailureAction
from afl.llm.failures import CallFailure, RetryPolicy, classify_failure
from afl.llm.fingerprint import describe_call, first_difference
from afl.llm.langchain_chat import to_langchain, to_reply
from afl.llm.language_model import LanguageModel
from afl.llm.limiter import AdaptiveLimiter
from afl.llm.redaction import redact_line, redact_secrets
from afl.llm.response_format import RESPONSE_FORMAT, response_format
from afl.llm.time_limits import Deadlines
from afl.llm.watchdog import StallWatchdog
from afl.ports import BudgetAccount, Clock, Journal, Limiter
from afl.types import CallKey, JsonSchema, Message, Outcome, Reply


class SingleFlight:
    """The requests under way, by fingerprint: an equal request waits for the reply to the first.

    Only an `OK` reply is shared. Where the first request gets none, all that waited are sent at once: a request that
    was declined may well be declined again, and each would have to wait for all before it.
    """

    def __init__(self) -> None:
        self._in_flight: dict[str, asyncio.Future[Reply | None]] = {}

    async def join(self, fingerprint: str) -> Reply | None:
        """The reply to an equal request under way; None where there is none, or its reply cannot be shared."""
        shared_reply = self._in_flight.get(fingerprint)
        # Shielded: a caller that is cancelled must not cancel the others' reply.
        return None if shared_reply is None else await asyncio.shield(shared_reply)

    async def lead(self, fingerprint: str, request: Awaitable[Reply]) -> Reply:
        """The reply to this request; until it arrives, equal requests can `join`."""
        if fingerprint in self._in_flight:
            return await request
        shared_reply = self._in_flight[fingerprint] = asyncio.get_running_loop().create_future()
        shared = None
        try:
            reply = await request
            shared = reply if reply.outcome is Outcome.OK else None
        finally:
            del self._in_flight[fingerprint]
            shared_reply.set_result(shared)
        return reply


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is to be answered."""

    key: CallKey
    messages: Sequence[Message]
    fingerprint: str
    schema: JsonSchema | None = None
    """What the reply has to follow."""

    @property
    def billed(self) -> Sequence[Message]:
        """What its cost is reserved for: some endpoints put the schema into the prompt."""
        return with_schema(self.messages, self.schema)


def with_schema(messages: Sequence[Message], schema: JsonSchema | None) -> Sequence[Message]:
    """The messages with the schema as another one, for counting."""
    return messages if schema is None else [*messages, {"role": "system", "content": json.dumps(schema)}]


class ReplySource(Protocol):
    """Answers requests that are new to the run."""

    async def answer(self, request: Request) -> Reply:
        """The reply or typed failure; raises only errors that must stop the run."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """How requests are sent: admitted by the limiter, within time limits, and sent again after transport errors."""

    clock: Clock = field(default_factory=SystemClock)
    """Measures latencies and waits between attempts."""
    limiter: Limiter = field(default_factory=AdaptiveLimiter)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    deadlines: Deadlines = field(default_factory=Deadlines)
    watchdog: StallWatchdog = field(default_factory=StallWatchdog)
    """Reports pending requests when the endpoint is silent."""


class ModelSource:
    """Sends requests to the model, within budget and limits; retries transport errors."""

    def __init__(
        self,
        model: LanguageModel,
        transport: Transport,
        *,
        account: BudgetAccount | None = None,
        answered_before: bool = False,
    ) -> None:
        self._model = model
        self._answered_before = answered_before
        self._account: BudgetAccount = account or unlimited_account()
        max_tokens = self._account.max_tokens
        self._extra_fields: dict[str, Any] = {} if max_tokens is None else {"max_tokens": max_tokens}
        self._limiter = transport.limiter
        self._clock = transport.clock
        self._retry = transport.retry
        self._deadlines = transport.deadlines
        self._watchdog = transport.watchdog

    async def answer(self, request: Request) -> Reply:
        """A reply, or `FAILED` once the attempts or the session's time are used up.

        Raises `EndpointError` where every call would fail, `TimeLimitError` when the run has no time left.
        """
        seconds = self._deadlines.seconds_left(request.key.subject)
        with self._watchdog.awaiting_reply(request.key):
            return await (
                self._answer_with_retries(request) if seconds is None else self._answer_within(request, seconds)
            )

    async def _answer_within(self, request: Request, seconds: float) -> Reply:
        """The reply, or `FAILED` when the session's time is up."""
        try:
            async with asyncio.timeout(seconds) as limit:
                if seconds > 0:
                    return await self._answer_with_retries(request)
        except TimeoutError:
            if not limit.expired():
                raise
        return Reply(Outcome.FAILED, error=self._deadlines.session_timeout_message)

    async def _answer_with_retries(self, request: Request) -> Reply:
        retries = 0
        result = await self._try(request)
        while isinstance(result, CallFailure) and result.action is FailureAction.RETRY:
            if retries + 1 == self._retry.tries:
                error = f"gave up after {self._retry.tries} tries: {result.text}"
                return Reply(Outcome.FAILED, error=redact_line(error, self._model.secrets), retries=retries)
            await self._wait(request, retries, result)
            retries += 1
            result = await self._try(request)
        if isinstance(result, Reply):
            return _with_retries(retries, result) if retries else result
        return self._final_reply(result, retries)

    async def _wait(self, request: Request, retry: int, failure: CallFailure) -> None:
        wait = self._retry.wait(request.key, retry, failure.retry_after)
        self._watchdog.retry_scheduled(request.key, wait, redact_line(failure.text, self._model.secrets))
        await self._clock.sleep(wait)

    async def _try(self, request: Request) -> Reply | CallFailure:
        """One attempt, accounted for from before it is sent until the journal holds its reply."""
        if not await self._account.reserve(request.key, request.billed):
            return self._account.over_budget_reply(request.key, request.billed)
        is_sent = False
        try:
            async with self._limiter.slot(request.key, request.billed) as slot:
                is_sent = True
                result = await self._send(request)
                if isinstance(result, Reply):
                    slot.answered(result)
                elif result.status is not None and result.is_throttled:
                    slot.throttled(result.status, result.retry_after)
        except BaseException:
            self._account.failed(request.key, billed=is_sent)
            raise
        if isinstance(result, CallFailure):
            self._account.failed(request.key, billed=result.may_be_billed)
            return result
        self._account.answered(request.key, result)
        return self._account.usable(request.key, result)

    async def _send(self, request: Request) -> Reply | CallFailure:
        messages = to_langchain(request.messages)
        start, at = self._clock.monotonic(), self._clock.time()
        try:
            self._watchdog.sent(request.key)
            async with self._deadlines.request_timeout():
                answer = await self._model.chat.ainvoke(messages, **self._fields(request))
            latency = self._clock.monotonic() - start
            reply = to_reply(answer, price=self._model.price, latency=latency, at=at)
        except Exception as error:
            failure = classify_failure(
                error, now=self._clock.time(), source=self._model.source, answered_before=self._answered_before
            )
            if failure is None:
                raise
            return failure
        self._answered_before = True
        return self._without_secrets(reply)

    def _fields(self, request: Request) -> dict[str, Any]:
        """What this request has beyond its messages and the options of the model."""
        if request.schema is None:
            return self._extra_fields
        return {**self._extra_fields, RESPONSE_FORMAT: response_format(request.schema)}

    def _without_secrets(self, reply: Reply) -> Reply:
        """Some proxies echo the headers they were sent; a key must not get into the journal."""
        received = (reply.text, reply.reasoning, reply.finish_reason)
        redacted = [text and redact_secrets(text, self._model.secrets) for text in received]
        if tuple(redacted) == received:
            return reply
        text, reasoning, finish_reason = redacted
        return replace(reply, text=text or "", reasoning=reasoning or "", finish_reason=finish_reason)

    def _final_reply(self, failure: CallFailure, retries: int) -> Reply:
        error = redact_line(failure.text, self._model.secrets)
        if failure.action is FailureAction.STOP:
            raise EndpointError(f"{self._model.name}: {error}")
        outcome = Outcome.DECLINED if failure.action is FailureAction.DECLINE else Outcome.FAILED
        return Reply(outcome, error=error, cost_usd=0.0, retries=retries)


def _with_retries(retries: int, reply: Reply) -> Reply:
    if reply.outcome is Outcome.OVER_BUDGET and reply.finish_reason is None:
        # It was sent before and failed; only the retry did not fit into the budget.
        return replace(reply, outcome=Outcome.FAILED, error=f"not sent again, {reply.error}", retries=retries - 1)
    return replace(reply, retries=retries)


class ReplaySource:
    """Answers from the journal of a recorded run alone."""

    def __init__(self, recorded: Journal) -> None:
        self._recorded = recorded

    async def answer(self, request: Request) -> Reply:
        """The recorded reply or failure; `ReplayError` names the first request that was not recorded like this."""
        entry = await self._recorded.find(request.key)
        if entry is None:
            missing = f"{describe_call(request.key)}: the recorded run holds no such request"
            raise ReplayError(missing + await self._compared_with_nearest(request))
        if entry.fingerprint != request.fingerprint:
            difference = first_difference(entry.messages, request.messages)
            raise ReplayError(
                f"{describe_call(request.key)}: the request differs from the recorded one: {difference}"
            )
        return entry.reply.again()

    async def _compared_with_nearest(self, request: Request) -> str:
        """How the request differs from the last one recorded before it: in its turn, or in an earlier round."""
        key = request.key
        attempts = [key._replace(attempt=attempt) for attempt in reversed(range(key.attempt))]
        rounds = [key._replace(round=round, attempt=0) for round in reversed(range(1, key.round))]
        for earlier in (*attempts, *rounds):
            entry = await self._recorded.find(earlier)
            if entry is not None:
                difference = first_difference(entry.messages, request.messages)
                return f"; the nearest, round {earlier.round}, differs: {difference}"
        return ""


CacheLookup = Callable[[str], Awaitable[Reply | None]]
"""From a request's fingerprint to a reply that any run recorded, or None."""


class CachedSource:
    """Reuses replies to equal requests of earlier runs; all else comes from another source.

    Only `OK` replies are reused; failures, declined and truncated ones never are.
    """

    def __init__(self, lookup: CacheLookup, source: ReplySource) -> None:
        self._lookup = lookup
        self._source = source

    async def answer(self, request: Request) -> Reply:
        """The reply of an earlier run, else that of the other source."""
        reply = await self._lookup(request.fingerprint)
        if reply is None:
            return await self._source.answer(request)
        return reply.again()
