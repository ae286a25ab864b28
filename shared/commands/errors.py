"""What the front door raises: both are `Refused`, so someone must act; trying again changes nothing."""

from shared.errors import Refused


class CommandError(Refused):
    """A command, host or reference that the grammar does not allow, with exactly one primary reason."""


class SettingsError(Refused):
    """A policy setting that can't be used; the message names the variable and the broken entry."""
