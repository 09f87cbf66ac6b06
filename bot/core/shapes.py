"""Service models in botocore's service-2 format, read without botocore's imports.

Attributes bear botocore's names (`type_name`, `members`, `required_members`, `metadata`,
`serialization`), so that who knows `botocore.model` knows these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from bot.core.errors import UnknownOperationException

SERIALIZATION = {
    "location": "location",
    "locationName": "name",
    "flattened": "flattened",
    "timestampFormat": "timestampFormat",
    "payload": "payload",
}
METADATA = ("min", "max", "pattern", "sensitive", "idempotencyToken", "union", "error", "fault")


class Shape:
    """A shape as a member refers to it: the member's own traits overlay the shape's."""

    def __init__(self, model: ServiceModel, name: str, traits: Mapping[str, Any]) -> None:
        self.service_model = model
        self.name = name
        self.type_name: str = traits["type"]
        self.documentation: str = traits.get("documentation", "")
        self.required_members: Sequence[str] = traits.get("required", ())
        self.enum: Sequence[str] = traits.get("enum", ())
        self.metadata = {key: traits[key] for key in METADATA if key in traits}
        self.serialization = {SERIALIZATION[k]: traits[k] for k in traits if k in SERIALIZATION}
        self._traits = traits

    def __repr__(self) -> str:
        return f"<Shape {self.name} ({self.type_name})>"

    @property
    def is_tagged_union(self) -> bool:
        """Exactly one member must be given."""
        return bool(self.metadata.get("union"))

    @cached_property
    def members(self) -> Mapping[str, Shape]:
        """Of a structure; empty for all other types."""
        return {
            name: self.service_model.shape_for(reference)
            for name, reference in self._traits.get("members", {}).items()
        }

    @cached_property
    def member(self) -> Shape:
        """What a list holds."""
        return self.service_model.shape_for(self._traits["member"])

    @cached_property
    def key(self) -> Shape:
        return self.service_model.shape_for(self._traits["key"])

    @cached_property
    def value(self) -> Shape:
        """What a map holds."""
        return self.service_model.shape_for(self._traits["value"])


class OperationModel:
    """An operation. One without input or output has an empty structure there."""

    def __init__(self, model: ServiceModel, name: str, definition: Mapping[str, Any]) -> None:
        self.service_model = model
        self.name = name
        self.documentation: str = definition.get("documentation", "")
        self.http: Mapping[str, Any] = definition["http"]
        self.has_output = "output" in definition
        self.result_wrapper: str | None = definition.get("output", {}).get("resultWrapper")
        self._definition = definition

    def __repr__(self) -> str:
        return f"<OperationModel {self.service_model.service_name} {self.name}>"

    @cached_property
    def input_shape(self) -> Shape:
        return self._structure("input")

    @cached_property
    def output_shape(self) -> Shape:
        return self._structure("output")

    @cached_property
    def error_shapes(self) -> Sequence[Shape]:
        return [self.service_model.shape_for(e) for e in self._definition.get("errors", ())]

    def _structure(self, side: str) -> Shape:
        reference = self._definition.get(side)
        if reference is None:
            name = f"{self.name}{side.title()}"
            return Shape(self.service_model, name, {"type": "structure"})
        return self.service_model.shape_for(reference)


class ServiceModel:
    def __init__(self, service_name: str, document: Mapping[str, Any]) -> None:
        self.service_name = service_name
        self.metadata: Mapping[str, Any] = document["metadata"]
        self.documentation: str = document.get("documentation", "")
        self.operation_names: tuple[str, ...] = tuple(document["operations"])
        self._operations = document["operations"]
        self._shapes = document["shapes"]
        self._models: dict[str, OperationModel] = {}

    @property
    def protocol(self) -> str:
        """rest-json, json or query."""
        return str(self.metadata["protocol"])

    @property
    def xml_namespace(self) -> str:
        return str(self.metadata.get("xmlNamespace", ""))

    @property
    def signing_name(self) -> str:
        return str(self.metadata.get("signingName", self.metadata["endpointPrefix"]))

    def operation_model(self, name: str) -> OperationModel:
        """Raises UnknownOperationException."""
        found = self._models.get(name)
        if found is None:
            if name not in self._operations:
                raise UnknownOperationException(
                    f"{self.service_name} has no operation {name[:64]}."
                )
            found = self._models[name] = OperationModel(self, name, self._operations[name])
        return found

    def shape_for(self, reference: Mapping[str, Any]) -> Shape:
        name = reference["shape"]
        return Shape(self, name, {**self._shapes[name], **reference})

    def error_shape(self, name: str) -> Shape | None:
        """The exception of this name, or None where the service has none."""
        if not self._shapes.get(name, {}).get("exception"):
            return None
        return self.shape_for({"shape": name})
