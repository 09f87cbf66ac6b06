"""A tour of every operation that is answered, as a program would make it through boto3."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from bot.playground.slack import INCIDENTS
from bot.playground.slack_state import TEAM_ID
from tests.scenarios.wire import Api
from tests.scenarios.world import ACCOUNT, REGION, TITLE, code_in


async def set_up_regions(api: Api) -> None:
    created = await api.incidents("create_replication_set", regions={REGION: {}})
    arn = created["arn"]
    listed = await api.incidents("list_replication_sets")
    assert listed["replicationSetArns"] == [arn]
    shown = await api.incidents("get_replication_set", arn=arn)
    assert shown["replicationSet"]["status"] == "ACTIVE"
    await api.incidents("update_deletion_protection", arn=arn, deletionProtected=True)
    added = {"addRegionAction": {"regionName": "eu-west-1"}}
    await api.incidents("update_replication_set", arn=arn, actions=[added])
    deleted = {"deleteRegionAction": {"regionName": "eu-west-1"}}
    await api.incidents("update_replication_set", arn=arn, actions=[deleted])
    shown = await api.incidents("get_replication_set", arn=arn)
    assert list(shown["replicationSet"]["regionMap"]) == [REGION]


async def take_regions_down(api: Api) -> None:
    (arn,) = (await api.incidents("list_replication_sets"))["replicationSetArns"]
    await api.incidents("update_deletion_protection", arn=arn, deletionProtected=False)
    await api.incidents("delete_replication_set", arn=arn)


async def link_a_topic(api: Api) -> str:
    """Create a topic and link it to #incidents; answers its ARN."""
    topic = (await api.call("sns", "create_topic", Name="updates"))["TopicArn"]
    assert {"TopicArn": topic} in (await api.call("sns", "list_topics"))["Topics"]
    await dress_a_topic(api, topic)
    await subscribe_to_a_topic(api, topic)
    await publish_to_a_topic(api, topic)
    await api.call(
        "chatbot",
        "create_slack_channel_configuration",
        SlackTeamId=TEAM_ID,
        SlackChannelId=INCIDENTS,
        ConfigurationName="incidents",
        IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/responders",
        SnsTopicArns=[topic],
    )
    return str(topic)


async def dress_a_topic(api: Api, topic: str) -> None:
    await api.call(
        "sns",
        "set_topic_attributes",
        TopicArn=topic,
        AttributeName="DisplayName",
        AttributeValue="Updates",
    )
    shown = await api.call("sns", "get_topic_attributes", TopicArn=topic)
    assert shown["Attributes"]["DisplayName"] == "Updates"
    tag = {"Key": "team", "Value": "payments"}
    await api.call("sns", "tag_resource", ResourceArn=topic, Tags=[tag])
    listed = await api.call("sns", "list_tags_for_resource", ResourceArn=topic)
    assert listed["Tags"] == [tag]
    await api.call("sns", "untag_resource", ResourceArn=topic, TagKeys=["team"])


async def subscribe_to_a_topic(api: Api, topic: str) -> None:
    address = "archive@example.com"
    given = {"TopicArn": topic, "Protocol": "email-json", "Endpoint": address}
    await api.call("sns", "subscribe", **given)
    asked = json.loads(api.world.town.mailbox.to(address)[-1].text)
    confirmed = await api.call(
        "sns", "confirm_subscription", TopicArn=topic, Token=asked["Token"]
    )
    arn = confirmed["SubscriptionArn"]
    await api.call(
        "sns",
        "set_subscription_attributes",
        SubscriptionArn=arn,
        AttributeName="FilterPolicy",
        AttributeValue='{"kind": ["news"]}',
    )
    shown = await api.call("sns", "get_subscription_attributes", SubscriptionArn=arn)
    assert shown["Attributes"]["FilterPolicyScope"] == "MessageAttributes"
    everything = await api.call("sns", "list_subscriptions")
    of_it = await api.call("sns", "list_subscriptions_by_topic", TopicArn=topic)
    assert everything["Subscriptions"] == of_it["Subscriptions"]
    assert [one["Endpoint"] for one in of_it["Subscriptions"]] == [address]


async def publish_to_a_topic(api: Api, topic: str) -> None:
    news = {"kind": {"DataType": "String", "StringValue": "news"}}
    await api.call("sns", "publish", TopicArn=topic, Message="One", MessageAttributes=news)
    entries = [
        {"Id": "a", "Message": "Two", "MessageAttributes": news},
        {"Id": "b", "Message": "Three"},
    ]
    batch = await api.call(
        "sns", "publish_batch", TopicArn=topic, PublishBatchRequestEntries=entries
    )
    assert [one["Id"] for one in batch["Successful"]] == ["a", "b"]
    mails = api.world.town.mailbox.to("archive@example.com")
    assert [json.loads(mail.text)["Message"] for mail in mails[1:]] == ["One", "Two"]
    permission = {"TopicArn": topic, "Label": "partner"}
    await api.call(
        "sns",
        "add_permission",
        **permission,
        AWSAccountId=["999988887777"],
        ActionName=["Publish"],
    )
    await api.call("sns", "remove_permission", **permission)
    (one,) = (await api.call("sns", "list_subscriptions"))["Subscriptions"]
    await api.call("sns", "unsubscribe", SubscriptionArn=one["SubscriptionArn"])
    number = "+14155550199"
    checked = await api.call("sns", "check_if_phone_number_is_opted_out", phoneNumber=number)
    assert checked["isOptedOut"] is False
    assert (await api.call("sns", "list_phone_numbers_opted_out"))["phoneNumbers"] == []
    await api.call("sns", "opt_in_phone_number", phoneNumber=number)


async def unlink_topics(api: Api, topic: str) -> None:
    shown = await api.call("chatbot", "describe_slack_channel_configurations")
    (one,) = shown["SlackChannelConfigurations"]
    await change_chats(api, one["ChatConfigurationArn"])
    await api.call(
        "chatbot",
        "delete_slack_channel_configuration",
        ChatConfigurationArn=one["ChatConfigurationArn"],
    )
    await api.call("sns", "delete_topic", TopicArn=topic)


async def change_chats(api: Api, slack: str) -> None:
    await api.call(
        "chatbot",
        "update_slack_channel_configuration",
        ChatConfigurationArn=slack,
        SlackChannelId=INCIDENTS,
        LoggingLevel="INFO",
    )
    made = await api.call(
        "chatbot",
        "create_chime_webhook_configuration",
        ConfigurationName="room",
        WebhookDescription="The room",
        WebhookUrl="https://hooks.chime.aws/incomingwebhooks/1-2-3?token=abc",
        IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/responders",
        SnsTopicArns=[],
    )
    room = made["WebhookConfiguration"]["ChatConfigurationArn"]
    named = {"ChatConfigurationArn": room}
    await api.call(
        "chatbot", "update_chime_webhook_configuration", **named, LoggingLevel="INFO"
    )
    (shown,) = (await api.call("chatbot", "describe_chime_webhook_configurations"))[
        "WebhookConfigurations"
    ]
    assert shown["LoggingLevel"] == "INFO"
    tags = [{"TagKey": "team", "TagValue": "payments"}]
    await api.call("chatbot", "tag_resource", ResourceARN=room, Tags=tags)
    listed = await api.call("chatbot", "list_tags_for_resource", ResourceARN=room)
    assert listed["Tags"] == tags
    await api.call("chatbot", "untag_resource", ResourceARN=room, TagKeys=["team"])
    await api.call("chatbot", "delete_chime_webhook_configuration", **named)
    await api.call("chatbot", "update_account_preferences", UserAuthorizationRequired=True)
    kept = await api.call("chatbot", "get_account_preferences")
    assert kept["AccountPreferences"]["UserAuthorizationRequired"]


async def hire_ana(api: Api) -> tuple[str, str]:
    """A contact with one activated channel in her plan; answers both ARNs."""
    made = await api.contacts(
        "create_contact", Alias="ana", Type="PERSONAL", Plan={"Stages": []}
    )
    contact = made["ContactArn"]
    channel = (
        await api.contacts(
            "create_contact_channel",
            ContactId=contact,
            Name="phone",
            Type="SMS",
            DeliveryAddress={"SimpleAddress": api.world.phone("ana").number},
        )
    )["ContactChannelArn"]
    await api.contacts("send_activation_code", ContactChannelId=channel)
    code = code_in(api.world.phone("ana").texts[-1])
    await api.contacts(
        "activate_contact_channel", ContactChannelId=channel, ActivationCode=code
    )
    target = {"ChannelTargetInfo": {"ContactChannelId": channel, "RetryIntervalInMinutes": 1}}
    plan = {"Stages": [{"DurationInMinutes": 5, "Targets": [target]}]}
    await api.contacts("update_contact", ContactId=contact, DisplayName="Ana", Plan=plan)
    await api.contacts("update_contact_channel", ContactChannelId=channel, Name="mobile")
    shown = await api.contacts("get_contact", ContactId=contact)
    assert (shown["DisplayName"], shown["Plan"]) == ("Ana", plan)
    listed = await api.contacts("list_contact_channels", ContactId=contact)
    assert [one["Name"] for one in listed["ContactChannels"]] == ["mobile"]
    only = await api.contacts("get_contact_channel", ContactChannelId=channel)
    assert only["ActivationStatus"] == "ACTIVATED"
    assert [c["Alias"] for c in (await api.contacts("list_contacts"))["Contacts"]] == ["ana"]
    await label_ana(api, contact)
    return contact, channel


async def label_ana(api: Api, contact: str) -> None:
    tag = {"Key": "team", "Value": "payments"}
    await api.contacts("tag_resource", ResourceARN=contact, Tags=[tag])
    listed = await api.contacts("list_tags_for_resource", ResourceARN=contact)
    assert listed["Tags"] == [tag]
    await api.contacts("untag_resource", ResourceARN=contact, TagKeys=["team"])
    policy = policy_for(contact, "ssm-contacts:GetContact")
    await api.contacts("put_contact_policy", ContactArn=contact, Policy=policy)
    kept = await api.contacts("get_contact_policy", ContactArn=contact)
    assert (kept["ContactArn"], kept["Policy"]) == (contact, policy)


def policy_for(arn: str, *actions: str) -> str:
    """What lets a neighbour do so much with a resource, as people write it."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "444455556666"},
        "Action": list(actions),
        "Resource": arn,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


async def dismiss_ana(api: Api, contact: str, channel: str) -> None:
    await api.contacts("deactivate_contact_channel", ContactChannelId=channel)
    await api.contacts("update_contact", ContactId=contact, Plan={"Stages": []})
    await api.contacts("delete_contact_channel", ContactChannelId=channel)
    await api.contacts("delete_contact", ContactId=contact)
    assert (await api.contacts("list_contacts"))["Contacts"] == []


async def put_ana_on_call(api: Api, contact: str) -> None:
    """A rotation of ana alone, changed, overridden and listed, and gone at the end."""
    now = api.world.clock.now().replace(microsecond=0)
    daily = {
        "NumberOfOnCalls": 1,
        "RecurrenceMultiplier": 1,
        "DailySettings": [{"HourOfDay": 9, "MinuteOfHour": 0}],
    }
    range_ = {"StartTime": now, "EndTime": now + timedelta(days=2)}
    created = await api.contacts(
        "create_rotation",
        Name="primary",
        ContactIds=[contact],
        StartTime=now,
        TimeZoneId="Europe/Dublin",
        Recurrence=daily,
    )
    rotation = {"RotationId": created["RotationArn"]}
    await api.contacts("update_rotation", **rotation, TimeZoneId="UTC", Recurrence=daily)
    assert (await api.contacts("get_rotation", **rotation))["TimeZoneId"] == "UTC"
    listed = await api.contacts("list_rotations", RotationNamePrefix="prim")
    assert [one["Name"] for one in listed["Rotations"]] == ["primary"]
    made = await api.contacts(
        "create_rotation_override", **rotation, NewContactIds=[], **range_
    )
    override = {**rotation, "RotationOverrideId": made["RotationOverrideId"]}
    assert (await api.contacts("get_rotation_override", **override))["NewContactIds"] == []
    shown = await api.contacts("list_rotation_overrides", **rotation, **range_)
    assert len(shown["RotationOverrides"]) == 1
    shifts = await api.contacts("list_rotation_shifts", **rotation, **range_)
    assert shifts["RotationShifts"][0]["Type"] == "OVERRIDDEN"
    await api.contacts("delete_rotation_override", **override)
    preview = await api.contacts(
        "list_preview_rotation_shifts",
        **range_,
        Members=["ana", "ben"],
        TimeZoneId="UTC",
        Recurrence=daily,
    )
    assert preview["RotationShifts"][0]["ContactIds"] == ["ana"]
    await api.contacts("delete_rotation", **rotation)


async def page_ana(api: Api, contact: str) -> None:
    started = await api.contacts(
        "start_engagement",
        ContactId=contact,
        Sender="tour",
        Subject=TITLE,
        Content="Details.",
        PublicSubject=TITLE,
    )
    engagement = started["EngagementArn"]
    shown = await api.contacts("describe_engagement", EngagementId=engagement)
    assert (shown["Sender"], shown["Subject"]) == ("tour", TITLE)
    by_engagement = await api.contacts("list_pages_by_engagement", EngagementId=engagement)
    by_contact = await api.contacts("list_pages_by_contact", ContactId=contact)
    assert by_engagement["Pages"] == by_contact["Pages"]
    page = by_contact["Pages"][0]["PageArn"]
    code = code_in(api.world.pages_on("ana")[-1])
    await api.contacts("accept_page", PageId=page, AcceptType="READ", AcceptCode=code)
    assert "ReadTime" in await api.contacts("describe_page", PageId=page)
    resolved = await api.contacts("list_page_resolutions", PageId=page)
    assert resolved["PageResolutions"] == [{"ContactArn": contact, "Type": "PERSONAL"}]
    receipts = (await api.contacts("list_page_receipts", PageId=page))["Receipts"]
    assert {one["ReceiptType"] for one in receipts} == {"SENT", "DELIVERED", "READ"}
    await api.contacts("stop_engagement", EngagementId=engagement, Reason="done")
    listed = (await api.contacts("list_engagements"))["Engagements"]
    assert [one["EngagementArn"] for one in listed] == [engagement]


async def run_an_incident(api: Api, contact: str, topic: str) -> None:
    plan = (
        await api.incidents(
            "create_response_plan",
            name="payments",
            incidentTemplate={"title": TITLE, "impact": 2},
            engagements=[contact],
            chatChannel={"chatbotSns": [topic]},
        )
    )["arn"]
    await api.incidents("update_response_plan", arn=plan, displayName="Payments")
    shown = await api.incidents("get_response_plan", arn=plan)
    assert shown["displayName"] == "Payments"
    listed = await api.incidents("list_response_plans")
    assert [one["arn"] for one in listed["responsePlanSummaries"]] == [plan]
    await label_a_plan(api, plan)
    started = await api.incidents("start_incident", responsePlanArn=plan, title="Worse")
    incident = started["incidentRecordArn"]
    await tell_its_timeline(api, incident)
    await relate_to_it(api, incident)
    await api.incidents("update_incident_record", arn=incident, status="RESOLVED")
    record: dict[str, Any] = await api.incidents("get_incident_record", arn=incident)
    record = record["incidentRecord"]
    assert (record["title"], record["status"]) == ("Worse", "RESOLVED")
    listed = await api.incidents("list_incident_records")
    assert len(listed["incidentRecordSummaries"]) == 1
    await api.incidents("delete_incident_record", arn=incident)
    await api.incidents("delete_response_plan", arn=plan)


async def label_a_plan(api: Api, plan: str) -> None:
    await api.incidents("tag_resource", resourceArn=plan, tags={"team": "payments"})
    listed = await api.incidents("list_tags_for_resource", resourceArn=plan)
    assert listed["tags"] == {"team": "payments"}
    await api.incidents("untag_resource", resourceArn=plan, tagKeys=["team"])
    assert (await api.incidents("list_tags_for_resource", resourceArn=plan))["tags"] == {}
    policy = policy_for(plan, "ssm-incidents:GetResponsePlan")
    put = await api.incidents("put_resource_policy", resourceArn=plan, policy=policy)
    borne = await api.incidents("get_resource_policies", resourceArn=plan)
    assert borne["resourcePolicies"] == [
        {
            "policyDocument": policy,
            "policyId": put["policyId"],
            "ramResourceShareRegion": REGION,
        }
    ]
    await api.incidents("delete_resource_policy", resourceArn=plan, policyId=put["policyId"])


async def relate_to_it(api: Api, incident: str) -> None:
    one = {"incidentRecordArn": incident}
    identifier = {"type": "OTHER", "value": {"url": "https://example.com/runbook"}}
    added = {"itemToAdd": {"identifier": identifier, "title": "What to do"}}
    await api.incidents("update_related_items", **one, relatedItemsUpdate=added)
    listed = (await api.incidents("list_related_items", **one))["relatedItems"]
    assert [item["identifier"] for item in listed][1:] == [identifier]
    removed = {"itemToRemove": identifier}
    await api.incidents("update_related_items", **one, relatedItemsUpdate=removed)
    left = (await api.incidents("list_related_items", **one))["relatedItems"]
    assert [item["title"] for item in left] == ["parentItem"]
    item_id = left[0]["identifier"]["value"]["arn"].rpartition("/")[2]
    assert (await api.call("ssm", "get_ops_item", OpsItemId=item_id))["OpsItem"]["Title"]
    assert (await api.incidents("list_incident_findings", **one))["findings"] == []
    told = await api.incidents("batch_get_incident_findings", **one, findingIds=["none"])
    assert [error["findingId"] for error in told["errors"]] == ["none"]


async def tell_its_timeline(api: Api, incident: str) -> None:
    added = await api.incidents(
        "create_timeline_event",
        incidentRecordArn=incident,
        eventTime=api.world.clock.now(),
        eventType="Note",
        eventData='"seen"',
    )
    one = {"incidentRecordArn": incident, "eventId": added["eventId"]}
    await api.incidents("update_timeline_event", **one, eventData='"seen twice"')
    shown = await api.incidents("get_timeline_event", **one)
    assert shown["event"]["eventData"] == '"seen twice"'
    await api.incidents("delete_timeline_event", **one)
    left = await api.incidents("list_timeline_events", incidentRecordArn=incident)
    assert added["eventId"] not in [event["eventId"] for event in left["eventSummaries"]]
