"""A profile in place of a language model: the options that it stands for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from afl.llm.sampling import SamplingParser

if TYPE_CHECKING:
    from afl.llm.profiles import Profile, Profiles


def resolve_profiles(stated: Mapping[str, Any]) -> dict[str, Any]:
    """The options with what profiles stand for in place of their names; what is stated otherwise wins.

    Raises `NotFoundError` for a name that is neither a plug-in nor a profile, `UsageError` for a file that cannot be
    used.
    """
    from afl.llm.profiles import Profiles, is_plugin
    from afl.settings import Settings

    names = [name for name in (stated.get("llm"), stated.get("user_llm")) if name]
    if stated.get("config") is None and all(is_plugin(name) for name in names):
        return dict(stated)
    profiles = Profiles.load(stated.get("config"), stated.get("settings") or Settings())
    return _of_user(_of_both(dict(stated), profiles), profiles)


def _of_both(stated: dict[str, Any], profiles: "Profiles") -> dict[str, Any]:
    name = stated.get("llm")
    profile = profiles.get(name) if name else None
    if profile is None:
        return stated
    options = profile.options
    if profile.extra_body and "llm_options" in stated:
        options["llm_options"] = profile.extra_body | dict(SamplingParser().fields(stated["llm_options"]))
        stated = {name: value for name, value in stated.items() if name != "llm_options"}
    endpoint: dict[str, Any] = {"price": profile.price}
    if "base_url" not in stated:  # the profile's key is for its own address
        endpoint |= {"base_url": profile.base_url, "api_key_env": profile.api_key_env}
        if stated.get("user_llm"):
            stated.setdefault("user_base_url", "")  # and its address for its own model
    return _without_none(options | endpoint) | stated | {"llm": profile.model}


def _of_user(stated: dict[str, Any], profiles: "Profiles") -> dict[str, Any]:
    name = stated.get("user_llm")
    profile: Profile | None = profiles.get(name) if name else None
    if profile is None:
        return stated
    options = profile.options | dict(stated.pop("user_llm_options", None) or {})
    endpoint: dict[str, Any] = {"user_price": profile.price}
    if stated.get("user_base_url") in (None, ""):
        stated.pop("user_base_url", None)
        endpoint |= {"user_base_url": profile.base_url or "", "user_api_key_env": profile.api_key_env}
    return _without_none(endpoint) | stated | {"user_llm": profile.model, "user_llm_options": options or None}


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
