"""Flode-At: a caller says when it is. Only a demo's processes listen: they alone have a clock that can be told."""

from __future__ import annotations

from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.clock import ToldClock
from chassis.plain import MOMENT, Misfilled
from contracts.values import AwareDatetime

AT_HEADER = "Flode-At"
_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


class Told:
    """Sets the clock to what a request says, and says in the answer what the clock shows."""

    def __init__(self, app: ASGIApp, *, clock: ToldClock) -> None:
        self._app, self._clock = app, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request at the time it says."""
        said = Headers(scope=scope).get(AT_HEADER) if scope["type"] == "http" else None
        if said is not None:
            try:
                self._clock.tell(_MOMENT.validate_python(said))
            except ValidationError:
                raise Misfilled(MOMENT, AT_HEADER) from None

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[AT_HEADER] = self._clock.now().isoformat()
            await send(message)

        await self._app(scope, receive, answer)
