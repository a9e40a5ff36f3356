"""What partner markets, units and their programs do here."""

from techmarket.hub.service.following import list_changes
from techmarket.hub.service.importing import ROWS_MAX, get_import, import_rows
from techmarket.hub.service.opening import (
    get_foreign_record,
    get_record,
    import_package,
    list_releases,
    publisher,
    read_all,
)
from techmarket.hub.service.subscribing import (
    REPLAY_DAYS_MAX,
    add_webhook,
    change_webhook,
    enable_webhook,
    end_webhook,
    get_delivery,
    get_webhook,
    list_deliveries,
    list_webhooks,
    ping_webhook,
    replay_delivery,
    replay_span,
    rotate_secret,
)

__all__ = [
    "REPLAY_DAYS_MAX",
    "ROWS_MAX",
    "add_webhook",
    "change_webhook",
    "enable_webhook",
    "end_webhook",
    "get_delivery",
    "get_foreign_record",
    "get_import",
    "get_record",
    "get_webhook",
    "import_package",
    "import_rows",
    "list_changes",
    "list_deliveries",
    "list_releases",
    "list_webhooks",
    "ping_webhook",
    "publisher",
    "read_all",
    "replay_delivery",
    "replay_span",
    "rotate_secret",
]
