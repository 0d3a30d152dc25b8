"""The tables, as SQLAlchemy metadata; `migrations/` creates them, `docs/storage.md` explains them."""

import re
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
)

SCHEMA_VERSION = "0010"
"""The newest migration; versions compare as strings."""
BACKFILLED_SINCE = "0007"
"""Since this version, tools and search words are written with each session; an upgrade adds them to older ones."""
VERSION_TABLE = "afl_schema"
"""The table that identifies a database as AFL's."""

_UNSTORABLE = re.compile("[\\\\\x00\ud800-\udfff]")
_ESCAPED = re.compile(r"\\u([0-9a-f]{4})")


class EscapedText(TypeDecorator[str]):
    """Text from data files and models; characters that databases refuse (NUL, lone surrogates) become `\\uXXXX`."""

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

ADDED_UP = {"added_up": True}
"""`Column.info` of columns of the journal that are added up when a failed call is repeated; others are replaced."""

candidates = Table(
    "candidates",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("lists", LargeBinary, nullable=False),
)

titles = Table(
    "titles",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("titles", LargeBinary, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", EscapedText, nullable=False, unique=True),
    Column("created", Float, nullable=False),
    Column("config", Text, nullable=False),
    Column("candidates", Text, ForeignKey("candidates.hash"), nullable=False),
    Column("sessions", Integer, nullable=False),
    Column("inputs", LargeBinary, nullable=False),
    Column("titles", Text, ForeignKey("titles.hash")),
    Column("adaptations", Text),
    Column("price_lists", Text),
)

journal = Table(
    "journal",
    metadata,
    Column("run", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("study", EscapedText, primary_key=True),
    Column("subject", EscapedText, primary_key=True),
    Column("phase", EscapedText, primary_key=True),
    Column("round", SmallInteger, primary_key=True),
    Column("role", EscapedText, primary_key=True),
    Column("attempt", SmallInteger, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False, index=True),
    Column("content", LargeBinary, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("finish_reason", EscapedText),
    Column("error", EscapedText),
    Column("prompt_tokens", Integer, nullable=False, info=ADDED_UP),
    Column("completion_tokens", Integer, nullable=False, info=ADDED_UP),
    Column("cost_usd", Float, info=ADDED_UP),
    Column("retries", Integer, nullable=False, info=ADDED_UP),
    Column("latency", Float, nullable=False),
    Column("created", Float, nullable=False),
    Column("reused", Boolean, nullable=False),
    Column("reasoning_tokens", Integer, info=ADDED_UP),
    Column("cached_tokens", Integer, info=ADDED_UP),
    Column("cache_write_tokens", Integer, info=ADDED_UP),
)
Index(
    "journal_reasoning",
    *(journal.c[name] for name in ("run", "role", "reasoning_tokens")),
    sqlite_where=journal.c.reasoning_tokens.is_not(None),
    postgresql_where=journal.c.reasoning_tokens.is_not(None),
)

sessions = Table(
    "sessions",
    metadata,
    Column("run", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("session", EscapedText, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("completed", Boolean, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("rounds", SmallInteger, nullable=False),
    Column("item", EscapedText),
    Column("target", EscapedText, nullable=False),
    Column("hit", Boolean, nullable=False),
    Column("suggestion", EscapedText),
    Column("by_round", Text, nullable=False),
    Column("said", LargeBinary, nullable=False),
    Column("finished", Float, nullable=False),
    Column("base_hit", Boolean, nullable=False),
    Column("tools", Text, nullable=False),
)
Index(
    "sessions_by_position",
    *(sessions.c[name] for name in ("run", "position", "outcome", "completed", "accepted", "hit", "base_hit")),
    *(sessions.c[name] for name in ("rounds", "by_round", "tools")),
)

turns = Table(
    "turns",
    metadata,
    Column("run", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("session", EscapedText, primary_key=True),
    Column("phase", EscapedText, primary_key=True),
    Column("round", SmallInteger, primary_key=True),
    Column("role", EscapedText, primary_key=True),
    Column("attempt", SmallInteger, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("item", EscapedText),
    Column("decision", Boolean),
    Column("suggestion", EscapedText),
    Column("score", Float),
    Column("label", Boolean),
    Column("place", SmallInteger),
    Column("last", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

call_tallies = Table(
    "call_tallies",
    metadata,
    Column("run", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("phase", EscapedText, primary_key=True),
    Column("round", SmallInteger, primary_key=True),
    Column("role", EscapedText, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("sent", Boolean, primary_key=True),
    Column("repair", Boolean, primary_key=True),
    Column("priced", Boolean, primary_key=True),
    Column("bucket", SmallInteger, primary_key=True),
    Column("entries", Integer, nullable=False),
    Column("retries", BigInteger, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("cost_usd", Float, nullable=False),
    Column("latency", Float, nullable=False),
    sqlite_with_rowid=False,
)

turn_tallies = Table(
    "turn_tallies",
    metadata,
    Column("run", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("phase", EscapedText, primary_key=True),
    Column("round", SmallInteger, primary_key=True),
    Column("role", EscapedText, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("last", Boolean, primary_key=True),
    Column("turns", Integer, nullable=False),
    sqlite_with_rowid=False,
)

session_tallies = Table(
    "session_tallies",
    metadata,
    Column("run", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("completed", Boolean, primary_key=True),
    Column("accepted", Boolean, primary_key=True),
    Column("hit", Boolean, primary_key=True),
    Column("base_hit", Boolean, primary_key=True),
    Column("rounds", SmallInteger, primary_key=True),
    Column("by_round", Text, primary_key=True),
    Column("tools", Text, primary_key=True),
    Column("sessions", Integer, nullable=False),
    Column("ended", Float, nullable=False),
    sqlite_with_rowid=False,
)

item_tallies = Table(
    "item_tallies",
    metadata,
    Column("run", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("round", SmallInteger, primary_key=True),
    Column("item", EscapedText, primary_key=True),
    Column("ended", Boolean, primary_key=True),
    Column("sessions", Integer, nullable=False),
    sqlite_with_rowid=False,
)

knowledge_bases = Table(
    "knowledge_bases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", EscapedText, nullable=False, unique=True),
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
    Column("text", EscapedText, nullable=False),
    Column("status", Text, nullable=False),
    Column("why", EscapedText),
    Column("session", EscapedText),
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
    Column("role", Text),
)

doubts = Table(
    "doubts",
    metadata,
    Column("run", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("tokens", BigInteger, nullable=False),
    Column("usd", Float, nullable=False),
)
