"""What an endpoint's error means: one table, from status, codes and words to what is done about the request.

`judge` looks an error up in `RULES`, first match first. To teach AFL the words of another endpoint, add them to a rule.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from enum import Enum, auto
from typing import Any, NamedTuple

from afl.llm.adaptations import DROPPABLE, MAX_COMPLETION_TOKENS, MAX_TOKENS, Change
from afl.llm.error_body import ErrorBody
from afl.llm.language_model import DEFAULT_SOURCE, EndpointSource
from afl.llm.response_format import RESPONSE_FORMAT, form_of


class FailureAction(Enum):
    """What to do about a failed attempt."""

    RETRY = auto()
    """A transport error, or too many requests: the same request may work in a moment."""
    STOP = auto()
    """Every call would fail: wrong key, unknown model, no quota."""
    FAIL = auto()
    """This request cannot be answered; others can."""
    DECLINE = auto()
    """The endpoint's content filter refuses this request."""
    ADAPT = auto()
    """The request can be sent in a form that the endpoint takes."""


class Verdict(NamedTuple):
    """What to do about an error, and what to tell people."""

    action: FailureAction
    text: str
    """What happened and what to do. May hold keys: goes through `redaction.redact_line`."""
    change: Change | None = None
    """With `ADAPT`: how the request has to change."""


class Rule(NamedTuple):
    """Errors of one kind. Any of `codes` or `words` must occur where there are any, with one of `statuses` if given."""

    action: FailureAction
    statuses: Collection[int] = ()
    codes: Collection[str] = ()
    words: str = ""
    says: str = "the endpoint answered {status}: {quote}"
    """What people read; `{quote}` is what the endpoint said."""

    def matches(self, status: int | None, body: ErrorBody) -> bool:
        if self.statuses and status not in self.statuses:
            return False
        if not (self.codes or self.words):
            return True
        return not body.codes.isdisjoint(self.codes) or (self.words != "" and _says(body, self.words))


_BAD_REQUEST = (400, 422)

_QUOTA = Rule(
    FailureAction.STOP,
    codes={"insufficient_quota", "insufficient_balance", "billing_hard_limit_reached", "quota_exhausted"},
    words=r"\binsufficient[_ ]quota\b|\binsufficient[_ ]balance\b|credit balance is too low",
    says="the account has no quota left ({status}: {quote}); add credit, or give another key",
)
_PAYMENT = _QUOTA._replace(statuses=(402,), codes=(), words="")
_NO_MODEL = "the endpoint does not know the model or the address ({status}: {quote}); check MODEL and {address}"

WRONG_KEY = Rule(
    FailureAction.STOP,
    codes={
        "invalid_api_key",
        "api_key_invalid",
        "authentication_error",
        "unauthenticated",
        "invalid_authentication",
    },
    words=r"(api[ _-]?key|token)\b.{0,20}\b(not valid|invalid|incorrect)|(incorrect|invalid) api[ _-]?key",
    statuses=(400, 401, 403),
    says="the endpoint refuses the key ({status}: {quote}); check {key}",
)

RULES: Sequence[Rule] = (
    _PAYMENT,
    _QUOTA,
    WRONG_KEY,
    Rule(
        FailureAction.STOP,
        statuses=(401,),
        says="the endpoint refuses the key ({status}: {quote}); check {key}",
    ),
    Rule(
        FailureAction.FAIL,
        codes={
            "context_length_exceeded",
            "exceed_context_size_error",
            "string_above_max_length",
            "request_too_large",
            "prompt_too_long",
            "context_window_exceeded",
        },
        words=(
            r"context[ _-]?(length|window|size|limit)"
            r"|(prompt|input|message|request)s?( is| are)? too (long|large)|too large for model"
            r"|tokens? exceed|exceeds? the (maximum|max|model'?s?|available)\b.{0,40}(token|length|context)"
            r"|maximum (number of (input )?tokens|model length|sequence length|prompt length)"
            r"|must have less than \d+ tokens|longer than the maximum|max_new_tokens`? must be <="
            r"|max_tokens must be at least 1, got|too many (input )?tokens|reduce the length"
        ),
        statuses=(400, 404, 422, 500),
        says="the request is longer than the model's context ({status}: {quote})",
    ),
    Rule(
        FailureAction.FAIL,
        words=r"request too large",
        statuses=(429,),
        says="the request is longer than the limit of tokens a minute ({status}: {quote})",
    ),
    Rule(
        FailureAction.FAIL,
        statuses=(413,),
        says="the request is longer than the endpoint takes ({status}: {quote})",
    ),
    Rule(
        FailureAction.DECLINE,
        codes={
            "content_filter",
            "content_policy_violation",
            "responsibleaipolicyviolation",
            "data_inspection_failed",
            "datainspectionfailed",
            "moderation_blocked",
            "content_moderation",
            "content_blocked",
            "invalid_prompt",
            "prohibited_content",
            "safety",
            "sensitive",
            "1301",
        },
        words=(
            r"content[_ ]?(filter|management policy|policy)|moderation|flagged (as|for|by)|input was flagged"
            r"|safety (system|policy|filter)|usage polic|prohibited content|inappropriate content|sensitive content"
        ),
        statuses=(400, 403, 422, 451, 500),
        says="the endpoint's content filter refuses the request ({status}: {quote})",
    ),
    Rule(
        FailureAction.STOP,
        statuses=(403,),
        says=(
            "the endpoint refuses the key ({status}: {quote}); check {key}, and whether the account may use this model"
        ),
    ),
    Rule(
        FailureAction.STOP,
        codes={"model_not_found", "deploymentnotfound", "model_not_available", "not_found_error", "invalid_model"},
        words=r"model\b.{0,80}\b(does not exist|not found|is not available|not supported for)|no such model",
        statuses=(400, 404, 422),
        says=_NO_MODEL,
    ),
    Rule(
        FailureAction.STOP,
        statuses=(404, 405, 410),
        says=_NO_MODEL,
    ),
    Rule(FailureAction.RETRY, statuses=(408, 409, 425, 429, *range(500, 600))),
    Rule(
        FailureAction.STOP,
        codes={"unsupported_parameter", "unknown_parameter", "unsupported_value", "unknown_url"},
        words=r"(unknown|unsupported|unrecogni[sz]ed|unexpected) (request )?(parameter|argument|field|keyword)",
        statuses=_BAD_REQUEST,
    ),
)
"""The first rule that matches decides. What none of them knows is judged by whether the model has answered before."""

_NOT_TAKEN = (
    r"unsupported|not (be )?(support|allow|permit|recogni[sz]e|available|accept)"
    r"|(does|do)(n't| not) (support|accept|take|allow)|deprecated|no longer|unrecogni[sz]ed|unknown|unexpected"
    r"|only the default|only \S+ is (allowed|supported)|extra (inputs|fields)|strictly positive|must be positive"
    r"|can(not|'t) (both )?be (used|set|specified|combined)|may not be|may only be set|must be (unset|omitted|removed)"
)
_NOT_TAKEN_CODES = frozenset(
    {"unsupported_parameter", "unsupported_value", "unknown_parameter", "extra_forbidden"}
)
_NO_SCHEMA = (
    r"response[ _]format|json[ _]?schema|structured[ _]output|output[ _]format|guided[ _](json|decoding)|grammar"
    r"|schema\b.{0,60}\b(not|n't|invalid|unsupported|too)\b|(invalid|unsupported|too \w+).{0,40}\bschema\b"
)
"""An endpoint that takes a JSON schema in another form, if at all. Without `response_format` it is no error of ours."""
_NO_SYSTEM_ROLE = (
    r"(system|developer) (role|message|prompt|instruction)s?\b.{0,40}\b(not|n't|unsupported)"
    r"|(not|n't) support.{0,12} (the )?['\"`]?(system|developer)\b"
    r"|only (the )?user and assistant roles|roles must alternate|must alternate|alternate between"
    r"|(invalid|unknown|unexpected|unsupported|not).{0,30} role\b.{0,12}(system|developer)"
    r"|role.{0,12}(system|developer).{0,30}(invalid|unknown|unexpected|unsupported|not )"
)


def judge(
    status: int | None,
    body: ErrorBody,
    *,
    request: Mapping[str, Any] | None = None,
    wait: float | None = None,
    answered_before: bool = False,
    source: EndpointSource = DEFAULT_SOURCE,
) -> Verdict:
    """What to do about an error with this status (None: none is known) and body.

    `request` is the body of the request, `wait` the seconds that the endpoint asks to wait, which wins over all that
    it says about quotas. `answered_before`: the model has answered a request of this run, so that a refusal which no
    rule knows is about this request alone. Messages name the `source` of address and key.
    """

    def verdict(rule: Rule, change: Change | None = None) -> Verdict:
        text = rule.says.format(
            status=status or "no status", quote=body.quote(), key=source.key, address=source.address
        )
        return Verdict(rule.action, text, change)

    if status == 429 and wait is not None:
        return verdict(Rule(FailureAction.RETRY))
    change = _necessary_change(status, body, request or {})
    if change is not None:
        return verdict(Rule(FailureAction.ADAPT), change)
    for rule in RULES:
        if rule.matches(status, body):
            return verdict(rule)
    if status is None:
        return verdict(Rule(FailureAction.RETRY, says="the endpoint answered with an error: {quote}"))
    if answered_before and status in _BAD_REQUEST:
        return verdict(Rule(FailureAction.FAIL))
    return verdict(
        Rule(
            FailureAction.STOP,
            says="the endpoint answered {status}: {quote}; check MODEL, {address} and the options of the model",
        )
    )


def _necessary_change(status: int | None, body: ErrorBody, request: Mapping[str, Any]) -> Change | None:
    """How the request has to change, where it can; None where the error is about something else."""
    if status not in (*_BAD_REQUEST, 500, 501):
        return None
    roles = [message["role"] for message in request.get("messages", ())]
    if not {"system", "developer"}.isdisjoint(roles) and _says(body, _NO_SYSTEM_ROLE):
        return Change(merge_system=True)
    schema = request.get(RESPONSE_FORMAT)
    if schema and ((body.parameter or "").startswith(RESPONSE_FORMAT) or _says(body, _NO_SCHEMA)):
        return Change(schema_form=form_of(schema).next)
    if body.codes.isdisjoint(_NOT_TAKEN_CODES) and not _says(body, _NOT_TAKEN):
        return None
    for sent, other in ((MAX_TOKENS, MAX_COMPLETION_TOKENS), (MAX_COMPLETION_TOKENS, MAX_TOKENS)):
        if sent in request and (body.parameter == sent or _names(body, sent)):
            return Change(max_tokens_as=other)
    named = [name for name in DROPPABLE if name in request and _is_about(body, name)]
    return Change(drop=named[0]) if named else None


_OTHER_NAMES = {"reasoning_effort": ("effort", "reasoning.effort", "output_config.effort")}
"""What providers call a parameter that LangChain has one name for."""


def _is_about(body: ErrorBody, parameter: str) -> bool:
    names = (parameter, *_OTHER_NAMES.get(parameter, ()))
    return any(body.parameter == name or _names(body, name) for name in names)


def _says(body: ErrorBody, words: str) -> bool:
    return re.search(words, body.message, re.IGNORECASE) is not None


def _names(body: ErrorBody, parameter: str) -> bool:
    return _says(body, rf"(?<![\w.]){parameter}(?!\w)")
