"""The doors through which a reader could learn something, each as one function: what he learns of every state.

A cell is the letters of the tiers whose words stand in the answer, in the order of the tiers; `+` where a thing itself
is found and has no tiers; nothing where there is nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from httpx import Response

from tests.client import Api
from tests.disclosure.matrix.world import NAMED, QUESTION, STATES, TIERS, WITHDRAWN, World, word

Cells = dict[str, str]
Door = Callable[[Api, World, str], Awaitable[Cells]]
LETTERS = (*TIERS, NAMED, WITHDRAWN, QUESTION)
DOORS: dict[str, Door] = {}
FOUND = "+"


def door(fn: Door) -> Door:
    DOORS[fn.__name__.strip("_").replace("_", "-")] = fn
    return fn


def letters_in(text: str, state: str) -> str:
    return "".join(letter for letter in LETTERS if word(letter, state) in text)


def letters_anywhere(text: str) -> list[str]:
    return [word(letter, state) for state in STATES for letter in letters_in(text, state)]


def everything(response: Response) -> str:
    return f"{response.url} {dict(response.headers)} {response.text}"


async def get(api: Api, world: World, reader: str, path: str, **params: Any) -> Response:
    answer = await api.get(path, key=world.key(reader), params=params)
    assert answer.status_code in (200, 401, 403, 404), answer.text
    if answer.status_code != 200:
        # Whatever a no says, it says nothing of what it keeps.
        assert letters_anywhere(everything(answer)) == []
    return answer


async def each(api: Api, world: World, reader: str, path: str, **params: Any) -> Cells:
    """One address for each state: the letters in its answer, or that there is one."""
    cells = {}
    for state, listing_id in world.listings.items():
        answer = await get(api, world, reader, path.format(listing_id), **params)
        found = letters_in(everything(answer), state) if answer.status_code == 200 else ""
        cells[state] = found or (FOUND if answer.status_code == 200 else "")
    return cells


async def each_outcome(api: Api, world: World, reader: str, path: str, **params: Any) -> Cells:
    """One address for each state, by how it answered: found, a key is asked for, or not for this reader."""
    cells = {}
    for state, listing_id in world.listings.items():
        answer = await get(api, world, reader, path.format(listing_id), **params)
        found = {200: FOUND, 401: "k", 403: "x", 404: ""}
        cells[state] = found[answer.status_code]
    return cells


async def pages(api: Api, world: World, reader: str, path: str, **params: Any) -> list[Any]:
    """All items of a list, one a page: a page that is empty though another follows tells of what is not shown."""
    items: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await get(api, world, reader, path, **params, **cursor)
        if answer.status_code != 200:
            return []
        page = answer.json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        assert len(page["items"]) == params["limit"], "a page is short though another follows"
        cursor = {"cursor": page["next_cursor"]}


def by_state(world: World, items: list[Any]) -> Cells:
    """What the items of one list show of each state."""
    shown = {item.get("listing", item)["id"]: str(item) for item in items}
    return {
        state: letters_in(shown[str(id)], state) or FOUND if str(id) in shown else ""
        for state, id in world.listings.items()
    }


def merged(found: dict[str, Cells]) -> Cells:
    """Which of several questions found each state."""
    return {state: "".join(letter for letter, cells in found.items() if cells[state]) for state in STATES}


@door
async def read(api: Api, world: World, reader: str) -> Cells:
    return await each(api, world, reader, "/v1/listings/{}")


@door
async def list_(api: Api, world: World, reader: str) -> Cells:
    return by_state(world, await pages(api, world, reader, "/v1/listings", limit=1))


@door
async def list_by_state(api: Api, world: World, reader: str) -> Cells:
    cells = {}
    for state in STATES:
        items = await pages(api, world, reader, "/v1/listings", state=state.upper(), limit=1)
        cells[state] = by_state(world, items)[state]
    return cells


@door
async def list_mine(api: Api, world: World, reader: str) -> Cells:
    return by_state(world, await pages(api, world, reader, "/v1/listings", mine="true", limit=10))


@door
async def browse(api: Api, world: World, reader: str) -> Cells:
    return by_state(world, await pages(api, world, reader, "/v1/search", limit=1))


@door
async def search(api: Api, world: World, reader: str) -> Cells:
    found = {}
    for letter in TIERS:
        items = await pages(api, world, reader, "/v1/search", q=word(letter), kind="DEMAND", limit=5)
        found[letter] = by_state(world, items)
    return merged(found)


@door
async def filters(api: Api, world: World, reader: str) -> Cells:
    """By a public field, by one that was raised to the registered, and by an amount that was raised to the signers."""
    asked = {"P": {"field": "03"}, "R": {"region": "3301"}, "N": {"price_max": "7654321.00"}}
    found = {}
    for letter, filters in asked.items():
        found[letter] = by_state(
            world, await pages(api, world, reader, "/v1/search", kind="DEMAND", limit=5, **filters)
        )
    return merged(found)


@door
async def counts(api: Api, world: World, reader: str) -> Cells:
    """How many a search says it found, by the word of each tier; and in how many regions it says they lie."""
    cells = {}
    for letter in TIERS:
        asked = {"q": word(letter), "kind": "DEMAND", "limit": 1, "facets": "true"}
        said = (await get(api, world, reader, "/v1/search", **asked)).json()
        # What is asked for is a demand; how many offers there would be, the facet of kinds tells.
        counted = {name: sum(values.values()) for name, values in said["facets"].items() if name != "kind"}
        assert max(counted.values(), default=0) <= said["total"], "a facet counts more than was found"
        cells[letter] = str(said["total"])
        if letter == "P":
            cells["region"] = str(counted.get("region", 0))
    return cells


@door
async def suggestions(api: Api, world: World, reader: str) -> Cells:
    """How titles go on from what was typed."""
    said = ""
    for start in ("sample demand", "zq"):
        said += everything(await get(api, world, reader, "/v1/search/suggestions", q=start)).lower()
    return {state: letters_in(said, state) for state in STATES}


@door
async def found_by_match(api: Api, world: World, reader: str) -> Cells:
    """Among the matches of an offer that says every word: by which words."""
    items = await pages(api, world, reader, f"/v1/listings/{world.offer}/matches", limit=5)
    terms = {item["listing"]["id"]: [one["term"] for one in item["terms"]] for item in items}
    return {
        state: "".join(letter for letter in TIERS if word(letter) in terms.get(str(id), ()))
        for state, id in world.listings.items()
    }


@door
async def matches_of(api: Api, world: World, reader: str) -> Cells:
    return await each(api, world, reader, "/v1/listings/{}/matches")


@door
async def match_feedback(api: Api, world: World, reader: str) -> Cells:
    return await each_outcome(api, world, reader, "/v1/listings/{}/match-feedback")


@door
async def blind_matching(api: Api, world: World, reader: str) -> Cells:
    return await each_outcome(api, world, reader, "/v1/listings/{}/blind-matching")


@door
async def matching_people(api: Api, world: World, reader: str) -> Cells:
    return await each_outcome(api, world, reader, "/v1/listings/{}/people")


@door
async def page(api: Api, world: World, reader: str) -> Cells:
    """The page of a listing, for people."""
    return await each(api, world, reader, "/listings/{}")


@door
async def home(api: Api, world: World, reader: str) -> Cells:
    """The first page for people: the newest demands, and what a search for each word finds."""
    said = everything(await get(api, world, reader, "/", kind="DEMAND"))
    for letter in TIERS:
        # The words that were asked for stand in the answer; those of a state stand there only where it was found.
        said += everything(await get(api, world, reader, "/", kind="DEMAND", q=word(letter)))
    return {state: letters_in(said, state) for state in STATES}


@door
async def scenario_list(api: Api, world: World, reader: str) -> Cells:
    answer = await get(api, world, reader, f"/v1/scenario-lists/{world.scenario}")
    return by_state(world, answer.json()["demands"])


@door
async def versions(api: Api, world: World, reader: str) -> Cells:
    return await each(api, world, reader, "/v1/listings/{}/versions")


@door
async def reviews(api: Api, world: World, reader: str) -> Cells:
    return await each(api, world, reader, "/v1/listings/{}/reviews")


@door
async def review_queue(api: Api, world: World, reader: str) -> Cells:
    return by_state(world, await pages(api, world, reader, "/v1/listing-reviews", limit=5))


@door
async def room(api: Api, world: World, reader: str) -> Cells:
    return await each(api, world, reader, "/v1/data-rooms/listing/{}/documents", limit=100)


@door
async def file(api: Api, world: World, reader: str) -> Cells:
    cells = dict.fromkeys(STATES, "")
    for (state, letter), document_id in world.documents.items():
        answer = await get(api, world, reader, f"/v1/documents/{document_id}/content")
        if answer.status_code == 200:
            assert answer.text == f"Sample text {word(letter, state)}"
            cells[state] += letter
    return cells


@door
async def questions(api: Api, world: World, reader: str) -> Cells:
    cells = {}
    for state, listing_id in world.listings.items():
        answer = await get(api, world, reader, "/v1/questions", subject=f"listing:{listing_id}", limit=100)
        cells[state] = letters_in(everything(answer), state)
    return cells


@door
async def known_questions(api: Api, world: World, reader: str) -> Cells:
    """Whatever the list says of a question, it says that there is one."""
    cells = {}
    for state, listing_id in world.listings.items():
        answer = await get(api, world, reader, "/v1/questions", subject=f"listing:{listing_id}", limit=100)
        listed = {one["id"] for one in answer.json().get("items", ())}
        known = (letter for letter in (*TIERS, QUESTION) if str(world.questions[state, letter]) in listed)
        cells[state] = "".join(known)
    return cells


@door
async def agreement(api: Api, world: World, reader: str) -> Cells:
    return await each(api, world, reader, "/v1/data-rooms/listing/{}/nda")


@door
async def request(api: Api, world: World, reader: str) -> Cells:
    """The signer's, by its address and in the lists of both sides."""
    cells = {}
    listed = set()
    for side in ("OWNER", "ASKER"):
        answer = await get(api, world, reader, "/v1/access-requests", side=side, limit=100)
        listed |= {one["id"] for one in answer.json().get("items", ())}
    for state, request_id in world.requests.items():
        answer = await get(api, world, reader, f"/v1/access-requests/{request_id}")
        assert (answer.status_code == 200) is (str(request_id) in listed)
        cells[state] = FOUND if answer.status_code == 200 else ""
    return cells


@door
async def grants(api: Api, world: World, reader: str) -> Cells:
    return await each(api, world, reader, "/v1/data-rooms/listing/{}/grants")


@door
async def access_log(api: Api, world: World, reader: str) -> Cells:
    """Of the room, and of one document: never the one without the other."""
    cells = await each(api, world, reader, "/v1/data-rooms/listing/{}/accesses")
    for state in STATES:
        answer = await get(api, world, reader, f"/v1/documents/{world.documents[state, 'P']}/reads")
        assert (answer.status_code == 200) is bool(cells[state])
        cells[state] = FOUND if cells[state] else ""
    return cells


@door
async def access_export(api: Api, world: World, reader: str) -> Cells:
    """The same log as one file."""
    return await each_outcome(api, world, reader, "/v1/data-rooms/listing/{}/accesses/export", form="csv")


@door
async def evidence(api: Api, world: World, reader: str) -> Cells:
    """Packages are drawn for a tenth of a second each: two states stand for the others where there is one to be had."""
    cells = {}
    for state in ("draft", "withdrawn"):
        answer = await get(api, world, reader, f"/v1/listings/{world.listings[state]}/evidence")
        cells[state] = FOUND if answer.status_code == 200 else ""
    return cells


@door
async def feed(api: Api, world: World, reader: str) -> Cells:
    """The change feed, forwards and backwards: whether a listing is there by the last that was told of it, or gone."""
    cells: Cells = {}
    for order in ("forwards", "backwards"):
        items: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            answer = (await get(api, world, reader, "/v1/changes", order=order, limit=100, **cursor)).json()
            items += answer["items"]
            if answer["is_at_end"]:
                break
            cursor = {"cursor": answer["next_cursor"]}
        told = sorted(items, key=lambda item: int(item["id"].replace("-", ""), 16))
        assert [item["id"] for item in items] == [item["id"] for item in told][:: 1 if order == "forwards" else -1]
        found = dict.fromkeys(STATES, "")
        for state, id in world.listings.items():
            types = [
                one["type"] for one in told if f"listing:{id}" in one["refs"] and one["type"].startswith("listing")
            ]
            found[state] = "" if not types else "g" if types[-1] == "listing.removed" else FOUND
        assert letters_anywhere(str(items)) == []
        assert cells in ({}, found)
        cells = found
    return cells


# --- acts: what a no tells ------------------------------------------------------------------------------------------

LATER = "2026-06-01T00:00:00Z"
DEMAND = {"kind": "DEMAND", "terms": {"title_en": "Sample", "problem_en": "Sample"}}
OUTCOMES = {(401, "identity.sign_in_needed"): "k", (404, "not_found"): "", (403, "not_allowed"): "x"}
"""`k`: a key is asked for whatever there is; nothing: as if it were not there; `x`: there, and not for this reader."""
INSIDERS = frozenset({"owner", "owner's member", "operator", "certifier"})
"""Who stands inside is told apart by permissions (docs/permissions.md), not by what he may know."""


async def act(api: Api, world: World, reader: str, method: str, path: str, **more: Any) -> str:
    answer = await api.call(method, path, key=world.key(reader), **more)
    assert letters_anywhere(everything(answer)) == []
    return OUTCOMES.get((answer.status_code, answer.json()["code"]), f"{answer.status_code} {answer.json()['code']}")


async def outcomes(api: Api, world: World, reader: str, acts: Callable[[str], list[tuple[str, str, Any]]]) -> Cells:
    """One cell a state: what all acts have in common, or each way in which they differ."""
    if reader in INSIDERS:
        return dict.fromkeys(STATES, "")
    cells = {}
    for state in STATES:
        found = [await act(api, world, reader, method, path, **more) for method, path, more in acts(state)]
        cells[state] = found[0] if len(set(found)) == 1 else str(found)
    return cells


@door
async def acts_on_listing(api: Api, world: World, reader: str) -> Cells:
    def acts(state: str) -> list[tuple[str, str, Any]]:
        at = f"/v1/listings/{world.listings[state]}"
        return [
            ("PUT", f"{at}/terms", {"json": DEMAND, "headers": {"If-Match": '"a"'}}),
            ("POST", f"{at}/submission", {}),
            ("POST", f"{at}/withdrawal", {}),
            ("POST", f"{at}/publication", {}),
            ("POST", f"{at}/renewal", {"json": {"expires_on": "2026-06-01"}}),
            ("POST", f"{at}/acceptance", {"json": {"sha256": "0" * 64}}),
            ("POST", f"{at}/return", {"json": {"reason": "Sample reason", "sha256": "0" * 64}}),
        ]

    return await outcomes(api, world, reader, acts)


@door
async def acts_in_room(api: Api, world: World, reader: str) -> Cells:
    guest = world.readers["registered"]
    assert guest is not None
    grant = {"organisation_id": str(guest.actor.org), "tier": "REGISTERED", "until": LATER}
    text = {"title": "Sample", "body": "Sample", "valid_days": 1}
    plain = {"content": b"Sample", "headers": {"Content-Type": "text/plain"}, "params": {"name": "a.txt"}}

    def acts(state: str) -> list[tuple[str, str, Any]]:
        at = f"/v1/data-rooms/listing/{world.listings[state]}"
        return [
            ("PUT", f"{at}/folders/general", {"json": {"tier": "PUBLIC"}}),
            ("POST", f"{at}/grants", {"json": grant}),
            ("POST", f"{at}/nda-texts", {"json": text}),
            ("POST", f"{at}/documents", plain),
        ]

    return await outcomes(api, world, reader, acts)


@door
async def acts_on_document(api: Api, world: World, reader: str) -> Cells:
    """On the one of the deal, which hardly anybody knows."""
    guest = world.readers["registered"]
    assert guest is not None

    def acts(state: str) -> list[tuple[str, str, Any]]:
        at = f"/v1/documents/{world.documents[state, 'D']}"
        return [
            ("POST", f"{at}/withdrawal", {"json": {"reason": "Sample reason"}}),
            ("POST", f"{at}/grants", {"json": {"organisation_id": str(guest.actor.org), "until": LATER}}),
        ]

    return await outcomes(api, world, reader, acts)


@door
async def acts_on_grant(api: Api, world: World, reader: str) -> Cells:
    """On the one that opens the document by name."""

    def acts(state: str) -> list[tuple[str, str, Any]]:
        return [("POST", f"/v1/grants/{world.grants[state]}/revocation", {})]

    return await outcomes(api, world, reader, acts)


@door
async def acts_on_agreement(api: Api, world: World, reader: str) -> Cells:
    def acts(state: str) -> list[tuple[str, str, Any]]:
        at = f"/v1/ndas/{world.agreements[state]}"
        why = {"json": {"reason": "Sample reason"}}
        return [("POST", f"{at}/revocation", why), ("POST", f"{at}/refusal", why)]

    return await outcomes(api, world, reader, acts)


@door
async def acts_on_request(api: Api, world: World, reader: str) -> Cells:
    """On the signer's request for the document by name."""

    def acts(state: str) -> list[tuple[str, str, Any]]:
        at = f"/v1/access-requests/{world.requests[state]}"
        return [
            ("POST", f"{at}/grant", {"json": {"until": LATER}}),
            ("POST", f"{at}/refusal", {"json": {"reason": "Sample reason"}}),
        ]

    return await outcomes(api, world, reader, acts)


@door
async def answering(api: Api, world: World, reader: str) -> Cells:
    def acts(state: str) -> list[tuple[str, str, Any]]:
        return [("POST", f"/v1/questions/{world.questions[state, QUESTION]}/answer", {"json": {"text": "Sample"}})]

    return await outcomes(api, world, reader, acts)


@door
async def acts_on_many(api: Api, world: World, reader: str) -> Cells:
    """Each of a pile is answered by itself."""
    if reader in INSIDERS:
        return dict.fromkeys(STATES, "")
    ids = {str(id): state for state, id in world.listings.items()}
    body = {"action": "WITHDRAW", "listing_ids": list(ids)}
    answer = await api.post("/v1/listing-actions", key=world.key(reader), json=body)
    assert letters_anywhere(everything(answer)) == []
    if answer.status_code != 200:
        return dict.fromkeys(STATES, OUTCOMES[answer.status_code, answer.json()["code"]])
    found = {"not_found": "", "not_allowed": "x"}
    return {ids[one["listing_id"]]: found.get(one["code"], str(one)) for one in answer.json()["outcomes"]}


@door
async def elsewhere(api: Api, world: World, reader: str) -> Cells:
    """What everyone may read: the log, trades, notices; and one's own agreements and account."""
    seen = ""
    for path in (
        "/v1/log/leaves",
        "/v1/log/checkpoints",
        "/v1/trades",
        "/v1/notices",
        "/v1/me",
    ):
        seen += everything(await get(api, world, reader, path))
    seen += everything(await get(api, world, reader, "/v1/ndas", side="RECEIVER"))
    return {state: letters_in(seen, state) for state in STATES}
