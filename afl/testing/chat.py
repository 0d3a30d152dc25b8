"""A chat model that answers from a script."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import Field

from afl.llm.langchain_chat import FunctionChat
from afl.llm.language_model import LanguageModel
from afl.llm.price import Price

Line = str | AIMessage | Exception
"""A reply, a reply with metadata, or an error to raise."""
Script = Iterable[Line] | Callable[[Sequence[BaseMessage]], Line]
"""Lines in order, or a function of the messages."""


class ScriptedChat(FunctionChat):
    """Answers from a script; `history` holds the messages of every call.

    Raises `LookupError` when the script has run out.
    """

    history: list[list[BaseMessage]] = Field(default_factory=list)

    def __init__(self, script: Script, **fields: Any) -> None:
        next_line = script if callable(script) else _in_order(script)

        def answer(messages: Sequence[BaseMessage]) -> AIMessage | str:
            self.history.append(list(messages))
            line = next_line(messages)
            if isinstance(line, Exception):
                raise line
            return line

        super().__init__(answer, **fields)

    @property
    def _llm_type(self) -> str:
        return "scripted"


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
    remaining = iter(lines)

    def next_line(messages: Sequence[BaseMessage]) -> Line:
        try:
            return next(remaining)
        except StopIteration:
            raise LookupError(f"the script of {count} replies has run out") from None

    return next_line
