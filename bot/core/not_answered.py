"""What the services' models hold and this version does not answer, and why."""

from __future__ import annotations

from collections.abc import Mapping

Operations = Mapping[str, tuple[str, ...]]

DATA_PROTECTION = "Topics have no data protection policies here: nothing looks into messages."
PHONES = "Texts leave through Twilio, which has no sandbox; its settings are this program's."
MOBILE_PUSH = "Notifications to mobile apps are not part of this program."
OTHER_CHATS = "Slack and Chime are the only chats here."
ONE_WORKSPACE = "There is one workspace here, that of SLACK_BOT_TOKEN, and no user is linked."
CUSTOM_ACTIONS = "Custom actions are not part of this program."

_BY_REASON: Mapping[str, Operations] = {
    DATA_PROTECTION: {"sns": ("GetDataProtectionPolicy", "PutDataProtectionPolicy")},
    PHONES: {
        "sns": (
            "CreateSMSSandboxPhoneNumber",
            "DeleteSMSSandboxPhoneNumber",
            "GetSMSAttributes",
            "GetSMSSandboxAccountStatus",
            "ListOriginationNumbers",
            "ListSMSSandboxPhoneNumbers",
            "SetSMSAttributes",
            "VerifySMSSandboxPhoneNumber",
        )
    },
    MOBILE_PUSH: {
        "sns": (
            "CreatePlatformApplication",
            "CreatePlatformEndpoint",
            "DeleteEndpoint",
            "DeletePlatformApplication",
            "GetEndpointAttributes",
            "GetPlatformApplicationAttributes",
            "ListEndpointsByPlatformApplication",
            "ListPlatformApplications",
            "SetEndpointAttributes",
            "SetPlatformApplicationAttributes",
        )
    },
    OTHER_CHATS: {
        "chatbot": (
            "CreateMicrosoftTeamsChannelConfiguration",
            "DeleteMicrosoftTeamsChannelConfiguration",
            "DeleteMicrosoftTeamsConfiguredTeam",
            "DeleteMicrosoftTeamsUserIdentity",
            "GetMicrosoftTeamsChannelConfiguration",
            "ListMicrosoftTeamsChannelConfigurations",
            "ListMicrosoftTeamsConfiguredTeams",
            "ListMicrosoftTeamsUserIdentities",
            "UpdateMicrosoftTeamsChannelConfiguration",
        )
    },
    ONE_WORKSPACE: {
        "chatbot": (
            "DeleteSlackUserIdentity",
            "DeleteSlackWorkspaceAuthorization",
            "DescribeSlackUserIdentities",
            "DescribeSlackWorkspaces",
        )
    },
    CUSTOM_ACTIONS: {
        "chatbot": (
            "AssociateToConfiguration",
            "CreateCustomAction",
            "DeleteCustomAction",
            "DisassociateFromConfiguration",
            "GetCustomAction",
            "ListAssociations",
            "ListCustomActions",
            "UpdateCustomAction",
        )
    },
}

OF_ALL_OTHERS: Mapping[str, str] = {
    "ssm": "Of Systems Manager, only the OpsItems that stand for incidents can be read here."
}
"""Why a service's operations are not answered of which nothing else is said."""

NOT_ANSWERED: Mapping[tuple[str, str], str] = {
    (service, name): reason
    for reason, operations in _BY_REASON.items()
    for service, names in operations.items()
    for name in names
}
"""(service, operation) -> the reason, a sentence for whoever asks."""


def why_not(service: str, name: str) -> str:
    return NOT_ANSWERED.get((service, name)) or OF_ALL_OTHERS.get(service, "")
