from __future__ import annotations

import pytest

from tests.scenarios.wire import Api, Refused
from tests.scenarios.world import open_world


async def test_an_incident_is_resolved_once_and_opened_again_where_the_setting_allows_it(
    sqlite_url: str,
) -> None:
    async with open_world(sqlite_url, IMBOT_ALLOW_REOPENING="true") as world:
        api = Api(world)
        await world.has_person("ana")
        await world.has_response_plan("ana")
        arn = await world.starts_incident()
        await world.advance(seconds=30)
        paged = list(world.phone("ana").texts)

        for _ in range(3):
            await api.incidents("update_incident_record", arn=arn, status="RESOLVED")
            await world.advance(minutes=1)
        told = world.phone("ana").texts[len(paged) :]
        assert ["No longer needed" in text for text in told] == [True]
        first = (await api.incidents("get_incident_record", arn=arn))["incidentRecord"]

        await api.incidents("update_incident_record", arn=arn, status="OPEN")
        await world.advance(hours=1)
        opened = (await api.incidents("get_incident_record", arn=arn))["incidentRecord"]
        assert (opened["status"], "resolvedTime" in opened) == ("OPEN", False)
        assert len(world.phone("ana").texts) == len(paged) + 1, "nobody is paged again"
        await api.incidents("update_incident_record", arn=arn, status="RESOLVED")
        last = (await api.incidents("get_incident_record", arn=arn))["incidentRecord"]
        assert last["resolvedTime"] > first["resolvedTime"]
        api.close()


async def test_without_the_setting_a_resolved_incident_stays_resolved(sqlite_url: str) -> None:
    async with open_world(sqlite_url) as world:
        api = Api(world)
        await world.has_response_plan()
        arn = await world.starts_incident()
        await api.incidents("update_incident_record", arn=arn, status="RESOLVED")

        with pytest.raises(Refused, match="cannot be opened again"):
            await api.incidents("update_incident_record", arn=arn, status="OPEN")
        api.close()


async def test_a_region_stays_for_24_hours_where_the_setting_wants_it(sqlite_url: str) -> None:
    async with open_world(sqlite_url, IMBOT_KEEP_YOUNG_REGIONS="true") as world:
        api = Api(world)
        (arn,) = (await api.incidents("list_replication_sets"))["replicationSetArns"]

        with pytest.raises(Refused, match="24 hours"):
            await api.incidents("delete_replication_set", arn=arn)
        await world.advance(hours=24)
        await api.incidents("delete_replication_set", arn=arn)
        assert (await api.incidents("list_replication_sets"))["replicationSetArns"] == []
        api.close()
