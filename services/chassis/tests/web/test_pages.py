"""What people see: their language, what is wrong beside the field, and nothing a script would be needed for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any, cast

import httpx
import pytest

from chassis.limits import Buckets, Limits
from chassis.settings import Issuer
from chassis.web.guard import security
from chassis.web.pages import templates_of

Client = httpx.AsyncClient
Headers = Callable[..., dict[str, str]]
Token = Callable[..., str]
ORIGIN = {"origin": "https://flode.example"}


class Reader(HTMLParser):
    """Collects the elements of a page and what encloses nothing it should not."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]

    def ids(self) -> list[str]:
        return [str(attrs["id"]) for _, attrs in self.elements if "id" in attrs]


async def test_a_page_is_in_the_readers_language_and_has_no_script_of_its_own(client: Client, as_: Headers) -> None:
    answer = await client.get("/garden/form", headers=as_("pm", language="sv"))
    page = Reader(answer.text)
    assert page.all("html") == [{"lang": "sv"}]
    (script,) = page.all("script")
    assert str(script["src"]).startswith("/garden/static/flode.js?v=")
    assert not [attrs for _, attrs in page.elements if "style" in attrs or any(name.startswith("on") for name in attrs)]
    assert "Ebba Strand" in answer.text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


async def test_a_name_leads_to_its_account_where_accounts_are_kept(client: Client, as_: Headers) -> None:
    """Elsewhere there is no such page: people sign in at an issuer of their own."""
    app = cast("Any", client._transport).app
    assert '<a href="/account">' not in (await client.get("/garden/form", headers=as_("pm"))).text
    here = app.state.here
    kept = Issuer(issuer=here.settings.public_url, audience="flode", jwks_file=here.settings.partnership)
    app.state.here = replace(here, settings=here.settings.model_copy(update={"issuers": (kept,)}))
    assert '<a href="/account">Ebba Strand</a>' in (await client.get("/garden/form", headers=as_("pm"))).text


def test_a_ticket_without_a_number_is_not_called_by_an_id_of_ours() -> None:
    shown = templates_of("chassis").from_string("{{ number | ticket }}")
    assert shown.render(number="INC-7701", language="en") == "INC-7701"
    assert shown.render(number="43e4b61e-df55-5ba2-ac89-5252f29f6cbe", language="en") == "without a number"


async def test_a_form_that_was_taken_is_confirmed(client: Client, as_: Headers) -> None:
    said = "Done. What you did is saved"
    assert said in (await client.get("/garden/form?after=garden:7@flode.request/3", headers=as_("pm"))).text
    assert said not in (await client.get("/garden/form", headers=as_("pm"))).text


async def test_every_field_has_a_label_and_every_id_is_one(client: Client) -> None:
    page = Reader((await client.get("/garden/form")).text)
    labelled = {attrs["for"] for attrs in page.all("label")}
    for tag in ("input", "select", "textarea"):
        for attrs in page.all(tag):
            assert attrs.get("type") == "hidden" or attrs["id"] in labelled, attrs
    assert len(page.ids()) == len(set(page.ids()))
    described = [each for _, attrs in page.elements for each in (attrs.get("aria-describedby") or "").split()]
    assert set(described) <= set(page.ids())
    assert {"caption", "legend", "main", "nav", "h1"} <= {tag for tag, _ in page.elements}


async def test_what_is_wrong_is_linked_from_the_top_and_stands_beside_its_field(client: Client) -> None:
    data = {"depth:number": "deep", "notes": "<b>mine</b>", "tools:list": ["rake"], "sun": "no", "version": "3"}
    answer = await client.post("/garden/form", data=data, headers=ORIGIN)
    page = Reader(answer.text)
    assert answer.status_code == 422
    assert {"href": "#f-name"} in page.all("a")
    (depth,) = [attrs for attrs in page.all("input") if attrs.get("name") == "depth:number"]
    assert (depth["value"], depth["aria-invalid"], depth["aria-describedby"]) == ("deep", "true", "f-depth-error")
    assert "&lt;b&gt;mine&lt;/b&gt;" in answer.text
    checked = [attrs["value"] for attrs in page.all("input") if "checked" in attrs]
    assert checked == ["no", "rake"]
    assert "Depth: " in answer.text[: answer.text.index("<h1>")], "the summary says which field it is of"
    assert answer.text.index("error-summary") < answer.text.index("<h1>")


async def test_a_refusal_and_a_doubt_of_the_domain_are_shown_on_the_form(client: Client) -> None:
    answer = await client.post("/garden/form", data={"name": "Beet", "depth:number": "1 200"}, headers=ORIGIN)
    assert answer.status_code == 409
    assert "It is -1 degrees; nothing grows." in answer.text
    assert "It is 9 degrees; nothing grows." in answer.text


async def test_a_form_that_is_right_leads_on(client: Client) -> None:
    data = {"name": "Beet", "depth:number": "2", "version": "3", "action": "sow"}
    answer = await client.post("/garden/form", data=data, headers=ORIGIN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/garden/Beet/3/sow")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", **ORIGIN},
        {"sec-fetch-site": "same-site", **ORIGIN},
        {"sec-fetch-site": "none"},
    ],
)
async def test_a_form_from_another_site_is_refused(client: Client, headers: dict[str, str]) -> None:
    answer = await client.post("/garden/form", data={"name": "Beet", "depth": "2"}, headers=headers)
    assert answer.status_code == 403
    assert "not sent from a page" in answer.text


async def test_a_session_cannot_be_used_by_another_sites_script(client: Client, token: Token) -> None:
    client.cookies.set("flode_session", token("pm"))
    seed = {"name": "Beet", "depth": 2}
    assert (await client.post("/garden/api/seeds", json=seed)).status_code == 403
    assert (
        await client.post("/garden/api/seeds", json=seed, headers={"sec-fetch-site": "same-origin"})
    ).status_code == 201


async def test_a_form_to_where_programs_go_needs_their_credentials_and_not_our_page(
    client: Client, token: Token
) -> None:
    """No cookie lets anybody in there, so there is nothing another site could use: what answers is the address."""
    answer = await client.post("/garden/api/seeds", data={"name": "Beet"}, headers={"origin": "https://evil.example"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert (await client.post("/garden/hooks/desk", data={"name": "Beet"})).status_code == 401
    client.cookies.set("flode_session", token("pm"))
    for path in ("/garden/api/seeds", "/garden/hooks/desk"):
        elsewhere = await client.post(path, data={"name": "Beet"}, headers={"origin": "https://evil.example"})
        assert elsewhere.status_code == 403, "with a session it is ours to protect"


async def test_who_is_not_signed_in_is_led_to_sign_in_and_back(client: Client, token: Token) -> None:
    answer = await client.get("/garden/private?rank=1&x=å")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fgarden%2Fprivate%3Frank%3D1%26x%3D%25C3%25A5"
    client.cookies.set("flode_session", token("pm"))
    assert (await client.get("/garden/private")).status_code == 200


async def test_a_problem_on_a_page_is_a_page(client: Client) -> None:
    answer = await client.get("/garden/fail/later")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["Retry-After"] == "1"
    assert 'href="/garden/fail/later"' in answer.text
    assert "Saved, and seen in a moment" in answer.text
    assert "could not be done" not in answer.text, "whoever reads that does it again"
    broken = await client.get("/garden/fail/bug")
    assert broken.status_code == 500
    assert "Alva" not in broken.text
    assert (await client.get("/garden/nowhere")).status_code == 404


async def test_the_menu_shows_what_somebody_can_use(client: Client, as_: Headers) -> None:
    async def menu(*roles: str) -> set[str]:
        return set(
            re.findall(r'<li><a href="(/[a-z]+/)"', (await client.get("/garden/form", headers=as_(*roles))).text)
        )

    assert await menu("pm") == {"/intake/", "/portfolio/", "/governance/", "/notifications/"}
    assert await menu("leader") == {"/portfolio/", "/governance/"}
    assert await menu("requester") == set()


async def test_the_language_is_the_readers_choice(client: Client, as_: Headers) -> None:
    chosen = await client.get("/garden/language/nb?next=/garden/form")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/garden/form")
    assert 'lang="nb"' in (await client.get("/garden/form", headers=as_("pm"))).text
    assert (await client.get("/garden/language/xx")).status_code == 404


@pytest.mark.parametrize("next_", ["https://evil.example", "//evil.example", "/\\evil.example", "/a\nb", ""])
async def test_a_choice_of_language_leads_nowhere_else(client: Client, next_: str) -> None:
    assert (await client.get("/garden/language/sv", params={"next": next_})).headers["location"] == "/"


async def test_static_files_may_be_kept(client: Client) -> None:
    sheet = await client.get("/garden/static/flode.css")
    assert sheet.headers["Cache-Control"] == "public, max-age=3600"
    assert sheet.headers["content-type"].startswith("text/css")


async def test_who_asks_without_end_is_told_when_to_come_again(client: Client, as_: Headers) -> None:
    app = client._transport.app  # type: ignore[attr-defined]  # the application of the test
    app.state.limits = Limits(pages=Buckets(1, 30.0))
    assert (await client.get("/garden/private", headers=as_("pm"))).status_code == 200
    answer = await client.get("/garden/private", headers=as_("pm", language="sv"))
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) in (29, 30)
    assert '<html lang="sv">' in answer.text
    assert (await client.get("/garden/api/beds", headers=as_("pm"))).status_code == 200, "programs are not pages"


@pytest.mark.parametrize("path", ["form", "nothing", "private", "static/flode.css", "fail/bug", "language/sv"])
async def test_every_answer_says_what_browsers_may_not_do_with_it(client: Client, path: str) -> None:
    answer = await client.get(f"/garden/{path}")
    said = {name: answer.headers.get(name) for name in security(secure=True)}
    assert said == security(secure=True), answer.status_code
    assert answer.headers["Cache-Control"] == ("public, max-age=3600" if "static" in path else "no-store")
