"""What a desk's settings must be so that its system can deliver and be asked, as far as the system's adapter knows."""

from __future__ import annotations

from collections.abc import Iterator

from chassis.i18n import N_
from chassis.partnership import Partnership, ServiceDesk
from intake.adapters import standard_webhooks
from intake.adapters.port import system_of, systems

OTHERS = {
    "standard-webhooks": N_("Any other, signed as Standard Webhooks"),
    "bearer": N_("Any other, as CloudEvents"),
}
"""What has no system behind it: a way of delivering that any can use."""


def fault_of_secret(kind: str, secret: str) -> str | None:
    """What is wrong with a secret of this kind of desk, with which every delivery would be refused, and what to do;
    None for nothing."""
    if kind == "standard-webhooks":
        return standard_webhooks.fault_of_secret(secret)
    system = system_of(kind)
    return system.secret(secret) if system else None


def faults(partnership: Partnership) -> list[str]:
    """A line for each setting that no system would understand, or with which every delivery would be refused: which
    desk, which field, and what to do."""
    return [
        f"service_desks.{at}.{field}, of {desk.id} ({desk.kind}): {fault}"
        for at, desk in enumerate(partnership.service_desks)
        for field, fault in _faults_of(desk)
    ]


def _faults_of(desk: ServiceDesk) -> Iterator[tuple[str, str]]:
    system = system_of(desk.kind)
    if system is None and desk.kind not in OTHERS:
        yield "kind", f"there is no adapter for it; there are {', '.join([*systems(), *OTHERS])}"
        return
    for field, secret in (("secret", desk.secret), ("next_secret", desk.next_secret)):
        if secret is not None and (fault := fault_of_secret(desk.kind, secret)):
            yield field, fault
    options = {each.name: each for each in system.options} if system else {}
    for name, text in desk.api.options.items() if desk.api else ():
        option = options.get(name)
        if option is None:
            yield f"api.options.{name}", f"there is no such option; {_there_are(list(options))}"
        elif refused := option.unknown(text, name):
            yield f"api.options.{name}", f"it is one of {', '.join(option.choices)}" if option.choices else str(refused)


def _there_are(names: list[str]) -> str:
    return f"there are {', '.join(names)}" if names else "leave it out, for this kind has none"
