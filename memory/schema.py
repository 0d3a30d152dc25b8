"""The tables as one sees them in SQL; `migrations/` makes them, `docs/storage.md` explains them."""

import re
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
)

SCHEMA_VERSION = "0006"
"""The newest migration; versions compare as strings."""
VERSION_TABLE = "afl_schema"
"""Its presence is what makes a database AFL's."""

_UNSTORABLE = re.compile("[\\\\\x00\ud800-\udfff]")
_ESCAPED = re.compile(r"\\u([0-9a-f]{4})")


class WildText(TypeDecorator[str]):
    """Text from data files and models: what no database stores (NUL, lone surrogates) is kept as `\\uXXXX`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or not _UNSTORABLE.search(value):
            return value
        return _UNSTORABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        if value is None or "\\" not in value:
            return value
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)


metadata = MetaData()

candidates = Table(
    "candidates",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("lists", LargeBinary, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", WildText, nullable=False, unique=True),
    Column("created", Float, nullable=False),
    Column("config", Text, nullable=False),
    Column("candidates", Text, ForeignKey("candidates.hash"), nullable=False),
    Column("sessions", Integer, nullable=False),
    Column("inputs", LargeBinary, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("run", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("study", WildText, primary_key=True),
    Column("subject", WildText, primary_key=True),
    Column("phase", WildText, primary_key=True),
    Column("round", SmallInteger, primary_key=True),
    Column("role", WildText, primary_key=True),
    Column("attempt", SmallInteger, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False, index=True),
    Column("content", LargeBinary, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("finish_reason", WildText),
    Column("error", WildText),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("cost_usd", Float),
    Column("retries", Integer, nullable=False),
    Column("latency", Float, nullable=False),
    Column("created", Float, nullable=False),
    Column("reused", Boolean, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("run", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("session", WildText, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("completed", Boolean, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("rounds", SmallInteger, nullable=False),
    Column("item", WildText),
    Column("target", WildText, nullable=False),
    Column("hit", Boolean, nullable=False),
    Column("suggestion", WildText),
    Column("by_round", Text, nullable=False),
    Column("said", LargeBinary, nullable=False),
    Column("finished", Float, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    Column("run", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("session", WildText, primary_key=True),
    Column("phase", WildText, primary_key=True),
    Column("round", SmallInteger, primary_key=True),
    Column("role", WildText, primary_key=True),
    Column("attempt", SmallInteger, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("item", WildText),
    Column("decision", Boolean),
    Column("suggestion", WildText),
    Column("score", Float),
    Column("label", Boolean),
    Column("place", SmallInteger),
    sqlite_with_rowid=False,
)

knowledge_bases = Table(
    "knowledge_bases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", WildText, nullable=False, unique=True),
    Column("created", Float, nullable=False),
    Column("config", Text, nullable=False),
    Column("run", Integer, ForeignKey("runs.id")),
)

hints = Table(
    "hints",
    metadata,
    Column("base", Integer, ForeignKey("knowledge_bases.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("number", Integer),
    Column("text", WildText, nullable=False),
    Column("status", Text, nullable=False),
    Column("why", WildText),
    Column("session", WildText),
    Column("origin", Text, nullable=False),
)

pace = Table(
    "pace",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", Integer, ForeignKey("runs.id"), nullable=False),
    Column("at", Float, nullable=False),
    Column("concurrency", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("wait", Float),
)

doubts = Table(
    "doubts",
    metadata,
    Column("run", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("tokens", BigInteger, nullable=False),
    Column("usd", Float, nullable=False),
)
