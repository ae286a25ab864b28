"""Where the local stack keeps things: below `.local/` of the checkout, and plugins where the policy allows them."""

import hashlib
import os
import pwd
from pathlib import Path
from typing import Final

from shared.commands.paths import path_denied

ROOT: Final = Path(__file__).resolve().parent.parent
LOCAL: Final = ROOT / ".local"
#: What runs and what is deployed.
STATE_FILE: Final = LOCAL / "state.json"
#: Held while the stack is changed: two `up` at once take turns.
LOCK_FILE: Final = LOCAL / "lock"
#: Plain text of the administrator's token, readable by its owner alone.
TOKEN_FILE: Final = LOCAL / "token"
EMULATOR_LOG: Final = LOCAL / "emulator.log"
BUILD_LOG: Final = LOCAL / "build.log"
DEPLOY_LOG: Final = LOCAL / "deploy.log"
#: TMPDIR of the emulator: it leaves its workers' folders behind.
TEMPORARY: Final = LOCAL / "tmp"
#: HOME of the emulator: nobody's configuration reaches the functions.
HOME: Final = LOCAL / "home"
BUILD: Final = ROOT / ".aws-sam" / "build"
BUILD_CACHE: Final = ROOT / ".aws-sam" / "cache"
BUILT_TEMPLATE: Final = BUILD / "template.yaml"


def _plugins_folder() -> Path:
    """Give the folder that file:// plugins may name on this machine.

    A checkout below /tmp or /root is a place that the policy refuses, whatever is set: then a folder of the user's
    home serves, or for the administrator one below /opt.
    """
    private = f"plugport-local/{hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]}"
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    candidates = (LOCAL / "plugins", Path.home() / f".{private}", home / f".{private}", Path("/opt") / private)
    return next((path for path in candidates if not path_denied(str(path / "plugin"))), candidates[0])


#: What file:// plugins may name on this machine.
PLUGINS: Final = _plugins_folder()
