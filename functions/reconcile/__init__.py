"""Finds work that is due and sends it again: level-triggered, always safe to repeat."""
