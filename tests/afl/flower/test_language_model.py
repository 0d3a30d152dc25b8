"""Language models behind one interface: tokens, padding without effect, and files that restore the same model."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from afl.errors import ModelError, UsageError
from afl.flower.embedded_model import EmbeddedConfig, build_embedded_model
from afl.flower.language_model import LanguageModel, load_pretrained

TITLES = ["Heat", "Amélie", "Heat 2", "The Thing"]
SMALL = EmbeddedConfig(vocabulary=280, hidden=16, layers=1, heads=2, prompt_length=12)


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return build_embedded_model(TITLES, config=SMALL, seed=1)


def rows(model: LanguageModel, texts: list[str]) -> torch.Tensor:
    ids = [[*model.encode(text), model.end_token] for text in texts]
    return torch.tensor([row + [model.padding_token] * (max(map(len, ids)) - len(row)) for row in ids])


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=20))
def test_no_character_of_any_title_is_lost(model: LanguageModel, text: str) -> None:
    assert model.decode([*model.encode(text), model.end_token, 7]) == text


@pytest.mark.parametrize("text", ["<end>", "a <begin> b", "<padding>"])
def test_special_tokens_in_a_text_are_plain_text(model: LanguageModel, text: str) -> None:
    assert min(model.encode(text)) > model.end_token


def test_padding_of_prompts_and_titles_has_no_effect(model: LanguageModel) -> None:
    prompts, titles = ["I liked Heat", "", "Amélie, Heat"], ["Heat 2", "The Thing", "Heat"]
    together = model.log_probabilities(model.encode_prompts(prompts), rows(model, titles))
    for prompt, title, result in zip(prompts, titles, together, strict=True):
        alone = model.log_probabilities(model.encode_prompts([prompt]), rows(model, [title]))
        assert torch.allclose(result[: alone.shape[1]], alone[0], atol=1e-5)


def test_long_prompts_are_cut_at_the_start(model: LanguageModel) -> None:
    tokens, mask = model.encode_prompts(["x" * 40 + "y", "y"])
    assert tokens.shape == (2, 12)
    assert (tokens[0, 0], tokens[0, -1]) == (tokens[1, -2], tokens[1, -1])
    assert mask.sum(dim=1).tolist() == [12, 2]


def test_the_probabilities_are_those_of_the_full_vocabulary(model: LanguageModel) -> None:
    logits = model.logits(model.encode_prompts([""]), rows(model, ["Heat"]))
    assert logits.shape[-1] == len(model.tokenizer)
    assert logits.dtype == torch.float32


def test_a_seed_gives_the_same_model_and_another_another(model: LanguageModel) -> None:
    prompt, title = model.encode_prompts([""]), rows(model, ["Heat"])
    result = [
        build_embedded_model(TITLES, config=SMALL, seed=seed).log_probabilities(prompt, title) for seed in (1, 2)
    ]
    assert torch.equal(result[0], model.log_probabilities(prompt, title))
    assert not torch.equal(result[0], result[1])


def test_a_saved_model_is_loaded_unchanged(model: LanguageModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    again = LanguageModel.load(tmp_path)
    prompt, title = model.encode_prompts(["Heat"]), rows(model, ["The Thing"])
    assert torch.equal(again.log_probabilities(prompt, title), model.log_probabilities(prompt, title))
    assert (again.encode("<end>"), again.prompt_length) == (model.encode("<end>"), 12)
    assert {file.suffix for file in tmp_path.iterdir()} == {".json", ".safetensors"}


def test_lora_trains_few_weights_and_is_loaded_with_its_base_model(model: LanguageModel, tmp_path: Path) -> None:
    model.save(tmp_path / "base")
    tuned = load_pretrained(str(tmp_path / "base"), lora=2)
    learnable = [parameter for parameter in tuned.network.parameters() if parameter.requires_grad]
    assert 0 < sum(map(torch.numel, learnable)) < tuned.parameter_count / 4
    with torch.no_grad():
        [parameter.add_(0.1) for parameter in learnable]
    tuned.save(tmp_path / "tuned")
    prompt, title = tuned.encode_prompts([""]), rows(tuned, ["Heat"])
    again = LanguageModel.load(tmp_path / "tuned").log_probabilities(prompt, title)
    assert torch.allclose(again, tuned.log_probabilities(prompt, title))
    assert not torch.allclose(again, model.log_probabilities(prompt, title))


def test_a_model_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a folder or hub name of a causal model"):
        load_pretrained(str(tmp_path / "nowhere"))


def test_a_folder_without_a_model_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a readable language model"):
        LanguageModel.load(tmp_path)
