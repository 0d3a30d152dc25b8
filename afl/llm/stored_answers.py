"""`--llm answers:FILE`: published answers of a chat model, for exactly the requests they were stored with."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata

from afl.data.stored_replies import read_stored_replies
from afl.errors import EndpointError, UsageError
from afl.llm.langchain_chat import FunctionChat
from afl.llm.language_model import LanguageModel, LanguageModelContext
from afl.llm.price import Price
from afl.llm.sampling import DEFAULT_SAMPLING


def stored_answers_model(context: LanguageModelContext) -> LanguageModel:
    """A language model that replies with stored answers, free of charge.

    Raises `UsageError` without a file or with sampling options, and what `read_stored_replies` raises.
    """
    if context.argument is None:
        raise UsageError("--llm answers: expected a file of stored answers, answers:FILE")
    if context.spec.sampling != DEFAULT_SAMPLING:
        raise UsageError(f"got {context.spec.sampling.changed()}, but stored answers take no sampling options")
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
    request = str(messages[-1].content)
    if request not in replies:
        raise EndpointError(f"{file}: no answer to this request is stored; ask with `afl rank --answers {file}`")
    no_tokens: UsageMetadata = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    return AIMessage(replies[request], usage_metadata=no_tokens)
