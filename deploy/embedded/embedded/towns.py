"""Which municipalities there are now: the partnership's file knows those it began with, and governance those that have
joined since, in whom people must be given roles too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import structlog
from pydantic import ValidationError

from chassis.partnership import Municipality
from embedded.pages import Pages
from embedded.people import Person
from embedded.tokens import Signer

log = structlog.get_logger(__name__)

PATH = "/governance/settings/municipalities.json"
ANSWER_SECONDS = 2.0


class Towns:
    """Keeps the municipalities of `pages` as governance knows them. `url` is where Flöde is found."""

    def __init__(self, pages: Pages, signer: Signer, url: str) -> None:
        self._pages, self._signer, self._url = pages, signer, url

    async def look(self, caller: Person) -> None:
        """Ask as whoever looks. While governance does not answer, those known last are used."""
        try:
            found = {one["id"]: Municipality.model_validate(one) for one in await self._told(caller)}
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, ValidationError) as failure:
            log.warning("municipalities.not-known", failure=type(failure).__name__)
            return
        before = self._pages.partnership
        self._pages.partnership = before.model_copy(update={"municipalities": {**before.municipalities, **found}})

    async def _told(self, caller: Person) -> list[Mapping[str, Any]]:
        limit = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        headers = {"Authorization": f"Bearer {self._signer.for_session(caller)}"}
        async with (
            aiohttp.ClientSession(timeout=limit, headers=headers) as session,
            session.get(self._url + PATH, allow_redirects=False) as answer,
        ):
            answer.raise_for_status()
            told: list[Mapping[str, Any]] = await answer.json()
            return told
