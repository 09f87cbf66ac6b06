"""Refusals that travel to the caller, one class per cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class ServiceError(Exception):
    """A refusal that travels to the caller: chat prints it, the wire serialises it.

    Subclasses bear the name of the model's error shape, so `code` needs no table.
    `fields` holds the shape's other members in snake case; each service spells
    them its own way (ResourceId, resourceIdentifier) and only the wire knows how.
    `status` is the HTTP status where the service model does not name one.
    """

    status: ClassVar[int] = 400

    def __init__(self, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.fields: Mapping[str, Any] = fields

    @property
    def code(self) -> str:
        return type(self).__name__


class ValidationException(ServiceError):
    """The input breaks a rule of the model or of the service.

    `fields["fields"]` may list `{"Name": ..., "Message": ...}` pairs, `fields["reason"]` one of
    UNKNOWN_OPERATION, CANNOT_PARSE, FIELD_VALIDATION_FAILED, OTHER.
    """


class ResourceNotFoundException(ServiceError):
    """The ARN is well formed, but nothing of that type bears it."""

    status = 404

    def __init__(self, resource_type: str, resource_id: str) -> None:
        super().__init__(
            f"{resource_type} {resource_id} does not exist.",
            resource_type=resource_type,
            resource_id=resource_id,
        )


class ConflictException(ServiceError):
    """What is asked collides with what is stored.

    `dependents` maps a relation ("RotationMember") to the ARNs that stand in the way.
    """

    status = 409

    def __init__(
        self,
        message: str,
        resource_type: str,
        resource_id: str,
        dependents: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        fields: dict[str, Any] = {"resource_type": resource_type, "resource_id": resource_id}
        if dependents:
            fields["dependent_entities"] = [
                {"RelationType": relation, "DependentResourceIds": list(arns)}
                for relation, arns in dependents.items()
            ]
        super().__init__(message, **fields)


class ServiceQuotaExceededException(ServiceError):
    status = 402


class ThrottlingException(ServiceError):
    status = 429


class AccessDeniedException(ServiceError):
    """The caller is known, and may not do this."""

    status = 403


class DataEncryptionException(ServiceError):
    """A stored secret cannot be read with the keys at hand."""


class UnknownOperationException(ServiceError):
    """No service model holds this operation."""

    status = 404


class OperationNotAnswered(ServiceError):
    """The model holds the operation, this program does not answer it yet."""

    status = 501


class OpsItemNotFoundException(ServiceError):
    """Systems Manager: there is no such OpsItem."""


class NotFoundException(ServiceError):
    """SNS: the topic or subscription does not exist."""

    status = 404


class TagLimitExceededException(ServiceError):
    """SNS: a topic would have too many tags."""


class TooManyTagsException(ServiceError):
    """chatbot: a configuration would have more than 50 tags."""


class InvalidParameterException(ServiceError):
    """SNS: a parameter breaks a rule."""


class AuthorizationErrorException(ServiceError):
    """SNS: the caller or the topic's policy does not allow it."""

    status = 403


class FilterPolicyLimitExceededException(ServiceError):
    """SNS: a topic or account would have too many filter policies."""

    status = 403


class ThrottledException(ServiceError):
    """SNS: too often, or too soon."""

    status = 429


class EmptyBatchRequestException(ServiceError):
    """SNS: a batch without entries."""


class TooManyEntriesInBatchRequestException(ServiceError):
    """SNS: a batch of more than ten entries."""


class BatchEntryIdsNotDistinctException(ServiceError):
    """SNS: two entries of a batch bear one id."""


class InvalidBatchEntryIdException(ServiceError):
    """SNS: an entry's id has other characters than it may, or too many."""


class BatchRequestTooLongException(ServiceError):
    """SNS: all messages of a batch together are too large."""


class ServiceUnavailable(ServiceError):
    """The store cannot take more work now; nothing was done, so the call may be repeated."""

    status = 503


class InternalServerException(ServiceError):
    """Something broke here; the log has it under the request's id."""

    status = 500
