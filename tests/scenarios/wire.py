"""Who asks over the wire: boto3 in threads, the AWS CLI in a process of its own, raw bytes."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import boto3
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from yarl import URL

from tests.scenarios.world import KEY_ID, REGION, SECRET, World


class Refused(Exception):
    """The error that a client read out of an answer."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.code = str(answer["Error"]["Code"])
        self.message = str(answer["Error"]["Message"])
        self.status = int(answer["ResponseMetadata"]["HTTPStatusCode"])
        self.answer = answer
        super().__init__(f"{self.status} {self.code}: {self.message}")


class Api:
    """boto3's clients for a world; `asked` holds each (service, operation) that was called."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.asked: set[tuple[str, str]] = set()
        self._session = boto3.Session()
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(
                service,
                endpoint_url=self.world.url,
                region_name=REGION,
                aws_access_key_id=KEY_ID,
                aws_secret_access_key=SECRET,
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[service]

    async def call(self, service: str, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a client's method; what follows from it happens at once. Raises Refused."""
        client = self.client(service)
        self.asked.add((service, client.meta.method_to_api_mapping[method]))
        try:
            answer = await asyncio.to_thread(getattr(client, method), **parameters)
        except ClientError as error:
            raise Refused(error.response) from None
        await self.world.settle()
        return dict(answer)

    async def contacts(self, method: str, **parameters: Any) -> dict[str, Any]:
        return await self.call("ssm-contacts", method, **parameters)

    async def incidents(self, method: str, **parameters: Any) -> dict[str, Any]:
        return await self.call("ssm-incidents", method, **parameters)

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


async def aws(world: World, home: Path, *words: str) -> tuple[int, Any]:
    """Run the AWS CLI; answers its exit code, and its JSON or else what it complained of."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }
    run = await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / "aws",
        *("--endpoint-url", world.url, "--output", "json", *words),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, complaint = await asyncio.wait_for(run.communicate(), 60)
    await world.settle()
    code = run.returncode or 0
    return code, (
        json.loads(told) if told.strip() else None
    ) if not code else complaint.decode()


class OffSigner(SigV4Auth):  # type: ignore[misc]
    """Signs as at another instant."""

    def __init__(self, secret: str, service: str, at: datetime) -> None:
        super().__init__(Credentials(KEY_ID, secret), service, REGION)
        self._at = at

    def add_auth(self, request: Any) -> None:
        request.context["timestamp"] = self._at.strftime(SIGV4_TIMESTAMP)
        self._modify_request_before_signing(request)
        to_sign = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(to_sign, request))


async def send(
    world: World,
    service: str,
    body: bytes,
    *,
    path: str = "/",
    headers: Mapping[str, str] | None = None,
    at: datetime | None = None,
    secret: str = SECRET,
    altered: bytes | None = None,
) -> tuple[int, Mapping[str, str], str]:
    """Post signed bytes, signed at an instant; `altered` is then sent instead of `body`."""
    request = AWSRequest(
        method="POST", url=world.url + path, data=body, headers=dict(headers or {})
    )
    OffSigner(secret, service, at or datetime.now(UTC)).add_auth(request)
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            URL(world.url + path, encoded=True),
            data=io.BytesIO(body if altered is None else altered),
            headers={name: str(value) for name, value in request.headers.items()},
        ) as answer,
    ):
        return answer.status, answer.headers, await answer.text()
