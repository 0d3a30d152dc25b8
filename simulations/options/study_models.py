"""Several language models of one study, by name or profile, and the options of a run in which two of them meet.

In a study the options of the command are those of every model that does not state them in its profile. `--base-url`
and `--api-key-env` are for models of an OpenAI-compatible endpoint whose profile has no address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from afl.errors import UsageError
from afl.llm.sampling import STRUCTURED, SamplingOptions, SamplingParser
from afl.plugins import parse_spec
from simulations.options.groups import SAMPLING_OPTIONS, EndpointOptions

if TYPE_CHECKING:
    from afl.llm.profiles import Profile
    from afl.settings import Settings

_AT_AN_ADDRESS = "openai"
"""The plug-in whose models are reached at `--base-url`."""


@dataclass(frozen=True)
class StudyModel:
    """A language model of a study: its options, and where it is reached."""

    label: str
    """As typed: `openai:gpt-4o-mini`, or the name of a profile."""
    name: str
    """`NAME[:ARG]`, as `--llm` takes it."""
    options: Mapping[str, Any]
    """Its options by their names in `SAMPLING_OPTIONS`; those that neither profile nor command state are left out."""
    of_profile: frozenset[str] = frozenset()
    """The names of those that its profile states."""
    base_url: str | None = field(default=None, repr=False)
    api_key_env: str | None = None
    price: tuple[float, float] | None = None

    @property
    def sampling(self) -> SamplingOptions:
        """Its options, parsed. Raises `UsageError` for a value that cannot be."""
        return SamplingParser.parse(self.options)


def study_models(
    names: Sequence[str], stated: Mapping[str, Any], *, settings: "Settings | None" = None
) -> tuple[StudyModel, ...]:
    """The models of these names or profiles, under the options stated for all of them.

    Raises `UsageError` for fewer than two, for one named twice, for two that are the same model with the same options,
    and for an address that is nobody's; `NotFoundError` for a name that is neither a plug-in nor a profile.
    """
    if len(names) < 2:
        got = f"got {names[0]!r} alone" if names else "got no model"
        raise UsageError(f"--llm: {got}, expected at least two: --llm A --llm B")
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--llm: got {name!r} twice, expected each model once")
    models = tuple(_study_model(name, stated, profile) for name, profile in _profiles(names, stated, settings))
    _require_different(models)
    for option in ("base_url", "api_key_env"):
        if stated.get(option) and not any(getattr(model, option) == stated[option] for model in models):
            raise UsageError(
                f"--{option.replace('_', '-')}: no model here takes it; expected one such as openai:MODEL whose "
                "profile has no address"
            )
    return models


def pair_options(recommendation: StudyModel, user: StudyModel, *, has_budget: bool = False) -> dict[str, Any]:
    """The options of a run whose agents ask these models; with one model for both, those of a run without `--user-llm`.

    Under a budget the longest reply of a model is a limit of cost, as in every run.
    """
    options = {"llm": recommendation.name, **recommendation.options}
    if has_budget:
        options.pop("max_tokens", None)
    if user == recommendation:
        return options
    own = dict(user.options)
    # An option of both agents: the user agent's has to be stated where it is another one.
    structured = own.pop(STRUCTURED, "off")
    if structured != recommendation.options.get(STRUCTURED, "off"):
        own[STRUCTURED] = structured
    options["user_llm"] = user.name
    if "temperature" in own and "temperature" not in user.of_profile:
        options["user_temperature"] = own.pop("temperature")
    return options | {"user_llm_options": own or None}


def pair_endpoint(recommendation: StudyModel, user: StudyModel) -> EndpointOptions:
    """Where the models of such a run are reached, and what they cost."""
    endpoint = EndpointOptions(
        base_url=recommendation.base_url, api_key_env=recommendation.api_key_env, price=recommendation.price
    )
    if user == recommendation:
        return endpoint
    return EndpointOptions(
        base_url=recommendation.base_url,
        api_key_env=recommendation.api_key_env,
        price=recommendation.price,
        user_base_url=user.base_url or "",
        user_api_key_env=user.api_key_env,
        user_price=user.price,
    )


def _profiles(
    names: Sequence[str], stated: Mapping[str, Any], settings: "Settings | None"
) -> "list[tuple[str, Profile | None]]":
    from afl.llm.profiles import Profiles, is_plugin
    from afl.settings import Settings

    if stated.get("config") is None and all(is_plugin(name) for name in names):
        return [(name, None) for name in names]
    profiles = Profiles.load(stated.get("config"), settings or Settings())
    return [(name, profiles.get(name)) for name in names]


def _study_model(label: str, stated: Mapping[str, Any], profile: "Profile | None") -> StudyModel:
    of_all = {name: stated[name] for name in SAMPLING_OPTIONS if stated.get(name) not in (None, ())}
    own = {} if profile is None else profile.options
    options = of_all | own
    if "llm_options" in of_all:
        options["llm_options"] = dict(SamplingParser().fields(of_all["llm_options"])) | own.get("llm_options", {})
    name = label if profile is None else profile.model
    base_url, api_key_env = (None, None) if profile is None else (profile.base_url, profile.api_key_env)
    if base_url is None and parse_spec(name).name == _AT_AN_ADDRESS:
        base_url = stated.get("base_url")
        # The key of a profile is for its own address.
        api_key_env = stated.get("api_key_env") if base_url else api_key_env or stated.get("api_key_env")
    price = None if profile is None else profile.price
    return StudyModel(label, name, options, frozenset(own), base_url, api_key_env, price)


def _require_different(models: Sequence[StudyModel]) -> None:
    seen: dict[tuple[str, SamplingOptions], str] = {}
    for model in models:
        key = (model.name, model.sampling)
        if key in seen:
            raise UsageError(
                f"--llm: {seen[key]!r} and {model.label!r} are the same model with the same options; "
                "expected different ones"
            )
        seen[key] = model.label
