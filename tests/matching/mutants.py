"""Take one guard of matching after the other out of the code and see that its tests notice: part of `make mutants`."""

from __future__ import annotations

import sys

from tests.trading.mutants import Mutant, main

INDEX, SERVICE, LEAKS, MEANING, FOLLOW, RERANK, BETWEEN = (
    f"test_{name}.py" for name in ("index", "service", "leaks", "meaning", "people_and_alerts", "reranking", "between")
)


def mutants(path: str, tests: tuple[str, ...], *pairs: tuple[str, str]) -> list[Mutant]:
    return [Mutant(path, guard, weakened, tests, room="matching") for guard, weakened in pairs]


MUTANTS = [
    *mutants(
        "ranking.py",
        (SERVICE, LEAKS),
        ("if actor.org_verified or actor.is_market else Space.PUBLIC", ""),
        ("if apart and len(at):", "if False:"),
        ("[*without, *(one.listing_id for one in granted)]", "[*without]"),
        ("look, asked = reading.among(look, asked, among)", "pass"),
        ("+ [(term, 0) for term in asked.unknown]", ""),
    ),
    *mutants(
        "grants.py",
        (SERVICE, LEAKS),
        (" AND g.tier <= r.tier ORDER", " ORDER"),
        ("if space is not Space.REGISTERED or actor.is_market or", "if"),
        ("if number in texts.numbers_of(view.terms)}", "}"),
    ),
    *mutants(
        "index/scoring.py",
        (INDEX, SERVICE),
        ('living = chosen(columns["alive"][at] != 0)', "living = np.arange(len(at))"),
        ('at = chosen((sums > 0) & (columns["alive"] != 0))', "at = chosen(sums > 0)"),
        ("if len(scores) and not scores.min():", "if False:"),
        ("            gave += sums.take(at)\n", ""),
        ("one.documents[: int(np.searchsorted(one.documents, columns.size))]", "one.documents"),
        ("if taken and total > most:", "if total > most:"),
        ("if taken and total > most:", "if False:"),
        ("key=lambda one: (one.df, one.term)", "key=lambda one: one.df"),
        ("among = chosen(keys >= least)", "among = chosen(keys > least)"),
        ("for other, mask in masks.items() if other != name", "for other, mask in masks.items()"),
        ("(highs == high) & (lows < low)", "(highs == high) & (lows <= low)"),
        ("np.where(price < 0, np.iinfo(np.int64).min, -price)", "-price"),
    ),
    *mutants(
        "index/columns.py",
        (INDEX,),
        ("if self._epochs.get(chunk, -1) > epoch:", "if False:"),
        ("        self._taking_part.clear()\n", ""),
    ),
    *mutants(
        "index/reading.py",
        (SERVICE, INDEX),
        ("if held.epoch < state.epoch:\n        await _fill", "if held.epoch < 0:\n        await _fill"),
        ("if held.epoch < state.epoch:\n        async with tx", "if held.epoch < 0:\n        async with tx"),
    ),
    *mutants(
        "index/writing.py",
        (INDEX, SERVICE, LEAKS),
        ("one.id not in held or held[one.id].digest != digests[one.id]", "True"),
        ("await repository.delete_documents(db, space, [row.id for row in leaving], changed=changed)", "pass"),
        ('        rows[n // CHUNK]["alive"][n % CHUNK] = 0', "        pass"),
        ("counts.subtract(phrase for row in leaving for phrase in row.phrases or ())", "pass"),
        ("more.subtract(blocks.forward_terms(row.forward).tolist())", "pass"),
        ("keep = _stay(alive, one.documents)", "keep = _stay(alive, one.documents) | True"),
        (" | (documents >= len(alive))", ""),
        ("if space not in spaces or spaces[space][0] != swept:", "if True:"),
        ("await repository.forget_terms(db, unused)", "pass"),
    ),
    *mutants(
        "service/following.py",
        (SERVICE, LEAKS),
        ("spaces[space].append(known[tier])", "spaces[space].append(known[Tier.DEAL])"),
        ("await set_aside.note(db, touched, failed)", "pass"),
        ("gone = [id for id in touched if id not in found or id in failed]", "gone = []"),
        ("                if is_cut:\n                    head = position\n", ""),
        ("if id not in found or id in failed]", "if id not in found]"),
        ("return await _turn(tx, reader, 1, left_out=trouble_of(error))", "raise"),
        ("return str(state)[:2] in REFUSED if state else isinstance(cause, ValueError)", "return False"),
        ("if known[tier] is not known[Tier(tier - 1)]:", "if False:"),
    ),
    *mutants(
        "service/rebuilding.py",
        (SERVICE, MEANING),
        ("if not is_alone:", "if False:"),
        ("await _bring_vectors(tx, other)", "pass"),
        ("await repository.move_cursor(db, READER, await repository.position_of(db, NEXT_READER))", "pass"),
        ("one.next_document and one.model != tokens.MODEL", "one.model != tokens.MODEL"),
        ('if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:', "if True:"),
    ),
    *mutants(
        "fitting.py",
        (SERVICE,),
        ('lambda held, at: held["org"][at] != own', 'lambda held, at: held["org"][at] >= 0'),
        ('tests["mode"] = lambda held, at: (held["modes"][at] == 0) |', 'tests["mode"] = lambda held, at:'),
        ("(other == NO_PRICE) | (other <= minor", "(other <= minor"),
        ("(other == 0) | (other >= level", "(other >= level"),
        ("if not is_strict:", "if is_strict:"),
        ("_fit(state is ListingState.PUBLISHED)", "Fit.MET"),
    ),
    *mutants(
        "candidates.py",
        (MEANING,),
        ('& (columns["alive"] != 0)', ""),
        ("        mask[list(apart)] = False\n", ""),
        ('bitorder="little"', 'bitorder="big"'),
        ("= pile.at[np.minimum(places, len(pile.at) - 1)] == some", "= False"),
        ("        mask[list(granted)] = True\n", ""),
        ("if number not in twins])]", "])]"),
        ("if not self.decides:", "if False:"),
    ),
    *mutants(
        "meaning/vectors.py",
        (MEANING, BETWEEN),
        (" OFFSET 0) AS one", ") AS one"),
        (" AND {takes_part} ORDER", " ORDER"),
        (
            "CASE WHEN document BETWEEN 0 AND {among.size - 1} THEN get_bit($2::bytea, document) = 1 ELSE false END",
            "get_bit($2::bytea, document) = 1",
        ),
        ("takes_part <= EXACT_MAX or ", ""),
        (
            " JOIN search_document d ON d.space = :space AND d.id = r.id AND d.document = r.document",
            " JOIN search_document d ON d.space = :space AND d.id = r.id",
        ),
    ),
    *mutants(
        "meaning/endpoint.py",
        (MEANING,),
        ("if not is_over or (self._failures >= FAILURES_BEFORE_REST and self._is_trying):", "if False:"),
        ("        rest.succeeded()\n", ""),
        ('if purpose == "query" or failure.trouble in (Trouble.SLOW, Trouble.DOWN):', "if True:"),
        ("if status not in (429, 500, 502, 503, 504):", "if False:"),
        ("return min(wanted, RETRY_AFTER_MAX_SECONDS)", "return wanted"),
    ),
    *mutants(
        "meaning/embedders.py",
        (MEANING,),
        ("if len(vector) != dim:", "if False:"),
        ("if not math.isfinite(length) or length < 1e-9:", "if length < 1e-9:"),
        ("if not math.isfinite(length) or length < 1e-9:", "if not math.isfinite(length):"),
        (
            'if purpose != "query":\n            return await self._inner',
            "if False:\n            return await self._inner",
        ),
    ),
    *mutants(
        "meaning/blending.py",
        (MEANING,),
        ("or query_scripts & scripts else OTHER_SCRIPT", "or True else OTHER_SCRIPT"),
        ("if self.deviation > 0 else 0.0", ""),
    ),
    *mutants(
        "service/embedding.py",
        (MEANING,),
        ("if one.name in progress and progress[one.name].is_ready]", "]"),
        ("if await vectors.lock_progress(db, embedder.name, embedder.dim, space) is None:", "if False:"),
        ("if failure.trouble in NOBODY_ANSWERS or not await _answers(embedder):", "if True:"),
        ("return Meaning(failure.trouble.value, embedder.name)", "raise"),
    ),
    *mutants(
        "service/answering.py",
        (FOLLOW,),
        ("(row.org_id == actor.org_id and _may_search(actor, row.document))", "_may_search(actor, row.document)"),
        (" and _may_search(actor, row.document)", ""),
        ("if kept >= KEPT_A_DAY and await answers.find_answer(db, answer.id) is None:", "if False:"),
        (" and await answers.find_answer(db, answer.id) is None", ""),
        ("if actor.org_id is None:", "if False:"),
        ("if (verdict is Verdict.NOT_RELEVANT) != (reason is not None):", "if False:"),
        ("require(actor, policy.GIVE_FEEDBACK, parties=[owner])", "pass"),
        ("is_active=model is not None and found.is_better", "is_active=model is not None"),
        ("if space is not Space.REGISTERED:", "if False:"),
        ('not result.get("granted", True) and ', ""),
        (' and not answer.document["inputs"].get("hides", True)', ""),
        (
            "opened -= {str(id) for id in (await listings.granted_to(db, actor, limit=GRANTS_MAX)).tiers}",
            "opened = set()",
        ),
        ("last.feedback_count == len(rows) and last.newest_at == newest", "False"),
    ),
    *mutants(
        "replaying.py",
        (RERANK, FOLLOW),
        ('if abs(words - result["words"]) > len(result["times"]):', "if False:"),
        ("if earlier < later]", "if False]"),
        ('if _score(inputs, result) != result["score"] or', "if"),
        ('or _key(inputs, result) != result["key"]', ""),
    ),
    *mutants(
        "service/alerting.py",
        (FOLLOW,),
        ("if one.org_id != search.org_id and newest", "if newest"),
        ("Tier.PUBLIC if one.listing_id in by_public else tier", "Tier.PUBLIC"),
        ("[id for id, one in orgs.items() if one.is_verified]", "list(orgs)"),
        (" and newest[one.listing_id] >= search.position", ""),
        ("tier = Tier.REGISTERED if orgs[search.org_id].is_verified else Tier.PUBLIC", "tier = Tier.REGISTERED"),
        ("if not any(hmac.compare_digest(one, token) for one in _tokens(keys, search_id)):", "if False:"),
        ("if row.person_id != actor.person_id or row.org_id != actor.org_id:", "if False:"),
        ("        await alerts.forget_untold(db, row.id)\n", ""),
        ("    await _one_at_a_time(db, actor.person)\n", "    pass\n"),
        ("if search.delivery == Delivery.IMMEDIATE else next_digest(now)", ""),
        ("entries = [entry for entry in entries if entry.position < end]", "pass"),
    ),
    *mutants(
        "service/blind.py",
        (FOLLOW,),
        ("return offer.whole.org_id != demand.whole.org_id and Fit.MISSED", "return Fit.MISSED"),
        ("shared >= SHARED_MIN and ", ""),
        ("if few < HIDDEN_MIN:", "if False:"),
        (" and shared >= SHARE_OF_LARGER_MIN * many", ""),
        ("stands = all(id in agreed and id in hidden for id in pair)", "stands = True"),
        ("_may_meet(*(hidden[id] for id in pair)) and ", ""),
        ("consent.at, consent.ended_at, consent.text_hash =", "consent.at, consent.ended_at, _ ="),
        ("await db.execute(forget)", "pass"),
        (".where(stands, is_there)", ".where(is_there)"),
        (
            "standing = select(BlindConsent.listing_id).where(BlindConsent.ended_at.is_(None))",
            "standing = select(BlindConsent.listing_id)",
        ),
        ("and (row.compared_at is None or now - row.compared_at >= COMPARED_EACH)", ""),
        ("            await db.execute(delete(BlindMatch).where(_of(listing_id)))\n", ""),
        ("require(actor, wanted, parties=[owner])", "pass"),
        ("if view.dossier is None]", "]"),
    ),
    *mutants(
        "service/people.py",
        (FOLLOW,),
        ("if not row.is_listed:", "if False:"),
        ("return np.isin(np.arange(held.size)[at], numbers)", "return np.ones(held.size, np.bool_)[at]"),
        ("require(actor, policy.FIND_PEOPLE)", "pass"),
    ),
    *mutants(
        "service/people.py",
        (MEANING,),
        ("open_ = await listings.terms_up_to(db, own, Tier.REGISTERED)", "open_ = own.terms"),
        ("    require_manner(after, manner)\n", ""),
    ),
    *mutants(
        "set_aside.py",
        (SERVICE,),
        ("over = [id for id in done if id not in failed]", "over: list[UUID] = []"),
    ),
]


if __name__ == "__main__":
    sys.exit(main(MUTANTS, sys.argv[1:]))
