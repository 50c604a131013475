"""Pages travel compressed to who is signed in; a page that a link alone opens does not, for it holds that link."""

from __future__ import annotations

from collections.abc import Callable

import httpx

Headers = Callable[..., dict[str, str]]


async def test_a_page_travels_compressed_to_who_is_signed_in(client: httpx.AsyncClient, as_: Headers) -> None:
    plain = await client.get("/garden/form", headers={**as_("pm"), "accept-encoding": "identity"})
    pressed = await client.get("/garden/form", headers={**as_("pm"), "accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert pressed.headers["content-encoding"] == "gzip"
    assert int(pressed.headers["content-length"]) < len(plain.content) / 2
    assert pressed.headers["vary"].lower() == "accept-encoding"
    assert pressed.text.count("<h1>") == plain.text.count("<h1>") == 1


async def test_who_is_not_signed_in_gets_only_static_files_compressed(client: httpx.AsyncClient) -> None:
    page = await client.get("/garden/form", headers={"accept-encoding": "gzip"})
    style = await client.get("/garden/static/flode.css", headers={"accept-encoding": "gzip"})
    assert len(page.content) > 1000
    assert "content-encoding" not in page.headers
    assert style.headers["content-encoding"] == "gzip"
