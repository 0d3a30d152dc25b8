"""What a run relies on: reproducible, honest about what it knows, a chat model like any other."""

from dataclasses import replace

import pytest
from langchain_core.messages import HumanMessage

from afl.data.dataset import Dataset, Sequences, Split
from afl.errors import UsageError
from afl.llm.fingerprint import fingerprint
from afl.llm.language_model import LanguageModel, LanguageModelContext, LanguageModelSpec
from afl.llm.offline import offline_model
from afl.settings import Settings

REQUEST = """History, oldest first:
1. Jazz 01
2. Jazz 02
3. Jazz 03

Candidates:
1. Metal 04
2. Jazz 05
3. Techno 06

Which one next?

Answer in exactly two lines:
Reason: <why>
Item: <one title>"""


def build(dataset: Dataset, argument: str | None = None) -> LanguageModel:
    spec = LanguageModelSpec("offline" if argument is None else f"offline:{argument}")
    return offline_model(LanguageModelContext(spec, dataset, Settings(_env_file=None)))


def test_two_models_of_one_data_set_answer_with_equal_bytes(world: Dataset, model: LanguageModel) -> None:
    assert build(world).chat.invoke(REQUEST).text == model.chat.invoke(REQUEST).text


def test_replies_do_not_depend_on_what_was_asked_before(world: Dataset, model: LanguageModel) -> None:
    fresh = build(world).chat
    fresh.invoke(REQUEST.replace("Jazz", "Metal"))
    assert fresh.invoke(REQUEST).text == model.chat.invoke(REQUEST).text


async def test_asynchronous_calls_answer_alike(model: LanguageModel) -> None:
    assert (await model.chat.ainvoke(REQUEST)).text == model.chat.invoke(REQUEST).text


def test_replies_carry_estimated_tokens_and_a_finish_reason(model: LanguageModel) -> None:
    answer = model.chat.invoke([HumanMessage(REQUEST)])
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["input_tokens"] == -(-len(REQUEST) // 4)
    assert answer.usage_metadata["output_tokens"] > 0
    assert answer.response_metadata["finish_reason"] == "stop"


def test_validation_and_test_rows_change_nothing(world: Dataset, model: LanguageModel) -> None:
    nothing = Sequences.of([])
    splits = {Split.TRAIN: world.splits[Split.TRAIN], Split.VALID: nothing, Split.TEST: nothing}
    blind = build(replace(world, splits=splits))
    assert blind.parameters == model.parameters
    assert blind.chat.invoke(REQUEST).text == model.chat.invoke(REQUEST).text


def test_other_training_data_is_another_fingerprint(world: Dataset, model: LanguageModel) -> None:
    splits = world.splits | {Split.TRAIN: world.splits[Split.TEST]}
    other = build(replace(world, splits=splits))
    messages = [{"role": "user", "content": REQUEST}]
    assert fingerprint("offline", other.parameters, messages) != fingerprint("offline", model.parameters, messages)


def test_a_data_set_without_training_sequences_still_gets_answers(world: Dataset) -> None:
    empty = build(replace(world, splits=dict.fromkeys(Split, Sequences.of([]))))
    assert "Item: " in empty.chat.invoke(REQUEST).text


def test_it_takes_no_argument(world: Dataset) -> None:
    with pytest.raises(UsageError, match="takes no name"):
        build(world, "large")


def test_another_question_over_a_list_gets_a_ranking(model: LanguageModel) -> None:
    question = REQUEST.partition("Which one")[0] + "Rank the top 2 titles."
    lines = str(model.chat.invoke(question).text).splitlines()
    assert lines[0] == "1. Jazz 05"
    assert len(lines) == 2
