"""Public functions whose signature is a class of options: the class states each option, the function takes it."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from inspect import Signature, signature
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from afl.errors import UsageError
from simulations.options.parameters import command_parameters, options_signature

if TYPE_CHECKING:
    from simulations.options.run_options import RunOptions

P = ParamSpec("P")
O = TypeVar("O", covariant=True)  # noqa: E741 - options
R = TypeVar("R")


@dataclass(frozen=True)
class Given(Generic[O]):
    """The options of a call, and which of them were given: a replay fills in the others from the recorded run."""

    options: O
    """Every option; what was not given has its default."""
    explicit: Mapping[str, Any]
    """The options that were given, by name."""

    def run_options(self, *, recorded: Mapping[str, Any] | None = None, **fixed: Any) -> "RunOptions":
        """What determines the results: `fixed`, over what was given, over the recorded configuration or the defaults.

        Raises `UsageError` for a missing data set or model, and for values without sense.
        """
        from simulations.options.run_options import RunOptions

        usual = {field.name: field.default for field in fields(RunOptions)}
        defaults = self.determining(vars(self.options)) if recorded is None else {}
        # A default that RunOptions has as well is left to it: some depend on other options.
        own = {name: value for name, value in defaults.items() if value != usual[name]}
        return RunOptions.given({**own, **self.determining(self.explicit), **fixed}, recorded=recorded)

    def of(self, options: type) -> dict[str, Any]:
        """The options that were given and that another command has as well, as arguments of its function."""
        known = {field.name for field in fields(options)}
        return {name: value for name, value in self.explicit.items() if name in known}

    def determining(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the values that determine results, as `RunOptions` has them: tools by name."""
        from simulations.options.run_options import RunOptions

        known = {field.name for field in fields(RunOptions)}
        found = {name: value for name, value in values.items() if name in known and value not in (None, "")}
        if "tools" in found:
            found["tools"] = tuple(tool if isinstance(tool, str) else tool.name for tool in found["tools"])
        return found


def command(options: Callable[P, O]) -> Callable[[Callable[[Given[O]], R]], Callable[P, R]]:
    """Makes a function of `Given` options a public function with the fields of the options class as its arguments.

    None, and a tool list without tools, count as not given. Raises `UsageError` for a value that is no choice.
    """
    kind: Any = options

    def decorate(function: Callable[[Given[O]], R]) -> Callable[P, R]:
        @functools.wraps(function)
        def public(*args: P.args, **kwargs: P.kwargs) -> R:
            given = public.__signature__.bind(*args, **kwargs).arguments  # type: ignore[attr-defined]
            return function(given_options(kind, given))

        public.__signature__ = Signature(  # type: ignore[attr-defined]
            options_signature(kind), return_annotation=signature(function).return_annotation
        )
        del public.__wrapped__  # its signature is another
        return public

    return decorate


def given_options(options: Callable[..., O], given: Mapping[str, Any]) -> Given[O]:
    """These arguments as options of a class; None counts as not given. Raises `UsageError` for what is no choice."""
    explicit = {name: value for name, value in given.items() if value is not None}
    if not explicit.get("tools", True):
        del explicit["tools"]
    found = options(**explicit)
    for option in command_parameters(options):
        if not option.choices or option.name not in explicit:
            continue
        value = explicit[option.name]
        for choice in value if option.is_repeatable else [value]:
            if choice not in option.choices:
                name = f"{option.flags[0]}: " if option.flags else ""
                raise UsageError(f"{name}got {choice!r}, expected one of: {', '.join(option.choices)}")
    return Given(found, explicit)
