"""Whom we trust: the configured public keys."""

from shared.signatures.keys import KeyFiles, PublicKey, resolve_public_keys
from shared.signatures.reasons import REASONS
from shared.signatures.settings import SETTINGS

__all__ = ["REASONS", "SETTINGS", "KeyFiles", "PublicKey", "resolve_public_keys"]
