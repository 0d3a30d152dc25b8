"""Fakes for tests, docs and examples: a scripted chat model, a clock, a journal, a ledger, plug-ins.

`afl.testing.server`, the OpenAI-compatible server on loopback, is imported by itself: it needs the extra
`testing`.
"""

from typing import TYPE_CHECKING, Any

from afl.llm.memory_journal import MemoryJournal, MemoryLedger
from afl.testing.clock import FakeClock
from afl.testing.plugins import temporary_plugins

if TYPE_CHECKING:
    from afl.testing.chat import ScriptedChat, scripted_model

__all__ = ["FakeClock", "MemoryJournal", "MemoryLedger", "ScriptedChat", "scripted_model", "temporary_plugins"]


def __getattr__(name: str) -> Any:
    # The server's process has no use for LangChain, which takes longer to import than the server to start.
    if name not in ("ScriptedChat", "scripted_model"):
        raise AttributeError(f"module 'afl.testing' has no attribute {name!r}")
    from afl.testing import chat

    return getattr(chat, name)
