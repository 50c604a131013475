"""The gateway passes on what it is given, and says honestly when it cannot."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from embedded import gateway
from embedded.processes import free_port

Start = Callable[[web.Application], Awaitable[TestServer]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    servers: list[TestServer] = []

    async def start(app: web.Application) -> TestServer:
        server = TestServer(app)
        await server.start_server()
        servers.append(server)
        return server

    yield start
    for server in reversed(servers):
        await server.close()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


async def echo(request: web.Request) -> web.Response:
    """A service that tells what reached it."""
    body = await request.read()
    told = {
        "method": request.method,
        "path": request.raw_path,
        "headers": [[name.lower(), value] for name, value in request.headers.items()],
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    answer = web.json_response(told, status=207)
    answer.headers.add("Set-Cookie", "a=1; HttpOnly")
    answer.headers.add("Set-Cookie", "b=2")
    answer.headers["ETag"] = '"7"'
    return answer


@pytest.fixture
async def door(start: Start) -> str:
    upstream = web.Application(client_max_size=64 * 1024 * 1024)
    upstream.router.add_route("*", "/{rest:.*}", echo)
    service = await start(upstream)
    app = web.Application()
    gateway.Gateway({"intake": str(service.make_url("")).rstrip("/")}).add_to(app)
    return str((await start(app)).make_url("")).rstrip("/")


async def test_what_arrives_is_what_was_sent(door: str, client: aiohttp.ClientSession) -> None:
    body = bytes(range(256)) * 1000
    headers = {"Webhook-Signature": "v1,abc", "traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"}
    url = URL(door + "/intake/hooks/a%2Fb?x=%C3%A5&x=2", encoded=True)
    async with client.post(url, data=body, headers=headers) as answer:
        told = json.loads(await answer.read())
        assert answer.status == 207
        assert answer.headers.getall("Set-Cookie") == ["a=1; HttpOnly", "b=2"]
        assert answer.headers["ETag"] == '"7"'
    assert told["path"] == "/intake/hooks/a%2Fb?x=%C3%A5&x=2"
    assert told["sha256"] == hashlib.sha256(body).hexdigest()
    sent = dict(told["headers"])
    assert sent["traceparent"] == headers["traceparent"]
    assert sent["webhook-signature"] == "v1,abc"
    assert sent["content-length"] == str(len(body))
    assert sent["host"] == door.removeprefix("http://")


async def test_a_body_of_unknown_length_arrives_whole(door: str, client: aiohttp.ClientSession) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"piece"

    async with client.post(door + "/intake/x", data=pieces()) as answer:
        assert json.loads(await answer.read())["sha256"] == hashlib.sha256(b"piece" * 3).hexdigest()


async def test_nobody_forges_where_a_request_came_from(door: str, client: aiohttp.ClientSession) -> None:
    async with client.get(door + "/intake/", headers={"X-Forwarded-For": "10.0.0.1", "Forwarded": "for=x"}) as answer:
        sent = json.loads(await answer.read())["headers"]
    assert ["x-forwarded-for", "127.0.0.1"] in sent
    assert not [name for name, _ in sent if name == "forwarded"]


async def test_only_services_have_a_door(door: str, client: aiohttp.ClientSession) -> None:
    async with client.get(door + "/elsewhere/") as answer:
        assert answer.status == 404


@pytest.mark.parametrize("path", ["/intake/metrics", "/intake/metrics/", "/intake/%6detrics", "/intake/metrics?x=1"])
async def test_what_is_measured_of_a_process_stays_inside(path: str, door: str, client: aiohttp.ClientSession) -> None:
    async with client.get(URL(door + path, encoded=True)) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("told", [True, False], ids=["its length is told", "its length is not told"])
async def test_a_body_over_the_limit_is_refused(
    told: bool, door: str, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "LIMIT", 10)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"twelve bytes"

    async with client.post(door + "/intake/x", data=b"twelve bytes" if told else pieces()) as answer:
        assert answer.status == 413


async def test_a_service_that_is_starting_is_answered_for(start: Start, client: aiohttp.ClientSession) -> None:
    app = web.Application()
    gateway.Gateway({"intake": f"http://127.0.0.1:{free_port()}"}).add_to(app)
    door = await start(app)
    async with client.post(door.make_url("/intake/api"), data=b"x") as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "1"
        assert answer.content_type == "application/problem+json"
        assert "intake" in json.loads(await answer.read())["detail"]


async def test_who_reads_is_told_in_their_language_that_a_service_is_starting(
    start: Start, client: aiohttp.ClientSession
) -> None:
    app = web.Application()
    gateway.Gateway({"intake": f"http://127.0.0.1:{free_port()}"}).add_to(app)
    door = await start(app)
    reading = {"Accept": "text/html", "Accept-Language": "en"}
    async with client.get(door.make_url("/intake/"), headers=reading) as answer:
        assert answer.status == 503
        assert (answer.headers["Retry-After"], answer.headers["Refresh"]) == ("1", "3")
        page = await answer.text()
    assert '<html lang="en">' in page
    assert "<h1>This part of Flöde is starting</h1>" in page


async def test_a_service_that_dies_before_answering_leaves_it_unknown(
    start: Start, client: aiohttp.ClientSession
) -> None:
    seen = []

    async def die(request: web.Request) -> web.Response:
        seen.append(request.method)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    upstream = web.Application()
    upstream.router.add_route("*", "/{rest:.*}", die)
    service = await start(upstream)
    app = web.Application()
    gateway.Gateway({"intake": str(service.make_url("")).rstrip("/")}).add_to(app)
    door = await start(app)
    async with client.post(door.make_url("/intake/api"), data=b"x") as answer:
        assert answer.status == 502
    assert seen == ["POST"], "a request that may have been done is not sent again"


async def test_an_answer_that_is_cut_short_does_not_look_whole(start: Start, client: aiohttp.ClientSession) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half")
        await asyncio.sleep(0.05)
        assert request.transport is not None
        request.transport.abort()
        return response

    upstream = web.Application()
    upstream.router.add_route("*", "/{rest:.*}", half)
    service = await start(upstream)
    app = web.Application()
    gateway.Gateway({"intake": str(service.make_url("")).rstrip("/")}).add_to(app)
    door = await start(app)
    with pytest.raises(aiohttp.ClientError):
        async with client.get(door.make_url("/intake/")) as answer:
            await answer.read()


async def test_a_stream_passes_piece_by_piece_and_is_let_go_when_its_reader_leaves(
    start: Start, client: aiohttp.ClientSession
) -> None:
    left = asyncio.Event()

    async def live(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"event: same\n\n")
        try:
            while request.transport is not None and not request.transport.is_closing():
                await asyncio.sleep(0.05)
        finally:
            left.set()
        return response

    upstream = web.Application()
    upstream.router.add_get("/intake/live", live)
    app = web.Application()
    gateway.Gateway({"intake": str((await start(upstream)).make_url("")).rstrip("/")}).add_to(app)
    # As the supervisor runs it: a test's own server would cancel what nobody reads any more.
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with client.get(f"http://127.0.0.1:{port}/intake/live") as answer:
            assert await asyncio.wait_for(answer.content.readuntil(b"\n\n"), 60) == b"event: same\n\n"
            answer.close()
        await asyncio.wait_for(left.wait(), 60)
    finally:
        await runner.cleanup()
