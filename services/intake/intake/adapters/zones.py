"""Times that are told without a zone: which moment they mean, and how a moment is asked for in such a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def moment(told: datetime, zone: str) -> datetime:
    """The moment of a time, in the zone it was told in, or in `zone` where it was told without one. Of an hour that
    a clock goes through twice, the first."""
    return told if told.tzinfo else told.replace(tzinfo=ZoneInfo(zone))


def certain(told: datetime, zone: str) -> datetime | None:
    """The moment of a time; None in the hour that comes twice, in which nobody knows what came before what."""
    at = moment(told, zone)
    return None if told.tzinfo is None and _comes_twice(at) else at


def wall_time(at: datetime, zone: str) -> str:
    """What a clock in the zone shows, as systems ask for it: "2026-03-01 09:00:00". Of the hour that comes twice, the
    hour before it, so that nothing is missed that is asked for from then on."""
    local = at.astimezone(ZoneInfo(zone))
    shown = local.replace(tzinfo=None)
    return (shown - timedelta(hours=1) if _comes_twice(local) else shown).strftime("%Y-%m-%d %H:%M:%S")


def _comes_twice(local: datetime) -> bool:
    # In the hour that is left out in spring the offsets differ the other way round.
    first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    return first is not None and second is not None and first > second
