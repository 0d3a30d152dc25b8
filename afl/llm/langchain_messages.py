"""Converts between AFL's messages and replies and LangChain's."""

from collections.abc import Callable, Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from afl.llm.language_model import Price
from afl.types import Message, Outcome, Reply

_MESSAGES: dict[str, Callable[[str], BaseMessage]] = {
    "system": lambda content: SystemMessage(content),
    "user": lambda content: HumanMessage(content),
    "assistant": lambda content: AIMessage(content),
}
_TRUNCATED = frozenset({"length", "max_tokens"})
_DECLINED = frozenset({"content_filter", "refusal"})


def to_langchain(messages: Sequence[Message]) -> list[BaseMessage]:
    """The same messages as LangChain's classes."""
    return [_MESSAGES[message["role"]](message["content"]) for message in messages]


def to_reply(answer: AIMessage, *, price: Price | None, latency: float) -> Reply:
    """The model's answer as a reply. An empty text is `OK` here; the agent that parses it finds it unparsed."""
    refusal = answer.additional_kwargs.get("refusal")
    finish_reason = answer.response_metadata.get("finish_reason") or answer.response_metadata.get("stop_reason")
    tokens = answer.usage_metadata
    prompt, completion = (tokens["input_tokens"], tokens["output_tokens"]) if tokens else (0, 0)
    return Reply(
        outcome=_outcome(finish_reason, is_declined=bool(refusal)),
        text=_text(answer) or refusal or "",
        finish_reason=finish_reason,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cost_usd=_cost(price, prompt, completion) if tokens else None,
        latency=latency,
    )


def _outcome(finish_reason: str | None, *, is_declined: bool) -> Outcome:
    if is_declined or finish_reason in _DECLINED:
        return Outcome.DECLINED
    return Outcome.TRUNCATED if finish_reason in _TRUNCATED else Outcome.OK


def _text(answer: AIMessage) -> str:
    return answer.content if isinstance(answer.content, str) else str(answer.text)


def _cost(price: Price | None, prompt: int, completion: int) -> float | None:
    return None if price is None else price.of(prompt, completion)
