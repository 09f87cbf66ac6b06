from __future__ import annotations

from tests.scenarios.chat import Chat
from tests.scenarios.world import World


async def test_an_edit_of_an_older_summary_shows_both_texts_and_the_version_to_ask_with(
    chat: Chat, town_world: World
) -> None:
    await town_world.has_response_plan()
    arn = await town_world.starts_incident()
    edit = f"@aws imbot edit-summary --incident-record-arn {arn}"
    assert "*Version*\n1" in await chat.answers(
        f"@aws imbot get-summary --incident-record-arn {arn}"
    )
    await chat.answers(f"{edit} --version 1 --summary 'Refunds, too.'")

    words = await chat.answers(f"{edit} --version 1 --summary 'It is the bank.'")

    assert "Nothing was written" in words
    assert "--version 2" in words
    assert "Refunds, too." in words
    assert "It is the bank." in words
    assert "*Version*\n2" in words
    await chat.answers(f"{edit} --version 2 --summary 'Cards are declined by the bank.'")
    record = await town_world.call("ssm-incidents", "GetIncidentRecord", arn=arn)
    assert record["incidentRecord"]["summary"] == "Cards are declined by the bank."


async def test_a_deployment_is_put_with_its_incident(chat: Chat, town_world: World) -> None:
    await town_world.has_response_plan()
    arn = await town_world.starts_incident()
    group = "arn:aws:codedeploy:us-east-1:111122223333:deploymentgroup:shop/live"
    await chat.answers(
        f"@aws imbot put-finding --incident-record-arn {arn} --code-deploy-deployment "
        f"DeploymentGroupArn={group},DeploymentId=d-1,StartTime=2026-11-21T12:00:00Z"
    )

    words = await chat.answers(
        f"@aws ssm-incidents list-incident-findings --incident-record-arn {arn}"
    )
    assert "1 finding" in words
