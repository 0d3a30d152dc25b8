"""LangChain's side of a chat: messages, a model without callback overhead, models that call a function or none."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from langchain_core.callbacks import (
    AsyncCallbackManager,
    AsyncCallbackManagerForLLMRun,
    BaseCallbackManager,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableConfig, ensure_config
from pydantic import PrivateAttr

from afl.llm.failures import InvalidResponseError
from afl.llm.finish_reasons import Ending, ending
from afl.llm.language_model import LanguageModel
from afl.llm.price import NO_CACHE, CacheTokens, Price
from afl.types import Message, Outcome, Reply

_MESSAGES: dict[str, Callable[[str], BaseMessage]] = {
    "system": lambda content: SystemMessage(content),
    "user": lambda content: HumanMessage(content),
    "assistant": lambda content: AIMessage(content),
}


def to_langchain(messages: Sequence[Message]) -> list[BaseMessage]:
    """The same messages as LangChain's classes."""
    return [_MESSAGES[message["role"]](message["content"]) for message in messages]


_OUTCOMES = {Ending.COMPLETE: Outcome.OK, Ending.TRUNCATED: Outcome.TRUNCATED, Ending.DECLINED: Outcome.DECLINED}
_FINISH_REASONS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
"""Where the providers' classes keep it: most, Anthropic's, Amazon's, Ollama's."""
_CACHE_KEYS = ("cache_read", "cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
_STILL_THINKING = "the reply was cut off while the model was still thinking; raise --max-tokens"


def to_reply(answer: AIMessage, *, price: Price | None, latency: float, at: float | None = None) -> Reply:
    """The model's answer as a reply. An empty text is `OK` here; the agent that parses it finds it unparsed.

    `at`: when the request was sent, in seconds since 1970: some prices depend on the hour.
    Raises `InvalidResponseError` where the finish reason says that the server failed.
    """
    refusal = answer.additional_kwargs.get("refusal")
    finish_reason = next(filter(None, map(answer.response_metadata.get, _FINISH_REASONS)), None)
    end = Ending.DECLINED if refusal else ending(finish_reason)
    if end is Ending.SERVER_FAILED:
        raise InvalidResponseError(f"the endpoint ended the reply with {finish_reason!r}")
    tokens = answer.usage_metadata
    prompt, completion = (tokens["input_tokens"], tokens["output_tokens"]) if tokens else (0, 0)
    details, cache = tokens.get("output_token_details") if tokens else None, _cache_tokens(tokens)
    text, reasoning = _text(answer) or refusal or "", _reasoning(answer)
    return Reply(
        outcome=_OUTCOMES[end],
        text=text,
        reasoning=reasoning,
        finish_reason=finish_reason,
        error=_STILL_THINKING if end is Ending.TRUNCATED and reasoning and not text else None,
        prompt_tokens=prompt,
        completion_tokens=completion,
        reasoning_tokens=details.get("reasoning") if details else None,
        cached_tokens=cache.read or None,
        cache_write_tokens=(cache.written + cache.written_1h) or None,
        cost_usd=price.of(prompt, completion, cache=cache, at=at) if price and tokens else None,
        latency=latency,
    )


def _text(answer: AIMessage) -> str:
    return answer.content if isinstance(answer.content, str) else str(answer.text)


def _reasoning(answer: AIMessage) -> str:
    """What the model thought, where it is kept apart from the text; LangChain's providers give it as blocks."""
    if reasoning := answer.additional_kwargs.get("reasoning_content"):
        return str(reasoning)
    if isinstance(answer.content, str):
        return ""
    blocks = (block for block in answer.content if isinstance(block, dict))
    return "\n".join(str(block.get("thinking") or block.get("reasoning") or "") for block in blocks).strip()


def _cache_tokens(usage: UsageMetadata | None) -> CacheTokens:
    """What the provider's cache had or got of the prompt; Anthropic's class tells what was written for how long."""
    details = usage.get("input_token_details") if usage else None
    if usage is None or not details:
        return NO_CACHE
    read, written, minutes, hour = (_whole(details.get(name)) for name in _CACHE_KEYS)
    tokens = CacheTokens(read, written + minutes, hour)
    return tokens if sum(tokens) <= usage["input_tokens"] else NO_CACHE


def _whole(count: object) -> int:
    return count if isinstance(count, int) and count > 0 else 0


class CallbackBypassChatModel(BaseChatModel):
    """A chat model that is called directly where no callback is registered.

    LangChain gives every request a task, ids and metadata for callbacks and tracing: a third of what a call takes.
    Where there are callbacks (LangSmith included), LangChain's own path is used. Its cache and its rate limiter are
    not; the journaled chat has its own.
    """

    async def ainvoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """The reply, with its `response_metadata` as LangChain fills it."""
        config = ensure_config(config)
        if self._has_callbacks(config):
            return await super().ainvoke(input, config, stop=stop, **kwargs)
        result = await self._agenerate(self._messages(input), stop, **kwargs)
        (generation, *_) = result.generations
        message = generation.message
        assert isinstance(message, AIMessage), "chat models answer as the assistant"
        metadata = (result.llm_output or {}) | (generation.generation_info or {})
        message.response_metadata = metadata | message.response_metadata
        return message

    def _messages(self, input: LanguageModelInput) -> list[BaseMessage]:
        if isinstance(input, list) and all(isinstance(message, BaseMessage) for message in input):
            return cast(list[BaseMessage], input)
        return self._convert_input(input).to_messages()

    def _has_callbacks(self, config: RunnableConfig) -> bool:
        manager = config.get("callbacks")
        # Inside a graph LangGraph has looked for tracers already; looking again takes as long as all the rest.
        if not isinstance(manager, BaseCallbackManager) or self.callbacks or self.verbose:
            manager = AsyncCallbackManager.configure(manager, self.callbacks, verbose=self.verbose)
        return bool(manager.handlers)


AnswerFunction = Callable[[Sequence[BaseMessage]], AIMessage | str]


class FunctionChat(BaseChatModel):
    """Replies with the result of a function of the messages; a string is a reply without metadata."""

    _function: AnswerFunction = PrivateAttr()

    def __init__(self, function: AnswerFunction, **fields: Any) -> None:
        super().__init__(**fields)
        self._function = function

    @property
    def _llm_type(self) -> str:
        return "function"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        answer = self._function(messages)
        message = AIMessage(answer) if isinstance(answer, str) else answer
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, stop, **kwargs)


def recorded_model(name: str, parameters: Mapping[str, Any]) -> LanguageModel:
    """The language model of a recorded run as far as fingerprints depend on it; asking it raises `LookupError`."""

    def no_reply(messages: object) -> str:
        raise LookupError(f"{name} is known by name only: a replay answers from the recorded journal")

    return LanguageModel(name, FunctionChat(no_reply), parameters)
