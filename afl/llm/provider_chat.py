"""A chat model out of one of LangChain's provider packages, asked in the form that its endpoint takes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatResult
from langchain_core.runnables import RunnableConfig
from pydantic import PrivateAttr

from afl.errors import AFLError, EndpointError
from afl.llm.adaptations import MAX_TOKENS, Change, EndpointAdaptations, merge_system
from afl.llm.completions import MAX_TOKENS as MOST_TOKENS
from afl.llm.endpoint_errors import judge
from afl.llm.error_body import ErrorBody
from afl.llm.failures import InvalidResponseError, classify_failure, error_body, error_status
from afl.llm.langchain_chat import to_langchain
from afl.llm.provider_factory import SYSTEM_ROLE, ProviderFactory, address, close_connections, secrets
from afl.llm.response_format import RESPONSE_FORMAT, SchemaForm, schema_of
from afl.llm.sampling import DEFAULT_MAX_TOKENS
from afl.types import JsonSchema, Message

_ROLES: Mapping[str, Literal["system", "user", "assistant"]] = {
    "system": "system",
    "human": "user",
    "ai": "assistant",
}
_BAD_REQUEST = 400


class ProviderChat(BaseChatModel):
    """A provider's chat model with sampling options that can change from one request to the next.

    What the endpoint does not take, or the provider's class knows it will not take, is left out from then on.
    LangChain's chat models have their options fixed when they are made, so there is one for each set of options in use.

    Raises what the provider's SDK raises; `InvalidResponseError` for an answer that its class cannot read,
    `EndpointError` for a request that its class refuses to send.
    """

    _factory: ProviderFactory = PrivateAttr()
    _options: Mapping[str, Any] = PrivateAttr()
    _chats: dict[str, BaseChatModel] = PrivateAttr(default_factory=dict)
    _adaptations: EndpointAdaptations = PrivateAttr(default_factory=EndpointAdaptations)
    _merges_system: bool = PrivateAttr(default=False)
    _has_answered: bool = PrivateAttr(default=False)

    def __init__(self, factory: ProviderFactory, options: Mapping[str, Any]) -> None:
        """`options` are what is asked for; `system_role` may be `merge`."""
        super().__init__()
        self._factory = factory
        self._options = {name: value for name, value in options.items() if name != SYSTEM_ROLE}
        self._merges_system = SYSTEM_ROLE in options

    @property
    def adaptations(self) -> EndpointAdaptations:
        """What the endpoint made necessary so far."""
        return self._adaptations

    @property
    def address(self) -> str:
        """Where requests are sent, as far as the provider's class says so."""
        return address(self._chat(self._options))

    @property
    def secrets(self) -> list[str]:
        """The keys that requests are sent with."""
        return secrets(self._chat(self._options))

    @property
    def _llm_type(self) -> str:
        return "provider"

    async def ainvoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """The reply. `kwargs` are options of this request: of two values of `max_tokens` the smaller counts."""
        request = self._request(_to_messages(self._convert_input(input).to_messages()), kwargs)

        async def send(sent: Mapping[str, Any]) -> AIMessage:
            return await self._ask(sent, config, stop)

        try:
            return await self._adaptations.send(request, send, _necessary_change)
        except Exception as error:
            self._explain(error)
            raise

    def _request(self, messages: Sequence[Message], options: Mapping[str, Any]) -> dict[str, Any]:
        lengths = [given[MAX_TOKENS] for given in (self._options, options) if given.get(MAX_TOKENS)]
        if RESPONSE_FORMAT in options and not lengths:
            lengths = [DEFAULT_MAX_TOKENS]
        limit = {MAX_TOKENS: min(lengths)} if lengths else {}
        sent = merge_system(messages) if self._merges_system else messages
        return {"messages": sent, **self._options, **options, **limit}

    async def _ask(
        self, request: Mapping[str, Any], config: RunnableConfig | None, stop: list[str] | None
    ) -> AIMessage:
        options = {name: value for name, value in request.items() if name not in ("messages", RESPONSE_FORMAT)}
        schema = schema_of(request.get(RESPONSE_FORMAT) or {})
        messages, chat = to_langchain(request["messages"]), self._chat(options)
        answer: BaseMessage
        if schema is None:
            answer = await chat.ainvoke(messages, config, stop=stop)
        else:
            answer = await _ask_structured(chat, messages, schema, config)
        assert isinstance(answer, AIMessage), "chat models answer as the assistant"
        self._has_answered = True
        answer.usage_metadata = _possible(answer.usage_metadata)
        return answer

    def _chat(self, options: Mapping[str, Any]) -> BaseChatModel:
        key = json.dumps(options, sort_keys=True, default=str)
        if key not in self._chats:
            self._chats[key] = self._factory.make(options)
        return self._chats[key]

    def _explain(self, error: Exception) -> None:
        """Raises what an error of the class itself means: it checks requests, and trips over answers that are none."""
        if isinstance(error, AFLError) or classify_failure(error, now=0.0) is not None:
            return
        line = f"{type(error).__name__}: {error}"
        if isinstance(error, ValueError) and not self._has_answered:
            raise EndpointError(line) from error
        raise InvalidResponseError(f"expected the reply of a chat model, got {line}") from error

    async def aclose(self) -> None:
        """Closes the connections of every chat model in use."""
        for chat in self._chats.values():
            await close_connections(chat)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError("asked asynchronously alone")


async def _ask_structured(
    chat: BaseChatModel, messages: list[BaseMessage], schema: JsonSchema, config: RunnableConfig | None
) -> BaseMessage:
    """The answer under a schema in the way of the provider's class: a field of the request, or a call of a tool."""
    is_known = (getattr(chat, "profile", None) or {}).get("structured_output")
    method = {"method": "json_schema"} if is_known else {}  # else the class's own choice
    runnable = chat.with_structured_output(dict(schema), include_raw=True, **method)
    answer = await runnable.ainvoke(messages, config)
    assert isinstance(answer, dict), "include_raw makes it one"
    raw: BaseMessage = answer["raw"]
    calls = getattr(raw, "tool_calls", ())
    # What the model writes beside a call of a tool is no part of the answer.
    return raw.model_copy(update={"content": json.dumps(calls[0]["args"], ensure_ascii=False)}) if calls else raw


def _to_messages(messages: Sequence[BaseMessage]) -> list[Message]:
    return [{"role": _ROLES[message.type], "content": str(message.text)} for message in messages]


def _necessary_change(error: Exception, request: Mapping[str, Any]) -> Change | None:
    """How the request has to change, as the endpoint says, or the provider's class before it sends anything."""
    status = error_status(error)
    if isinstance(error, NotImplementedError) and RESPONSE_FORMAT in request:
        return Change(schema_form=SchemaForm.NONE)
    if status is not None:
        change = judge(status, error_body(error), request=request).change
    elif isinstance(error, ValueError):
        change = judge(_BAD_REQUEST, ErrorBody.read(str(error)), request=request).change
    else:
        return None
    if change is not None and change.schema_form not in (None, SchemaForm.JSON_SCHEMA_UNBOUNDED):
        return Change(schema_form=SchemaForm.NONE)  # the classes know no other form
    return change


def _possible(usage: UsageMetadata | None) -> UsageMetadata | None:
    """The counts of tokens, where they can be: classes count what the endpoint leaves out as 0."""
    if usage is None:
        return None
    counts = (usage.get("input_tokens"), usage.get("output_tokens"))
    whole = all(isinstance(count, int) and 0 <= count <= MOST_TOKENS for count in counts)
    return usage if whole and any(counts) else None
