"""The policy that chooses a hint, or none, for a session: a small network, its encoding, and its knowledge base."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from afl.atomic_write import write_atomically
from afl.data.dataset import Dataset
from afl.errors import ConflictError, ModelError, NotFoundError, first_line, name_hint
from afl.hints.encoding import Encoding, States
from afl.hints.knowledge_base import Hint, KnowledgeBase
from afl.types import SessionView

VERSION = 1
"""Version of the layout."""
FILENAME = "policy.safetensors"
PERMUTED = "permuted.safetensors"
"""The control: a policy trained with the states of other sessions."""

Floats = NDArray[np.float32]


class Layer(NamedTuple):
    """An affine map; between layers there is a tanh."""

    weight: Floats
    """(out, in)"""
    bias: Floats
    """(out,)"""


@dataclass(frozen=True, slots=True)
class Actor:
    """Maps states to action probabilities; linear without hidden layers."""

    layers: tuple[Layer, ...]

    def probabilities(self, states: States) -> NDArray[np.float64]:
        """(S, H + 1) rows that sum to 1: no hint first, then each hint by its number."""
        values: NDArray[Any] = states.astype(np.float64)
        for depth, layer in enumerate(self.layers):
            values = (np.tanh(values) if depth else values) @ layer.weight.T + layer.bias
        exponents = np.exp(values - values.max(axis=1, keepdims=True))
        probabilities: NDArray[np.float64] = exponents / exponents.sum(axis=1, keepdims=True)
        return probabilities

    def choose(self, states: States) -> NDArray[np.int64]:
        """(S,) the most likely action in each session; of equally likely ones the first."""
        actions: NDArray[np.int64] = self.probabilities(states).argmax(axis=1)
        return actions


class HintChoice(NamedTuple):
    """The policy's choice for a session."""

    hint: Hint | None
    """None for no hint."""
    probability: float


@dataclass(frozen=True)
class Policy:
    """A trained actor with everything needed to use it, without database or training library."""

    actor: Actor
    encoding: Encoding
    base: KnowledgeBase
    catalogue_hash: str
    """Hash of the catalogue it was trained on."""
    log: Mapping[str, Any] = field(default_factory=dict)
    """JSON: training parameters, learning curve, and the runs its rewards come from."""

    def choose(self, views: Sequence[SessionView]) -> list[HintChoice]:
        """The most likely action for each session, with its probability."""
        probabilities = self.actor.probabilities(self.encoding.states(views))
        hints = (None, *self.base.hints)
        return [HintChoice(hints[row.argmax()], float(row.max())) for row in probabilities]

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) over everything that determines its choices."""
        digest = hashlib.sha256(json.dumps(self._record(), sort_keys=True).encode())
        for name, tensor in sorted(self._tensors().items()):
            digest.update(name.encode())
            digest.update(tensor.tobytes())
        return digest.hexdigest()

    def save(self, folder: Path, filename: str = FILENAME) -> Path:
        """Writes safetensors with a JSON record, atomically; `StorageError` where that fails."""
        record = {key: json.dumps(value, sort_keys=True) for key, value in self._record().items()}
        content = save(self._tensors(), metadata=record | {"log": json.dumps(dict(self.log)), "hash": self.hash})
        write_atomically(folder / filename, content)
        return folder / filename

    @classmethod
    def load(cls, folder: Path, dataset: Dataset, filename: str = FILENAME) -> Self:
        """The policy in a folder, for sessions of this data set.

        Raises `NotFoundError` where there is none, `ModelError` for a damaged file, and `ConflictError` for a data set
        with another catalogue.
        """
        path = _existing_path(folder, filename)
        try:
            with safe_open(path, framework="numpy") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            record = {key: json.loads(text) for key, text in metadata.items() if key != "hash"}
            if record["version"] != VERSION:
                raise ValueError(f"layout {record['version']}, expected {VERSION}")
            require_catalogue(path, record["catalogue_hash"], dataset)
            policy = cls._of(record, tensors, dataset)
            if policy.hash != metadata["hash"]:
                raise ValueError("its content is not what was saved")
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            raise _unreadable(path, error) from None
        return policy

    @classmethod
    def _of(cls, record: Mapping[str, Any], tensors: Mapping[str, Floats], dataset: Dataset) -> Self:
        depth = sum(name.endswith(".weight") for name in tensors)
        layers = [Layer(tensors[f"{index}.weight"], tensors[f"{index}.bias"]) for index in range(depth)]
        base = record["base"]
        hints = tuple(Hint(number, text) for number, text in enumerate(base["hints"], start=1))
        return cls(
            actor=Actor(tuple(layers)),
            encoding=Encoding.restore(record["encoding"], dataset, tensors["mean"], tensors["spread"]),
            base=KnowledgeBase(base["name"], base["dataset"], base["llm"], hints),
            catalogue_hash=record["catalogue_hash"],
            log=record["log"],
        )

    def _record(self) -> dict[str, Any]:
        texts = [hint.text for hint in self.base.hints]
        base = {"name": self.base.name, "dataset": self.base.dataset, "llm": self.base.llm, "hints": texts}
        return {
            "version": VERSION,
            "base": base,
            "catalogue_hash": self.catalogue_hash,
            "encoding": self.encoding.to_json(),
        }

    def _tensors(self) -> dict[str, Floats]:
        tensors = {"mean": self.encoding.mean, "spread": self.encoding.std}
        for index, layer in enumerate(self.actor.layers):
            tensors |= {f"{index}.weight": layer.weight, f"{index}.bias": layer.bias}
        return {name: np.ascontiguousarray(tensor, np.float32) for name, tensor in tensors.items()}


def trained_dataset(folder: Path, filename: str = FILENAME) -> str:
    """The name of the data set that the policy in a folder was trained on. Raises as `Policy.load` does."""
    path = _existing_path(folder, filename)
    try:
        with safe_open(path, framework="numpy") as file:
            return str(json.loads((file.metadata() or {})["base"])["dataset"])
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(path, error) from None


def _existing_path(folder: Path, filename: str) -> Path:
    path = folder / filename
    if not path.is_file():
        name, existing = folder.name, [file.parent.name for file in folder.parent.glob(f"*/{filename}")]
        raise NotFoundError(
            f"no policy is called {name!r}; {name_hint(name, existing)}; `afl hints train {name}` trains one"
        )
    return path


def _unreadable(path: Path, error: Exception) -> ModelError:
    return ModelError(f"{path}: not a readable policy ({first_line(error)}); delete it and train it again")


def require_catalogue(path: Path, catalogue_hash: str, dataset: Dataset) -> None:
    """Raises `ConflictError` for a data set whose catalogue is not the one the policy was trained on."""
    if dataset.catalogue.hash != catalogue_hash:
        raise ConflictError(
            f"{path}: trained on another catalogue than that of {dataset.name!r}; expected a data set with the same "
            "catalogue, or a policy trained on this one"
        )
