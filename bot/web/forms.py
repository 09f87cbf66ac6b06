"""Posted forms, read with care: small, whole and in UTF-8, or refused."""

from __future__ import annotations

from urllib.parse import parse_qsl

from aiohttp import web

LARGEST = 65_536
"""Bytes. The vendor's longest form, a text of ten segments, has some four thousand."""
MOST_FIELDS = 200


async def read_form(request: web.Request) -> dict[str, str]:
    """Read a posted form. Raises HTTPRequestEntityTooLarge, HTTPBadRequest."""
    body = await _read_body(request)
    if body and request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPBadRequest(text="A form is expected here.\n")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise web.HTTPBadRequest(text="The form cannot be read.\n") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise web.HTTPBadRequest(text="A field comes twice.\n")
    return form


async def _read_body(request: web.Request) -> bytes:
    if request.content_length is not None and request.content_length > LARGEST:
        raise web.HTTPRequestEntityTooLarge(LARGEST, request.content_length)
    body = bytearray()
    try:
        async for chunk in request.content.iter_chunked(16_384):
            body += chunk
            if len(body) > LARGEST:
                raise web.HTTPRequestEntityTooLarge(LARGEST, len(body))
    except web.RequestPayloadError:
        raise web.HTTPBadRequest(text="The body cannot be read.\n") from None
    return bytes(body)
