"""What an operation needs to be there before it can succeed, made through the peer: ids and the version to name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from tests.sandbox.peer import Peer, multipart

from egov_serang.sandbox.samples import BODIES, UPLOADS

PNG = b"\x89PNG contoh"
PAPERS = {"permits": ("ktp", "photo"), "identity": ("death_statement", "kk")}
Ids = dict[str, str]


class Seeds:
    """Makes resources of a client that may do everything; what is only read is made once."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._made: dict[str, Ids] = {}
        self._needs: dict[str, Callable[[], Ids]] = {
            "complaints.transition": self.complaint,
            "complaints.change": self.complaint,
            "complaints.comment": self.complaint,
            "complaints.updates": self.photo,
            "complaints.token": self.token,
            "complaints.attach": self.complaint,
            "complaints.upload": self.complaint,
            "complaints.upload_state": self.upload,
            "complaints.upload_part": self.upload,
            "complaints.download": self.photo,
            "complaints.get": self.photo,
            "identity.verification": self.verification,
            "events.subscriptions.get": self.subscription,
            "events.subscriptions.rotate": self.subscription,
            "events.subscriptions.delete": self.subscription,
            "notifications.get": self.message,
            "notifications.cancel": self.message,
        }
        for module, issued in (("permits", self.licence), ("identity", self.certificate)):
            for name in ("change", "attach", "submit"):
                self._needs[f"{module}.applications.{name}"] = lambda module=module: self.draft(module)
            self._needs[f"{module}.applications.transition"] = lambda module=module: self.submitted(module)
            for name in ("get", "history", "result", "fees"):
                self._needs[f"{module}.applications.{name}"] = issued
        self._needs["permits.licences.get"] = self.licence

    def of(self, operation: str, method: str) -> Ids:
        """Path parameters by name, for an operation that writes with `if-match`; empty where it needs nothing."""
        make = self._needs.get(operation)
        if make is None:
            return {}
        if method != "get":
            return make()
        if operation not in self._made:
            self._made[operation] = make()
        return self._made[operation]

    def complaint(self) -> Ids:
        return self._id("complaint_id", self._post("complaints/cases", BODIES["complaints.submit"]))

    def token(self) -> Ids:
        body = {"service_code": "usulan_pembangunan", "description": "Jembatan.", "attributes": {"reason": "Perlu."}}
        return {"token": self._post("complaints/cases", body)["token"]}

    def photo(self) -> Ids:
        ids = self.complaint()
        photo = self._file(f"complaints/cases/{ids['complaint_id']}/media", "image/png")
        return ids | {"media_id": photo["media_id"]}

    def upload(self) -> Ids:
        ids, content = self.complaint(), str(UPLOADS["complaints.upload_part"]["file"]).encode()
        body = {**BODIES["complaints.upload"], "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        made = self._post(f"complaints/cases/{ids['complaint_id']}/uploads", body)
        return ids | {"media_id": made["media_id"]}

    def verification(self) -> Ids:
        made = self._post("identity/verifications", BODIES["identity.verify"])
        return {"transaction_id": made["transaction_id"]}

    def subscription(self) -> Ids:
        made = self._post("events/subscriptions", BODIES["events.subscriptions.create"])
        return {"subscription_id": made["subscription_id"]}

    def message(self) -> Ids:
        body = {**BODIES["notifications.send"], "send_at": "2027-06-01T03:00:00Z"}
        return self._id("message_id", self._post("notifications/messages", body))

    def draft(self, module: str) -> Ids:
        made = self._post(f"{module}/applications", BODIES[f"{module}.applications.start"])
        path = f"{module}/applications/{made['application_id']}"
        for kind in PAPERS[module]:
            self._file(f"{path}/documents", "image/png", kind)
        return self._id("application_id", self._got(path))

    def submitted(self, module: str) -> Ids:
        ids = self.draft(module)
        return self._id("application_id", self._post(f"{module}/applications/{ids['application_id']}/submit", {}))

    def certificate(self) -> Ids:
        ids = self.submitted("identity")
        for action in ("start_review", "approve", "issue"):
            ids = self._moved("identity", ids, {"action": action})
        return ids

    def licence(self) -> Ids:
        ids = self.submitted("permits")
        for body in (
            {"action": "advance"},
            {"action": "decide", "data": {"outcome": "granted"}},
            {"action": "issue"},
        ):
            ids = self._moved("permits", ids, body)
        return ids | {"licence_id": self._got(f"permits/applications/{ids['application_id']}")["licence_id"]}

    def _moved(self, module: str, ids: Ids, body: dict[str, Any]) -> Ids:
        path = f"{module}/applications/{ids['application_id']}/transitions"
        return self._id("application_id", self._post(path, body, headers={"if-match": ids["if-match"]}))

    def _id(self, name: str, made: dict[str, Any]) -> Ids:
        return {name: made[name], "if-match": f'"{made["version"]}"'}

    def _file(self, path: str, media_type: str, kind: str | None = None) -> Any:
        body, content_type = multipart("berkas.png", media_type, PNG, kind)
        return self._post(path, body, content_type=content_type)

    def _post(self, path: str, body: Any, **more: Any) -> Any:
        return self._peer.post(f"/v1/{path}", body, **more).raise_for_status().json()

    def _got(self, path: str) -> Any:
        return self._peer.get(f"/v1/{path}").raise_for_status().json()
