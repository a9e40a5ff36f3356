"""What people do at their workbench."""

from techmarket.workbench.service.inbox import (
    Mark,
    confirm_address,
    drop_address,
    get_address,
    get_preferences,
    list_notifications,
    mark_notifications,
    put_address,
    put_preferences,
    unsubscribe,
)
from techmarket.workbench.service.queueing import count_work, list_work

__all__ = [
    "Mark",
    "confirm_address",
    "count_work",
    "drop_address",
    "get_address",
    "get_preferences",
    "list_notifications",
    "list_work",
    "mark_notifications",
    "put_address",
    "put_preferences",
    "unsubscribe",
]
