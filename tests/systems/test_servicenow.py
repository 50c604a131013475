"""What only ServiceNow does: journals, one correlation id, errors beside results, a sleeping instance."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import playwright
import pytest
from aiohttp import web

from chassis.outbox import GiveUp, Retry
from chassis.partnership import ServiceDesk
from contracts.values import TicketRef
from intake.adapters.port import Arrived
from intake.adapters.servicenow import changed, system
from intake.adapters.servicenow_script import SCRIPT
from intake.adapters.ticket import read
from notifications.adapters.servicenow import ServiceNow, tickets
from tests.systems.peer import OPENED, Story
from tests.systems.peers.servicenow import ServiceNowPeer
from tests.systems.ways import way_to

NODE = Path(playwright.__file__).parent / "driver" / "node"
"""What runs a script: the browsers' driver brings it along."""
REQUEST = UUID("2f1d6b1a-5f0e-4a6e-9a55-0d6f6c1f7d11")
STORY = Story()
TICKET = TicketRef(system="servicenow", external_id=f"{81:032x}", number="INC0000081")


@pytest.fixture
async def servicenow() -> AsyncIterator[ServiceNowPeer]:
    peer = ServiceNowPeer()
    peer.tickets[STORY.number] = STORY
    async with peer.running():
        yield peer


def into(peer: ServiceNowPeer) -> ServiceNow:
    there = way_to(peer)
    return tickets(there.desk, there.api, there.outward)


async def test_a_record_that_another_transaction_holds_is_tried_again(servicenow: ServiceNowPeer) -> None:
    servicenow.conflicts = 2
    await into(servicenow).comment(TICKET, "Ärendet är ett projekt.", key="k-1")
    assert len(servicenow.comments) == 1
    servicenow.conflicts = 3
    with pytest.raises(Retry, match="conflict"):
        await into(servicenow).set_state(TICKET, "project", key="k-2")


async def test_the_correlation_id_is_ours_where_it_is_free(servicenow: ServiceNowPeer) -> None:
    """IT-03"""
    for _ in range(2):
        await into(servicenow).set_reference(TICKET, REQUEST, "https://flode.example/", key="r-1")
    assert servicenow.correlations == {STORY.number: str(REQUEST)}
    assert [one.public for one in servicenow.comments] == [False]


async def test_another_correlation_id_stays_and_the_desk_is_told_all_the_same(servicenow: ServiceNowPeer) -> None:
    servicenow.correlations[STORY.number] = "monitoring-4711"
    await into(servicenow).set_reference(TICKET, REQUEST, "https://flode.example/", key="r-1")
    assert servicenow.correlations == {STORY.number: "monitoring-4711"}
    assert str(REQUEST) in servicenow.comments[0].text


async def test_a_record_that_is_not_there_or_not_ours_to_see_is_given_up(servicenow: ServiceNowPeer) -> None:
    gone = TicketRef(system="servicenow", external_id="f" * 32)
    with pytest.raises(GiveUp, match="404"):
        await into(servicenow).comment(gone, "Hej", key="k-1")
    with pytest.raises(GiveUp, match="sys_id"):
        await into(servicenow).comment(TicketRef(system="servicenow", external_id="INC0000081"), "Hej", key="k-1")


async def test_a_list_that_took_too_long_is_asked_for_again(servicenow: ServiceNowPeer) -> None:
    """It comes with status 200, and with a result that lacks what came after."""
    servicenow.too_slow = 1
    with pytest.raises(Retry, match="execution time"):
        await changed(way_to(servicenow), OPENED.isoformat())
    assert len((await changed(way_to(servicenow), OPENED.isoformat())).records) == 1


async def test_the_page_of_a_sleeping_instance_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def asleep(peer: ServiceNowPeer, request: web.Request) -> web.Response:
        return web.Response(text="<html>Your instance is hibernating</html>", content_type="text/html")

    monkeypatch.setattr(ServiceNowPeer, "one", asleep)
    monkeypatch.setattr(ServiceNowPeer, "patch", asleep)
    peer = ServiceNowPeer()
    async with peer.running():
        with pytest.raises(Retry, match="not JSON"):
            await into(peer).comment(TICKET, "Hej", key="k-1")
        with pytest.raises(Retry, match="not JSON"):
            await into(peer).set_state(TICKET, "project", key="k-2")


INSTANCE = r"""
const crypto = require('crypto');
const shown = (display, record) => ({ getDisplayValue: () => display, getRefRecord: () => record });
const caller = {
  getDisplayValue: () => 'Sigrid Ek', getValue: () => 'sigrid.ek@ekvik.example', department: shown('Samhällsbyggnad')
};
const stored = {
  sys_mod_count: '3', sys_updated_on: '2026-03-01 08:10:00', opened_at: '2026-03-01 08:00:00', number: 'INC0000081',
  short_description: 'Räksmörgås "Ærø" Bodø \u{1F600}', description: 'rad\n\u2028rad', priority: '3', state: '1',
  active: '1', category: 'project', caller_id: 'c'.repeat(32), company: null
};
const current = {
  isValidField: name => name in stored, getValue: name => stored[name], getTableName: () => 'incident',
  getUniqueValue: () => 'f'.repeat(32), operation: () => 'update', state: shown('New'),
  category: shown('Projekt'), company: shown(null), caller_id: shown('Sigrid Ek', caller)
};
const previous = null;
const gs = { getProperty: name => ({ 'flode.secret': '{secret}' })[name] };
class GlideCertificateEncryption {
  generateMac(key, algorithm, text) {
    if (algorithm !== 'HmacSHA256') throw algorithm;
    return crypto.createHmac('sha256', Buffer.from(key, 'base64')).update(Buffer.from(text, 'latin1')).digest('base64');
  }
}
const sent = { headers: {} };
const sn_ws = { RESTMessageV2: class {
  setHttpMethod(method) { sent.method = method; }
  setEndpoint(url) { sent.url = url; }
  setRequestHeader(name, value) { sent.headers[name.toLowerCase()] = value; }
  setRequestBody(body) { sent.body = body; }
  executeAsync() { console.log(JSON.stringify(sent)); }
} };
"""
"""What the script works with in an instance, as far as it does."""


async def test_the_published_script_signs_what_it_sends_in_whatever_letters() -> None:
    """IT-02"""
    secret, url = ServiceNowPeer.secret, "https://flode.example/intake/hooks/servicenow/ekvik.servicenow"
    script = (INSTANCE + SCRIPT).replace("{url}", url).replace("{secret}", secret)
    node = await asyncio.create_subprocess_exec(NODE, "-e", script, stdout=asyncio.subprocess.PIPE)
    sent = json.loads((await node.communicate())[0])
    arrived = Arrived(body=sent["body"].encode("ascii"), headers=sent["headers"])
    system.verify(arrived, (secret,), datetime.now(UTC))
    desk = ServiceDesk.model_validate(ServiceNowPeer().settings() | {"api": None})
    said = read(system.read(arrived, desk).content)
    assert (sent["method"], sent["url"]) == ("post", url)
    assert (said.title, said.description) == ('Räksmörgås "Ærø" Bodø 😀', "rad\n\u2028rad")
    assert (said.external_id, said.revision, said.flow, said.open) == ("f" * 32, 3, "Projekt", True)
    assert said.requester
    assert (said.requester.name, said.organisation) == ("Sigrid Ek", "Samhällsbyggnad")
