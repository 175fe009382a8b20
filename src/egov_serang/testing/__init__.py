"""Help for testing an app built on the SDK: a transport without a network, and a server that fails on demand."""

from __future__ import annotations

from egov_serang.testing.fake import FakeRequest, FakeResponse, FakeTransport

__all__ = ["FakeRequest", "FakeResponse", "FakeTransport"]
