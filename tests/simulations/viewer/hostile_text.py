"""A run in which every word was written by somebody who means harm."""

from afl.types import Advice, CallKey, JournalEntry, Outcome, Refusal, Reply
from memory.records import CandidateRecord, SessionRecord, TurnRecord
from memory.store import Store

STRANGE = (
    "x\x00\ud800\u202e/../<script>alert(1)</script>\"'&><img src=x onerror=alert(2)>"
    "<style>*{display:none}</style><a href='javascript:alert(3)' onfocus=alert(4) autofocus>x</a>"
)
LONG = STRANGE + "<&\"'" * 250_000
"""A megabyte."""


async def fill(url: str) -> None:
    """One run with one session of two rounds."""
    async with await Store.open(url) as store:
        config = {"dataset": STRANGE, "llm_name": STRANGE, "rounds": 4, STRANGE: STRANGE}
        run = await store.begin_run(STRANGE, config, CandidateRecord("c0ffee", {STRANGE: (0, 1)}))
        turns = []
        for round in range(1, 3):
            for role in ("recommendation", "user"):
                key = CallKey(STRANGE, "loop", round, role, 0)
                request = f"Candidates:\n1. Heat\n2. {STRANGE}\n\n{round} {LONG}"
                messages = ({"role": "system", "content": LONG}, {"role": "user", "content": request})
                reply = Reply(Outcome.OK, text=f"{round}{role}{LONG}", error=STRANGE, finish_reason=LONG)
                await run.journal().record(JournalEntry(key, f"{len(turns):064x}", messages, reply))
                advice = (Advice(STRANGE, LONG, {"item": STRANGE}),)
                turns.append(TurnRecord(key=key, outcome=Outcome.OK, item=STRANGE, reason=LONG, advice=advice))
        memory = {"user": (Refusal(1, STRANGE, LONG, LONG),)}
        await run.record_session(SessionRecord(STRANGE, 0, STRANGE, STRANGE, tuple(turns), memory))
