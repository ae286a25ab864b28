"""Looks at a plugin where it runs or lies, and says what it saw."""
