"""The bodies that the API takes: their shape. What the values may be is in `fields.py` and in the command policy."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.registration import fields
from functions.registration.failures import Failures
from functions.registration.reasons import FIELD_INVALID, FIELD_MISSING, FIELD_NOT_ALLOWED
from shared.errors import PlugportError, Refused
from shared.plugins.record import Plugin

_MAX_WARNINGS: Final = 20
_MAX_SHOWN: Final = 60


class _Body(BaseModel):
    #: Fields of a new plugin that nothing can change later.
    fixed: ClassVar[frozenset[str]] = frozenset()

    # The document says what callers may send: `read_body` leaves unknown fields aside with a warning.
    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, json_schema_extra={"additionalProperties": True}
    )


class PluginPatch(_Body):
    """What may be changed of a plugin; a field that is left out stays as it is."""

    fixed: ClassVar[frozenset[str]] = frozenset({"namespace"})

    name: str = Field("", description="For people: 1 to 200 visible characters.", max_length=fields.MAX_NAME)
    description: str | None = Field(None, description="For people.", max_length=fields.MAX_DESCRIPTION)
    slug: str = Field("", description="Unique in its namespace: a-z, 0-9 and single dashes.", max_length=64)
    command: str = Field("", description="file://<absolute path>, grpc://<host>:<port> or oci://<reference>.")
    oci_reference: str | None = Field(None, description="The reference of an oci:// command again, or null.")
    hook_type: str | None = Field(None, description="The primary hook.")
    hook_types: list[str] | None = Field(None, description="All hooks, the primary one among them.")
    plugin_type: str | None = Field(
        None, description="A category; derived from the hooks if left out.", max_length=fields.MAX_PLUGIN_TYPE
    )
    is_active: bool = Field(default=False, description="False takes the plugin out of work and out of the gateways.")
    config: dict[str, Any] | None = Field(None, description="For the plugin itself: at most 64 KiB and 16 levels.")
    checksum: str | None = Field(None, description="sha256:<hex> that the executable must have, or null.")


class PluginCreate(PluginPatch):
    """A new plugin."""

    name: str = Field(description="For people: 1 to 200 visible characters.", max_length=fields.MAX_NAME)
    command: str = Field(description="file://<absolute path>, grpc://<host>:<port> or oci://<reference>.")
    slug: str | None = Field(  # type: ignore[assignment]  # may be left out here: it is then made from the name
        None, description="Unique in its namespace; made from the name if left out.", max_length=64
    )
    namespace: str | None = Field(None, description="Default: the token's only namespace, else `default`.")


class CommandToValidate(_Body):
    """A command to be judged without writing anything."""

    command: str = Field(description="The command.")
    oci_reference: str | None = Field(None, description="The reference beside it.")
    resolve: bool = Field(default=False, description="Also ask the registry; not built yet.")


class BodyWarning(NamedTuple):
    """Something in the body that was left aside."""

    code: str
    title: str
    detail: str


_Model = TypeVar("_Model", bound=_Body)

#: Fields of the record that no caller sets, and what else only the server knows.
_SERVER_FIELDS: Final = frozenset(Plugin.__dataclass_fields__) - frozenset(PluginCreate.model_fields) | {
    "conditions", "digest", "versions", "active_version", "etag", "links", "type", "pk", "sk", "key", "ttl", "meta",
}  # fmt: skip
#: Names by which servers elsewhere keep trust, audit and ownership: refused, so that nobody believes they were taken.
_SERVER_LIKE: Final = re.compile(
    r"_|.*_(?:by|at|ids?|keys?|digests?|generation|revision|version|status)|(?:is|has|can)_.*"
    r"|.*(?:admin|approv|verif|trust|owner|tenant|role|scope|permission|secret|signature|expire|proto|constructor).*"
)
_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_SHAPES: Final[Mapping[str, str]] = {
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "string_too_long": "is too long",
}


def read_body(model: type[_Model], document: Mapping[str, Any]) -> tuple[_Model, tuple[BodyWarning, ...]]:
    """Read a body: known fields by the model, unknown ones as warnings, fields of the server refused.

    Raises:
        Failures: every field that is missing, has the wrong shape or is not the caller's to set.
    """
    known = {name: value for name, value in document.items() if name in model.model_fields}
    unknown = [name for name in document if name not in model.model_fields]
    entries: list[PlugportError] = [
        Refused(FIELD_NOT_ALLOWED, _shown(name)) for name in unknown if name in model.fixed or _is_server_field(name)
    ]
    body: _Model | None = None
    try:
        body = model.model_validate(known)
    except ValidationError as error:
        entries.extend(_entry(detail) for detail in error.errors(include_url=False, include_input=False))
    if entries or body is None:
        raise Failures(entries[:_MAX_WARNINGS])
    warnings = (BodyWarning("unknown_field", "the field is not known and was left aside", _shown(n)) for n in unknown)
    return body, tuple(warnings)[:_MAX_WARNINGS]


def _entry(detail: Mapping[str, Any]) -> PlugportError:
    field = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "missing":
        return Refused(FIELD_MISSING, field)
    return Refused(FIELD_INVALID, f"{field}: {_SHAPES.get(detail['type'], 'has the wrong shape')}")


def _is_server_field(name: str) -> bool:
    snake = _CAPITAL.sub("_", name).lower()
    return snake in _SERVER_FIELDS or snake.startswith("_") or _SERVER_LIKE.fullmatch(snake) is not None


def _shown(name: str) -> str:
    """A field's name comes from the caller: escaped and cut before it is repeated."""
    return name.encode("unicode_escape").decode("ascii")[:_MAX_SHOWN]
