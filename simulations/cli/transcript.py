"""A run's dialogues as people read them in the terminal, and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from afl.prompt_headings import HEADINGS, Headings
from afl.types import Advice, CallKey, Outcome, Phase, Role
from memory.records import Exchange, SessionRecord, Transcript
from simulations.analysis.inspection import Inspection
from simulations.document.terminal import console, plain
from simulations.document.terminal import show as show_page
from simulations.sections.runs import overview
from simulations.task.candidate_titles import titles_in_prompts


def show(inspection: Inspection, *, prompts: bool = False, out: Console | None = None) -> None:
    """Prints one dialogue; before it, unless its session was named, the run and its first sessions."""
    out = out or console()
    if not inspection.is_session_named:
        show_page(overview(inspection), out)
        out.print()
    if inspection.dialogue is not None:
        shown = dialogue(inspection.dialogue, inspection.candidates, inspection.kind.headings, prompts=prompts)
        out.print(shown)


def to_json(inspection: Inspection, *, prompts: bool = False) -> dict[str, Any]:
    """The object of `inspect --json`: the run, its sessions, and the dialogue with its turns."""
    dialogue_shown = inspection.dialogue
    return {
        "run": asdict(inspection.run),
        "sessions": [row._asdict() for row in inspection.sessions],
        "dialogue": None if dialogue_shown is None else _transcript(dialogue_shown, prompts=prompts),
        **({"adaptations": dict(inspection.adaptations)} if inspection.adaptations else {}),
        **({"price_lists": list(inspection.price_lists)} if inspection.price_lists else {}),
    }


def dialogue(
    transcript: Transcript,
    candidates: Sequence[str] | None,
    headings: Headings = HEADINGS,
    *,
    prompts: bool = False,
) -> RenderableType:
    """Head, lists and rounds of one session; `candidates` are titles, None where they are unknown."""
    record = transcript.record
    parts: list[RenderableType] = [_head(record), _lists(transcript, candidates, headings)]
    headed = ""
    for exchange in transcript.exchanges:
        heading = _heading(exchange.turn.key)
        if heading != headed:
            parts.append(Rule(heading, align="left", style="dim"))
        headed = heading
        parts += _exchange(exchange, record, prompts=prompts)
    return Group(*parts)


def _heading(key: CallKey) -> str:
    """The heading of a turn; what a round counts depends on the phase."""
    phase = Phase.of(key.phase)
    return phase.heading.lower() if phase is Phase.JUDGE else phase.step(key.round)


def _head(record: SessionRecord) -> Text:
    if not record.completed:
        result, style = f"failed: {record.outcome}", "red"
    elif not record.dialogue:
        what = "judged without a dialogue" if record.judged else "lists under hints"
        return Text.assemble(("session ", "bold"), plain(record.session), f"  {what}")
    elif record.hit:
        result, style = "hit", "green"
    else:
        result, style = "miss", "yellow"
    end = "accepted" if record.accepted else "not accepted"
    return Text.assemble(
        ("session ", "bold"),
        plain(record.session),
        "  ",
        (result, f"bold {style}"),
        f"  after {record.rounds} {'round' if record.rounds == 1 else 'rounds'}, {end}",
    )


def _lists(transcript: Transcript, candidates: Sequence[str] | None, headings: Headings) -> RenderableType:
    """History and candidates, as both agents see them."""
    record, history = transcript.record, titles_in_prompts(transcript, headings.history)
    table = Table.grid(padding=(0, 2, 0, 0))
    if history:
        table.add_row(Text("history", "bold"), plain(" · ".join(history)))
    if candidates is None:
        table.add_row(Text("candidates", "bold"), Text("titles unknown: the data set is gone or changed", "dim"))
    elif candidates:
        table.add_row(Text("candidates", "bold"), Text(" · ").join(_marked(title, record) for title in candidates))
        table.add_row("", Text("* target   > suggested by the base model", "dim"))
    return Padding(table, (0, 0, 1, 0))


def _marked(title: str, record: SessionRecord) -> Text:
    text = plain(title)
    if title == record.suggestion:
        text = Text.assemble((">", "cyan"), text)
    if title == record.target:
        text = Text.assemble(("*", "bold green"), text)
        text.stylize("green")
    return text


_SPEAKERS: dict[str, tuple[str, str]] = {
    Role.RECOMMENDATION: ("recommendation agent", "bold cyan"),
    Role.USER: ("user agent", "bold magenta"),
    Phase.REFLECTION: ("recommendation agent, of itself", "bold cyan"),
}


def _exchange(exchange: Exchange, record: SessionRecord, *, prompts: bool) -> Iterator[RenderableType]:
    turn = exchange.turn
    recommends = turn.key.role == Role.RECOMMENDATION
    reflects = turn.key.phase == Phase.REFLECTION
    speaker = Text(*_SPEAKERS[Phase.REFLECTION if reflects else turn.key.role])
    named = recommends or (turn.decision is None and turn.item is not None)
    answer = _recommended(turn.item, record) if named else _decided(turn.decision, turn.score)
    if reflects and turn.decision is None:
        answer = Text()
    if turn.label is not None:
        speaker = Text.assemble(plain(turn.item or "-"), (" wanted" if turn.label else " not wanted", "dim"))
    if turn.outcome is not Outcome.OK:
        answer = Text(f"no answer: {turn.outcome}", "red")
    repair = Text(f"  (repair {turn.key.attempt})", "dim") if turn.key.attempt else Text()
    yield Text.assemble(speaker, "  ", answer, repair)
    if len(turn.ranking) > 1:
        listed = Text(" · ").join(_marked(title or "(no candidate)", record) for title in turn.ranking)
        yield Padding(Text.assemble(("listed  ", "dim"), listed), (0, 0, 0, 4))
    if turn.reason:
        yield Padding(plain(turn.reason), (0, 0, 0, 4))
    if exchange.entry is not None and exchange.entry.reply.error and not prompts:
        yield Padding(plain(exchange.entry.reply.error), (0, 0, 0, 4), style="red")
    for advice in turn.advice if recommends else ():
        yield Padding(_advice(advice), (0, 0, 0, 4), style="dim")
    if prompts and exchange.entry is not None:
        yield from _whole(exchange)


def _advice(advice: Advice) -> Text:
    """The advice of a tool, with its probability if it states one."""
    probability = advice.payload.get("probability")
    sure = f" (probability {probability:.2f})" if isinstance(probability, float) else ""
    return Text.assemble("advice: ", plain(advice.text), sure)


def _recommended(item: str | None, record: SessionRecord) -> Text:
    departure = "" if record.suggestion in (None, item) else "  (not the suggestion)"
    return Text.assemble(_marked(item or "-", record), (departure, "dim"))


def _decided(decision: bool | None, score: float | None) -> Text:
    answer = Text("yes", "bold green") if decision else Text("no", "bold yellow")
    return answer if score is None else Text.assemble(answer, (f"  reward score {score:.2f}", "dim"))


def _whole(exchange: Exchange) -> Iterator[RenderableType]:
    assert exchange.entry is not None
    reply = exchange.entry.reply
    for message in exchange.entry.messages:
        yield Padding(
            Text.assemble((f"[{message['role']}]\n", "bold dim"), plain(message["content"])), (1, 0, 0, 8)
        )
    if reply.reasoning:
        yield Padding(
            Text.assemble(("[reasoning]\n", "bold dim"), plain(reply.reasoning)), (1, 0, 0, 8), style="dim"
        )
    received = reply.text or reply.error or "(empty)"
    yield Padding(Text.assemble(("[reply]\n", "bold dim"), plain(received)), (1, 0, 0, 8))
    cost = "" if reply.cost_usd is None else f", ${reply.cost_usd:.6f}"
    thought = f" ({reply.reasoning_tokens} reasoning)" if reply.reasoning_tokens else ""
    cached = f" ({reply.cached_tokens} cached)" if reply.cached_tokens else ""
    took = (
        f"{reply.prompt_tokens}{cached} + {reply.completion_tokens} tokens{thought}{cost}, {reply.latency:.2f} s"
    )
    yield Padding(Text("reused, not sent" if reply.reused else took, "dim"), (0, 0, 1, 8))


def _messages(transcript: Transcript) -> list[Any]:
    first = next((exchange.entry for exchange in transcript.exchanges if exchange.entry is not None), None)
    return [] if first is None else list(first.messages)


def _transcript(transcript: Transcript, *, prompts: bool) -> dict[str, Any]:
    record = transcript.record
    return {
        "session": record.session,
        "target": record.target,
        "suggestion": record.suggestion,
        "item": record.item,
        "hit": record.hit,
        "accepted": record.accepted,
        "outcome": record.outcome,
        "rounds": record.rounds,
        "turns": [_turn(exchange, prompts=prompts) for exchange in transcript.exchanges],
    }


def _turn(exchange: Exchange, *, prompts: bool) -> dict[str, Any]:
    turn, entry = exchange.turn, exchange.entry
    values = {
        **turn.key._asdict(),
        "outcome": turn.outcome,
        "item": turn.item,
        "ranking": list(turn.ranking),
        "reason": turn.reason,
        "decision": None if turn.decision is None else "yes" if turn.decision else "no",
        "score": turn.score,
        "label": turn.label,
        "advice": [{"tool": piece.tool, "text": piece.text} for piece in turn.advice],
    }
    if prompts and entry is not None:
        values |= {"messages": list(entry.messages), "reply": entry.reply.text, "error": entry.reply.error}
        if entry.reply.reasoning:
            values["reasoning"] = entry.reply.reasoning
    return values
