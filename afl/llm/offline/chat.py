"""The offline model as a LangChain chat model."""

from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from afl.llm.json_answers import answer_key, json_answer
from afl.llm.langchain_chat import CallbackBypassChatModel
from afl.llm.offline.long_lists import LongListModel
from afl.llm.offline.recommendation_agent import OfflineRanker, OfflineRecommender
from afl.llm.offline.reflection import OfflineReflection
from afl.llm.offline.request_parser import Request, Task, Utterance, parse_request
from afl.llm.offline.user_agent import OfflineChooser, OfflineJudge
from afl.llm.response_format import RESPONSE_FORMAT, schema_of
from afl.prompt_headings import HEADINGS, Headings
from afl.types import JsonSchema

_ROLES = {"human": "user", "ai": "assistant", "system": "system"}
CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for English; token counts are estimates."""


class OfflineChat(CallbackBypassChatModel):
    """A chat model without network: plays both agents, from the training split and the messages alone."""

    _recommender: OfflineRecommender = PrivateAttr()
    _judge: OfflineJudge = PrivateAttr()
    _chooser: OfflineChooser = PrivateAttr()
    _ranker: OfflineRanker = PrivateAttr()
    _reflection: OfflineReflection = PrivateAttr()
    _headings: Headings = PrivateAttr()

    def __init__(
        self,
        recommender: OfflineRecommender,
        judge: OfflineJudge,
        long_lists: LongListModel,
        headings: Headings = HEADINGS,
        **options: Any,
    ) -> None:
        """`headings`: those of the requests that it reads."""
        super().__init__(**options)
        self._headings = headings
        self._recommender = recommender
        self._judge = judge
        self._chooser = OfflineChooser(judge.preference_model, judge.wording)
        self._ranker = OfflineRanker(recommender, long_lists)
        self._reflection = OfflineReflection(recommender, long_lists)

    @property
    def _llm_type(self) -> str:
        return "afl-offline"

    def reply(self, messages: list[Utterance], schema: JsonSchema | None = None) -> str:
        """The reply to these messages, as JSON where there is a schema; equal requests get equal replies."""
        if schema is None:
            return self._answer(parse_request(messages, headings=self._headings))
        request = parse_request(messages, answer_key(schema), headings=self._headings)
        return json_answer(self._answer(request), schema, request.candidates)

    def _answer(self, request: Request) -> str:
        match request.task:
            case Task.RECOMMEND if request.plays_user:
                return self._chooser.answer(request)
            case Task.RECOMMEND:
                return self._recommender.answer(request)
            case Task.RANK:
                return self._ranker.answer_with_reason(request)
            case Task.JUDGE:
                return self._judge.answer(request)
            case Task.MISTAKES | Task.CAUSES | Task.HINTS | Task.SAME:
                return self._reflection.answer(request)
            case Task.OTHER:
                return self._ranker.answer(request)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        utterances = [Utterance(_ROLES.get(message.type, message.type), str(message.text)) for message in messages]
        field = kwargs.get(RESPONSE_FORMAT)
        text = self.reply(utterances, None if field is None else schema_of(field))
        answer = AIMessage(
            content=text,
            usage_metadata=_usage(sum(len(utterance.text) for utterance in utterances), len(text)),
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
        # Faster than a thread, which the base class would use.
        return self._generate(messages, stop, **kwargs)


def _usage(prompt_characters: int, completion_characters: int) -> UsageMetadata:
    prompt, completion = (
        -(-count // CHARACTERS_PER_TOKEN) for count in (prompt_characters, completion_characters)
    )
    return UsageMetadata(input_tokens=prompt, output_tokens=completion, total_tokens=prompt + completion)
