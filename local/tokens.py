"""The administrator's token of the local stack."""

import os
import uuid

from local.paths import TOKEN_FILE
from local.stack import client
from local.state import State
from shared.tokens import EVERY_NAMESPACE, SCOPES, is_token, new_token, token_key


def ensure_token(state: State) -> None:
    """Put the administrator's token into the tokens table; the same one after a restart."""
    token = TOKEN_FILE.read_text().strip() if TOKEN_FILE.exists() else ""
    if not is_token(token):
        token = new_token()
        descriptor = os.open(TOKEN_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            os.fchmod(descriptor, 0o600)
            file.write(token + "\n")
    client(state, "dynamodb").put_item(
        TableName=state.outputs["TokensTableName"],
        Item={
            "pk": {"S": token_key(token)},
            "token_id": {"S": f"local-{uuid.uuid5(uuid.NAMESPACE_URL, token_key(token))}"},
            "scopes": {"L": [{"S": scope} for scope in SCOPES]},
            "namespaces": {"L": [{"S": EVERY_NAMESPACE}]},
            "revoked": {"BOOL": False},
        },
    )
