"""How requests to an endpoint have to differ from what was asked for, as found out at the first calls.

A model that refuses `temperature` gets none, one that knows only `max_completion_tokens` gets that, one without a
system role gets the system text in front of the first user message. Identity and fingerprint hold what was asked
for; what the endpoint made necessary is a fact of the run.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypedDict, TypeVar

from afl.llm.response_format import RESPONSE_FORMAT, SchemaForm, as_form, form_of
from afl.types import Message

MAX_TOKENS, MAX_COMPLETION_TOKENS = "max_tokens", "max_completion_tokens"
DROPPABLE = ("temperature", "top_p", "seed", "reasoning_effort", "presence_penalty", "frequency_penalty")
"""Parameters without which a request still asks the same question; nothing else is ever left out."""
T = TypeVar("T")
_SYSTEM_ROLES = ("system", "developer")


class AdaptationsJson(TypedDict, total=False):
    """As stored with a run; keys only where they hold something."""

    dropped: list[str]
    max_tokens_as: str
    merged_system: bool
    schema_form: str


@dataclass(frozen=True, slots=True)
class Adaptations:
    """What an endpoint made necessary; empty for one that takes requests as they are asked for."""

    dropped: tuple[str, ...] = ()
    """Parameters that are left out, sorted."""
    max_tokens_as: str | None = None
    """The name that the endpoint has for the maximum length of a reply, where it is not the usual one."""
    merged_system: bool = False
    """Whether the system text is part of the first user message."""
    schema_form: SchemaForm | None = None
    """The form in which the endpoint takes a JSON schema, where it is not the usual one."""

    def __bool__(self) -> bool:
        return self != Adaptations()

    def __str__(self) -> str:
        """`without temperature, system text in the first user message`"""
        parts = [f"without {name}" for name in self.dropped]
        if self.max_tokens_as is not None:
            parts.append(f"maximum length as {self.max_tokens_as}")
        if self.merged_system:
            parts.append("system text in the first user message")
        if self.schema_form is not None:
            parts.append(str(self.schema_form))
        return ", ".join(parts)

    def apply(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The request as this endpoint takes it."""
        adapted = {name: value for name, value in body.items() if name not in self.dropped}
        if self.max_tokens_as is not None:
            for name in (MAX_TOKENS, MAX_COMPLETION_TOKENS):
                if name in adapted:
                    adapted[self.max_tokens_as] = adapted.pop(name)
        if self.merged_system:
            adapted["messages"] = merge_system(adapted["messages"])
        if self.schema_form is not None and RESPONSE_FORMAT in adapted:
            field = as_form(adapted.pop(RESPONSE_FORMAT), self.schema_form)
            adapted |= {} if field is None else {RESPONSE_FORMAT: field}
        return adapted

    def to_json(self) -> AdaptationsJson:
        found = AdaptationsJson()
        if self.dropped:
            found["dropped"] = list(self.dropped)
        if self.max_tokens_as:
            found["max_tokens_as"] = self.max_tokens_as
        if self.merged_system:
            found["merged_system"] = True
        if self.schema_form is not None:
            found["schema_form"] = self.schema_form.value
        return found

    @classmethod
    def from_json(cls, stored: AdaptationsJson) -> Self:
        form = stored.get("schema_form")
        return cls(
            tuple(stored.get("dropped", ())),
            stored.get("max_tokens_as"),
            stored.get("merged_system", False),
            None if form is None else SchemaForm(form),
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that an endpoint makes necessary."""

    drop: str | None = None
    max_tokens_as: str | None = None
    merge_system: bool = False
    schema_form: SchemaForm | None = None

    def of(self, adaptations: Adaptations) -> Adaptations:
        """The adaptations with this change."""
        return replace(
            adaptations,
            dropped=tuple(sorted({*adaptations.dropped, *filter(None, [self.drop])})),
            max_tokens_as=self.max_tokens_as or adaptations.max_tokens_as,
            merged_system=self.merge_system or adaptations.merged_system,
            schema_form=(
                adaptations.schema_form
                if self.schema_form is None
                else self.schema_form.later(adaptations.schema_form)
            ),
        )

    def __str__(self) -> str:
        if self.drop is not None:
            return f"does not take {self.drop}; requests go without it"
        if self.max_tokens_as is not None:
            return f"takes the maximum length of a reply as {self.max_tokens_as}"
        if self.schema_form is not None:
            return f"takes {self.schema_form}"
        return "takes no system message; its text is put in front of the first user message"


def merge_system(messages: Sequence[Message]) -> list[Message]:
    """The messages with the system text in the first user message, and neighbours of one role joined.

    Templates without a system role usually want user and assistant to take turns as well.
    """
    merged: list[Message] = []
    for message in messages:
        role = "user" if message["role"] in _SYSTEM_ROLES else message["role"]
        if merged and merged[-1]["role"] == role:
            merged[-1] = {"role": role, "content": f"{merged[-1]['content']}\n\n{message['content']}"}
        else:
            merged.append({"role": role, "content": message["content"]})
    return merged


async def _ignore(adaptations: Adaptations) -> None: ...


@dataclass(slots=True)
class EndpointAdaptations:
    """The adaptations of one language model while it is asked."""

    now: Adaptations = Adaptations()
    save: Callable[[Adaptations], Awaitable[None]] = field(default=_ignore)
    """Called with every change, before a request is sent in the new form."""
    notify: Callable[[str], None] = field(default=lambda line: None)
    """Shows people a line."""
    _new_form: Change | None = field(default=None, init=False)
    """A form of schemas that was not yet taken, nor refused."""

    async def send(
        self,
        request: Mapping[str, Any],
        send: Callable[[Mapping[str, Any]], Awaitable[T]],
        necessary: Callable[[Exception, Mapping[str, Any]], Change | None],
    ) -> T:
        """The answer to a request, which is sent again in another form where its error makes that necessary.

        `necessary` says of an error, and of the request as it was sent, how requests have to change; other errors
        are raised, as is one that no change mends.
        """
        while True:
            sent = self.now.apply(request)
            try:
                answer = await send(sent)
            except Exception as error:
                change = necessary(error, sent)
                if change is None:
                    raise
                await self._change(change)
                if self.now.apply(request) == sent:
                    raise
            else:
                self._notify_of_form(sent)
                return answer

    async def _change(self, change: Change) -> None:
        """Stores a change that is new; requests are sent in the new form from now on."""
        changed = change.of(self.now)
        if changed == self.now:
            return
        self.now = changed
        if change.schema_form is None:
            self.notify(str(change))
        else:
            self._new_form = change
        await self.save(changed)

    def _notify_of_form(self, sent: Mapping[str, Any]) -> None:
        """Only the form that is taken is of interest, not each one that was tried before."""
        if self._new_form is not None and form_of(sent.get(RESPONSE_FORMAT)) == self._new_form.schema_form:
            self.notify(str(self._new_form))
            self._new_form = None
