"""Knowledge bases as files: JSON with everything kept about them, or a plain list of hints.

The authors of Re2LLM publish lists of strings whose first one is empty and stands for no hint; here that is number 0,
which every base has without saying so.
"""

import html
import json
from pathlib import Path
from typing import Any

from afl.errors import AFLError, DataError
from afl.hints.editing import clean_hint_text
from afl.hints.hint_records import HintOrigin, HintRecord, HintStatus
from memory.knowledge_bases import KnowledgeBaseRecord

FORMAT = "afl-hints"
VERSION = 1


def to_json(record: KnowledgeBaseRecord) -> dict[str, Any]:
    """The base as one JSON object: its hints by number, then whatever was not taken, each with its provenance."""
    said = [_trial_to_json(trial) for trial in record.trials]
    taken = [one for one in said if "number" in one]
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": record.name,
        "hash": record.base.hash,
        "run": record.run,
        "config": dict(record.config),
        "hints": sorted(taken, key=lambda one: one["number"]),
        "not_taken": [one for one in said if "number" not in one],
    }


def write(record: KnowledgeBaseRecord, path: Path) -> None:
    """Writes the base as JSON, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(json.dumps(to_json(record), indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read(path: Path) -> tuple[dict[str, Any], tuple[HintRecord, ...]]:
    """What the file says of the base as a whole (nothing for a plain list), and its hints.

    Raises `DataError` for anything that is neither a list of strings nor what `write` wrote.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise DataError(f"{path}: expected JSON, got something else ({error})") from None
    try:
        config, trials = ({}, _from_list(said, path.name)) if isinstance(said, list) else _from_object(said)
    except (AFLError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: {_reason(error)}") from None
    return config, _each_once(trials, path)


def _from_list(said: list[Any], source: str) -> tuple[HintRecord, ...]:
    if not all(isinstance(text, str) for text in said):
        raise DataError("expected a list of strings, got something else in it")
    texts = [clean_hint_text(html.unescape(text)) for text in said if text.strip()]
    origin = HintOrigin(source=source)
    return tuple(
        HintRecord(text, HintStatus.ACCEPTED, number, origin=origin) for number, text in enumerate(texts, start=1)
    )


def _from_object(said: Any) -> tuple[dict[str, Any], tuple[HintRecord, ...]]:
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise DataError("expected a list of hints, or what `afl hints export` writes")
    if said["version"] != VERSION:
        raise DataError(f"got version {said['version']!r} of the format, expected {VERSION}; upgrade AFL")
    trials = tuple(_trial_from_json(one) for one in (*said["hints"], *said["not_taken"]))
    numbers = [trial.number for trial in trials if trial.number is not None]
    if numbers != list(range(1, len(numbers) + 1)) or len(numbers) != len(said["hints"]):
        raise DataError(f"expected hints numbered 1, 2, 3, ..., got {numbers}")
    return dict(said["config"]), trials


def _each_once(trials: tuple[HintRecord, ...], path: Path) -> tuple[HintRecord, ...]:
    texts = [trial.text for trial in trials if trial.number is not None]
    if not texts:
        raise DataError(f"{path}: got no hint, expected at least one")
    twice = next((text for text in texts if texts.count(text) > 1), None)
    if twice is not None:
        raise DataError(f"{path}: hint {twice!r} occurs twice, expected each once")
    return trials


def _trial_to_json(trial: HintRecord) -> dict[str, Any]:
    said = {
        "number": trial.number,
        "text": trial.text,
        "status": trial.status.value,
        "why": trial.reason or None,
        "session": trial.session,
        **trial.origin.to_json(),
    }
    return {key: value for key, value in said.items() if value is not None}


def _trial_from_json(said: dict[str, Any]) -> HintRecord:
    return HintRecord(
        text=clean_hint_text(said["text"]),
        status=HintStatus(said["status"]),
        number=said.get("number"),
        reason=said.get("why", ""),
        session=said.get("session"),
        origin=HintOrigin.from_json(said),
    )


def _reason(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
