"""TCP ports: how they are written, and which ones belong to services that no plugin or registry is.

Sources: the bad ports of https://fetch.spec.whatwg.org/#port-blocking, and the usual ports of data stores and
control planes, which plain-text protocols can be made to obey.
"""

import re
from typing import Final

MAX_PORT: Final = 65535
PORT_TEXT: Final = r"[1-9][0-9]{0,4}"
PORT: Final = re.compile(PORT_TEXT, re.ASCII)

FIRST_UNPRIVILEGED_PORT: Final = 1024
WEB_PORTS: Final = frozenset({80, 443})
DENIED_PORTS: Final = frozenset(
    {
        *(1433, 1521, 3306, 5432, 6379, 9200, 9300, 11211, 27017, 27018, 27019, 28017),  # data stores
        *(2375, 2376, 2379, 2380, 6443, 10250, 10255),  # Docker, etcd, Kubernetes
        *(1719, 1720, 1723, 2049, 3389, 3659, 4045, 4190, 5060, 5061, 5900, 6000, 6566, 10080),  # other protocols
        *(6665, 6666, 6667, 6668, 6669, 6679, 6697),  # IRC
    }
)


def port_denied(port: int) -> bool:
    """Say whether a port is one that needs an allow-list entry of its own."""
    return port in DENIED_PORTS if port >= FIRST_UNPRIVILEGED_PORT else port not in WEB_PORTS
