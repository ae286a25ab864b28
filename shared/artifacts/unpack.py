"""Streams a candidate's executable out of the registry into the store: raw, or out of image layers."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

from shared.artifacts.compression import decompress
from shared.artifacts.executable_sink import ExecutableSink
from shared.artifacts.executables import Inspection
from shared.artifacts.hashing import StreamHash
from shared.artifacts.layers import EntrypointSearch
from shared.artifacts.limits import READ_BYTES, PullLimits, UnpackBudget
from shared.artifacts.packaging import ArtifactPackaging, ImagePackaging
from shared.artifacts.ports import ArtifactStore, BlobReader, Registry, StoredArtifact, Upload
from shared.artifacts.reasons import DIFF_ID_MISMATCH
from shared.artifacts.selection import Candidate
from shared.artifacts.tar_reader import TarEntry, TarReader
from shared.errors import Refused


class Unpacked:
    """An executable that is in the store's hands, but not yet reachable: `commit` or `abort` the upload."""

    def __init__(self, candidate: Candidate, *, store: ArtifactStore, limits: PullLimits) -> None:
        self._candidate = candidate
        self._store = store
        self._limits = limits
        self._sink: ExecutableSink | None = None
        self.upload: Upload | None = None
        self.sha256 = ""
        self.size = 0

    def read(self, registry: Registry) -> Inspection:
        """Stream it; every blob that is part of the artifact has been verified when this returns.

        Raises:
            Refused, Transient: the artifact's, the registry's or the store's reasons; the caller aborts.
        """
        packaging = self._candidate.packaging
        if isinstance(packaging, ArtifactPackaging):
            sink = self._read_artifact(packaging, registry)
        else:
            sink = self._read_image(packaging, registry)
        self.size = sink.size
        self.sha256, inspection = sink.finish()
        return inspection

    def commit(self) -> StoredArtifact:
        """Make it reachable under its digest; raises what the store raises."""
        if self.upload is None:
            raise ValueError("only what was read can be committed")
        return self.upload.commit(self.sha256, self.size)

    def abort(self) -> None:
        """Drop what was written."""
        if self.upload is not None:
            self.upload.abort()

    def _open_sink(self, size: int, digest: StreamHash | str) -> ExecutableSink:
        self.upload = self._store.open_upload()
        self._sink = ExecutableSink(self.upload, wanted=self._candidate.platforms, size=size, digest=digest)
        return self._sink

    def _read_artifact(self, packaging: ArtifactPackaging, registry: Registry) -> ExecutableSink:
        layer = packaging.layer
        algorithm, _, digest = layer.digest.partition(":")
        sink = self._open_sink(layer.size, digest if algorithm == "sha256" else StreamHash())
        with registry.open_blob(layer) as blob:
            sink.read_from(blob)
        return sink

    def _read_image(self, packaging: ImagePackaging, registry: Registry) -> ExecutableSink:
        config = self._candidate.image_config
        if config is None:
            raise ValueError("an image's candidate has its config")
        budget = UnpackBudget(self._limits)
        with ThreadPoolExecutor(1, thread_name_prefix="hash") as hasher:
            search = EntrypointSearch(config.entrypoint, take=partial(self._take, hasher), limits=self._limits)
            for (layer, compression), diff_id in zip(packaging.layers[::-1], config.diff_ids[::-1], strict=True):
                budget.start_layer()
                with registry.open_blob(layer) as blob:
                    try:
                        chunks = _checked(decompress(blob, compression, budget, self._limits), diff_id, hasher)
                        search.read_layer(TarReader(chunks, budget=budget, limits=self._limits))
                    except Refused:
                        _drain(blob)
                        raise
            search.finish()
        if self._sink is None:
            raise ValueError("a found entrypoint has been taken")
        return self._sink

    def _take(self, hasher: Executor, entry: TarEntry, content: Iterator[memoryview]) -> None:
        sink = self._open_sink(entry.size, StreamHash(hasher))
        for piece in content:
            sink.write(piece)


def _checked(chunks: Iterator[bytes], diff_id: str, hasher: Executor) -> Iterator[bytes]:
    """Pass the chunks on; at their end they must have the digest that the image's configuration names."""
    digest = StreamHash(hasher)
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
    if f"sha256:{digest.hexdigest()}" != diff_id:
        raise Refused(DIFF_ID_MISMATCH, diff_id)


def _drain(blob: BlobReader) -> None:
    """Read the rest of a refused blob: if it is not what its digest says, that is the reason, and not its content."""
    buffer = memoryview(bytearray(READ_BYTES))
    while blob.readinto(buffer):
        pass
