"""The chat that every call of a run passes through: the journal first, else a reply source; recorded before use."""

from collections.abc import Sequence
from dataclasses import replace

from afl.errors import ConflictError, EndpointError
from afl.llm.budget import unlimited_account
from afl.llm.fingerprint import describe_call, fingerprint, first_difference
from afl.llm.language_model import LanguageModel
from afl.llm.reply_sources import (
    CachedSource,
    CacheLookup,
    ModelSource,
    ReplaySource,
    ReplySource,
    Request,
    SingleFlight,
    Transport,
)
from afl.llm.sampling import is_structured
from afl.llm.usage import Usage
from afl.ports import BudgetAccount, Journal
from afl.types import CallKey, JournalEntry, JsonSchema, Message, Outcome, Reply


class JournaledChat:
    """Answers each request once per run: from the journal if it is there, else from the reply source.

    Implements `afl.ports.Chat`. A reply is on disk before `ask` returns it, so everything computed from it can be
    computed again from the journal.
    """

    def __init__(
        self,
        model: LanguageModel,
        journal: Journal,
        *,
        source: ReplySource,
        usage: Usage | None = None,
        single_flight: SingleFlight | None = None,
        account: BudgetAccount | None = None,
    ) -> None:
        self._model = model
        self._journal = journal
        self._source = source
        self._single_flight = single_flight
        self._account: BudgetAccount = account or unlimited_account()
        self.usage = usage or Usage()

    @classmethod
    def live(
        cls,
        model: LanguageModel,
        journal: Journal,
        *,
        transport: Transport | None = None,
        cache_lookup: CacheLookup | None = None,
        usage: Usage | None = None,
        account: BudgetAccount | None = None,
        answered_before: bool = False,
    ) -> "JournaledChat":
        """A chat that sends to the model what the journal does not hold.

        With `cache_lookup`, replies to equal requests of earlier runs are reused, and equal requests under way at the
        same time are sent once. `account` reserves and pays the cost of what is sent. `answered_before`: the
        model has answered in this run, so that a refusal of one request is not one of all.
        """
        source: ReplySource = ModelSource(
            model, transport or Transport(), account=account, answered_before=answered_before
        )
        if cache_lookup is None:
            return cls(model, journal, source=source, usage=usage, account=account)
        source = CachedSource(cache_lookup, source)
        return cls(model, journal, source=source, usage=usage, account=account, single_flight=SingleFlight())

    @classmethod
    def replay(
        cls, model: LanguageModel, journal: Journal, *, recorded: Journal, usage: Usage | None = None
    ) -> "JournaledChat":
        """A chat that answers from `recorded` alone, sends nothing, and records the answers in `journal`."""
        return cls(model, journal, source=ReplaySource(recorded), usage=usage)

    @property
    def structured(self) -> bool:
        """Whether agents are to ask for JSON objects under a schema."""
        return is_structured(self._model.parameters)

    async def ask(self, key: CallKey, messages: Sequence[Message], *, schema: JsonSchema | None = None) -> Reply:
        """The reply, or a typed failure; with `schema`, in the form in which the endpoint takes one.

        Raises `ConflictError` if this run's journal holds another request under `key`, `EndpointError` if no call
        can work (the failure is recorded first), `ReplayError` if a replay misses the request.
        """
        model = self._model
        request = Request(key, messages, fingerprint(model.name, model.parameters, messages, schema), schema)
        entry = await self._journal.find(key)
        if entry is not None and not entry.reply.outcome.retried_on_continuation:
            reply = self._journaled_reply(entry, request)
        else:
            reply = await self._new_reply(request)
        self.usage.count(key, reply)
        return reply

    def _journaled_reply(self, entry: JournalEntry, request: Request) -> Reply:
        if entry.fingerprint != request.fingerprint:
            raise ConflictError(
                f"this run's journal holds another request under {describe_call(request.key)}: "
                f"{first_difference(entry.messages, request.messages)}; give the run another name"
            )
        return replace(entry.reply, journaled=True)

    async def _new_reply(self, request: Request) -> Reply:
        if self._single_flight is None:
            return await self._ask_source(request)
        equal = await self._single_flight.join(request.fingerprint)
        if equal is None:
            # Equal requests wait until the reply is on disk; later ones find it there.
            return await self._single_flight.lead(request.fingerprint, self._ask_source(request))
        reply = equal.again()
        await self._record(request, reply)
        return reply

    async def _ask_source(self, request: Request) -> Reply:
        try:
            reply = await self._source.answer(request)
        except EndpointError as error:
            await self._record(request, Reply(Outcome.FAILED, error=str(error)))
            raise
        await self._record(request, reply)
        return reply

    async def _record(self, request: Request, reply: Reply) -> None:
        reply = replace(reply, journaled=False) if reply.journaled else reply
        await self._journal.record(JournalEntry(request.key, request.fingerprint, tuple(request.messages), reply))
        self._account.recorded(request.key)
