"""The profiles in the package: a template for each category, and the reference fleet."""

from __future__ import annotations

import json
from difflib import get_close_matches
from importlib.resources import files

from errors import InvalidInput, NotFound, Problem
from GAN.profiles.loading import parse_profile
from GAN.profiles.profile import MachineProfile

_PACKAGE = "GAN"
_SUFFIX = ".yaml"


def template_names() -> list[str]:
    """The categories that have a template, in alphabetical order."""
    return _names("templates")


def template_text(category: str) -> str:
    """The template of a category: YAML, with its comments.

    Raises:
        NotFound: There is no such template.
    """
    return _text("templates", "template", category)


def template_profile(category: str) -> MachineProfile:
    """The template of a category as a profile.

    Raises:
        NotFound: There is no such template.
    """
    return _profile(category, template_text(category))


def new_profile(category: str, suffix: str) -> str:
    """The text of a new profile file.

    Args:
        category: One of `template_names()`.
        suffix: `.yaml` or `.yml` gives the template with its comments, `.json` without.

    Raises:
        NotFound: There is no such template.
        InvalidInput: The suffix is not a profile format.
    """
    if suffix in (".yaml", ".yml"):
        return template_text(category)
    if suffix == ".json":
        content = template_profile(category).model_dump(mode="json", exclude_unset=True)
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    raise InvalidInput(suffix, [Problem("", "not a profile format", "choose .json, .yaml or .yml")])


def fleet_ids() -> list[str]:
    """Machine ids of the reference fleet, in alphabetical order."""
    return _names("fleet")


def fleet_text(machine_id: str) -> str:
    """The profile of a machine of the reference fleet: YAML, as written.

    Raises:
        NotFound: The fleet has no such machine.
    """
    return _text("fleet", "fleet machine", machine_id)


def fleet_profile(machine_id: str) -> MachineProfile:
    """The profile of a machine of the reference fleet.

    Raises:
        NotFound: The fleet has no such machine.
    """
    return _profile(machine_id, fleet_text(machine_id))


def _names(folder: str) -> list[str]:
    entries = files(_PACKAGE).joinpath(folder).iterdir()
    return sorted(
        entry.name.removesuffix(_SUFFIX) for entry in entries if entry.name.endswith(_SUFFIX)
    )


def _text(folder: str, kind: str, name: str) -> str:
    known = _names(folder)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise NotFound(f"no {kind} {name!r}; {hint}")
    return files(_PACKAGE).joinpath(folder, name + _SUFFIX).read_text(encoding="utf-8")


def _profile(name: str, text: str) -> MachineProfile:
    return parse_profile(text.encode(), name + _SUFFIX, _SUFFIX)
