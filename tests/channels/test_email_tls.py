"""Mail over TLS, from the start and by STARTTLS, to a server that is not ours."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.channels.email import EmailChannel
from bot.core.channel import Page, Unavailable

USER, PASSWORD = "imbot", "correct horse"


class Sink:
    """Keeps what it takes, and whether it came over TLS."""

    def __init__(self) -> None:
        self.mails: list[tuple[bool, bytes]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        is_secure = server.transport.get_extra_info("ssl_object") is not None
        self.mails.append((is_secure or session.ssl is not None, envelope.content))
        return "250 kept"


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a server at 127.0.0.1 and of a client that trusts it alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


def authenticated(_: Any, __: Any, ___: Any, ____: Any, data: Any) -> AuthResult:
    is_known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_known, handled=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    security: Literal["starttls", "tls"]
    sink: Sink
    trust: ssl.SSLContext
    port: int


@pytest.fixture(params=["starttls", "tls"])
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Server]:
    context, trust = certificate(tmp_path)
    sink = Sink()
    log_in = {"authenticator": authenticated, "auth_required": True}
    by_command = {"tls_context": context, "require_starttls": True, **log_in}
    options: dict[str, Any] = by_command if request.param == "starttls" else {}
    listening = await asyncio.get_running_loop().create_server(
        lambda: SMTP(sink, hostname="localhost", **options),
        "127.0.0.1",
        0,
        ssl=None if options else context,
    )
    port = listening.sockets[0].getsockname()[1]
    yield Server(security=request.param, sink=sink, trust=trust, port=port)
    listening.close()
    await listening.wait_closed()


def channel(server: Server, *, trust: ssl.SSLContext) -> EmailChannel:
    has_login = server.security == "starttls"
    return EmailChannel(
        "127.0.0.1",
        server.port,
        USER if has_login else None,
        PASSWORD if has_login else None,
        "imbot@example.com",
        server.security,
        connections=1,
        tls_context=trust,
    )


def page(number: int) -> Page:
    return Page(
        key=f"key-{number}",
        address="ana@example.com",
        created_at=datetime.now(UTC),
        subject=f"Incident {number}",
        content="c",
        public_subject="p",
        code="425440",
    )


async def test_mails_leave_over_tls_one_after_the_other_on_one_connection(
    server: Server,
) -> None:
    mail = channel(server, trust=server.trust)
    for number in range(3):
        await mail.send(page(number))
    await mail.close()

    assert [is_secure for is_secure, _ in server.sink.mails] == [True] * 3
    assert all(b"Incident" in content for _, content in server.sink.mails)


async def test_a_server_that_nobody_vouches_for_gets_no_mail(server: Server) -> None:
    mail = channel(server, trust=ssl.create_default_context())
    with pytest.raises(Unavailable):
        await mail.send(page(1))
    await mail.close()

    assert server.sink.mails == []
