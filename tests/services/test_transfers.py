"""Files in both directions against the sandbox: signed, cut on the way, gone on with, told how far they are."""

from __future__ import annotations

import asyncio
import hashlib
import io
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from egov_serang import AsyncClient, Client, Config, ConnectionFailed, File, Invalid, NotFound, SavedFile
from egov_serang.core.message import Body, Limits, Request, Response, Stream, TransportFault
from egov_serang.models.complaints import Complaint, Location
from egov_serang.sandbox.server import Sandbox
from egov_serang.transport.alanes import AsyncLanes
from egov_serang.transport.lanes import Lanes

HERE = Location(area_code="36.73.01.1001")
PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 2000
SHA = hashlib.sha256(PHOTO).hexdigest()


class _CutBody:
    """A body whose line breaks after so many bytes."""

    def __init__(self, body: Body, keep: int) -> None:
        self._body, self._keep = body, keep
        self.content_type, self.length = body.content_type, body.length

    def chunks(self) -> Iterator[bytes]:
        left = self._keep
        for piece in self._body.chunks():
            yield piece[:left]
            left -= len(piece)
            if left <= 0:
                raise TransportFault("reset", sent="maybe", reason="cut by the test")


class _CutStream(Stream):
    """An answer whose line breaks after so many bytes."""

    def __init__(self, stream: Stream, keep: int) -> None:
        self._stream, self._left = stream, keep

    async def read(self) -> bytes:
        if self._left <= 0:
            await self._stream.close()
            raise TransportFault("reset", sent="maybe", reason="cut by the test")
        piece = await self._stream.read()
        piece, self._left = piece[: self._left], self._left - len(piece)
        return piece

    async def close(self) -> None:
        await self._stream.close()


@dataclass
class Line:
    """What happens to transfers: the next ones are cut after so many bytes, the rest arrive."""

    uploads: list[int] = field(default_factory=list[int])
    downloads: list[int] = field(default_factory=list[int])
    asked: list[tuple[str | None, str | None]] = field(default_factory=list[tuple[str | None, str | None]])
    """`Range` and `If-Range` of each download."""

    def out(self, request: Request) -> Request:
        if request.body is not None and request.body.content_type.startswith("multipart") and self.uploads:
            request.body = _CutBody(request.body, self.uploads.pop(0))
        if request.stream:
            headers = dict(request.headers)
            self.asked.append((headers.get("range"), headers.get("if-range")))
        return request

    def back(self, response: Response) -> Response:
        if response.stream is not None and self.downloads:
            response.stream = _CutStream(response.stream, self.downloads.pop(0))
        return response


class Threads:
    def __init__(self, line: Line) -> None:
        self.line, self.lanes = line, Lanes()

    def send(self, request: Request, limits: Limits) -> Response:
        return self.line.back(self.lanes.send(self.line.out(request), limits))

    def close(self) -> None:
        self.lanes.close()


class Tasks:
    def __init__(self, line: Line) -> None:
        self.line, self.lanes = line, AsyncLanes()

    async def send(self, request: Request, limits: Limits) -> Response:
        return self.line.back(await self.lanes.send(self.line.out(request), limits))

    async def close(self) -> None:
        await self.lanes.close()


Ask = Callable[[Line, Callable[[Any], Any]], Any]


@pytest.fixture(params=["threads", "tasks"])
def ask(request: pytest.FixtureRequest, city: Config) -> Ask:
    """Makes one call on a client of either kind, over this line; every lane must have come back."""

    def on_threads(line: Line, what: Callable[[Any], Any]) -> Any:
        transport = Threads(line)
        try:
            return what(Client(city, transport=transport).with_options(retries=5))
        finally:
            assert transport.lanes.count.busy == 0
            transport.close()

    def on_tasks(line: Line, what: Callable[[Any], Any]) -> Any:
        async def run() -> Any:
            transport = Tasks(line)
            try:
                return await what(AsyncClient(city, transport=transport).with_options(retries=5))
            finally:
                assert transport.lanes.count.busy == 0
                await transport.close()

        return asyncio.run(run())

    return on_threads if request.param == "threads" else on_tasks


@pytest.fixture
def filed(client: Client) -> Complaint:
    return client.complaints.submit("sampah", "Sampah.", location=HERE, photos=[PHOTO])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_upload_that_was_cut_is_rewound_told_so_and_has_one_effect(
    ask: Ask, filed: Complaint, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "lubang.jpg"
    path.write_bytes(PHOTO)
    told: list[tuple[int, int]] = []
    photo = File(path, progress=lambda *now: told.append(now))
    line = Line(uploads=[200_000, 70_000])
    reply = ask(line, lambda client: client.complaints.attach(filed.complaint_id, photo))
    assert (reply.size, reply.sha256) == (len(PHOTO), SHA)
    again = [index for index, (sent, _) in enumerate(told) if sent == 0]
    assert len(again) == 3, "each attempt begins at nothing"
    assert {total for _, total in told} == {len(PHOTO)}
    assert told[-1] == (len(PHOTO), len(PHOTO))
    assert 0 < told[again[1] - 1][0] < len(PHOTO)
    assert sandbox.counts()["complaint_media"] == 2


def test_every_method_that_sends_a_file_tells_how_far_it_is(ask: Ask, filed: Complaint) -> None:
    told: list[int] = []

    def photo() -> File:
        return File(io.BytesIO(PHOTO), "a.jpg", progress=lambda sent, total: told.append(sent))

    ask(Line(), lambda client: client.complaints.submit("sampah", "Sampah.", location=HERE, photos=[photo(), PHOTO]))
    assert told[-1] == len(PHOTO)


def test_a_file_that_changes_between_attempts_is_refused_with_the_truth(
    ask: Ask, filed: Complaint, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(PHOTO)

    def rewrite(sent: int, total: int) -> None:
        if sent > 100_000:
            path.write_bytes(PHOTO[:-1])

    line = Line(uploads=[200_000])
    with pytest.raises(Invalid) as caught:
        ask(line, lambda client: client.complaints.attach(filed.complaint_id, File(path, progress=rewrite)))
    assert (caught.value.code, caught.value.sent, caught.value.attempts) == ("file_changed", "maybe", 1)
    assert caught.value.operation == "complaints.attach"
    assert str(tmp_path) not in str(caught.value)
    assert sandbox.counts()["complaint_media"] == 1


def test_a_file_that_changes_under_way_never_arrives(
    ask: Ask, filed: Complaint, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(PHOTO)

    def rewrite(sent: int, total: int) -> None:
        if sent > 100_000:
            path.write_bytes(PHOTO[:-1] + b"!")

    with pytest.raises(Invalid) as caught:
        ask(Line(), lambda client: client.complaints.attach(filed.complaint_id, File(path, progress=rewrite)))
    assert (caught.value.code, caught.value.sent) == ("file_changed", "maybe")
    assert sandbox.counts()["complaint_media"] == 1


class Enough(OSError):
    """Not ours: it must come through as it is."""


def test_an_exception_of_progress_ends_the_call_as_it_is(ask: Ask, filed: Complaint, sandbox: Sandbox) -> None:
    def tell(sent: int, total: int) -> None:
        if sent:
            raise Enough

    with pytest.raises(Enough):
        ask(Line(), lambda client: client.complaints.attach(filed.complaint_id, File(PHOTO, progress=tell)))
    assert sandbox.counts()["complaint_media"] == 1


def test_a_download_cut_five_times_is_finished_and_told(ask: Ask, filed: Complaint, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    cuts = [1, 65_536, 100_000, 3, 200_000]
    line = Line(downloads=cuts.copy())
    saved: SavedFile = ask(
        line,
        lambda client: client.complaints.download_to(
            filed.complaint_id, filed.media[0], tmp_path / "a.jpg", progress=lambda *now: told.append(now)
        ),
    )
    assert saved == SavedFile(tmp_path / "a.jpg", len(PHOTO), SHA, "image/jpeg", 0)
    assert saved.path.read_bytes() == PHOTO
    assert stat.S_IMODE(saved.path.stat().st_mode) == 0o600
    assert names(tmp_path) == ["a.jpg"]
    tag = f'"{SHA}"'
    at = [sum(cuts[: count + 1]) for count in range(len(cuts))]
    assert line.asked == [(None, None), *((f"bytes={start}-", tag) for start in at)]
    assert [now for now, _ in told] == sorted(now for now, _ in told)
    assert told[0] == (0, len(PHOTO))
    assert told[-1] == (len(PHOTO), len(PHOTO))


def test_what_a_call_leaves_the_next_one_goes_on_with(ask: Ask, filed: Complaint, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"

    def fetch(client: Any) -> Any:
        return client.with_options(retries=0).complaints.download_to(filed.complaint_id, filed.media[0].media_id, path)

    with pytest.raises(ConnectionFailed) as caught:
        ask(Line(downloads=[100_000]), fetch)
    assert "100000 bytes are kept in the .part" in str(caught.value)
    assert (caught.value.sent, caught.value.operation) == ("yes", "complaints.download")
    assert names(tmp_path) == ["a.jpg.part", "a.jpg.part.json"]
    line = Line()
    saved: SavedFile = ask(line, fetch)
    assert line.asked == [("bytes=100000-", f'"{SHA}"')]
    assert (saved.resumed_at, path.read_bytes(), names(tmp_path)) == (100_000, PHOTO, ["a.jpg"])


def test_a_part_that_was_damaged_meanwhile_is_found_and_thrown_away(ask: Ask, filed: Complaint, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"

    def fetch(client: Any) -> Any:
        return client.with_options(retries=0).complaints.download_to(filed.complaint_id, filed.media[0], path)

    with pytest.raises(ConnectionFailed):
        ask(Line(downloads=[100_000]), fetch)
    part = tmp_path / "a.jpg.part"
    part.write_bytes(b"!" + part.read_bytes()[1:])
    with pytest.raises(Exception, match="SHA-256") as caught:
        ask(Line(), fetch)
    assert caught.value.code == "checksum"  # type: ignore[attr-defined]
    assert names(tmp_path) == []
    assert ask(Line(), fetch).resumed_at == 0
    assert path.read_bytes() == PHOTO


def test_bytes_that_are_not_what_the_gateway_signed_come_again(
    ask: Ask, filed: Complaint, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.fault("complaints.download", kind="spoiled_answer", times=1)
    line = Line(downloads=[100_000])
    saved: SavedFile = ask(
        line, lambda client: client.complaints.download_to(filed.complaint_id, filed.media[0], tmp_path / "a.jpg")
    )
    assert saved.path.read_bytes() == PHOTO
    line = Line()
    sandbox.fault("complaints.download", kind="spoiled_answer", times=1)
    ask(line, lambda client: client.complaints.download_to(filed.complaint_id, filed.media[0], tmp_path / "b.jpg"))
    assert line.asked == [(None, None), (None, None)], "nothing of the damaged answer was kept"


def test_progress_that_raises_leaves_the_part(ask: Ask, filed: Complaint, tmp_path: Path) -> None:
    def tell(now: int, total: int) -> None:
        if now > 100_000:
            raise Enough

    with pytest.raises(Enough):
        ask(
            Line(),
            lambda client: client.complaints.download_to(
                filed.complaint_id, filed.media[0], tmp_path / "a.jpg", progress=tell
            ),
        )
    assert names(tmp_path) == ["a.jpg.part", "a.jpg.part.json"]


@pytest.mark.parametrize(
    ("path", "most", "why"),
    [("none/a", 10**9, "folder does not exist"), (".", 10**9, "folder"), ("a", 1000, "allowed")],
)
def test_what_cannot_go_well_is_refused_before_the_file_is_asked_for(
    ask: Ask, filed: Complaint, tmp_path: Path, path: str, most: int, why: str
) -> None:
    line = Line()
    with pytest.raises(Invalid, match=why):
        ask(
            line,
            lambda client: client.complaints.download_to(
                filed.complaint_id, filed.media[0], tmp_path / path, max_bytes=most
            ),
        )
    assert (line.asked, names(tmp_path)) == ([], [])


def test_a_file_or_complaint_that_is_not_there(ask: Ask, filed: Complaint, tmp_path: Path) -> None:
    for number, media, error in (
        (filed.complaint_id, "none", Invalid),
        ("none", "none", NotFound),
        (filed.complaint_id, filed.media[0].model_copy(update={"media_id": "none"}), NotFound),
    ):

        def fetch(client: Any, number: str = number, media: Any = media) -> Any:
            return client.complaints.download_to(number, media, tmp_path / "a")

        with pytest.raises(error):
            ask(Line(), fetch)
    assert names(tmp_path) == []


def test_raw_gives_the_last_answer_with_it(client: Client, filed: Complaint, tmp_path: Path) -> None:
    reply = client.raw.complaints.download_to(filed.complaint_id, filed.media[0], tmp_path / "a.jpg")
    assert (reply.status, reply.data.size, reply.etag) == (200, len(PHOTO), f'"{SHA}"')
