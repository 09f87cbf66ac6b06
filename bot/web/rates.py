"""How many requests a second each operation takes over the API, where its operator asks for the
service's own limits.

Source: General Reference, Incident Manager endpoints and quotas. Our choice: a second's worth
may come at once, and each process counts for itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from bot.core.errors import ThrottlingException
from bot.core.service_models import is_read

INCIDENTS, CONTACTS = "ssm-incidents", "ssm-contacts"
ONE_BY_ONE = frozenset(
    {
        "CreateReplicationSet",
        "DeleteReplicationSet",
        "UpdateDeletionProtection",
        "UpdateReplicationSet",
    }
)
NAMED: Mapping[tuple[str, str], int] = {
    (INCIDENTS, "GetTimelineEvent"): 30,
    (INCIDENTS, "ListTimelineEvents"): 30,
    (INCIDENTS, "CreateTimelineEvent"): 10,
    **{(INCIDENTS, name): 1 for name in ONE_BY_ONE},
    (CONTACTS, "AcceptPage"): 20,
    (CONTACTS, "StartEngagement"): 20,
    (CONTACTS, "StopEngagement"): 10,
    (CONTACTS, "DescribeEngagement"): 5,
    (CONTACTS, "DescribePage"): 5,
    (CONTACTS, "ListEngagements"): 2,
    (CONTACTS, "ListPagesByEngagement"): 2,
    (CONTACTS, "ListPageReceipts"): 1,
    (CONTACTS, "ListPagesByContact"): 1,
}
OTHERS: Mapping[str, tuple[int, int]] = {INCIDENTS: (10, 5), CONTACTS: (20, 1)}
"""By service: reads, and what changes anything."""
QUOTA_CODES = {
    "StartIncident": "L-5964C1A6",
    "CreateResponsePlan": "L-8635B488",
    "CreateTimelineEvent": "L-BD3B3682",
    "ListIncidentRecords": "L-1494E1F0",
}


def rate_of(service: str, operation: str) -> int | None:
    """Requests a second; None: no limit is documented."""
    if service not in OTHERS:
        return None
    reads, writes = OTHERS[service]
    return NAMED.get((service, operation), reads if is_read(operation) else writes)


class Rates:
    """A bucket of a second's worth for each account and operation."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._full_at: dict[tuple[str, str, str], float] = {}

    def take(self, account_id: str, service: str, operation: str) -> None:
        """Count one request. Raises ThrottlingException for one too many."""
        rate = rate_of(service, operation)
        if rate is None:
            return
        place, now = (account_id, service, operation), self._seconds()
        full_at = max(self._full_at.get(place, now), now) + 1 / rate
        if full_at > now + 1 + 1e-9:
            raise ThrottlingException(
                f"Rate exceeded: {operation} takes {rate} requests a second.",
                service_code=service,
                quota_code=QUOTA_CODES.get(operation, f"{operation}RequestsPerSecond"),
                retry_after_seconds=1,
            )
        self._full_at[place] = full_at
