"""Push a package as any OCI client does (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#push)."""

from typing import Final
from urllib.parse import urljoin

import requests

from local.demo_parts.packages import MANIFEST_TYPE, Package, digest_of

_TIMEOUT_SECONDS: Final = 60
_CREATED: Final = 201
_OK: Final = 200


class PushError(Exception):
    """The registry did not take what was pushed."""


class Registry:
    """A registry on this machine.

    Args:
        host: `host:port`; plain HTTP.
        session: connections are kept in it.
    """

    def __init__(self, host: str, session: requests.Session) -> None:
        self.host = host
        self._base = f"http://{host}/v2"
        self._session = session

    def push(self, repository: str, tag: str, package: Package) -> bool:
        """Push what is not there yet; False when the tag already names exactly this package.

        Raises:
            PushError: with the registry's status.
        """
        url = f"{self._base}/{repository}/manifests/{tag}"
        present = self._session.get(url, headers={"Accept": MANIFEST_TYPE}, timeout=_TIMEOUT_SECONDS)
        if present.status_code == _OK and digest_of(present.content) == package.digest:
            return False
        for blob in package.blobs:
            self._push_blob(repository, blob)
        answer = self._session.put(
            url, data=package.manifest, headers={"Content-Type": MANIFEST_TYPE}, timeout=_TIMEOUT_SECONDS
        )
        if answer.status_code != _CREATED:
            raise PushError(f"{repository}:{tag}: HTTP {answer.status_code}")
        return True

    def _push_blob(self, repository: str, blob: bytes) -> None:
        digest = digest_of(blob)
        url = f"{self._base}/{repository}/blobs"
        if self._session.head(f"{url}/{digest}", timeout=_TIMEOUT_SECONDS).status_code == _OK:
            return
        begun = self._session.post(f"{url}/uploads/", timeout=_TIMEOUT_SECONDS)
        where = urljoin(f"{url}/uploads/", begun.headers.get("Location", ""))
        answer = self._session.put(
            where,
            params={"digest": digest},
            data=blob,
            headers={"Content-Type": "application/octet-stream"},
            timeout=_TIMEOUT_SECONDS,
        )
        if answer.status_code != _CREATED:
            raise PushError(f"{repository}@{digest}: HTTP {answer.status_code}")
