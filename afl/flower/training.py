"""The training loop for imitation (SFT), flow matching, and L = sft * L_SFT + flow * L_flow (Flower, section 3).

It is independent of the task: a `TrainingTask` provides examples, rewards and validation. A killed training resumes
from its checkpoint and ends with an equal result.

B rows of a batch, T tokens of its longest title, V tokens of the vocabulary.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from afl.errors import ModelError, UsageError
from afl.flower.distributed import ProcessGroup
from afl.flower.language_model import LanguageModel, PromptBatch, token_log_probabilities
from afl.flower.loss import legal_loss, subtb_loss
from afl.flower.prefix_tree import OFF_TREE, ROOT, Floats, Ints, PrefixTree
from afl.flower.sampling import sample_tokens
from afl.flower.training_state import CurvePoint, LearningRateSchedule, TrainingState
from afl.ports import Progress


class Examples(NamedTuple):
    """A batch of B titles, each after its prompt."""

    prompts: tuple[str, ...]
    titles: Ints
    """(B,) numbers of titles in the tree."""
    weights: Floats
    """(B,) weight of each title in the imitation loss; 1 by default."""
    rows: Ints
    """(B,) identifies each example within its task."""

    def part(self, start: int, stop: int, step: int = 1) -> "Examples":
        """A slice of the batch."""
        rows = slice(start, stop, step)
        return Examples(self.prompts[rows], self.titles[rows], self.weights[rows], self.rows[rows])


class TrainingTask(Protocol):
    """A task as the training loop sees it."""

    @property
    def tree(self) -> PrefixTree: ...

    def sample_batch(self, rng: np.random.Generator, size: int) -> Examples:
        """A random batch of examples."""
        ...

    def log_rewards(self, examples: Examples, nodes: Ints) -> NDArray[np.floating]:
        """(B, T) log process rewards of the steps into these nodes, finite everywhere; node -1 is off the tree."""
        ...

    def validate(self, model: LanguageModel) -> float:
        """A loss on held-out data; lower is better."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """The loss and its optimisation."""

    sft: float = 0.0
    """Weight of the imitation loss: negative log-likelihood of the examples' titles, mean over tokens."""
    flow: float = 1.0
    """Weight of the sub-trajectory-balance loss (lambda)."""
    legal: float = 0.0
    """Weight of the legal-token loss, which moves probability onto the tokens of the tree."""
    granularity: int = 1
    """Tokens between states of the flow loss; 0 is the whole title."""
    on_policy: float = 0.0
    """Share of the steps whose flow loss is computed on titles sampled from the model itself."""
    masked: bool = False
    """Whether on-policy titles are sampled within the tree; else from the full vocabulary, until they leave it."""
    steps: int = 1000
    """Maximum number of steps; see `patience`."""
    batch_size: int = 64
    """Titles per step, over all processes."""
    micro_batch: int = 0
    """Titles per forward pass in a process, for gradient accumulation where memory is short; 0 is all at once."""
    learning_rate: float = 5e-3
    warm_up: int = 20
    """Steps of linear warm-up."""
    decay: float = 0.5
    """Share of the steps in which the learning rate decays to 0."""
    clip: float = 1.0
    """Maximum gradient norm."""
    validate_every: int = 50
    """Steps between validations; after each a checkpoint is written."""
    patience: int = 4
    """Validations without improvement after which the learning rate starts to decay early; 0 is no early stopping."""

    @property
    def schedule(self) -> LearningRateSchedule:
        return LearningRateSchedule(self.steps, self.warm_up, self.decay)


class TrainingResult(NamedTuple):
    """The outcome of a training; the model has the weights with the best validation loss, in eval mode."""

    steps: int
    best_step: int
    validation: float
    """The best validation loss, lower is better."""
    curve: tuple[CurvePoint, ...]
    """One point per validation."""
    seconds: float
    """Like `cpu_seconds`, summed over interruptions and resumptions."""
    cpu_seconds: float


def fit(
    model: LanguageModel,
    task: TrainingTask,
    *,
    config: TrainingConfig,
    seed: int,
    progress: Progress,
    checkpoint: Path | None = None,
) -> TrainingResult:
    """Trains the model in place; the same model, task, configuration and seed give the same weights.

    `checkpoint` is a file: training resumes from it where it exists, and writes it after every validation. A small
    model is trained on one thread; under `accelerate launch` every process takes its share of each batch.

    Raises `UsageError` for a configuration without any loss, `ModelError` where the loss is not finite.
    """
    if config.sft == config.flow == config.legal == 0:
        raise UsageError("the weights of imitation, flow and legal tokens are all 0; expected one above 0")
    with model.limited_threads(), torch.random.fork_rng(devices=[]):
        return _Trainer(model, task, config, seed, progress, checkpoint).run()


class _Trainer:
    def __init__(
        self,
        model: LanguageModel,
        task: TrainingTask,
        config: TrainingConfig,
        seed: int,
        progress: Progress,
        checkpoint: Path | None,
    ) -> None:
        self._processes = ProcessGroup()
        self._model, self._task, self._config, self._seed = model, task, config, seed
        self._progress, self._checkpoint = progress, checkpoint
        self._weights = {name: weight for name, weight in model.network.named_parameters() if weight.requires_grad}
        self._optimizer = torch.optim.AdamW(
            self._weights.values(), lr=config.learning_rate, weight_decay=0.0, fused=True
        )

    def run(self) -> TrainingResult:
        started, cpu_started = time.perf_counter(), time.process_time()
        state = self._resumed_state()
        seconds, cpu_seconds = state.seconds, state.cpu_seconds
        while state.step < self._last_step(state):
            state.step += 1
            state.losses.append(self._step(state.step, state.plateau_end))
            if not isfinite(state.losses[-1]):
                raise ModelError(f"the loss is {state.losses[-1]} in step {state.step}; lower the learning rate")
            if state.step % self._config.validate_every == 0 or state.step == self._last_step(state):
                state.record_validation(
                    self._validation_loss(), self._weights, self._config.schedule, self._config.patience
                )
                state.seconds = seconds + time.perf_counter() - started
                state.cpu_seconds = cpu_seconds + time.process_time() - cpu_started
                self._write_checkpoint(state)
                self._report(state)
        self._model.network.load_state_dict(state.best, strict=False)
        self._model.network.eval()
        return TrainingResult(
            state.step, state.best_step, state.validation, tuple(state.curve), state.seconds, state.cpu_seconds
        )

    def _resumed_state(self) -> TrainingState:
        if self._checkpoint is None:
            return TrainingState()
        return TrainingState.read(self._checkpoint, self._weights, self._optimizer)

    def _last_step(self, state: TrainingState) -> int:
        return self._config.schedule.last_step(state.plateau_end)

    def _validation_loss(self) -> float:
        self._model.network.eval()
        with torch.no_grad():
            return self._processes.broadcast(self._task.validate(self._model))

    def _write_checkpoint(self, state: TrainingState) -> None:
        if self._checkpoint is not None and self._processes.is_main:
            state.write(self._checkpoint, self._weights, self._optimizer)
        self._processes.wait()

    def _report(self, state: TrainingState) -> None:
        if self._processes.is_main:
            point = state.curve[-1]
            text = f"loss {point.loss:.4g}, validation {point.validation:.4f}"
            self._progress(state.step, self._last_step(state), text)

    def _step(self, step: int, plateau_end: int | None) -> float:
        """One update of the weights; returns the loss of this process's share of the batch."""
        config = self._config
        self._model.network.train()
        for group in self._optimizer.param_groups:
            group["lr"] = config.learning_rate * config.schedule.factor(step, plateau_end)
        rng = np.random.default_rng([self._seed, step])
        on_policy = rng.random() < config.on_policy
        batch = self._task.sample_batch(rng, config.batch_size)
        share = batch.part(self._processes.rank, len(batch.titles), self._processes.count)
        sampler = torch.Generator(self._model.device)
        sampler.manual_seed(int(rng.integers(2**62)) + self._processes.rank)
        torch.manual_seed(self._seed + step)  # for dropout, where a model has it
        size = config.micro_batch or len(share.titles)
        micro_batches = [share.part(start, start + size) for start in range(0, len(share.titles), size)]
        self._optimizer.zero_grad()
        total = 0.0
        for examples in micro_batches:
            loss = self._loss(examples, sampler if on_policy else None) / len(micro_batches)
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        self._processes.average_gradients(self._weights.values())
        torch.nn.utils.clip_grad_norm_(self._weights.values(), config.clip)
        self._optimizer.step()
        return total

    def _loss(self, examples: Examples, sampler: torch.Generator | None) -> Tensor:
        """The sum of all terms; with a sampler, the flow and legal terms are of titles sampled from the model."""
        config = self._config
        prompts = self._model.encode_prompts(examples.prompts)
        paths = self._example_paths(examples)
        loss = torch.zeros((), device=self._model.device)
        if config.sft or sampler is None:
            log_pi, logits = self._forward(prompts, paths)
        if config.sft:
            weights = self._model.to_tensor(examples.weights)[:, None]
            loss = loss - config.sft * (weights * log_pi)[paths.mask].sum() / paths.mask.sum()
        if sampler is not None and (config.flow or config.legal):
            paths = self._sampled_paths(prompts, sampler)
            log_pi, logits = self._forward(prompts, paths)
        if config.flow:
            rewards = self._model.to_tensor(self._task.log_rewards(examples, paths.nodes))
            flow = subtb_loss(log_pi, rewards, paths.mask, granularity=config.granularity)
            loss = loss + config.flow * flow
        if config.legal:
            loss = loss + config.legal * self._legal_loss(logits, paths)
        return loss

    def _forward(self, prompts: PromptBatch, paths: "_Paths") -> tuple[Tensor, Tensor]:
        """(B, T) log probabilities of the paths' tokens, and the (S, V) logits of their S tokens."""
        logits = self._model.logits_at(prompts, paths.tokens, paths.mask)
        of_tokens = token_log_probabilities(logits, paths.tokens[paths.mask])
        log_pi = torch.zeros(paths.mask.shape, device=self._model.device)
        return log_pi.index_put(torch.nonzero(paths.mask, as_tuple=True), of_tokens), logits

    def _legal_loss(self, logits: Tensor, paths: "_Paths") -> Tensor:
        parents = np.concatenate([np.full_like(paths.nodes[:, :1], ROOT), paths.nodes[:, :-1]], axis=1)
        steps = self._task.tree.children(parents[paths.mask.cpu().numpy()])
        rows, tokens = self._model.to_tensor(steps.rows), self._model.to_tensor(steps.tokens)
        return legal_loss(logits.log_softmax(dim=-1), rows, tokens, paths.mask)

    def _example_paths(self, examples: Examples) -> "_Paths":
        nodes = self._task.tree.nodes(examples.titles)
        on_tree = nodes != OFF_TREE
        tokens = np.where(on_tree, self._task.tree.token[nodes], self._model.padding_token)
        return _Paths(self._model.to_tensor(tokens), self._model.to_tensor(on_tree), nodes)

    def _sampled_paths(self, prompts: PromptBatch, sampler: torch.Generator) -> "_Paths":
        """Titles sampled from the model, each up to its terminator or to the token that leaves the tree."""
        tree = self._task.tree
        with _eval_mode(self._model):
            tokens = sample_tokens(
                self._model,
                prompts,
                max_tokens=tree.path.shape[1],
                generator=sampler,
                tree=tree if self._config.masked else None,
            )
        nodes = tree.walk(tokens.cpu().numpy())
        mask = np.concatenate([np.ones_like(nodes[:, :1], bool), nodes[:, :-1] != OFF_TREE], axis=1)
        mask[:, 1:] &= tree.title_of_node[nodes[:, :-1]] == OFF_TREE
        return _Paths(tokens, self._model.to_tensor(mask), nodes)


class _Paths(NamedTuple):
    """Trajectories through the tree."""

    tokens: Tensor  # (B, T)
    mask: Tensor  # (B, T)
    nodes: Ints  # (B, T)


@contextmanager
def _eval_mode(model: LanguageModel) -> Iterator[None]:
    model.network.eval()
    yield
    model.network.train()
