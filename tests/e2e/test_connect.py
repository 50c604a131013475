"""An administrator connects a ticketing system by the one command that there is for it, to a product that runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx

from tests.e2e.installation import Installation
from tests.systems.peer import Event, Story
from tests.systems.peers.zammad import ZammadPeer

CONNECT = ("connect", "zammad", "--municipality", "lindmala")
STORY = Story(number=4711, title="Bokning av båtplatser", name="Sigrid Ek", email="sigrid.ek@lindmala.example")


async def started_again(installation: Installation) -> None:
    """The two services that read the desks begin anew, as after a change of the file."""
    services = ("intake", "notifications")
    await asyncio.gather(*(asyncio.to_thread(installation.kill, service) for service in services))


@asynccontextmanager
async def a_zammad(installation: Installation) -> AsyncIterator[ZammadPeer]:
    """A Zammad stands beside the installation, whose file is afterwards as it was."""
    file = installation.home.partnership
    before = file.read_text("utf-8")
    async with ZammadPeer().running() as peer:
        try:
            yield peer
        finally:
            file.write_text(before, "utf-8")


def deliver(installation: Installation, peer: ZammadPeer, story: Story, event: Event, *, name: str) -> httpx.Response:
    desk = installation.partnership.desk("lindmala", "zammad")
    assert desk is not None
    sent = peer.deliver(story, event, name=name, secret=desk.secret, at=datetime.now(UTC))
    return installation.http.post(f"/intake/hooks/zammad/{desk.id}", content=sent.body, headers=sent.raw_headers)


async def test_a_system_is_connected_by_one_command_that_waits_for_both_directions(installation: Installation) -> None:
    async with a_zammad(installation) as peer:
        written = await asyncio.to_thread(installation.command, *CONNECT, "--api-url", peer.url, "--write")
        assert "Fill in the token" in written.output, written.output
        early = await asyncio.to_thread(installation.command, *CONNECT)
        assert early.exit_code == 1
        assert "fill in the token of lindmala.zammad" in early.output

        file = installation.home.partnership
        file.write_text(file.read_text("utf-8").replace("to be filled in", peer.token), "utf-8")
        await started_again(installation)
        with installation.begun(*CONNECT, "--wait", "90") as waiting:
            assert waiting.stdout is not None
            try:
                said = ""
                while "Now make a ticket" not in said:
                    said += (line := await asyncio.to_thread(waiting.stdout.readline))
                    assert line, said
                assert f"{installation.url}/intake/hooks/zammad/lindmala.zammad" in said
                assert f"Its API at {peer.url} answers." in said

                peer.tickets[STORY.number] = STORY
                elsewhere = Story(number=4712, flow="Support")
                aside = await asyncio.to_thread(deliver, installation, peer, elsewhere, "created", name="aside")
                came = await asyncio.to_thread(deliver, installation, peer, STORY, "created", name="first")
                assert (aside.status_code, came.status_code) == (200, 201), came.text
                rest = await asyncio.to_thread(waiting.stdout.read)
                assert await asyncio.to_thread(waiting.wait) == 0, rest
            finally:
                waiting.kill()
        assert "The file calls the project flow Projekt." in rest
        assert f"It is request {came.json()['id']}: {installation.url}/intake/requests/{came.json()['id']}" in rest
        assert rest.endswith("The ticket has been answered. Both directions work.\n")
        assert any(STORY.title in comment.text for comment in peer.comments)

        # It is taken back, so that nobody else finds it waiting.
        gone = await asyncio.to_thread(deliver, installation, peer, STORY.later(closed=True), "closed", name="last")
        assert gone.json()["outcome"] == "withdrawn"
