"""The one training loop, for imitation (SFT), flows, and L = sft * L_SFT + flow * L_flow (Flower, section 3).

It knows no task: a `Lesson` says what is learned. It can be killed at any time and goes on with an equal result.
B rows of a batch, T tokens of its longest title, V tokens of the vocabulary.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from afl.errors import ModelError, UsageError
from afl.flower.distributed import ProcessGroup
from afl.flower.language_model import LanguageModel, PromptBatch, token_log_probabilities
from afl.flower.loss import legal_loss, subtb_loss
from afl.flower.prefix_tree import OFF_TREE, ROOT, Ints
from afl.flower.sampling import sample_tokens
from afl.flower.schedule import Schedule
from afl.flower.training_state import CurvePoint, TrainingState
from afl.flower.training_task import Examples, TrainingTask
from afl.ports import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """What is minimised, and how."""

    sft: float = 0.0
    """Weight of imitation: minus the log probability of the examples' titles, mean over tokens."""
    flow: float = 1.0
    """Weight of the sub-trajectory-balance loss (lambda)."""
    legal: float = 0.0
    """Weight of the term that draws probability to the tokens of the tree."""
    granularity: int = 1
    """Tokens between states of the flow loss; 0 is the whole title."""
    on_policy: float = 0.0
    """Share of the steps whose flow loss is on titles that the model itself draws."""
    masked: bool = False
    """Whether those are drawn from the tree alone; else from the full vocabulary, up to where they leave it."""
    steps: int = 1000
    """At most; see `patience`."""
    batch_size: int = 64
    """Titles per step, over all processes."""
    micro_batch: int = 0
    """Titles at once in a process, where memory is short; 0 is all."""
    learning_rate: float = 5e-3
    warm_up: int = 20
    """Steps."""
    decay: float = 0.5
    """Share of the steps in which the learning rate falls to 0."""
    clip: float = 1.0
    """Norm of a gradient at most."""
    validate_every: int = 50
    """Steps between validations, after each of which the state of the training is kept."""
    patience: int = 4
    """Validations without a better one after which the learning rate begins to fall; 0 waits for its time."""

    @property
    def schedule(self) -> Schedule:
        return Schedule(self.steps, self.warm_up, self.decay)


class TrainingResult(NamedTuple):
    """What a training did. The model is left with the best validated weights, in eval mode."""

    steps: int
    best_step: int
    validation: float
    """The best validation loss, lower is better."""
    curve: tuple[CurvePoint, ...]
    """One point per validation."""
    seconds: float
    """Of all continuations together, and so are CPU seconds."""
    cpu_seconds: float


def fit(
    model: LanguageModel,
    lesson: TrainingTask,
    *,
    config: TrainingConfig,
    seed: int,
    progress: Progress,
    state: Path | None = None,
) -> TrainingResult:
    """Trains the model in place; the same model, lesson, configuration and seed give the same weights.

    `state` is a file that holds the standing of an interrupted training, which is continued; it is kept up to date.
    One thread for a small model; under `accelerate launch` every process takes its share of each batch.

    Raises `UsageError` for a configuration that minimises nothing, `ModelError` where the loss is no number.
    """
    if config.sft == config.flow == config.legal == 0:
        raise UsageError("the weights of imitation, flow and legal tokens are all 0; expected one above 0")
    with model.limited_threads(), torch.random.fork_rng(devices=[]):
        return _Training(model, lesson, config, seed, progress, state).run()


class _Training:
    def __init__(
        self,
        model: LanguageModel,
        lesson: TrainingTask,
        config: TrainingConfig,
        seed: int,
        progress: Progress,
        state: Path | None,
    ) -> None:
        self._processes = ProcessGroup()
        self._model, self._lesson, self._config, self._seed = model, lesson, config, seed
        self._progress, self._state = progress, state
        self._weights = {name: one for name, one in model.network.named_parameters() if one.requires_grad}
        self._optimizer = torch.optim.AdamW(
            self._weights.values(), lr=config.learning_rate, weight_decay=0.0, fused=True
        )

    def run(self) -> TrainingResult:
        wall, cpu = time.perf_counter(), time.process_time()
        standing = (
            TrainingState.read(self._state, self._weights, self._optimizer) if self._state else TrainingState()
        )
        before = standing.seconds, standing.cpu_seconds
        while standing.step < self._config.schedule.end(standing.turn):
            standing.step += 1
            standing.losses.append(self._step(standing.step, standing.turn))
            if not isfinite(standing.losses[-1]):
                raise ModelError(f"the loss is {standing.losses[-1]} in step {standing.step}; learn more slowly")
            if standing.step % self._config.validate_every == 0 or self._is_last(standing):
                standing.validated(self._validate(), self._weights, self._config.schedule, self._config.patience)
                standing.seconds = before[0] + time.perf_counter() - wall
                standing.cpu_seconds = before[1] + time.process_time() - cpu
                self._keep(standing)
                self._tell(standing)
        self._model.network.load_state_dict(standing.best, strict=False)
        self._model.network.eval()
        return TrainingResult(
            standing.step,
            standing.best_step,
            standing.validation,
            tuple(standing.curve),
            standing.seconds,
            standing.cpu_seconds,
        )

    def _is_last(self, standing: TrainingState) -> bool:
        return standing.step == self._config.schedule.end(standing.turn)

    def _validate(self) -> float:
        self._model.network.eval()
        with torch.no_grad():
            return self._processes.broadcast(self._lesson.validate(self._model))

    def _keep(self, standing: TrainingState) -> None:
        if self._state is not None and self._processes.is_main:
            standing.write(self._state, self._weights, self._optimizer)
        self._processes.wait()

    def _tell(self, standing: TrainingState) -> None:
        if self._processes.is_main:
            point = standing.curve[-1]
            text = f"loss {point.loss:.4g}, validation {point.validation:.4f}"
            self._progress(standing.step, self._config.schedule.end(standing.turn), text)

    def _step(self, step: int, turn: int | None) -> float:
        """One update; returns the loss of this process's share."""
        config = self._config
        self._model.network.train()
        for group in self._optimizer.param_groups:
            group["lr"] = config.learning_rate * config.schedule.share(step, turn)
        draws = np.random.default_rng([self._seed, step])
        own = draws.random() < config.on_policy
        examples = self._lesson.examples(draws, config.batch_size)
        mine = examples.part(self._processes.rank, len(examples.titles), self._processes.count)
        sampler = torch.Generator(self._model.device)
        sampler.manual_seed(int(draws.integers(2**62)) + self._processes.rank)
        torch.manual_seed(self._seed + step)  # of dropout, where a model has it
        size = config.micro_batch or len(mine.titles)
        parts = [mine.part(start, start + size) for start in range(0, len(mine.titles), size)]
        self._optimizer.zero_grad()
        total = 0.0
        for part in parts:
            loss = self._loss(part, sampler if own else None) / len(parts)
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        self._processes.average_gradients(self._weights.values())
        torch.nn.utils.clip_grad_norm_(self._weights.values(), config.clip)
        self._optimizer.step()
        return total

    def _loss(self, examples: Examples, sampler: torch.Generator | None) -> Tensor:
        """The sum of all terms; with a sampler the flow terms are of titles that the model draws."""
        config = self._config
        prompts = self._model.encode_prompts(examples.prompts)
        paths = self._taught(examples)
        loss = torch.zeros((), device=self._model.device)
        if config.sft or sampler is None:
            log_pi, logits = self._read(prompts, paths)
        if config.sft:
            weights = self._model.to_tensor(examples.weights)[:, None]
            loss = loss - config.sft * (weights * log_pi)[paths.mask].sum() / paths.mask.sum()
        if sampler is not None and (config.flow or config.legal):
            paths = self._own(prompts, sampler)
            log_pi, logits = self._read(prompts, paths)
        if config.flow:
            rewards = self._model.to_tensor(self._lesson.log_rewards(examples, paths.nodes))
            flow = subtb_loss(log_pi, rewards, paths.mask, granularity=config.granularity)
            loss = loss + config.flow * flow
        if config.legal:
            loss = loss + config.legal * self._legal(logits, paths)
        return loss

    def _read(self, prompts: PromptBatch, paths: "_Paths") -> tuple[Tensor, Tensor]:
        """(B, T) log probabilities, and the (S, V) logits of the S tokens they are of."""
        logits = self._model.logits_at(prompts, paths.tokens, paths.mask)
        found = token_log_probabilities(logits, paths.tokens[paths.mask])
        log_pi = torch.zeros(paths.mask.shape, device=self._model.device)
        return log_pi.index_put(torch.nonzero(paths.mask, as_tuple=True), found), logits

    def _legal(self, logits: Tensor, paths: "_Paths") -> Tensor:
        above = np.concatenate([np.full_like(paths.nodes[:, :1], ROOT), paths.nodes[:, :-1]], axis=1)
        steps = self._lesson.tree.children(above[paths.mask.cpu().numpy()])
        rows, tokens = self._model.to_tensor(steps.rows), self._model.to_tensor(steps.tokens)
        return legal_loss(logits.log_softmax(dim=-1), rows, tokens, paths.mask)

    def _taught(self, examples: Examples) -> "_Paths":
        nodes = self._lesson.tree.nodes(examples.titles)
        inside = nodes != OFF_TREE
        tokens = np.where(inside, self._lesson.tree.token[nodes], self._model.padding_token)
        return _Paths(self._model.to_tensor(tokens), self._model.to_tensor(inside), nodes)

    def _own(self, prompts: PromptBatch, sampler: torch.Generator) -> "_Paths":
        """Titles that the model draws now, each up to its terminator, or the step that leaves the tree."""
        tree = self._lesson.tree
        with _evaluating(self._model):
            tokens = sample_tokens(
                self._model,
                prompts,
                longest=tree.path.shape[1],
                draws=sampler,
                tree=tree if self._config.masked else None,
            )
        nodes = tree.walk(tokens.cpu().numpy())
        inside = np.concatenate([np.ones_like(nodes[:, :1], bool), nodes[:, :-1] != OFF_TREE], axis=1)
        inside[:, 1:] &= tree.title_of_node[nodes[:, :-1]] == OFF_TREE
        return _Paths(tokens, self._model.to_tensor(inside), nodes)


class _Paths(NamedTuple):
    tokens: Tensor  # (B, T)
    mask: Tensor  # (B, T)
    nodes: Ints  # (B, T)


@contextmanager
def _evaluating(model: LanguageModel) -> Iterator[None]:
    model.network.eval()
    yield
    model.network.train()
