"""The offline model as LangChain sees it."""

from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from afl.llm.callback_bypass import CallbackBypassChatModel
from afl.llm.offline.long_lists import Skimming
from afl.llm.offline.recommendation_agent import Ranking, Recommending
from afl.llm.offline.reflection import Reflecting
from afl.llm.offline.request_parser import Request, Said, Task, read
from afl.llm.offline.user_agent import Choosing, Judging

_ROLES = {"human": "user", "ai": "assistant", "system": "system"}
CHARACTERS_A_TOKEN = 4
"""A usual rule of thumb for English; the counts are estimates."""


class OfflineChat(CallbackBypassChatModel):
    """A chat model without a network: plays both agents, knows the training split, reads the messages, no more."""

    _recommending: Recommending = PrivateAttr()
    _judging: Judging = PrivateAttr()
    _choosing: Choosing = PrivateAttr()
    _ranking: Ranking = PrivateAttr()
    _reflecting: Reflecting = PrivateAttr()

    def __init__(self, recommending: Recommending, judging: Judging, skimming: Skimming, **options: Any) -> None:
        super().__init__(**options)
        self._recommending = recommending
        self._judging = judging
        self._choosing = Choosing(judging.listener, judging.wording)
        self._ranking = Ranking(recommending, skimming)
        self._reflecting = Reflecting(recommending, skimming)

    @property
    def _llm_type(self) -> str:
        return "afl-offline"

    def reply(self, messages: list[Said]) -> str:
        """The text it answers these messages with; equal messages get equal text."""
        request = read(messages)
        return self._answer(request)

    def _answer(self, request: Request) -> str:
        match request.task:
            case Task.RECOMMEND if request.as_person:
                return self._choosing.answer(request)
            case Task.RECOMMEND:
                return self._recommending.answer(request)
            case Task.RANK:
                return self._ranking.answer_with_reason(request)
            case Task.JUDGE:
                return self._judging.answer(request)
            case Task.MISTAKES | Task.CAUSES | Task.HINTS | Task.SAME:
                return self._reflecting.answer(request)
            case Task.OTHER:
                return self._ranking.answer(request)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        said = [Said(_ROLES.get(message.type, message.type), str(message.text)) for message in messages]
        text = self.reply(said)
        answer = AIMessage(
            content=text,
            usage_metadata=_usage(sum(len(one.text) for one in said), len(text)),
            response_metadata={"finish_reason": "stop", "model_name": "offline"},
        )
        return ChatResult(generations=[ChatGeneration(message=answer)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        # Quicker than handing it to a thread, which is what the base class would do.
        return self._generate(messages, stop)


def _usage(read_characters: int, said_characters: int) -> UsageMetadata:
    prompt, completion = (-(-count // CHARACTERS_A_TOKEN) for count in (read_characters, said_characters))
    return UsageMetadata(input_tokens=prompt, output_tokens=completion, total_tokens=prompt + completion)
