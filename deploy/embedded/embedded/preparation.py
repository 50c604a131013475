"""What must be there before the first service starts: databases, roles, tables and topics.

Done here, in the supervisor, by the same functions that `flode prepare` and `flode topics` call: a process for each of
them would spend seconds on loading what is loaded here already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from chassis.prepare import prepare
from chassis.service import find_service
from chassis.settings import Settings
from chassis.topics import create_topics
from chassis.vault import prepare_vault


class Preparation:
    """Prepares for the installed services."""

    async def databases(self, environments: Mapping[str, Mapping[str, str]]) -> None:
        """Make the databases of these services ready, each by the settings in its environment, and the vault's."""
        settings = [Settings.from_env(service, environ) for service, environ in environments.items()]
        tables = {each.service: find_service(each.service).tables for each in settings}
        await prepare_vault(settings[0].admin_database or "", settings[0].vault_database)
        await asyncio.gather(
            *(
                prepare(each.admin_database or "", each.service, each.database, each.database_api, tables[each.service])
                for each in settings
            )
        )

    async def topics(self, bootstrap: str, *, replication: int) -> None:
        """Create the topics that are missing."""
        await create_topics(bootstrap, replication=replication)
