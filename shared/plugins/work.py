"""Load, decide, commit: how every worker changes a plugin, safe to run twice, late or beside another."""

from collections.abc import Callable
from typing import Final

from shared.plugins.ports import Conflict, PluginKey, PluginTable
from shared.plugins.record import Plugin
from shared.plugins.transitions import Change

#: Another writer may come first this often before the message goes back to its queue.
_ATTEMPTS: Final = 5


def transition(table: PluginTable, key: PluginKey, decide: Callable[[Plugin], Change | None]) -> Plugin:
    """Change a plugin by a pure decision over its newest state.

    Args:
        table: the store.
        key: which plugin.
        decide: record → change, or None where nothing is left to do; called again when another writer came first.

    Returns:
        The record as it is afterwards.

    Raises:
        NotFound: the plugin is gone.
        Conflict: five writers in a row came first; try again later.
        Transient: the table did not answer.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        plugin = table.load(key)
        change = decide(plugin)
        if change is None:
            return plugin
        try:
            table.commit(change)
        except Conflict:
            if attempt == _ATTEMPTS:
                raise
            continue
        return change.after
    raise AssertionError("unreachable")  # pragma: no cover - the loop returns or raises
