"""What programs get: positions and versions when it was done, plain words when it was not."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

Client = httpx.AsyncClient
Headers = Callable[..., dict[str, str]]
SEED = {"name": "Beetroot", "depth": 2}


async def test_a_command_that_was_done_tells_version_and_position(client: Client, as_: Headers) -> None:
    done = await client.post("/garden/api/seeds", json=SEED, headers=as_("pm"))
    assert done.status_code == 201
    assert done.headers["ETag"] == '"3"'
    assert done.headers["Flode-Position"] == done.json()["position"] == "garden:7@flode.request/3"
    assert done.json()["version"] == 3
    assert done.json()["by"].startswith("pm/")


async def test_a_repeated_key_is_the_same_command_and_only_for_the_same_person(client: Client, as_: Headers) -> None:
    """P3."""
    ebba, alva = as_("pm"), as_("pm", email="alva.lind@almby.example")

    async def command(headers: dict[str, str], key: str | None) -> str:
        sent = {**headers, **({"Idempotency-Key": key} if key else {})}
        answer = await client.post("/garden/api/seeds", json=SEED, headers=sent)
        return str(answer.json()["command"])

    assert await command(ebba, "first") == await command(ebba, "first")
    assert len({await command(ebba, "first"), await command(ebba, "second"), await command(alva, "first")}) == 3
    assert await command(ebba, None) != await command(ebba, None)


async def test_a_key_without_end_is_refused(client: Client, as_: Headers) -> None:
    answer = await client.post("/garden/api/seeds", json=SEED, headers={**as_("pm"), "Idempotency-Key": "k" * 256})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


@pytest.mark.parametrize(("given", "version"), [('"7"', 7), ('W/"7"', 7), ("*", None), (None, None)])
async def test_the_version_seen_comes_from_if_match(
    client: Client, as_: Headers, given: str | None, version: int | None
) -> None:
    headers = {**as_("pm"), **({"If-Match": given} if given else {})}
    assert (await client.post("/garden/api/seeds", json=SEED, headers=headers)).json()["expected"] == version


@pytest.mark.parametrize("given", ["7", '"x"', '"-1"', '"1", "2"'])
async def test_a_version_that_is_none_is_refused(client: Client, as_: Headers, given: str) -> None:
    answer = await client.post("/garden/api/seeds", json=SEED, headers={**as_("pm"), "If-Match": given})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "If-Match")


async def test_a_mistake_is_explained_beside_its_field(client: Client, as_: Headers) -> None:
    answer = await client.post("/garden/api/seeds", json={"name": "", "depth": "deep"}, headers=as_("pm"))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == [
        {"field": "name", "detail": "This is needed."},
        {"field": "depth", "detail": "Write a whole number here."},
    ]


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b'"x"', b"\xff"])
async def test_a_body_that_is_no_seed_is_refused_without_jargon(client: Client, as_: Headers, body: bytes) -> None:
    headers = {**as_("pm"), "content-type": "application/json"}
    answer = await client.post("/garden/api/seeds", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]
    assert "pydantic" not in answer.text
    assert "type=" not in answer.text


async def test_a_refusal_names_its_rule_and_speaks_the_readers_language(client: Client) -> None:
    answer = await client.get("/garden/api/fail/cold")
    assert answer.status_code == 409
    assert answer.json() == {
        "type": "about:blank",
        "title": "This cannot be done now",
        "status": 409,
        "detail": "It is -4 degrees; nothing grows.",
        "rule": "TY-13",
        "errors": [{"field": "depth", "detail": "It is -4 degrees; nothing grows.", "rule": "TY-13"}],
    }
    danish = await client.get("/garden/api/fail/both", headers={"accept-language": "da-DK, en;q=0.5"})
    assert danish.headers["content-language"] == "da"
    assert danish.json()["title"] != "Something is missing or wrong"
    assert [each["field"] for each in danish.json()["errors"]] == ["depth", "name"]


@pytest.mark.parametrize(
    ("how", "status", "says"),
    [
        ("conflict", 412, "Somebody changed this meanwhile"),
        ("key", 422, "This Idempotency-Key was used for something else"),
        ("later", 503, "What was written is safe"),
        ("away", 503, "Nothing was done; try again soon"),
    ],
)
async def test_each_failure_has_its_status_and_a_sentence(client: Client, how: str, status: int, says: str) -> None:
    answer = await client.get(f"/garden/api/fail/{how}")
    assert answer.status_code == status
    assert says in answer.json()["detail"]
    assert ("Retry-After" in answer.headers) == (status == 503)


async def test_a_fault_of_ours_says_whom_to_tell_and_quotes_nothing(client: Client, logged: io.StringIO) -> None:
    answer = await client.get("/garden/api/fail/bug", headers={"Flode-Correlation": "c-42"})
    assert answer.status_code == 500
    assert "c-42" in answer.json()["detail"]
    assert "Alva" not in answer.text + logged.getvalue()
    assert '"error": "ValueError"' in logged.getvalue()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_nobody_is_told_to_sign_in_who_is(client: Client, as_: Headers) -> None:
    nobody = await client.post("/garden/api/seeds", json=SEED)
    assert (nobody.status_code, nobody.headers["WWW-Authenticate"]) == (401, "Bearer")
    technician = await client.post("/garden/api/seeds", json=SEED, headers=as_("technician"))
    assert (technician.status_code, technician.json()["rule"]) == (403, "IT-05")
    assert "Turn to the PM" in technician.json()["detail"]


async def test_a_position_that_is_none_is_refused(client: Client) -> None:
    assert (await client.get("/garden/api/beds")).json() == []
    answer = await client.get("/garden/api/beds?after=tomorrow")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "after")


async def test_a_body_over_the_limit_is_refused_whether_or_not_it_says_so(client: Client, as_: Headers) -> None:
    large = b'{"name": "' + b"x" * 1_100_000 + b'", "depth": 1}'
    headers = {**as_("pm"), "content-type": "application/json"}

    async def pieces() -> AsyncIterator[bytes]:
        yield large[:600_000]
        yield large[600_000:]

    said = await client.post("/garden/api/seeds", content=large, headers=headers)
    streamed = await client.post("/garden/api/seeds", content=pieces(), headers=headers)
    assert said.status_code == streamed.status_code == 413
    assert "1024 kB" in said.json()["detail"]


async def test_a_path_or_method_that_is_not_there_is_a_problem_too(client: Client) -> None:
    assert (await client.get("/garden/api/weeds")).json()["status"] == 404
    assert (await client.delete("/garden/api/seeds")).json()["status"] == 405


async def test_every_answer_has_a_correlation_and_is_not_kept(client: Client) -> None:
    answer = await client.get("/garden/api/beds", headers={"Flode-Correlation": "order 1; drop"})
    assert len(answer.headers["Flode-Correlation"]) == 32
    assert answer.headers["Cache-Control"] == "no-store"
    assert (await client.get("/garden/health")).json() == {"status": "ready"}
    assert (await client.get("/garden/metrics")).status_code == 200
