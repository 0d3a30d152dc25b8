"""A chat model that is asked at once where nobody listens."""

from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage

from afl.llm.openai_chat import make_chat
from afl.testing.server import FakeServer


class Listener(BaseCallbackHandler):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_chat_model_start(
        self, serialized: object, messages: list[list[BaseMessage]], *, run_id: UUID, **more: object
    ) -> None:
        self.heard.append(str(messages[0][0].content))


async def test_whoever_listens_is_told() -> None:
    listener = Listener()
    async with FakeServer() as server:
        chat = make_chat(model="m", base_url=server.url, api_key="none")
        await chat.ainvoke("hello", {"callbacks": [listener]})
        await chat.aclose()
    assert listener.heard == ["hello"]


async def test_the_answer_is_the_same_with_and_without_a_listener() -> None:
    async with FakeServer(lambda _: "hi") as server:
        chat = make_chat(model="m", base_url=server.url, api_key="none")
        direct = await chat.ainvoke("hello")
        heard = await chat.ainvoke("hello", {"callbacks": [Listener()]})
        await chat.aclose()
    assert direct.response_metadata == heard.response_metadata
    assert direct.response_metadata == {"finish_reason": "stop", "model_name": "m"}
    assert (direct.content, direct.usage_metadata) == (heard.content, heard.usage_metadata)
