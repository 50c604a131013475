"""What a person wrote is sealed, opened for those who read it, and gone when the key is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from chassis.testing import Databases
from chassis.vault import (
    CannotOpen,
    KeyStore,
    MemoryKeys,
    NoSuchDisposal,
    PostgresKeys,
    TwoPeopleNeeded,
    Vault,
    prepare_vault,
)
from chassis.vault.keys import Wrapped
from contracts.personal import is_personal
from contracts.values import Contact, Person

KEY, NEXT_KEY = bytes(range(32)), bytes(range(1, 33))
NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
ALVA = uuid4()


def as_client(admin_url: str) -> str:
    admin = urlsplit(admin_url)
    return urlunsplit(admin._replace(netloc=f"vault_client:s3cret@{admin.hostname}:{admin.port}"))


async def make_vault(admin_url: str) -> None:
    for _ in range(2):  # preparing again changes nothing
        await prepare_vault(admin_url, as_client(admin_url))


@pytest.fixture
def vault_database(databases: Databases) -> str:
    return databases.like("vault", make_vault)


@pytest.fixture
async def postgres_keys(vault_database: str) -> AsyncIterator[PostgresKeys]:
    store = PostgresKeys(await asyncpg.create_pool(as_client(vault_database), min_size=1, max_size=4))
    yield store
    await store.close()


@pytest.fixture(params=["memory", "postgres"])
def keys(request: pytest.FixtureRequest) -> KeyStore:
    if request.param == "memory":
        return MemoryKeys()
    store: PostgresKeys = request.getfixturevalue("postgres_keys")
    return store


@pytest.fixture
async def vault(keys: KeyStore) -> Vault:
    return await Vault(keys, KEY).start()


async def a_store(database: str, name: str) -> PostgresKeys:
    of_that_name = {"application_name": name}
    pool = await asyncpg.create_pool(as_client(database), min_size=1, max_size=2, server_settings=of_that_name)
    return PostgresKeys(pool)


async def soon(vault: Vault, sealed: str, text: str) -> bool:
    """Whether it opens to this within ten seconds. Whoever finds their connection cut asks once more."""
    for _ in range(200):
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            if await vault.open(sealed) == text:
                return True
        await asyncio.sleep(0.05)
    return False


async def erase(vault: Vault, person: UUID) -> None:
    disposal = await vault.propose_disposal(
        person, municipality="almby", reason="Kept long enough", proposed_by="pm/1", at=NOW
    )
    await vault.destroy(disposal, confirmed_by="auditor/2", at=NOW)


async def test_what_is_sealed_is_opened_again(vault: Vault) -> None:
    sealed = await vault.seal(ALVA, "Alva Lind, 070-1740600")
    assert is_personal(sealed)
    assert "Alva" not in sealed
    assert await vault.open(sealed) == "Alva Lind, 070-1740600"
    assert sealed != await vault.seal(ALVA, "Alva Lind, 070-1740600"), "equal texts would show that they are equal"


async def test_erasing_a_person_erases_nobody_else(vault: Vault) -> None:
    """P14."""
    hers, his = await vault.seal(ALVA, "Alva Lind"), await vault.seal(uuid4(), "Viggo Berg")
    await erase(vault, ALVA)
    assert await vault.open(hers) == "(erased)"
    assert await vault.open(hers, "sv") == "(raderad)"
    assert await vault.open(his) == "Viggo Berg"


async def test_a_person_erased_by_one_process_is_gone_from_all_at_once(keys: KeyStore) -> None:
    """P14: another process had opened the key, and remembers keys for an hour."""
    here, there = await Vault(keys, KEY).start(), await Vault(keys, KEY, ttl=3600).start()
    hers, his = await here.seal(ALVA, "Alva Lind"), await here.seal(uuid4(), "Viggo Berg")
    assert await there.open_all((hers, his)) == ("Alva Lind", "Viggo Berg")
    await asyncio.sleep(0.1)  # it has begun to listen; what it remembered until then it has forgotten
    assert await there.open_all((hers, his)) == ("Alva Lind", "Viggo Berg")
    await erase(here, ALVA)
    assert await soon(there, hers, "(erased)")
    assert await there.open(his) == "Viggo Berg"


async def test_a_vault_whose_listening_was_cut_hears_again_what_was_destroyed_meanwhile(
    vault_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P14"""
    monkeypatch.setattr("chassis.vault.keys.LISTENING_SECONDS", 0.2)
    first, second = await a_store(vault_database, "here"), await a_store(vault_database, "there")
    here, there = await Vault(first, KEY).start(), await Vault(second, KEY, ttl=3600).start()
    sealed = await here.seal(ALVA, "Alva Lind")
    admin = await asyncpg.connect(vault_database)
    await asyncio.sleep(0.3)
    assert await there.open(sealed) == "Alva Lind"
    await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'there'")
    await erase(here, ALVA)
    assert await soon(there, sealed, "(erased)")
    for each in (admin, here, there):
        await each.close()


async def test_an_answer_older_than_a_destruction_is_not_remembered() -> None:
    """P14: the key was read, then destroyed, and only then was the answer there."""
    keys = SlowKeys()
    here, there = await Vault(keys, KEY).start(), await Vault(keys, KEY, ttl=3600).start()
    sealed = await here.seal(ALVA, "Alva Lind")
    keys.slow.clear()
    opening = asyncio.create_task(there.open(sealed))
    await asyncio.sleep(0)
    await erase(here, ALVA)
    keys.slow.set()
    await opening
    assert await there.open(sealed) == "(erased)"


async def test_a_person_who_comes_back_is_sealed_anew_and_the_old_stays_erased(vault: Vault) -> None:
    old = await vault.seal(ALVA, "Alva Lind")
    await erase(vault, ALVA)
    new = await vault.seal(ALVA, "Alva Ek")
    assert await vault.open_all((old, new)) == ("(erased)", "Alva Ek")


async def test_nobody_erases_a_person_alone(vault: Vault) -> None:
    sealed = await vault.seal(ALVA, "Alva Lind")
    disposal = await vault.propose_disposal(ALVA, municipality="almby", reason="Asked", proposed_by="pm/1", at=NOW)
    with pytest.raises(TwoPeopleNeeded):
        await vault.destroy(disposal, confirmed_by="pm/1", at=NOW)
    assert await vault.open(sealed) == "Alva Lind"


async def test_a_disposal_is_confirmed_once_and_must_have_been_proposed(vault: Vault) -> None:
    disposal = await vault.propose_disposal(ALVA, municipality="almby", reason="Asked", proposed_by="pm/1", at=NOW)
    await vault.destroy(disposal, confirmed_by="pm/2", at=NOW)
    for unknown in (disposal, uuid4()):
        with pytest.raises(NoSuchDisposal):
            await vault.destroy(unknown, confirmed_by="pm/2", at=NOW)


async def test_a_pseudonym_is_the_same_in_every_process_and_differs_between_municipalities(keys: KeyStore) -> None:
    first, second = await Vault(keys, KEY).start(), await Vault(keys, KEY).start()
    alva = first.person_id("almby", "Alva.Lind@almby.example ")
    assert alva == second.person_id("almby", "alva.lind@almby.example")
    assert alva != first.person_id("birkelund", "alva.lind@almby.example")
    assert alva != (await Vault.in_memory()).person_id("almby", "alva.lind@almby.example")


async def test_the_wrapping_key_is_changed_without_changing_anybody(keys: KeyStore) -> None:
    before = await Vault(keys, KEY).start()
    sealed = [await before.seal(uuid4(), name) for name in ("Alva", "Viggo", "Ebba")]
    during = await Vault(keys, NEXT_KEY, previous=KEY).start()
    assert await during.open(sealed[0]) == "Alva"
    assert await during.rewrap() == 3
    assert await during.rewrap() == 0
    after = await Vault(keys, NEXT_KEY).start()
    assert await after.open_all(sealed) == ["Alva", "Viggo", "Ebba"]
    assert after.person_id("almby", "a@b.example") == before.person_id("almby", "a@b.example")
    with pytest.raises(CannotOpen):
        await Vault(keys, KEY).start()


async def test_a_token_of_one_person_does_not_open_as_another(vault: Vault) -> None:
    alva, viggo = await vault.seal(ALVA, "Alva Lind"), await vault.seal(uuid4(), "Viggo Berg")
    swapped = alva.replace(str(ALVA), viggo.split(":")[2])
    for wrong in (swapped, alva[:-4], f"{alva[:-2]}AA", (await vault.seal(ALVA, ""))[:-30]):
        with pytest.raises(CannotOpen):
            await vault.open(wrong)


async def test_a_token_of_somebody_unknown_is_an_error_and_not_an_erasure(vault: Vault) -> None:
    stranger = await (await Vault.in_memory()).seal(uuid4(), "Ebba")
    with pytest.raises(CannotOpen):
        await vault.open(stranger)


class Row(msgspec.Struct, frozen=True):
    who: str
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Nested:
    rows: list[Row]
    by_key: dict[str, str]
    contact: Contact
    other: object = None


async def test_a_value_of_any_shape_is_opened_to_its_depths() -> None:
    vault = await Vault.in_memory()
    name, email = await vault.seal(ALVA, "Alva Lind"), await vault.seal(ALVA, "alva@almby.example")
    person = Person(id=ALVA, name=name, email=email)
    value = Nested([Row(name, (person, person))], {"k": email, "n": "x"}, Contact(role="orderer", person=person))
    opened = await vault.open_all(value)
    assert opened.rows[0].who == opened.rows[0].people[1].name == opened.contact.person.name == "Alva Lind"
    assert opened.by_key == {"k": "alva@almby.example", "n": "x"}
    assert value.rows[0].who == name, "the value itself is left as it was"
    assert type(opened.contact.person) is Person


async def test_what_holds_nothing_sealed_is_returned_as_it_is() -> None:
    vault = await Vault.in_memory()
    value = {"a": [1, "two", None], "b": Row("x", ())}
    assert await vault.open_all(value) is value


class CountingKeys(MemoryKeys):
    asked = 0

    async def keys_of(self, people: Iterable[UUID]) -> dict[UUID, list[Wrapped | None]]:
        self.asked += 1
        return await super().keys_of(people)


class SlowKeys(MemoryKeys):
    """Reads at once and answers only when told."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = asyncio.Event()
        self.slow.set()

    async def keys_of(self, people: Iterable[UUID]) -> dict[UUID, list[Wrapped | None]]:
        found = await super().keys_of(people)
        await self.slow.wait()
        return found


async def test_many_tokens_are_opened_with_one_question() -> None:
    keys = CountingKeys()
    sealed = [await (await Vault(keys, KEY).start()).seal(uuid4(), str(number)) for number in range(50)]
    vault, keys.asked = await Vault(keys, KEY).start(), 0
    assert await vault.open_all([*sealed, *sealed]) == [str(number) for number in range(50)] * 2
    assert keys.asked == 1


async def test_the_vaults_client_reaches_no_table(postgres_keys: PostgresKeys, vault_database: str) -> None:
    vault = await Vault(postgres_keys, KEY).start()
    await vault.seal(ALVA, "Alva Lind")
    for query in (
        "SELECT * FROM vault.keys",
        "DELETE FROM vault.disposals",
        "UPDATE vault.pseudonyms SET single = true",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await postgres_keys._call(query)
    admin = await asyncpg.connect(vault_database)
    kept = await admin.fetch("SELECT t::text FROM vault.keys t UNION ALL SELECT t::text FROM vault.pseudonyms t")
    assert "Alva" not in str(kept)
    unforced = await admin.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'vault'::regnamespace AND relkind = 'r'"
        " AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    assert unforced == []
    await admin.close()
