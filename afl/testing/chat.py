"""A chat model that says what it was told to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field, PrivateAttr

from afl.llm.language_model import LanguageModel, Price

Line = str | AIMessage | Exception
"""A reply, a reply with metadata, or trouble to raise."""
Script = Iterable[Line] | Callable[[Sequence[BaseMessage]], Line]
"""Lines in order, or a function of the messages."""


class ScriptedChat(BaseChatModel):
    """Answers from a script; `history` keeps the messages of every call.

    Raises `LookupError` when the script has run out.
    """

    history: list[list[BaseMessage]] = Field(default_factory=list)
    _answer: Callable[[Sequence[BaseMessage]], Line] = PrivateAttr()

    def __init__(self, script: Script, **fields: Any) -> None:
        super().__init__(**fields)
        self._answer = script if callable(script) else _in_order(script)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.history.append(list(messages))
        line = self._answer(messages)
        if isinstance(line, Exception):
            raise line
        message = AIMessage(line) if isinstance(line, str) else line
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, stop, **kwargs)


def scripted_model(
    script: Script,
    *,
    name: str = "scripted",
    parameters: Mapping[str, Any] | None = None,
    price: Price | None = None,
) -> LanguageModel:
    """A language model that answers from `script`; its `chat` is a `ScriptedChat`."""
    return LanguageModel(name=name, chat=ScriptedChat(script), parameters=parameters or {}, price=price)


def _in_order(script: Iterable[Line]) -> Callable[[Sequence[BaseMessage]], Line]:
    lines = list(script)
    count = len(lines)
    rest = iter(lines)

    def next_line(messages: Sequence[BaseMessage]) -> Line:
        try:
            return next(rest)
        except StopIteration:
            raise LookupError(f"the script of {count} replies has run out") from None

    return next_line
