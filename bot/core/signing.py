"""Signs what topics publish, with a key that is made at first use and kept in the store."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from bot.core.channel import Signed
from bot.core.clock import Clock
from bot.core.ids import new_key
from bot.core.store.executor import Lane, Store
from bot.core.store.subscriptions import SigningKey
from bot.core.store.transaction import Transaction

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

KEY_BITS = 2048
VALID_FOR = timedelta(days=3650)
NAME = "sns.imbot"
"""The subject and issuer of the certificate, which signs itself."""


class TopicSigner:
    """One account's key. Signing takes half a millisecond and is done on the event loop."""

    def __init__(self, clock: Clock, account_id: str, public_url: str | None) -> None:
        self._found: Store | None = None
        self._clock = clock
        self._account_id = account_id
        self._public_url = public_url or ""
        self._kept: tuple[RSAPrivateKey, str] | None = None
        self._opening = asyncio.Lock()

    def use(self, store: Store) -> None:
        """Where the key is; to be said once the store is open, before anything is signed."""
        self._found = store

    @property
    def _store(self) -> Store:
        if self._found is None:
            raise RuntimeError("nothing is signed before the store is open")
        return self._found

    async def sign(self, text: str, version: Literal["1", "2"]) -> Signed:
        """Version 1 is SHA1withRSA, 2 SHA256withRSA, both PKCS #1 v1.5. Source: Amazon SNS."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        key, certificate = await self._opened()
        digest = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303
        signature = key.sign(text.encode("utf-8", "replace"), padding.PKCS1v15(), digest)
        url = f"{self._public_url}/{certificate_name(certificate)}"
        return Signed(base64.b64encode(signature).decode(), url)

    async def certificate(self, name: str) -> str | None:
        """The certificate in PEM that is served under that name; None for another one."""
        row = await self._store.look(self._find)
        if row is None or certificate_name(row.certificate) != name:
            return None
        return row.certificate

    async def _opened(self) -> tuple[RSAPrivateKey, str]:
        async with self._opening:
            if self._kept is None:
                row = await self._store.look(self._find) or await self._made()
                self._kept = await asyncio.to_thread(_load, row.private_key), row.certificate
            return self._kept

    async def _made(self) -> SigningKey:
        """Make the key; where another process was faster, its key is the one."""
        row = await asyncio.to_thread(_make, self._account_id, self._clock.now())

        def keep(tx: Transaction) -> SigningKey:
            tx.insert_or_ignore(row)
            return self._find(tx) or row

        return await self._store.write(keep, Lane.JOB)

    def _find(self, tx: Transaction) -> SigningKey | None:
        return tx.find(SigningKey, account_id=self._account_id)


def certificate_name(certificate: str) -> str:
    digest = hashlib.sha256(certificate.encode()).hexdigest()[:32]
    return f"SimpleNotificationService-{digest}.pem"


def _load(private_key: str) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(private_key.encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the signing key is no RSA key")
    return key


def _make(account_id: str, now: datetime) -> SigningKey:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    begin = now.astimezone(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return SigningKey(
        key=new_key(),
        account_id=account_id,
        private_key=private.decode(),
        certificate=certificate.public_bytes(serialization.Encoding.PEM).decode(),
        created_at=now,
    )
