"""Judges a command at the moment before it is used."""
