"""What applications have in common over the gateway, whatever is applied for (contract-v1 sections 3 and 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from egov_serang.core.body import Multipart, given
from egov_serang.core.call import Call
from egov_serang.core.decode import Decode, IfChanged
from egov_serang.core.file import File
from egov_serang.models.permits import Document
from egov_serang.wires.gateway.calls import get, post

A = TypeVar("A")


class ApplicationCalls(Generic[A]):
    """The calls of an application that has begun: documents, handing in, reading, acting.

    Args:
        operations: how their ids begin.
        path: the route of all applications.
        model: of one.
    """

    def __init__(self, operations: str, path: str, model: type[A]) -> None:
        self._operations = operations
        self._path = path + "/{application_id}"
        self._decode = Decode(model)

    def attach(self, application_id: str, kind: str, file: File) -> Call[Document]:
        body = Multipart((("file", file),), (("kind", kind),))
        params = {"application_id": application_id}
        return post(f"{self._operations}.attach", self._path + "/documents", Decode(Document), body, params)

    def submit(self, application_id: str, version: int | None) -> Call[A]:
        params = {"application_id": application_id}
        path = self._path + "/submit"
        return post(f"{self._operations}.submit", path, self._decode, {}, params, version=version)

    def get(self, application_id: str) -> Call[A]:
        return get(f"{self._operations}.get", self._path, self._decode, {"application_id": application_id})

    def changed(self, application_id: str, etag: str | None) -> Call[A | None]:
        return get(
            f"{self._operations}.get",
            self._path,
            IfChanged(self._decode),
            {"application_id": application_id},
            if_none_match=etag,
        )

    def transition(self, application_id: str, version: int, action: str, fields: Mapping[str, Any]) -> Call[A]:
        return post(
            f"{self._operations}.transition",
            self._path + "/transitions",
            self._decode,
            given(action=action, **fields),
            {"application_id": application_id},
            version=version,
        )
