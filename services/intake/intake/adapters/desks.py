"""What a desk's settings must be so that its system can deliver, as far as the system's adapter knows."""

from __future__ import annotations

from chassis.partnership import Partnership
from intake.adapters import standard_webhooks
from intake.adapters.port import system_of


def fault_of_secret(kind: str, secret: str) -> str | None:
    """What is wrong with a secret of this kind of desk, with which every delivery would be refused, and what to do;
    None for nothing."""
    if kind == "standard-webhooks":
        return standard_webhooks.fault_of_secret(secret)
    system = system_of(kind)
    return system.secret(secret) if system else None


def faults(partnership: Partnership) -> list[str]:
    """A line for each secret with which every delivery would be refused: which desk, which field, and what to do."""
    told: list[str] = []
    for at, desk in enumerate(partnership.service_desks):
        for field, secret in (("secret", desk.secret), ("next_secret", desk.next_secret)):
            if secret is not None and (fault := fault_of_secret(desk.kind, secret)):
                told.append(f"service_desks.{at}.{field}, of {desk.id} ({desk.kind}): {fault}")
    return told
