"""What the API says about itself."""

from functions.registration.answer import Answer
from functions.registration.ports import Ports
from functions.registration.request import Request


def get_liveness(_request: Request, _ports: Ports) -> Answer:
    """Say that the function runs; nothing behind it is asked, so this tells an outsider nothing else."""
    return Answer(200, {"status": "ok"})


def get_document(_request: Request, _ports: Ports) -> Answer:
    """Give the OpenAPI document: made when it is asked for, so that no other call pays for it."""
    from functions.registration.openapi import build_document  # noqa: PLC0415 - needs every schema: only this call does

    return Answer(200, build_document())
