"""Transfers over lines that break and services that answer ranges badly: byte-exact in the end, or no file at all."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egov_serang import (
    AsyncClient,
    Client,
    Config,
    ConnectionFailed,
    DeadlineExceeded,
    EgovError,
    File,
    Invalid,
    SavedFile,
)
from egov_serang.errors import ApiError, UnexpectedReply
from egov_serang.models.complaints import Media
from egov_serang.testing.faults import FaultServer, Peer, Step, answer, reply
from egov_serang.transport.alanes import AsyncLanes

CONTENT = bytes(range(256)) * 1200
SHA = hashlib.sha256(CONTENT).hexdigest()
TAG = '"v1"'
MEDIA = Media(media_id="m", filename="a.jpg", media_type="image/jpeg", size=len(CONTENT), sha256=SHA)
EMPTY = Media(media_id="m", filename="a", media_type="text/plain", size=0, sha256=hashlib.sha256(b"").hexdigest())

Fetch = Callable[..., SavedFile]


@pytest.fixture(params=["threads", "tasks"])
def fetch(request: pytest.FixtureRequest, tmp_path: Path) -> Fetch:
    """Downloads `MEDIA` to `a` from a server, in either world."""

    def run(url: str, media: Media = MEDIA, *, retries: int = 5, deadline: float = 30, **more: Any) -> SavedFile:
        config = Config(gateway=url, auth="none", signature="none", retries=retries, deadline=deadline)
        if request.param == "threads":
            with Client(config) as client:
                return client.complaints.download_to("c", media, tmp_path / "a", **more)

        async def on_tasks() -> SavedFile:
            async with AsyncClient(config) as client:
                return await client.complaints.download_to("c", media, tmp_path / "a", **more)

        return asyncio.run(on_tasks())

    return run


def file(
    keep: int | None = None,
    *,
    content: bytes = CONTENT,
    tag: str = TAG,
    ranges: bool = True,
    most: int | None = None,
    end: Callable[[Peer], None] = Peer.reset,
    **fields: str,
) -> Step:
    """Serve the file as a good server does: ranges while the tag is the same.

    Args:
        keep: bytes of this answer's body after which the line is cut.
        content: of the file.
        tag: its entity tag.
        ranges: whether it knows ranges.
        most: bytes it gives of a range in one answer.
        end: how the line is cut.
        fields: header fields to answer with instead.
    """

    async def step(peer: Peer) -> None:
        headers = peer.request.headers
        start = int(headers.get("range", "bytes=0-")[len("bytes=") : -1]) if ranges else 0
        if headers.get("if-range", tag) != tag:
            start = 0
        given = {"etag": tag, "content-type": "image/jpeg"}
        body, status = content[start : start + most if most and start else None], 200
        if start:
            status = 206
            given["content-range"] = f"bytes {start}-{start + len(body) - 1}/{len(content)}"
        given |= {name.replace("_", "-"): value for name, value in fields.items()}
        head, body = answer(peer.request, status, body=body, headers=given.items())
        await peer.send(head + (body if keep is None else body[:keep]))
        if keep is not None:
            end(peer)

    return step


def asked(server: FaultServer) -> list[str]:
    return [request.headers.get("range", "") for request in server.requests]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("end", [Peer.close, Peer.reset])
def test_cut_five_times_and_byte_exact_in_the_end(fetch: Fetch, tmp_path: Path, end: Callable[[Peer], None]) -> None:
    cuts = [70_001, 1, 65_536, 0, 99_999]
    with FaultServer(*(file(keep, end=end) for keep in cuts), default=file()) as server:
        saved = fetch(server.url)
    assert (saved.path.read_bytes(), saved.sha256, saved.resumed_at) == (CONTENT, SHA, 0)
    assert len(server.requests) == 6
    # A reset may take bytes with it that had arrived: what counts is that every answer begins where the file ends.
    starts = [int(range_[len("bytes=") : -1]) for range_ in asked(server) if range_]
    assert starts == sorted(starts)
    assert {request.headers.get("if-range") for request in server.requests[2:]} <= {TAG, None}
    assert {request.headers["accept-encoding"] for request in server.requests} == {"identity"}
    assert names(tmp_path) == ["a"]


@settings(max_examples=12, derandomize=True)
@given(st.lists(st.integers(0, len(CONTENT) - 1), max_size=4), st.sampled_from([None, 50_000, 200_000]))
def test_cut_anywhere_and_given_in_any_pieces_it_is_byte_exact(cuts: list[int], most: int | None) -> None:
    steps = [file(keep, most=most, end=Peer.close) for keep in cuts]
    with FaultServer(*steps, default=file(most=most)) as server, TemporaryDirectory() as folder:
        config = Config(gateway=server.url, auth="none", signature="none", retries=len(cuts))
        with Client(config) as client:
            saved = client.complaints.download_to("c", MEDIA, Path(folder) / "a")
        assert saved.path.read_bytes() == CONTENT


def test_a_cut_too_many_ends_the_call_and_leaves_the_part(fetch: Fetch, tmp_path: Path) -> None:
    with FaultServer(default=file(10_000, end=Peer.close)) as server:
        with pytest.raises(EgovError, match="bytes are kept in") as caught:
            fetch(server.url, retries=2)
        assert len(server.requests) == 3
    assert (caught.value.sent, caught.value.operation) == ("yes", "complaints.download")
    assert (tmp_path / "a.part").read_bytes() == CONTENT[:30_000]
    with FaultServer(default=file()) as server:
        assert fetch(server.url).resumed_at == 30_000
        assert asked(server) == ["bytes=30000-"]
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_a_service_that_knows_no_ranges_begins_anew(fetch: Fetch, tmp_path: Path) -> None:
    told: list[int] = []
    with FaultServer(file(100_000, end=Peer.close), default=file(ranges=False)) as server:
        saved = fetch(server.url, progress=lambda now, total: told.append(now))
        assert asked(server) == ["", "bytes=100000-"]
    assert (saved.path.read_bytes(), saved.resumed_at) == (CONTENT, 0)
    assert told.count(0) == 2, "the count goes back"


def test_a_service_may_give_less_than_it_was_asked_for(fetch: Fetch) -> None:
    with FaultServer(file(1000, end=Peer.close), default=file(most=100_000)) as server:
        assert fetch(server.url, retries=1).path.read_bytes() == CONTENT
        assert asked(server) == ["", "bytes=1000-", "bytes=101000-", "bytes=201000-", "bytes=301000-"]


def test_another_version_is_sent_whole_and_must_be_the_announced_one(fetch: Fetch, tmp_path: Path) -> None:
    other = CONTENT[:-1] + b"!"
    with FaultServer(file(100_000, end=Peer.close), default=file(content=other, tag='"v2"')) as server:
        with pytest.raises(UnexpectedReply) as caught:
            fetch(server.url)
        assert (caught.value.code, len(server.requests)) == ("checksum", 2)
    assert names(tmp_path) == []


@pytest.mark.parametrize("problem", [True, False])
def test_a_range_that_cannot_be_satisfied_begins_anew(fetch: Fetch, problem: bool) -> None:
    refusal: dict[str, Any] = {"headers": [("content-type", "text/html")], "body": b"no"}
    if problem:
        document = {"status": 416, "code": "range_not_satisfiable", "detail": "The file does not reach that far."}
        refusal = {"headers": [("content-type", "application/problem+json")], "json": document}
    with FaultServer(file(100_000, end=Peer.close), reply(416, **refusal), default=file()) as server:
        assert fetch(server.url).path.read_bytes() == CONTENT
        assert asked(server) == ["", "bytes=100000-", ""]


def test_416_for_the_whole_file_is_an_error_of_the_service(fetch: Fetch) -> None:
    with FaultServer(default=reply(416, body=b"no", headers=[("content-type", "text/html")])) as server:
        with pytest.raises(ApiError):
            fetch(server.url)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"content_range": f"bytes 0-{len(CONTENT) - 100_001}/{len(CONTENT)}"},
        {"content_range": f"bytes 100001-{len(CONTENT) - 1}/{len(CONTENT)}"},
        {"content_range": f"bytes 100000-{len(CONTENT)}/{len(CONTENT)}"},
        {"content_range": f"bytes 100000-{len(CONTENT) - 2}/{len(CONTENT)}"},
        {"content_range": "bytes 100000-*/*"},
        {"content_range": "rows 100000-307199/307200"},
        {"content_range": ""},
        {"content_type": "multipart/byteranges; boundary=x", "content_range": ""},
        {"etag": '"v2"'},
    ],
)
def test_a_part_that_is_not_the_one_asked_for_is_not_used(fetch: Fetch, wrong: dict[str, str]) -> None:
    with FaultServer(file(100_000, end=Peer.close), file(**wrong), default=file()) as server:
        assert fetch(server.url).path.read_bytes() == CONTENT
        assert asked(server) == ["", "bytes=100000-", ""]


def test_a_part_nobody_asked_for_is_refused(fetch: Fetch, tmp_path: Path) -> None:
    headers = [("content-range", f"bytes 0-9/{len(CONTENT)}"), ("etag", TAG)]
    with FaultServer(default=reply(206, body=CONTENT[:10], headers=headers)) as server:
        with pytest.raises(UnexpectedReply) as caught:
            fetch(server.url, retries=1)
        assert (caught.value.code, len(server.requests)) == ("wrong_range", 2)
        config = Config(gateway=server.url, auth="none", signature="none")
        with Client(config) as client, pytest.raises(UnexpectedReply, match="unasked"):
            client.complaints.download("c", "m")
    assert names(tmp_path) == []


@pytest.mark.parametrize("tag", ['W/"v1"', None])
def test_without_a_strong_tag_all_begins_anew(fetch: Fetch, tmp_path: Path, tag: str | None) -> None:
    async def untagged(peer: Peer) -> None:
        head, body = answer(peer.request, body=CONTENT, headers=[] if tag is None else [("etag", tag)])
        await peer.send(head + body[: 1000 if len(server.requests) < 3 else None])
        if len(server.requests) < 3:
            peer.close()

    with FaultServer(default=untagged) as server:
        with pytest.raises(EgovError) as caught:
            fetch(server.url, retries=1)
        assert "kept" not in str(caught.value)
        assert names(tmp_path) == []
        assert fetch(server.url).path.read_bytes() == CONTENT
        assert asked(server) == ["", "", ""]


def test_more_than_announced_or_allowed_is_never_taken(fetch: Fetch, tmp_path: Path) -> None:
    more = CONTENT + b"!"
    with FaultServer(default=file(content=more)) as server:
        for media, most in ((MEDIA, 10**9), (MEDIA.model_copy(update={"size": len(more)}), len(CONTENT))):
            with pytest.raises(EgovError):
                fetch(server.url, media, max_bytes=most)
        assert len(server.requests) == 1, "the second is refused before it is asked for"
    assert names(tmp_path) == []

    async def endless(peer: Peer) -> None:
        fields = f"x-request-id: {peer.request.headers['x-request-id']}\r\netag: {TAG}\r\ntransfer-encoding: chunked"
        await peer.send(f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n".encode())
        while True:
            await peer.send(b"10000\r\n" + bytes(65536) + b"\r\n")

    with FaultServer(default=endless) as server:
        with pytest.raises(UnexpectedReply) as caught:
            fetch(server.url)
        assert (caught.value.code, len(server.requests)) == ("permanent_too_large", 1)
        assert "larger than its resource says" in str(caught.value)
    assert names(tmp_path) == []


def test_less_than_announced_is_not_the_file(fetch: Fetch, tmp_path: Path) -> None:
    with FaultServer(default=file(content=CONTENT[:-1])) as server, pytest.raises(UnexpectedReply, match="announced"):
        fetch(server.url)
    assert names(tmp_path) == []


def test_an_empty_file_is_a_file(fetch: Fetch) -> None:
    with FaultServer(default=file(content=b"")) as server:
        assert fetch(server.url, EMPTY).path.read_bytes() == b""


def test_a_compressed_answer_is_undone_and_never_gone_on_with(fetch: Fetch) -> None:
    with FaultServer(default=reply(body=CONTENT, gzip=True, headers=[("etag", TAG)])) as server:
        assert fetch(server.url).path.read_bytes() == CONTENT


def test_a_part_that_was_whole_but_for_its_name_asks_for_its_last_byte(fetch: Fetch, tmp_path: Path) -> None:
    with FaultServer(file(len(CONTENT) - 1, end=Peer.close), default=file()) as server:
        with pytest.raises(EgovError):
            fetch(server.url, retries=0)
        with (tmp_path / "a.part").open("ab") as part:
            part.write(CONTENT[-1:])
        assert fetch(server.url).path.read_bytes() == CONTENT
        assert asked(server)[1] == f"bytes={len(CONTENT) - 1}-"


def test_time_that_is_over_leaves_the_part(fetch: Fetch, tmp_path: Path) -> None:
    async def stuck(peer: Peer) -> None:
        head, body = answer(peer.request, body=CONTENT, headers=[("etag", TAG)])
        await peer.send(head + body[:50_000])
        await peer.until_gone()

    with FaultServer(stuck, default=file()) as server:
        with pytest.raises(DeadlineExceeded, match="bytes are kept in"):
            fetch(server.url, deadline=0.5)
        assert fetch(server.url).resumed_at == 50_000


@pytest.mark.parametrize(("status", "code", "kept"), [(404, "not_found", False), (503, "upstream_unavailable", True)])
def test_a_refusal_keeps_the_part_where_the_file_may_still_be_had(
    fetch: Fetch, tmp_path: Path, status: int, code: str, kept: bool
) -> None:
    refusal = reply(status, json={"code": code}, headers=[("content-type", "application/problem+json")])
    with FaultServer(file(1000, end=Peer.close), default=refusal) as server:
        for _ in range(2):
            with pytest.raises(EgovError) as caught:
                fetch(server.url, retries=0)
    assert caught.value.code == code
    assert ("1000 bytes are kept" in str(caught.value)) == kept
    assert names(tmp_path) == (["a.part", "a.part.json"] if kept else [])


def test_a_service_that_cannot_be_reached_any_more_leaves_the_part(fetch: Fetch, tmp_path: Path) -> None:
    with FaultServer(default=file(1000, end=Peer.close)) as server, pytest.raises(EgovError):
        fetch(server.url, retries=0)
    with pytest.raises(ConnectionFailed, match="1000 bytes are kept"):
        fetch(server.url, retries=0)
    assert (tmp_path / "a.part").read_bytes() == CONTENT[:1000]


def test_a_cancelled_download_leaves_the_part_and_gives_its_lane_back(tmp_path: Path) -> None:
    async def stuck(peer: Peer) -> None:
        head, body = answer(peer.request, body=CONTENT, headers=[("etag", TAG)])
        await peer.send(head + body[:50_000])
        await peer.until_gone()

    async def run() -> None:
        lanes = AsyncLanes()
        arrived = asyncio.Event()
        client = AsyncClient(Config(gateway=server.url, auth="none", signature="none"), transport=lanes)
        fetching = asyncio.create_task(
            client.complaints.download_to(
                "c", MEDIA, tmp_path / "a", progress=lambda now, _: arrived.set() if now == 50_000 else None
            )
        )
        await arrived.wait()
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        assert lanes.count.busy == 0
        await lanes.close()

    with FaultServer(stuck) as server:
        asyncio.run(run())
    assert (tmp_path / "a.part").read_bytes() == CONTENT[:50_000]
    assert names(tmp_path) == ["a.part", "a.part.json"]


@pytest.mark.parametrize("world", ["threads", "tasks"])
def test_over_a_client_of_the_callers_own_it_is_the_same(world: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(CONTENT)
    told: list[int] = []
    photo = File(path, progress=lambda sent, total: told.append(sent))
    changing = File(path, progress=lambda sent, total: path.write_bytes(b"other"))
    steps = (reply(json=MEDIA.model_dump(mode="json")), file(70_000, end=Peer.close), file())
    with FaultServer(*steps) as server:
        config = Config(gateway=server.url, auth="none", signature="none")
        if world == "threads":
            with httpx.Client() as own, Client(config, http_client=own) as client:
                client.complaints.attach("c", photo)
                saved = client.complaints.download_to("c", MEDIA, tmp_path / "a")
                with pytest.raises(Invalid) as caught:
                    client.complaints.attach("c", changing)
        else:

            async def on_tasks() -> tuple[SavedFile, Any]:
                async with httpx.AsyncClient() as own, AsyncClient(config, http_client=own) as client:
                    await client.complaints.attach("c", photo)
                    saved = await client.complaints.download_to("c", MEDIA, tmp_path / "a")
                    with pytest.raises(Invalid) as caught:
                        await client.complaints.attach("c", changing)
                    return saved, caught

            saved, caught = asyncio.run(on_tasks())
        assert asked(server) == ["", "", "bytes=70000-"]
    assert (told[0], told[-1], saved.path.read_bytes()) == (0, len(CONTENT), CONTENT)
    assert (caught.value.code, caught.value.sent) == ("file_changed", "maybe")


class _Uploads:
    """A server that reads so much of each request and then breaks the line; the last one it answers."""

    def __init__(self, keep: list[int]) -> None:
        self.keep = keep
        self.whole: list[bytes] = []
        self.attempts = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True, name="uploads")

    def serve(self) -> None:
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            with closing(line):
                self.attempts += 1
                self.talk(line)

    def talk(self, line: socket.socket) -> None:
        keep = self.keep.pop(0) if self.keep else None
        data = b""
        while keep is None or len(data) < keep:
            data += line.recv(65536)
            head, found, body = data.partition(b"\r\n\r\n")
            if not found:
                continue
            fields = dict(one.lower().split(b": ", 1) for one in head.split(b"\r\n")[1:])
            if len(body) == int(fields[b"content-length"]):
                self.whole.append(body)
                document = MEDIA.model_dump_json().encode()
                kind = b"content-type: application/json\r\nx-request-id: " + fields[b"x-request-id"]
                length = f"content-length: {len(document)}".encode()
                line.sendall(b"HTTP/1.1 201 Created\r\n" + kind + b"\r\n" + length + b"\r\n\r\n" + document)
                return
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def uploads(*keep: int) -> Iterator[_Uploads]:
    server = _Uploads(list(keep))
    server.thread.start()
    try:
        yield server
    finally:
        server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        server.thread.join()


@pytest.mark.parametrize("world", ["threads", "tasks"])
def test_an_upload_whose_line_breaks_is_rewound_and_arrives_once(world: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(CONTENT * 10)
    told: list[int] = []
    photo = File(path, progress=lambda sent, total: told.append(sent))
    with uploads(100, 500_000, 1_000_000) as server:
        config = Config(gateway=server.url, auth="none", signature="none", retries=3)
        if world == "threads":
            with Client(config) as client:
                reply = client.raw.complaints.attach("c", photo)
        else:

            async def on_tasks() -> Any:
                async with AsyncClient(config) as client:
                    return await client.raw.complaints.attach("c", photo)

            reply = asyncio.run(on_tasks())
    assert (server.attempts, len(server.whole), reply.attempts) == (4, 1, 4)
    assert CONTENT * 10 in server.whole[0]
    assert (told.count(0), told[-1]) == (4, len(CONTENT) * 10)
