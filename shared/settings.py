"""Typed settings: read once per function from its environment; a missing or broken one stops the function by name."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, Final, NamedTuple, Self

from shared.errors import Reason, Refused

SETTING_MISSING = Reason(
    "setting_missing",
    "a setting that the function needs is missing",
    "Set the variable that the message names (docs/settings.md); the template does it on deployment.",
)
SETTING_INVALID = Reason(
    "setting_invalid",
    "a setting has a value that can't be used",
    "Correct the variable that the message names (docs/settings.md).",
)
REASONS: Final = (SETTING_MISSING, SETTING_INVALID)


@dataclass(frozen=True, slots=True)
class EnvironmentSettings:
    """Base of a function's settings: each field `table_name: str` is the variable `TABLE_NAME`.

    A field may be `str` or `int`; one with a default is optional. A test compares the fields with the function's
    environment in `template.yaml`.

    Attributes:
        also_reads: variables that the function reads outside of these fields (the policy's).
    """

    also_reads: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read every field; raises `Refused` naming the variable that is missing or is not a number."""
        values: dict[str, Any] = {}
        for field in fields(cls):
            name = field.name.upper()
            text = environment.get(name, "")
            if text == "":
                if field.default is MISSING:
                    raise Refused(SETTING_MISSING, name)
                continue
            values[field.name] = _number(name, text) if field.type is int else text
        return cls(**values)

    @classmethod
    def environment_names(cls) -> frozenset[str]:
        """Give the variables that this function reads."""
        return frozenset(field.name.upper() for field in fields(cls)) | cls.also_reads


class SettingHelp(NamedTuple):
    """One row of docs/settings.md."""

    name: str
    default: str
    meaning: str


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Refused(SETTING_INVALID, f"{name}: a whole number")
    return int(text)
