"""`--llm answers:FILE`: a chat model's answers that others have stored, for whoever asks exactly what they asked."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata

from afl.data.stored_replies import read_stored_replies
from afl.errors import EndpointError, UsageError
from afl.llm.function_chat import FunctionChat
from afl.llm.language_model import LanguageModel, LanguageModelContext, Price


def stored_answers_model(context: LanguageModelContext) -> LanguageModel:
    """The language model that wrote these answers, as far as they go; asking it costs nothing.

    Raises `UsageError` without a file, and whatever `read_stored_replies` raises.
    """
    if context.argument is None:
        raise UsageError("--llm answers: expected a file of stored answers, answers:FILE")
    stored = read_stored_replies(Path(context.argument))
    replies = stored.by_request()
    digest = hashlib.sha256(stored.file.read_bytes()).hexdigest()
    return LanguageModel(
        name=f"answers:{stored.file.name}",
        chat=FunctionChat(lambda messages: _answer(replies, messages, stored.file)),
        parameters={"sha256": digest},
        price=Price(0.0, 0.0),
    )


def _answer(replies: Mapping[str, str], messages: Sequence[BaseMessage], file: Path) -> AIMessage:
    asked = str(messages[-1].content)
    if asked not in replies:
        raise EndpointError(f"{file}: no answer to this request is stored; ask with `afl rank --answers {file}`")
    nothing: UsageMetadata = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    return AIMessage(replies[asked], usage_metadata=nothing)
