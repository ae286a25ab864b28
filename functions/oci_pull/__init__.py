"""Pulls, verifies and stores the executable of an oci:// plugin."""
