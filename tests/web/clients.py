"""Who speaks to the wire door: boto3, the AWS CLI in a process of its own, and raw bytes."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import boto3
import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from yarl import URL

from tests.web.door import KEY

PLAN = "arn:aws:ssm-incidents::111122223333:response-plan/payments"
INCIDENT = "arn:aws:ssm-incidents::111122223333:incident-record/payments/1"
CONTACT = "arn:aws:ssm-contacts:us-east-1:111122223333:contact/ana"
TOPIC = "arn:aws:sns:us-east-1:111122223333:updates"
STARTED = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)


def client(
    url: str,
    service: str,
    models: Path | None = None,
    *,
    key: str = KEY.access_key_id,
    secret: str = KEY.secret,
) -> Any:
    core = botocore.session.Session()
    core.get_component("data_loader").search_paths.append(str(models))
    return boto3.Session(botocore_session=core).client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


async def call(url: str, service: str, operation: str, **parameters: Any) -> Any:
    """Call through boto3; the operation's name is in snake case."""

    def blocking() -> Any:
        api = client(url, service)
        try:
            return getattr(api, operation)(**parameters)
        finally:
            api.close()

    return await asyncio.to_thread(blocking)


async def refused(url: str, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        await call(url, service, operation, **parameters)
    answer: dict[str, Any] = caught.value.response
    return answer


def status(answer: dict[str, Any]) -> int:
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


async def aws(url: str, models: Path, *words: str) -> tuple[int, str, str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(models),
        "AWS_DATA_PATH": str(models),
        "AWS_ACCESS_KEY_ID": KEY.access_key_id,
        "AWS_SECRET_ACCESS_KEY": KEY.secret,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }
    program = Path(sys.executable).parent / "aws"
    run = await asyncio.create_subprocess_exec(
        program,
        *("--endpoint-url", url, "--output", "json", *words),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, refused = await asyncio.wait_for(run.communicate(), 60)
    return run.returncode or 0, told.decode(), refused.decode()


async def post(
    url: str,
    service: str,
    body: bytes,
    *,
    target: str = "/",
    method: str = "POST",
    headers: dict[str, str] | None = None,
    is_signed: bool = True,
) -> tuple[int, dict[str, str], bytes]:
    request = AWSRequest(method=method, url=url + target, data=body, headers=headers or {})
    if is_signed:
        keys = Credentials(KEY.access_key_id, KEY.secret)
        SigV4Auth(keys, service, "us-east-1").add_auth(request)
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            method,
            URL(url + target, encoded=True),
            data=body,
            headers={name: str(value) for name, value in request.headers.items()},
        ) as answer,
    ):
        return answer.status, dict(answer.headers), await answer.read()
