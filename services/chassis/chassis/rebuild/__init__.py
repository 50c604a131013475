"""Rebuilding a view beside the live one, and asking what a view showed at another time. Both fold the log in memory."""

from chassis.rebuild.asof import as_of, history_of
from chassis.rebuild.build import drop_previous, rebuild, rollback
from chassis.rebuild.progress import Progress, Rebuilt
from chassis.rebuild.switch import NotEqual

__all__ = ["NotEqual", "Progress", "Rebuilt", "as_of", "drop_previous", "history_of", "rebuild", "rollback"]
