"""LangChain's chat models without what nobody attends."""

from typing import Any

from langchain_core.callbacks import AsyncCallbackManager
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig, ensure_config


class DirectChatModel(BaseChatModel):
    """A chat model that is asked at once where no callback would hear of it.

    LangChain gives every request a task, ids and metadata for callbacks and tracing: a third of what a call costs.
    Where there are any (LangSmith included), all is LangChain's. Its cache and its rate limiter have no part in
    this; the gate has its own.
    """

    async def ainvoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """The answer, with its `response_metadata` as LangChain fills it."""
        config = ensure_config(config)
        if self._attended(config):
            return await super().ainvoke(input, config, stop=stop, **kwargs)
        result = await self._agenerate(self._convert_input(input).to_messages(), stop, **kwargs)
        (generation, *_) = result.generations
        message = generation.message
        assert isinstance(message, AIMessage), "chat models answer as the assistant"
        message.response_metadata = {**(generation.generation_info or {}), **message.response_metadata}
        return message

    def _attended(self, config: RunnableConfig) -> bool:
        manager = AsyncCallbackManager.configure(config.get("callbacks"), self.callbacks, verbose=self.verbose)
        return bool(manager.handlers)
