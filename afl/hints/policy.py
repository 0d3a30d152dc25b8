"""The policy that picks a hint, or none, for a session: a small network, its encoding, and the hints it knows."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from afl.data.dataset import Dataset
from afl.errors import ConflictError, ModelError, NotFoundError, StorageError
from afl.hints.encoding import Encoding, States
from afl.hints.knowledge_base import Hint, KnowledgeBase
from afl.suggestions import name_hint
from afl.types import SessionView

VERSION = 1
"""Of the layout."""
FILENAME = "policy.safetensors"
PERMUTED = "permuted.safetensors"
"""The control beside it: trained with the states of other sessions."""

Floats = NDArray[np.float32]


class Layer(NamedTuple):
    """An affine map; tanh stands between layers."""

    weight: Floats
    """(out, in)"""
    bias: Floats
    """(out,)"""


@dataclass(frozen=True, slots=True)
class Actor:
    """From states to the probabilities of the actions; without a hidden layer it is linear."""

    layers: tuple[Layer, ...]

    def probabilities(self, states: States) -> NDArray[np.float64]:
        """(S, H + 1) rows that sum to 1: no hint first, then each hint under its number."""
        values: NDArray[Any] = states.astype(np.float64)
        for depth, layer in enumerate(self.layers):
            values = (np.tanh(values) if depth else values) @ layer.weight.T + layer.bias
        exponents = np.exp(values - values.max(axis=1, keepdims=True))
        shares: NDArray[np.float64] = exponents / exponents.sum(axis=1, keepdims=True)
        return shares

    def choose(self, states: States) -> NDArray[np.int64]:
        """(S,) the likeliest action of each session; of equally likely ones the first."""
        likeliest: NDArray[np.int64] = self.probabilities(states).argmax(axis=1)
        return likeliest


class HintChoice(NamedTuple):
    """What the policy picks for a session."""

    hint: Hint | None
    """None for no hint."""
    probability: float


@dataclass(frozen=True)
class Policy:
    """A trained actor with all it takes to use it: neither database nor training library."""

    actor: Actor
    encoding: Encoding
    base: KnowledgeBase
    catalogue_hash: str
    """Of the items whose sessions it reads."""
    log: Mapping[str, Any] = field(default_factory=dict)
    """JSON: how it was trained, its learning curve, where its rewards are kept."""

    def choose(self, views: Sequence[SessionView]) -> list[HintChoice]:
        """The likeliest action for each session, with its probability."""
        shares = self.actor.probabilities(self.encoding.states(views))
        hints = (None, *self.base.hints)
        return [HintChoice(hints[row.argmax()], float(row.max())) for row in shares]

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) over everything that determines its choices."""
        digest = hashlib.sha256(json.dumps(self._record(), sort_keys=True).encode())
        for name, tensor in sorted(self._tensors().items()):
            digest.update(name.encode())
            digest.update(tensor.tobytes())
        return digest.hexdigest()

    def save(self, folder: Path, filename: str = FILENAME) -> Path:
        """Puts it in place in one step, as safetensors with a JSON record; `StorageError` where that fails."""
        record = {key: json.dumps(value, sort_keys=True) for key, value in self._record().items()}
        content = save(self._tensors(), metadata=record | {"log": json.dumps(dict(self.log)), "hash": self.hash})
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".saving-", delete=False) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(file.name, folder / filename)
        except OSError as error:
            raise StorageError(f"{folder}: policy cannot be written ({error.strerror or error})") from None
        return folder / filename

    @classmethod
    def load(cls, folder: Path, dataset: Dataset, filename: str = FILENAME) -> Self:
        """The policy in a folder, for sessions of this data set.

        Raises `NotFoundError` where there is none, `ModelError` for a file that is not what was written, and
        `ConflictError` for a data set over other items.
        """
        path = _there(folder, filename)
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
            raise _damaged(path, error) from None
        return policy

    @classmethod
    def _of(cls, record: Mapping[str, Any], tensors: Mapping[str, Floats], dataset: Dataset) -> Self:
        depth = sum(name.endswith(".weight") for name in tensors)
        layers = [Layer(tensors[f"{at}.weight"], tensors[f"{at}.bias"]) for at in range(depth)]
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
        tensors = {"mean": self.encoding.mean, "spread": self.encoding.spread}
        for at, layer in enumerate(self.actor.layers):
            tensors |= {f"{at}.weight": layer.weight, f"{at}.bias": layer.bias}
        return {name: np.ascontiguousarray(tensor, np.float32) for name, tensor in tensors.items()}


def trained_dataset(folder: Path, filename: str = FILENAME) -> str:
    """The name of the data set that the policy in a folder was trained on; errors are those of `Policy.load`."""
    path = _there(folder, filename)
    try:
        with safe_open(path, framework="numpy") as file:
            return str(json.loads((file.metadata() or {})["base"])["dataset"])
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, error) from None


def _there(folder: Path, filename: str) -> Path:
    path = folder / filename
    if not path.is_file():
        name, existing = folder.name, [file.parent.name for file in folder.parent.glob(f"*/{filename}")]
        raise NotFoundError(
            f"no policy is called {name!r}; {name_hint(name, existing)}; `afl hints train {name}` trains one"
        )
    return path


def _damaged(path: Path, error: Exception) -> ModelError:
    reason = (str(error).splitlines() or [""])[0][:120]
    return ModelError(f"{path}: not a policy AFL can read ({reason}); delete it and train it again")


def require_catalogue(path: Path, kept: str, dataset: Dataset) -> None:
    """Raises `ConflictError` for a data set whose items are not those the policy was trained on."""
    if dataset.catalogue.hash != kept:
        raise ConflictError(
            f"{path}: trained on other items than those of {dataset.name!r}; expected a data set with the same "
            "catalogue, or a policy trained on this one"
        )
