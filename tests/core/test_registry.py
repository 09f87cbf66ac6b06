from __future__ import annotations

import pytest

from bot.core.context import Context
from bot.core.registry import operation


def test_a_misspelt_parameter_cannot_be_registered() -> None:
    with pytest.raises(TypeError, match=r"does not fit ssm-incidents GetIncidentRecord: .*arm"):

        @operation("ssm-incidents", "GetIncidentRecord")
        def get_incident_record(ctx: Context, *, arm: str) -> None: ...


def test_a_local_name_of_a_handler_is_no_parameter_of_it() -> None:
    with pytest.raises(TypeError, match=r"\{'arn'\}"):

        @operation("ssm-incidents", "GetIncidentRecord")
        def get_incident_record(ctx: Context) -> None:
            arn = ctx.account_id
            del arn


def test_an_operation_has_one_handler() -> None:
    import bot.core.operations.incidents  # noqa: F401

    with pytest.raises(TypeError, match="has two handlers"):

        @operation("ssm-incidents", "GetIncidentRecord")
        def get_incident_record(ctx: Context, *, arn: str) -> None: ...
