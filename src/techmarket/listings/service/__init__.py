"""What people do with listings: one module for each part of the way."""

from __future__ import annotations

from techmarket.listings.service.bulk import ACTIONS_MAX, act_on_many
from techmarket.listings.service.drafting import (
    ask_consents,
    create_draft,
    expire_due,
    renew,
    submit,
    update_draft,
    withdraw,
)
from techmarket.listings.service.reading import (
    get_listing,
    get_public_listing,
    list_listings,
    list_public_listings,
    list_versions,
    public_page_signs,
    public_signs,
)
from techmarket.listings.service.reviewing import (
    REVIEWS_MAX,
    accept,
    list_queue,
    list_reviews,
    publish,
    publish_due,
    return_,
    review_many,
)
from techmarket.listings.service.scenarios import (
    DEMANDS_MAX,
    close_list,
    create_list,
    get_list,
    list_lists,
    publish_list,
    update_list,
)

__all__ = [
    "ACTIONS_MAX",
    "DEMANDS_MAX",
    "REVIEWS_MAX",
    "accept",
    "act_on_many",
    "ask_consents",
    "close_list",
    "create_draft",
    "create_list",
    "expire_due",
    "get_list",
    "get_listing",
    "get_public_listing",
    "list_listings",
    "list_lists",
    "list_public_listings",
    "list_queue",
    "list_reviews",
    "list_versions",
    "public_page_signs",
    "public_signs",
    "publish",
    "publish_due",
    "publish_list",
    "renew",
    "return_",
    "review_many",
    "submit",
    "update_draft",
    "update_list",
    "withdraw",
]
