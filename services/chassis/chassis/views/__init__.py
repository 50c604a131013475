"""Views: one file each in a service, folded from the log, droppable and replayable at any time."""

from chassis.views.onward import NoMark, Stretch
from chassis.views.read import NotYet, Page
from chassis.views.row import Row
from chassis.views.view import View, fold_batch

__all__ = ["NoMark", "NotYet", "Page", "Row", "Stretch", "View", "fold_batch"]
