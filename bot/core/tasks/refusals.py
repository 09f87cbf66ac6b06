"""What is told when a request that was put off is refused for good."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from bot.core.context import Context
from bot.core.effects import timeline
from bot.core.registry import task

log = logging.getLogger(__name__)


@task
def tell_refusal(
    ctx: Context, name: str, arguments: Mapping[str, Any], code: str, message: str
) -> None:
    """Write one event on the incident that the refused request names, which tells chat, too.

    `name` and `arguments` are the refused task's; `answer_request` has service, operation and
    parameters.
    """
    operation = arguments.get("operation", name)
    log.warning("%s was refused for good: %s", operation, code)
    parameters = arguments.get("parameters", {})
    incident = timeline.about(ctx, parameters.get("IncidentId"))
    if incident is None:
        return
    data = {"operation": operation, "code": code, "reason": message}
    if contact_arn := parameters.get("ContactId"):
        data["contactArn"] = contact_arn
    timeline.record(ctx, incident, timeline.REFUSED, **data)
