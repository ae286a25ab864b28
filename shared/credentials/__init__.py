"""Credentials of registries: which one, for whom alone, and a type that can't be printed.

The adapters (`aws_secrets`, `aws_ecr`) are imported by whoever builds them.
"""

from shared.credentials.docker_config import resolve_docker_credential
from shared.credentials.ecr import EcrRegistry, parse_ecr_host
from shared.credentials.environment import credential_warnings, load_environment
from shared.credentials.model import Credential
from shared.credentials.ports import EcrTokens, SecretSource
from shared.credentials.reasons import REASONS
from shared.credentials.resolver import resolve_credential
from shared.credentials.secret import Secret
from shared.credentials.settings import SETTINGS

__all__ = [
    "REASONS",
    "SETTINGS",
    "Credential",
    "EcrRegistry",
    "EcrTokens",
    "Secret",
    "SecretSource",
    "credential_warnings",
    "load_environment",
    "parse_ecr_host",
    "resolve_credential",
    "resolve_docker_credential",
]
