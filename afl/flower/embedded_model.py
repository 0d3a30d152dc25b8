"""The embedded language model: a tokenizer and a small Llama network trained from scratch; nothing is downloaded."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch

from afl.errors import UsageError
from afl.extras import require_extra
from afl.flower.language_model import LanguageModel, default_device

PADDING, BEGIN, END = "<padding>", "<begin>", "<end>"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedConfig:
    """Size of the embedded model."""

    vocabulary: int = 1000
    """Maximum number of tokens; 256 of them are the bytes, so that every text can be encoded."""
    hidden: int = 64
    """Hidden size."""
    layers: int = 2
    heads: int = 4
    prompt_length: int = 128
    """Maximum number of prompt tokens; longer prompts are cut at the start."""

    def with_hidden(self, width: int | None) -> "EmbeddedConfig":
        """The same with this hidden size; `UsageError` where the heads cannot share it evenly."""
        if width is None:
            return self
        if width < 2 * self.heads or width % (2 * self.heads):
            raise UsageError(f"--width: got {width}, expected a multiple of {2 * self.heads}")
        return replace(self, hidden=width)


def build_embedded_model(
    texts: Iterable[str], *, config: EmbeddedConfig | None = None, seed: int
) -> LanguageModel:
    """An untrained model with a tokenizer learned from `texts` (titles, and histories where there are any).

    The same texts and seed give the same model; the global random state is left as it was.
    """
    require_extra("flower", "a Flower model")
    from transformers import LlamaConfig, LlamaForCausalLM

    config = config or EmbeddedConfig()
    tokenizer = byte_pair_tokenizer(texts, vocabulary=config.vocabulary)
    network = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=config.hidden,
        intermediate_size=2 * config.hidden,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        max_position_embeddings=4 * config.prompt_length,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(network)
    return LanguageModel(model.to(default_device()).eval(), tokenizer, config.prompt_length)  # type: ignore[arg-type]


def byte_pair_tokenizer(texts: Iterable[str], *, vocabulary: int) -> Any:
    """A `transformers` tokenizer: byte-level BPE, which loses no character of any text."""
    from tokenizers import Tokenizer
    from tokenizers.decoders import ByteLevel as Decoder
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.trainers import BpeTrainer
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = Decoder()
    trainer = BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PADDING, BEGIN, END],
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token=PADDING,
        bos_token=BEGIN,
        eos_token=END,
        clean_up_tokenization_spaces=False,
    )
