"""Fakes for tests, docs and examples: a scripted chat model, a clock, a journal.

`afl.testing.server`, the OpenAI-compatible server on loopback, is imported by itself: it needs the extra
`testing`.
"""

from afl.testing.chat import ScriptedChat, scripted_model
from afl.testing.clock import FakeClock
from afl.testing.journal import MemoryJournal

__all__ = ["FakeClock", "MemoryJournal", "ScriptedChat", "scripted_model"]
