"""A small interface over causal language models: titles in, log probabilities of their tokens out.

Prompts are padded on the left and titles on the right, so that the titles of a batch are one block; padding is never
attended to. B rows, P tokens of the longest prompt, T tokens of the longest title, V tokens of the vocabulary.
"""

import json
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from afl.errors import ModelError, UsageError, first_line
from afl.extras import require_extra
from afl.models.threads import single_threaded

SMALL_MODEL = 10_000_000
"""Number of parameters below which a second thread costs more than it gains."""
PROMPT_LENGTH = 512
"""Maximum number of prompt tokens; longer prompts are cut at the start."""


class PromptBatch(NamedTuple):
    """Prompts as a batch."""

    tokens: Tensor
    """(B, P), padded on the left."""
    mask: Tensor
    """(B, P) 1 where there is a token, else 0."""

    def __getitem__(self, rows: Any) -> "PromptBatch":  # type: ignore[override]
        """The prompts of these rows."""
        return PromptBatch(self.tokens[rows], self.mask[rows])


@dataclass(frozen=True)
class LanguageModel:
    """A causal language model with its tokenizer, on a device."""

    network: nn.Module
    """Of `transformers`, or wrapped by `peft` or `accelerate`."""
    tokenizer: Any
    """A `transformers` tokenizer."""
    prompt_length: int = PROMPT_LENGTH

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    @property
    def end_token(self) -> int:
        """The token that ends a title."""
        return int(self.tokenizer.eos_token_id)

    @property
    def padding_token(self) -> int:
        """The token that fills up a batch; it is masked, so any token will do."""
        token = self.tokenizer.pad_token_id
        return self.end_token if token is None else int(token)

    @property
    def parameter_count(self) -> int:
        """Number of weights."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def limited_threads(self) -> AbstractContextManager[None]:
        """A context with a single thread where the network is too small for more."""
        return single_threaded() if self.parameter_count < SMALL_MODEL else nullcontext()

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, none added; special tokens within the text are read as plain text."""
        encoded = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)
        return list(encoded["input_ids"])

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of these tokens up to the first terminator; other special tokens stay visible."""
        ids = list(tokens)
        title = ids[: ids.index(self.end_token)] if self.end_token in ids else ids
        return str(self.tokenizer.decode(title, clean_up_tokenization_spaces=False))

    def encode_prompts(self, texts: Sequence[str]) -> PromptBatch:
        """The texts as a batch of prompts, after a begin (or end) of text token and cut to `prompt_length`."""
        begin = self.tokenizer.bos_token_id
        first = self.end_token if begin is None else int(begin)
        encoded = {text: [first, *self.encode(text)[-(self.prompt_length - 1) :]] for text in set(texts)}
        width = max(map(len, encoded.values()))
        rows = [[self.padding_token] * (width - len(encoded[text])) + encoded[text] for text in texts]
        mask = [[0] * (width - len(encoded[text])) + [1] * len(encoded[text]) for text in texts]
        return PromptBatch(torch.tensor(rows, device=self.device), torch.tensor(mask, device=self.device))

    def logits(self, prompts: PromptBatch, titles: Tensor) -> Tensor:
        """(B, T, V) logits of each token of the (B, T) titles, given prompt and preceding tokens, in float32."""
        mask = torch.cat([prompts.mask, torch.ones_like(titles[:, 1:])], dim=1)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            output = self.network(
                input_ids=torch.cat([prompts.tokens, titles[:, :-1]], dim=1),
                attention_mask=mask,
                position_ids=(mask.cumsum(dim=1) - 1).clamp(min=0),
                use_cache=False,
                logits_to_keep=titles.shape[1],
            )
        logits: Tensor = output.logits
        return logits.float()

    def logits_at(self, prompts: PromptBatch, titles: Tensor, mask: Tensor) -> Tensor:
        """(S, V) the logits of the S tokens where the (B, T) mask is true, row by row."""
        return self.logits(prompts, titles)[mask]

    def next_token_logits(
        self, tokens: Tensor, *, mask: Tensor, positions: Tensor, cache: Any
    ) -> tuple[Tensor, Any]:
        """(B, V) logits of the token after the (B, T) tokens, in float32, and the updated KV cache.

        `mask` covers all tokens so far, the cached ones included; `positions` are those of the new tokens.
        """
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            output = self.network(
                input_ids=tokens,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
        return output.logits[:, -1].float(), output.past_key_values

    def log_probabilities(self, prompts: PromptBatch, titles: Tensor) -> Tensor:
        """(B, T) log probability of each token over the full vocabulary; values of padding are meaningless."""
        return token_log_probabilities(self.logits(prompts, titles), titles)

    def to_tensor(self, values: ArrayLike) -> Tensor:
        """An array on the model's device, floating numbers as float32."""
        array: NDArray[Any] = np.asarray(values)
        return torch.from_numpy(array.astype(np.float32) if array.dtype.kind == "f" else array).to(self.device)

    def save(self, folder: Path) -> None:
        """Writes weights (of a LoRA model only the adapter's) as safetensors, configuration and tokenizer as JSON."""
        with silence_transformers():
            self.network.save_pretrained(folder)  # type: ignore[operator]
            self.tokenizer.save_pretrained(folder)
        (folder / "afl.json").write_text(json.dumps({"prompt_length": self.prompt_length}), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "LanguageModel":
        """The model that `save` wrote, in eval mode on the default device; `ModelError` where it cannot be read."""
        require_extra("flower", "a Flower model")
        try:
            settings = json.loads((folder / "afl.json").read_text(encoding="utf-8"))
            model = load_pretrained(str(folder), prompt_length=int(settings["prompt_length"]))
        except (OSError, ValueError, KeyError, UsageError) as error:
            raise ModelError(
                f"{folder}: not a readable language model ({first_line(error)}); train it again"
            ) from None
        return model


def token_log_probabilities(logits: Tensor, tokens: Tensor) -> Tensor:
    """(...) log probability of the (...) tokens under (..., V) logits."""
    return -cross_entropy(logits.flatten(0, -2), tokens.flatten(), reduction="none").view(tokens.shape)


def load_pretrained(name: str, *, lora: int = 0, prompt_length: int = PROMPT_LENGTH) -> LanguageModel:
    """The causal language model in a folder or on the Hugging Face hub, with its tokenizer.

    `lora` is the rank of the adapter to be trained, all other weights frozen; 0 trains all weights. An adapter in the
    folder is loaded with its base model. Raises `UsageError` where there is no such model, or its tokenizer has no
    end-of-text token.
    """
    require_extra("flower", "a Flower model")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        with silence_transformers():
            tokenizer = AutoTokenizer.from_pretrained(name)
            if (Path(name) / "adapter_config.json").is_file():
                from peft import AutoPeftModelForCausalLM

                network: nn.Module = AutoPeftModelForCausalLM.from_pretrained(name, dtype=torch.float32)
            else:
                network = AutoModelForCausalLM.from_pretrained(name, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--model: got {name!r}, expected a folder or hub name of a causal model ({first_line(error)})"
        ) from None
    if tokenizer.eos_token_id is None:
        raise UsageError(f"--model: the tokenizer of {name!r} has no end-of-text token to end a title with")
    return LanguageModel(_with_lora(network, lora).to(default_device()).eval(), tokenizer, prompt_length)


def default_device() -> torch.device:
    """The GPU where there is one (one per process under `accelerate launch`), else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


def _with_lora(network: nn.Module, rank: int) -> nn.Module:
    if rank == 0:
        return network
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")
    # Initialised from a fixed seed, whatever was drawn before: trainings must be reproducible.
    with silence_transformers(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return get_peft_model(network, config)


@contextmanager
def silence_transformers() -> Iterator[None]:
    """Without progress bars of `transformers` and warnings of `peft` inside: AFL reports progress itself."""
    from transformers.utils import logging

    was_enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            # peft 0.21 uses transformers 5.23 by a deprecated name.
            warnings.filterwarnings("ignore", ".is_gradient_checkpointing. is deprecated", FutureWarning)
            yield
    finally:
        if was_enabled:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
