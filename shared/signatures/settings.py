"""The settings of signature verification, for docs/settings.md."""

from typing import Final

from shared.commands.settings import Setting

SETTINGS: Final = (
    Setting(
        "OCI_PLUGINS_PUBLIC_KEY_<N>",
        "none",
        "Absolute path of a public key in PEM; N is its id for pubkey=. Every configured key is tried.",
        "both",
    ),
    Setting("OCI_PLUGINS_PUBKEY_<N or NAME>", "none", "The PEM text of a public key.", "both"),
    Setting("OCI_PLUGINS_PUBKEY_FILE_<NAME>", "none", "Absolute path of a public key in PEM.", "both"),
)
