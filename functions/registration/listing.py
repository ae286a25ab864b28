"""GET /plugins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from functions.registration.answer import Answer
from functions.registration.cursor import decode_cursor, encode_cursor, scope_of
from functions.registration.pages import fill_page
from functions.registration.ports import Ports
from functions.registration.reasons import INVALID_LIMIT, INVALID_PAGE, INVALID_QUERY_PARAMETER
from functions.registration.request import Request
from functions.registration.resources import plugin_resource
from shared.errors import Reason, Refused
from shared.plugins.identifiers import parse_namespace
from shared.plugins.record import Plugin, Status

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100
#: Beyond this no list has anything, and the offset stays a small number.
_MAX_PAGE: Final = 1_000_000

FILTERS: Final[Mapping[str, Callable[[Plugin, str], bool]]] = {
    "hook_type": lambda plugin, value: value in plugin.hook_types,
    "plugin_type": lambda plugin, value: value == plugin.plugin_type,
    "is_active": lambda plugin, value: value == ("true" if plugin.is_active else "false"),
    "status": lambda plugin, value: value == plugin.status,
    "slug": lambda plugin, value: value == plugin.slug,
}
_CHOICES: Final[Mapping[str, Sequence[str]]] = {"is_active": ("true", "false"), "status": get_args(Status)}
PARAMETERS: Final = ("namespace", *FILTERS, "limit", "cursor", "page")


@dataclass(frozen=True, slots=True)
class _Window:
    """Which part of the list is asked for: behind an id, or from an offset."""

    limit: int
    after_id: str | None
    offset: int


def list_plugins(request: Request, ports: Ports) -> Answer:
    """Give one page of the plugins that the caller may see, newest first.

    Raises:
        Refused: a parameter is not known or has a value that can't be used.
    """
    values, caller = request.values, request.caller
    filters = {name: values[name] for name in FILTERS if name in values}
    _check_choices(filters)
    if "namespace" in values:
        asked, bound = [parse_namespace(values["namespace"])], [values["namespace"]]
        namespaces = caller.visible(asked)
    else:
        # The cursor is bound to the token's namespaces, not to those in use: a new one does not break a list.
        namespaces, bound = caller.visible(ports.table.list_namespaces()), sorted(caller.namespaces)
    scope = scope_of(bound, filters)
    window = _window(values, key=caller.cursor_key, scope=scope, epoch=ports.clock())
    found = [
        plugin
        for namespace in namespaces
        for plugin in ports.table.list_plugins(namespace)
        if all(FILTERS[name](plugin, value) for name, value in filters.items())
    ]
    found.sort(key=lambda plugin: plugin.id, reverse=True)
    rest, following = _rest(found, window), None
    page = fill_page((plugin_resource(plugin, prefix=request.prefix) for plugin in rest), limit=window.limit)
    if len(page) < len(rest):
        following = encode_cursor(page[-1]["id"], key=caller.cursor_key, scope=scope, epoch=ports.clock())
    return Answer(200, {"data": page, "meta": {"total_count": len(found), "next_cursor": following}})


def parse_limit(values: Mapping[str, str]) -> int:
    """Give the limit of a list, 1 to 100, or refuse with `invalid_limit`."""
    return whole_number(values.get("limit", str(DEFAULT_LIMIT)), most=MAX_LIMIT, reason=INVALID_LIMIT)


def whole_number(text: str, *, most: int, reason: Reason, least: int = 1) -> int:
    """Give a whole number in plain ASCII digits between `least` and `most`, or refuse with `reason`."""
    if text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most:
        return int(text)
    raise Refused(reason)


def _window(values: Mapping[str, str], *, key: bytes, scope: bytes, epoch: float) -> _Window:
    limit = parse_limit(values)
    if "cursor" in values:
        if "page" in values:
            raise Refused(INVALID_PAGE, "page beside cursor")
        return _Window(limit, decode_cursor(values["cursor"], key=key, scope=scope, epoch=epoch), 0)
    page = whole_number(values.get("page", "1"), most=_MAX_PAGE, reason=INVALID_PAGE)
    return _Window(limit, None, (page - 1) * limit)


def _rest(found: Sequence[Plugin], window: _Window) -> Sequence[Plugin]:
    """Give what is left of the list from the place that was asked for."""
    if window.after_id is not None:
        return [plugin for plugin in found if plugin.id < window.after_id]
    return found[window.offset :]


def _check_choices(filters: Mapping[str, str]) -> None:
    for name, choices in _CHOICES.items():
        if name in filters and filters[name] not in choices:
            raise Refused(INVALID_QUERY_PARAMETER, f"{name}: one of {', '.join(choices)}")
