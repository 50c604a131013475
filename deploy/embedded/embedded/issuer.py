"""The issuer of an installation: the start page, signing in and out, and the people with their roles.

There is no default password. Until there is an account, a link printed at the start makes the first one; whoever is
operator then adds the others, and each gets a link of their own to choose a password.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from aiohttp import web

from chassis.i18n import N_
from chassis.identity import Role
from chassis.limits import Limits, TooOften
from chassis.partnership import Partnership
from embedded import forms
from embedded.attempts import Attempts, TooMany
from embedded.home import Home
from embedded.listed import listed
from embedded.pages import Pages, careful, choose_language, guarded, language_of, static, within
from embedded.people import AlreadyKnown, People, Person
from embedded.sessions import COOKIES, EXCHANGE, LONGEST, RENEW, Sessions, asked_by_hand, cookie_name, is_secure
from embedded.tokens import LIFETIME, Signer
from embedded.towns import Towns

NOT_TOGETHER = N_("The e-mail address and the password do not belong together.")
DONE = {
    "changed": N_("What was changed holds from now on, also where the person is signed in."),
    "signed-out": N_("The person is signed out everywhere, and their programs too."),
    "removed": N_("The person has no account any more, and is signed out everywhere."),
}
"""What is said on the page of all people after something was done, by the word in its address."""
Answer = Awaitable[web.StreamResponse]


class Issuer:
    """The routes of the issuer, on the people of one installation."""

    def __init__(self, home: Home, public_url: str, people: People | None = None) -> None:
        self.people = people or People(home.people)
        self.sessions = Sessions(self.people)
        self.signer = Signer(home, public_url)
        self.url = public_url
        self.pages = Pages(Partnership.read(home.partnership))
        self.towns: Towns | None = None
        self._attempts = Attempts()
        self._failing_links = Limits().failing_links
        self._cookie, self._secure = cookie_name(public_url), is_secure(public_url)

    def app(self) -> web.Application:
        """An application with these routes; more can be added to it."""
        app = web.Application(client_max_size=64 * 1024)
        for method, path, handler in (
            ("GET", "/", self.start),
            ("GET", "/account", self.account),
            ("GET", "/sign-in", self.sign_in_page),
            ("POST", "/sign-in", self.sign_in),
            ("POST", "/sign-out", self.sign_out),
            ("POST", "/sign-out/everywhere", self.sign_out_everywhere),
            ("GET", "/setup/{secret}", self.setup_page),
            ("POST", "/setup/{secret}", self.setup),
            ("GET", "/people", self.operator(self.everyone)),
            ("POST", "/people", self.operator(self.add)),
            ("GET", "/people/{id}", self.operator(self.person_page)),
            ("POST", "/people/{id}", self.operator(self.change)),
            ("POST", "/people/{id}/link", self.operator(self.new_link)),
            ("POST", "/people/{id}/sign-out", self.operator(self.end_sessions)),
            ("POST", "/people/{id}/remove", self.operator(self.remove)),
            ("POST", "/token", self.token),
            ("GET", "/start/static/{file}", static),
            ("GET", "/start/language/{language}", choose_language),
            ("GET", "/.well-known/jwks.json", self.keys),
            ("GET", "/.well-known/openid-configuration", self.configuration),
        ):
            app.router.add_route(method, path, careful(handler))
        app[EXCHANGE] = self.exchange
        app[RENEW] = self.renew
        app.on_response_prepare.append(guarded(secure=self._secure))
        return app

    def first_link(self) -> str | None:
        """The address that makes the first account; None when there is an account."""
        return f"{self.url}/setup/{self.people.link_for(None)}" if not self.people.everyone() else None

    # Whoever is signed in

    def caller(self, request: web.Request) -> Person | None:
        """Who asks, as they are now."""
        secret = request.cookies.get(self._cookie)
        return self.sessions.person(secret, used=asked_by_hand(request)) if secret else None

    def exchange(self, request: web.Request) -> str | None:
        """The token that the services know the caller by; None when nobody is signed in."""
        caller = self.caller(request)
        return self.signer.for_session(caller) if caller else None

    def renew(self, token: str) -> str | None:
        """A program's token as its owner is now: with other roles it says those, and nothing for who was removed, has
        chosen another password or was signed out everywhere since."""
        owner = self.signer.owner(token)
        if owner is None:
            return token  # another issuer's, or a sender's secret; whoever it is for judges it
        person = self.people.find(owner.id)
        return self.signer.for_session(person) if person and person.stamp == owner.stamp else None

    def operator(self, handler: Callable[[web.Request, Person], Answer]) -> Callable[[web.Request], Answer]:
        """A route for operators alone; others are sent to sign in, or told that this is not theirs."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            caller = self.caller(request)
            if caller is None:
                raise web.HTTPSeeOther(f"/sign-in?next={request.path}")
            if not caller.has(Role.OPERATOR):
                return self.pages.render(request, "not_yours.html", caller, status=HTTPStatus.FORBIDDEN)
            if self.towns is not None:
                await self.towns.look(caller)
            return await handler(request, caller)

        return guarded

    async def start(self, request: web.Request) -> web.StreamResponse:
        """What this is; whoever is signed in sees what waits for them instead."""
        if self.caller(request) is not None:
            raise web.HTTPSeeOther("/portfolio/home")
        return self.pages.render(request, "start.html", None)

    async def account(self, request: web.Request) -> web.StreamResponse:
        """One's own roles, and where one is signed in."""
        caller = self.caller(request)
        if caller is None:
            raise web.HTTPSeeOther("/sign-in?next=/account")
        browsers = self.sessions.count(caller.id)
        return self.pages.render(request, "account.html", caller, held=caller.roles, browsers=browsers)

    # Signing in and out

    async def sign_in_page(self, request: web.Request) -> web.StreamResponse:
        """The form; who is signed in goes on."""
        return self._sign_in_form(request, within(request.query.get("next")))

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """Set the session's cookie, or say that the two do not belong together, not which of them is wrong."""
        fields = await request.post()
        email, onward = str(fields.get("email", "")), within(str(fields.get("next", "")))
        try:
            person = await self._judge(email, str(fields.get("password", "")))
        except TooMany as wait:
            return self._sign_in_form(
                request, onward, email, status=HTTPStatus.TOO_MANY_REQUESTS, wait=int(wait.seconds) + 1
            )
        if person is None:
            return self._sign_in_form(
                request, onward, email, status=HTTPStatus.UNAUTHORIZED, wrong={"password": NOT_TOGETHER}
            )
        return self._welcome(request, person, onward)

    def _sign_in_form(
        self, request: web.Request, onward: str, email: str = "", wait: int = 0, **more: Any
    ) -> web.StreamResponse:
        answer = self.pages.render(request, "sign_in.html", None, onward=onward, email=email, wait=wait, **more)
        if wait:
            answer.headers["Retry-After"] = str(wait)
        return answer

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """End this browser's session."""
        self._end(request)
        return self._goodbye()

    async def sign_out_everywhere(self, request: web.Request) -> web.StreamResponse:
        """End all sessions of whoever asks, and what their programs may do."""
        caller = self.caller(request)
        if caller is not None:
            self.people.sign_out(caller.id)
        return self._goodbye()

    def _end(self, request: web.Request) -> None:
        for secret in (request.cookies.get(name) for name in COOKIES):
            if secret:
                self.sessions.end(secret)

    def _goodbye(self) -> web.StreamResponse:
        answer = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": "/"})
        answer.del_cookie(self._cookie, path="/", secure=self._secure, httponly=True, samesite="Lax")
        return answer

    def _welcome(self, request: web.Request, person: Person, onward: str) -> web.StreamResponse:
        self._end(request)  # an id that somebody may have placed in this browser before is worth nothing after
        answer = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": onward})
        answer.set_cookie(
            self._cookie,
            self.sessions.begin(person.id),
            max_age=int(LONGEST),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )
        return answer

    async def _judge(self, email: str, password: str) -> Person | None:
        key = email.strip().casefold()
        self._attempts.check(key)
        async with self._attempts.at_once:
            person = await asyncio.to_thread(self.people.signing_in, email, password[:200])
        if person is None:
            self._attempts.failed(key)
        else:
            self._attempts.succeeded(key)
        return person

    # By a link: the first account, or a password

    async def setup_page(self, request: web.Request) -> web.StreamResponse:
        """What the link is for."""
        return self._setup_form(request, forms.Form(values={"language": language_of(request)}))

    async def setup(self, request: web.Request) -> web.StreamResponse:
        """Make the first account, or set a password, and sign in."""
        secret, fields = request.match_info["secret"], await request.post()
        link = self.people.opened_by(secret)
        if link is None:
            return self._setup_form(request, forms.Form())
        form = forms.of_person(fields, self._municipalities) if link.person is None else forms.Form()
        password = forms.of_password(fields, form)
        if form.errors:
            return self._setup_form(request, form)
        async with self._attempts.at_once:
            if link.person is None:
                roles = {**form.roles, "*": (*form.roles.get("*", ()), Role.OPERATOR.value)}
                person = await asyncio.to_thread(
                    lambda: self.people.begin(secret, **form.values, roles=roles, password=password)
                )
            else:
                person = await asyncio.to_thread(self.people.choose_password, secret, password)
        return self._welcome(request, person, "/") if person else self._setup_form(request, forms.Form())

    def _setup_form(self, request: web.Request, form: forms.Form) -> web.StreamResponse:
        link = self.people.opened_by(request.match_info["secret"])
        if link is None:
            return self._no_link(request)
        return self.pages.render(request, "setup.html", None, wrong=form.errors, form=form, whom=link.person)

    def _no_link(self, request: web.Request) -> web.StreamResponse:
        try:
            self._failing_links.take(request.remote)
        except TooOften as often:
            wait = int(str(often.params["seconds"]))
            answer = self.pages.render(request, "link_ended.html", None, status=HTTPStatus.TOO_MANY_REQUESTS, wait=wait)
            answer.headers["Retry-After"] = str(wait)
            return answer
        return self.pages.render(request, "link_ended.html", None, status=HTTPStatus.GONE, wait=0)

    # People

    @property
    def _municipalities(self) -> list[str]:
        return sorted(self.pages.partnership.municipalities)

    async def everyone(self, request: web.Request, caller: Person) -> web.StreamResponse:
        """The people, and the form to add one."""
        form = forms.Form(values={"language": caller.language})
        return self._people_page(request, caller, form)

    def _people_page(self, request: web.Request, caller: Person, form: forms.Form, **more: Any) -> web.StreamResponse:
        found, waiting = listed(self.people.everyone(), request.query), self.people.refused()
        done = DONE.get(request.query.get("done", "")) if request.method == "GET" else None
        return self.pages.render(
            request,
            "people.html",
            caller,
            wrong=form.errors,
            form=form,
            found=found,
            waiting=waiting,
            done=done,
            **more,
        )

    async def add(self, request: web.Request, caller: Person) -> web.StreamResponse:
        """Add somebody and show the link to hand to them; it is shown this once."""
        form = forms.of_person(await request.post(), self._municipalities)
        if form.errors:
            return self._people_page(request, caller, form)
        try:
            person = self.people.add(**form.values, roles=form.roles, by=caller)
        except AlreadyKnown:
            form.errors["email"] = forms.SOMEBODY_HAS_IT
            return self._people_page(request, caller, form)
        return self._show_link(request, caller, person)

    async def person_page(self, request: web.Request, caller: Person) -> web.StreamResponse:
        """One person's roles."""
        person = self._person(request)
        form = forms.Form(values={"name": person.name, "language": person.language}, roles=dict(person.roles))
        return self._person_form(request, caller, person, form)

    def _person_form(
        self, request: web.Request, caller: Person, person: Person, form: forms.Form
    ) -> web.StreamResponse:
        return self.pages.render(request, "person.html", caller, wrong=form.errors, person=person, form=form)

    async def change(self, request: web.Request, caller: Person) -> web.StreamResponse:
        """Change somebody's name, language and roles; an operator cannot stop being one alone."""
        person = self._person(request)
        form = forms.of_person(await request.post(), self._municipalities, needs_email=False)
        if person.id == caller.id and not any(Role.OPERATOR.value in held for held in form.roles.values()):
            form.errors["roles"] = forms.STAY_OPERATOR
        if form.errors:
            return self._person_form(request, caller, person, form)
        self.people.change(
            person.id, name=form.values["name"], language=form.values["language"], roles=form.roles, by=caller
        )
        raise web.HTTPSeeOther("/people?done=changed")

    async def new_link(self, request: web.Request, caller: Person) -> web.StreamResponse:
        """A new link for somebody who lost theirs, or their password."""
        return self._show_link(request, caller, self._person(request))

    async def end_sessions(self, request: web.Request, caller: Person) -> web.StreamResponse:
        """Sign somebody out everywhere, and their programs, who lost a computer."""
        del caller
        person = self._person(request)
        self.people.sign_out(person.id)
        raise web.HTTPSeeOther("/people?done=signed-out")

    async def remove(self, request: web.Request, caller: Person) -> web.StreamResponse:
        """Forget somebody; nobody forgets themselves."""
        person = self._person(request)
        if person.id != caller.id:
            self.people.remove(person.id, by=caller)
        raise web.HTTPSeeOther("/people?done=removed")

    def _show_link(self, request: web.Request, caller: Person, person: Person) -> web.StreamResponse:
        link = f"{self.url}/setup/{self.people.link_for(person.id, by=caller)}"
        fresh = forms.Form(values={"language": caller.language})
        return self._people_page(request, caller, fresh, added=person, link=link)

    def _person(self, request: web.Request) -> Person:
        try:
            person = self.people.find(UUID(request.match_info["id"]))
        except ValueError:
            person = None
        if person is None:
            raise web.HTTPNotFound
        return person

    # For programs

    async def token(self, request: web.Request) -> web.StreamResponse:
        """A token for a script, by OAuth 2's words: grant_type password, or client_credentials with the same two."""
        fields = await request.post()
        match fields.get("grant_type"):
            case "password":
                email, password = fields.get("username"), fields.get("password")
            case "client_credentials":
                email, password = fields.get("client_id"), fields.get("client_secret")
            case _:
                return _json({"error": "unsupported_grant_type"}, HTTPStatus.BAD_REQUEST)
        try:
            person = await self._judge(str(email or ""), str(password or ""))
        except TooMany as wait:
            answer = _json({"error": "slow_down"}, HTTPStatus.TOO_MANY_REQUESTS)
            answer.headers["Retry-After"] = str(int(wait.seconds) + 1)
            return answer
        if person is None:
            return _json({"error": "invalid_grant"}, HTTPStatus.BAD_REQUEST)
        token = self.signer.token(person)
        return _json({"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME})

    async def keys(self, _: web.Request) -> web.StreamResponse:
        """The public keys."""
        return _json(self.signer.public_keys())

    async def configuration(self, _: web.Request) -> web.StreamResponse:
        """Where what is, as OpenID Connect Discovery has it."""
        return _json(
            {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/.well-known/jwks.json",
                "token_endpoint": f"{self.url}/token",
                "grant_types_supported": ["password", "client_credentials"],
                "id_token_signing_alg_values_supported": ["ES256"],
            }
        )


def _json(value: object, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    answer = web.Response(status=status, body=json.dumps(value).encode(), content_type="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer
