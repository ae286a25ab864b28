"""pending → validated, rejected or failed."""

from dataclasses import replace
from typing import Final

from shared.admission import Admission, admit
from shared.commands import PolicySettings
from shared.egress import Resolver
from shared.errors import PlugportError
from shared.messages import Message
from shared.plugins.ports import Clock, PluginTable
from shared.plugins.record import Plugin
from shared.plugins.stages import event_for, is_current, key_of, setback
from shared.plugins.transitions import Change, change
from shared.plugins.work import transition
from shared.times import rfc3339

ACTOR: Final = "command_validation"


def validate_command(
    message: Message,
    *,
    table: PluginTable,
    settings: PolicySettings,
    resolver: Resolver,
    clock: Clock,
) -> Plugin:
    """Judge the stored command with its name resolved, and commit what comes of it.

    Raises:
        NotFound: the plugin is gone.
        Transient: the record is behind the message, or the table did not answer.
    """
    plugin = table.load(key_of(message))
    if not is_current(plugin, message, frozenset({"pending"})):
        return plugin
    outcome: Admission | PlugportError
    try:
        outcome = admit(plugin.command, settings=settings, resolver=resolver)
    except PlugportError as error:
        outcome = error

    def decide(newest: Plugin) -> Change | None:
        if not is_current(newest, message, frozenset({"pending"})) or newest.command != plugin.command:
            return None
        epoch = clock()
        if isinstance(outcome, PlugportError):
            return _refused(newest, message, outcome, epoch)
        return _admitted(newest, message, outcome, epoch)

    return transition(table, key_of(message), decide)


def _admitted(plugin: Plugin, message: Message, admission: Admission, epoch: float) -> Change:
    reason = "allowed_with_warnings" if admission.warnings else "allowed"
    judged = plugin.with_condition("CommandValid", "True", now=rfc3339(epoch), reason=reason)
    event = event_for(
        message, "plugin.validated", actor=ACTOR, epoch=epoch, detail={"warnings": list(admission.warnings)}
    )
    return change(plugin, replace(judged, warnings=admission.warnings), event, epoch=int(epoch))


def _refused(plugin: Plugin, message: Message, error: PlugportError, epoch: float) -> Change:
    judged = plugin.with_condition(
        "CommandValid",
        "Unknown" if error.retryable else "False",
        now=rfc3339(epoch),
        reason=error.reason.code,
        message=error.message,
        hint=error.hint,
    )
    return setback(judged, message, error, actor=ACTOR, epoch=epoch)
