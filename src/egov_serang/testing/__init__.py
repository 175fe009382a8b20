"""Help for testing an app built on the SDK: a transport without a network, cassettes, a server that fails on demand.

The fixtures of `egov_serang.testing.plugin` are there in every pytest run, without any import.
"""

from __future__ import annotations

from egov_serang.testing.cassette import Cassette
from egov_serang.testing.fake import FakeRequest, FakeResponse, FakeTransport
from egov_serang.testing.scripted import ScriptedFaults
from egov_serang.testing.tape import CassetteMismatch

__all__ = ["Cassette", "CassetteMismatch", "FakeRequest", "FakeResponse", "FakeTransport", "ScriptedFaults"]
