"""What endpoints call the end of a reply, and what it means. To teach AFL another endpoint's word, add it here."""

from enum import Enum, auto


class Ending(Enum):
    """How a reply ended."""

    COMPLETE = auto()
    TRUNCATED = auto()
    """At a limit of its length."""
    DECLINED = auto()
    """By a content filter, or by a refusal."""
    SERVER_FAILED = auto()
    """Through a failure of the server: the same request may work in a moment."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TRUNCATED = _words(
    "length max_tokens max_output_tokens max_new_tokens max_completion_tokens model_length token_limit "
    "model_context_window_exceeded context_length context_length_exceeded incomplete"
)
_DECLINED = _words(
    "content_filter content_filtered contentfilter refusal safety recitation prohibited_content blocklist spii "
    "sensitive image_safety guardrail_intervened moderation policy_violation language"
)
_SERVER_FAILED = _words(
    "error error_toxic server_error internal_error network_error abort aborted cancelled canceled timeout "
    "overloaded insufficient_system_resource engine_overloaded malformed_function_call unavailable"
)


def ending(finish_reason: object) -> Ending:
    """The meaning of a finish reason in any dress: `MAX_TOKENS`, `FinishReason.SAFETY`, `content_filter: hate`."""
    if not isinstance(finish_reason, str):
        return Ending.COMPLETE
    word = finish_reason.strip().lower().removeprefix("finishreason.").removeprefix("finish_reason_")
    word = word.split(":")[0].strip().replace("-", "_").replace(" ", "_")
    if word in _TRUNCATED:
        return Ending.TRUNCATED
    if word in _DECLINED:
        return Ending.DECLINED
    return Ending.SERVER_FAILED if word in _SERVER_FAILED else Ending.COMPLETE
