"""A LangChain chat model that skips the callback machinery where there are no callbacks."""

from typing import Any, cast

from langchain_core.callbacks import AsyncCallbackManager, BaseCallbackManager
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableConfig, ensure_config


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
