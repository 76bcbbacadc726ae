"""What is read of any Kubernetes object, list and watch event; the rest is dropped unread."""

from collections.abc import Mapping
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Raw, Struct, field

__all__ = ["Event", "ListMeta", "Meta", "ObjectList", "Owner", "Status", "Watched"]


class Owner(Struct, frozen=True, gc=False):
    kind: str
    name: str
    uid: str
    controller: bool | None = None


class Meta(Struct, frozen=True, rename="camel", gc=False):
    """`metadata` of an object."""

    name: str = ""
    uid: str = ""
    namespace: str | None = None
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    owner_references: list[Owner] = field(default_factory=list)


class Watched(Struct, frozen=True):
    """Any object that can be listed and watched; subclasses add what is read of it."""

    metadata: Meta = field(default_factory=Meta)

    @property
    def key(self) -> str:
        return f"{self.metadata.namespace or ''}/{self.metadata.name}"


W = TypeVar("W", bound=Watched)


class ListMeta(Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    continue_: str | None = field(default=None, name="continue")


class ObjectList(Struct, Generic[W], frozen=True):
    metadata: ListMeta
    items: list[W]


class Event(Struct, frozen=True):
    """A line of a watch. The object is decoded when its type is known."""

    type: str
    object: Raw


class Status(Struct, frozen=True):
    """What the server says of an error."""

    code: int = 0
    message: str = ""
    reason: str = ""
