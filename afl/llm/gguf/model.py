"""`--llm gguf:NAME` and `--llm gguf:PATH`: a local model, served for the command by llama.cpp's own server."""

from typing import TYPE_CHECKING

from afl.errors import UsageError
from afl.extras import optional_imports, require_extra
from afl.llm.gguf.model_file import find_model_file, sha256_of
from afl.llm.gguf.packaged_models import packaged_model_names
from afl.llm.gguf.servers import SLOTS, ServerLease, api_key
from afl.llm.language_model import LanguageModel, LanguageModelContext
from afl.llm.price import Price
from afl.llm.redaction import redact_logs
from afl.llm.sampling import DEFAULT_MAX_TOKENS

if TYPE_CHECKING:
    from afl.llm.openai_chat import RawChatOpenAI


def gguf_model(context: LanguageModelContext) -> LanguageModel:
    """The model in a file, or of a name under AFL_HOME; its server starts with the first check or request.

    Raises `NotFoundError` without such a file, `DataError` for a file of another format, `UsageError` without the extra
    `local`, and for an address or a key: the server is this process's own.
    """
    if context.argument is None:
        raise UsageError("got --llm gguf, expected gguf:NAME or gguf:PATH, for example gguf:smollm2")
    if context.spec.base_url is not None:
        raise UsageError(
            f"{context.spec.source.address}: gguf: starts a server of its own; "
            f"for one that is running: openai:NAME {context.spec.source.address} URL"
        )
    require_extra("local", "--llm gguf")
    path = find_model_file(context.argument, context.settings.llms_dir, packaged_model_names())
    lease = ServerLease(path)
    name = f"gguf:{path.stem}"
    chat = _chat(name, context, lease)

    async def check() -> str | None:
        await lease.address()
        return None

    async def close() -> None:
        await chat.aclose()
        await lease.release()

    return LanguageModel(
        name=name,
        chat=chat,
        parameters={**chat.sampling.parameters(), "sha256": sha256_of(path)},
        price=Price(0.0, 0.0),
        check=check,
        close=redact_logs((api_key(),), until=close),
        source=context.spec.source,
        secrets=(api_key(),),
        adaptations=chat.adaptations,
        max_requests=SLOTS,
        is_in_process=True,
    )


def _chat(name: str, context: LanguageModelContext, lease: ServerLease) -> "RawChatOpenAI":
    with optional_imports("openai", "--llm gguf"):
        from afl.llm.openai_chat import make_chat
    chat = make_chat(
        model=name,
        base_url="http://127.0.0.1/v1",
        api_key=api_key(),
        sampling=context.spec.sampling,
        read_timeout=context.timeout,
        default_max_tokens=DEFAULT_MAX_TOKENS,
    )
    chat.locate_with(lease.address)
    return chat
