"""Where the local stack keeps things: all of it under `.local/` of the checkout."""

from pathlib import Path
from typing import Final

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
#: What file:// plugins may name on this machine.
PLUGINS: Final = LOCAL / "plugins"
BUILD: Final = ROOT / ".aws-sam" / "build"
BUILD_CACHE: Final = ROOT / ".aws-sam" / "cache"
BUILT_TEMPLATE: Final = BUILD / "template.yaml"
