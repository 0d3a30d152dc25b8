"""Knowledge bases as files: JSON with all hint records, or a plain list of hints.

The authors of Re2LLM publish lists of strings whose first string is empty and means no hint; here that is number 0,
which is implicit.
"""

import html
import json
from pathlib import Path
from typing import Any

from afl.errors import AFLError, DataError
from afl.hints.knowledge_base import HintOrigin, HintRecord, HintStatus, clean_hint_text
from memory.knowledge_bases import KnowledgeBaseRecord

FORMAT = "afl-hints"
VERSION = 1


def to_json(record: KnowledgeBaseRecord) -> dict[str, Any]:
    """The base as one JSON object: its hints by number, then rejected hints, each with its origin."""
    hints = [_hint_to_json(hint) for hint in record.trials]
    accepted = [hint for hint in hints if "number" in hint]
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": record.name,
        "hash": record.base.hash,
        "run": record.run,
        "config": dict(record.config),
        "hints": sorted(accepted, key=lambda hint: hint["number"]),
        "not_taken": [hint for hint in hints if "number" not in hint],
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
    """The configuration of the base in the file (empty for a plain list), and its hint records.

    Raises `DataError` for anything that is neither a list of strings nor what `write` wrote.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise DataError(f"{path}: expected JSON, got something else ({error})") from None
    try:
        config, records = (
            ({}, _from_list(content, path.name)) if isinstance(content, list) else _from_object(content)
        )
    except (AFLError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: {_reason(error)}") from None
    return config, _require_distinct(records, path)


def _from_list(content: list[Any], source: str) -> tuple[HintRecord, ...]:
    if not all(isinstance(text, str) for text in content):
        raise DataError("expected a list of strings, got something else in it")
    texts = [clean_hint_text(html.unescape(text)) for text in content if text.strip()]
    origin = HintOrigin(source=source)
    return tuple(
        HintRecord(text, HintStatus.ACCEPTED, number, origin=origin) for number, text in enumerate(texts, start=1)
    )


def _from_object(content: Any) -> tuple[dict[str, Any], tuple[HintRecord, ...]]:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError("expected a list of hints, or what `afl hints export` writes")
    if content["version"] != VERSION:
        raise DataError(f"got version {content['version']!r} of the format, expected {VERSION}; upgrade AFL")
    records = tuple(_hint_from_json(hint) for hint in (*content["hints"], *content["not_taken"]))
    numbers = [record.number for record in records if record.number is not None]
    if numbers != list(range(1, len(numbers) + 1)) or len(numbers) != len(content["hints"]):
        raise DataError(f"expected hints numbered 1, 2, 3, ..., got {numbers}")
    return dict(content["config"]), records


def _require_distinct(records: tuple[HintRecord, ...], path: Path) -> tuple[HintRecord, ...]:
    texts = [record.text for record in records if record.number is not None]
    if not texts:
        raise DataError(f"{path}: got no hint, expected at least one")
    twice = next((text for text in texts if texts.count(text) > 1), None)
    if twice is not None:
        raise DataError(f"{path}: hint {twice!r} occurs twice, expected each once")
    return records


def _hint_to_json(record: HintRecord) -> dict[str, Any]:
    values = {
        "number": record.number,
        "text": record.text,
        "status": record.status.value,
        "why": record.reason or None,
        "session": record.session,
        **record.origin.to_json(),
    }
    return {key: value for key, value in values.items() if value is not None}


def _hint_from_json(values: dict[str, Any]) -> HintRecord:
    return HintRecord(
        text=clean_hint_text(values["text"]),
        status=HintStatus(values["status"]),
        number=values.get("number"),
        reason=values.get("why", ""),
        session=values.get("session"),
        origin=HintOrigin.from_json(values),
    )


def _reason(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
