"""Where journals are kept, and the key that their checkpoints are signed with."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings

PUBLIC_KEY_NAME = "public-key.pem"


@dataclass(frozen=True, slots=True)
class JournalPlace:
    """A folder of journals, which may be copied anywhere, and a key, which may not."""

    folder: Path
    key_file: Path

    def journal(self, tenant_id: int) -> Path:
        """The file of a business."""
        return self.folder / f"tenant-{tenant_id}.jsonl"

    @property
    def public_key_file(self) -> Path:
        """What a verifier needs of the key; keep a copy of it where the journals are not."""
        return self.folder / PUBLIC_KEY_NAME

    def make(self) -> None:
        """Have the folder there, closed to others: people's names stand in it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def tenants(self) -> Sequence[int]:
        """The businesses that have a journal here."""
        return sorted(int(path.stem.removeprefix("tenant-")) for path in self.folder.glob("tenant-*.jsonl"))

    def signing_key(self) -> Ed25519PrivateKey:
        """The installation's own key, made at first use, readable by its owner only.

        Raises:
            TypeError: if the file holds another kind of key.
        """
        self.make()
        with (self.folder / "key.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.key_file.exists():
                self._make_key()
            key = load_pem_private_key(self.key_file.read_bytes(), password=None)
            if not isinstance(key, Ed25519PrivateKey):
                message = f"{self.key_file} holds no Ed25519 key"
                raise TypeError(message)
            public = _public_half(key)
            if not self.public_key_file.exists() or self.public_key_file.read_bytes() != public:
                write_whole(self.public_key_file, public)
        return key

    def public_key(self) -> bytes:
        """The public half (PEM) of the installation's own key; not what the folder says it is."""
        return _public_half(self.signing_key())

    def _make_key(self) -> None:
        private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_whole(self.key_file, private)


def _public_half(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def journal_place() -> JournalPlace:
    """Where this installation keeps its journals."""
    return JournalPlace(settings.JOURNAL_DIRECTORY, settings.JOURNAL_KEY_FILE)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there as a whole or not at all, readable by its owner only."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
