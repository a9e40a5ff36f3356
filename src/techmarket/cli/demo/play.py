"""`techmarket demo` and `techmarket run`: play the story on this machine's market, show what came of it, serve on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from techmarket.cli import serve as serving
from techmarket.cli import state
from techmarket.cli.demo import intake
from techmarket.cli.demo.http import Caller
from techmarket.cli.demo.report import Report, Stages, outcome
from techmarket.cli.demo.story import START, Story
from techmarket.cli.running import require_free_port
from techmarket.cli.verify import examine, verdict_of
from techmarket.identity import service as identity
from techmarket.samples import real_sets
from techmarket.settings import Settings
from techmarket.transparency.keyset import trusted_keys

STAGES = 18
BEGUN = "demo/keys-of-people.json"
PLAYED = "demo/report.json"


async def run_demo(
    settings: Settings, console: Console, *, data: Path | None, report: Path | None, stay: bool, rate: int = 1
) -> None:
    """Play the story once per state folder, print the outcome; with `stay`, go on serving until asked to stop.

    The story moves the clock itself; from its end on it runs at `rate`.
    """
    _require_sets(data)
    require_free_port(settings)
    _require_unbroken(settings.state_dir, stay=stay)
    async with state.open_market(settings, application="api", start_at=START) as market:
        if not market.staff():
            raise SystemExit(
                "techmarket: the keys of this market's staff are not under the state folder; "
                "the demonstration needs a market that was founded here."
            )
        async with serving.serving(market, settings) as server:
            shown = _played_before(market.state_dir / PLAYED) if stay else None
            if shown is not None:
                console.print("The story has been played here already; its outcome:")
            else:
                base = f"http://{settings.host}:{settings.port}"
                try:
                    shown = await play(base, market, console, data=data)
                except Exception:
                    # Ctrl-C stops the server first; what the story then runs into is no news.
                    if not server.should_exit:
                        raise
                    raise SystemExit("techmarket: the story was broken off.") from None
                _write(market.state_dir / PLAYED, shown)
            console.print(outcome(shown))
            if report is not None:
                _write(report, shown)
            await identity.run_clock_at(market.means.tx, rate)
            if stay:
                _say_what_to_open(console, settings, market)
                await serving.until_asked_to_stop(server)


def _require_sets(data: Path | None) -> None:
    """A wrong folder is told before anything is started."""
    if data is None:
        return
    try:
        real_sets.offers(data)
        real_sets.demands(data)
    except FileNotFoundError as error:
        raise SystemExit(f"techmarket: {error}") from error


def _require_unbroken(state_dir: Path, *, stay: bool) -> None:
    """The story needs a market in which it has not begun: it would find its own first half in the way."""
    if (state_dir / BEGUN).exists() and not (stay and (state_dir / PLAYED).exists()):
        how = "played" if (state_dir / PLAYED).exists() else "broken off"
        raise SystemExit(
            f"techmarket: the story was {how} here before. Remove {state_dir} to play it anew, give another folder by "
            "TECHMARKET_STATE_DIR, or serve this market as it is: techmarket serve"
        )


def _played_before(file: Path) -> Report | None:
    return Report.from_json(json.loads(file.read_text())) if file.exists() else None


def _write(file: Path, report: Report) -> None:
    state.write_private(file, json.dumps(report.as_json(), ensure_ascii=False, indent=2) + "\n")


async def play(base: str, market: state.OpenMarket, console: Console, *, data: Path | None) -> Report:
    """The whole way, stage by stage, through the API at `base`."""
    report = Report()
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(base_url=base, timeout=60, limits=limits, trust_env=False) as http:
        story = Story(http, market.staff(), market.means.keys.bank_secret, market.state_dir / "demo")
        stages = Stages(console, report, STAGES)
        with stages.progress:
            await _prepare(story, stages, report, data)
            await _trade(story, stages, report)
            await _settle(story, stages, report)
            await _share(story, stages, report)
            with stages.stage("verified: certificate, ledger, log"):
                await _verify(story, report)
    return report


async def _prepare(story: Story, stages: Stages, report: Report, data: Path | None) -> None:
    with stages.stage("organisations and people register"):
        await story.gather()
        story.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state.write_private(story.folder / "keys-of-people.json", json.dumps(story.keys_of_people(), indent=2))
    with stages.stage("offers imported and accepted"):
        offers = await _import(story, stages, report, "offers", intake.sample("offers"), "university", "sample")
        if data is not None:
            await _import(story, stages, report, "offers", real_sets.offers(data), "node", "real")
    with stages.stage("demands imported and accepted"):
        await _import(story, stages, report, "demands", intake.sample("demands"), "X", "sample")
        if data is not None:
            await _import(story, stages, report, "demands", real_sets.demands(data), "node", "real")
    with stages.stage("the achievement gets its completers"):
        await story.complete_achievement(offers)
    with stages.stage("found by an enterprise"):
        await story.find()


async def _import(
    story: Story, stages: Stages, report: Report, kind: str, rows: Iterable[dict[str, Any]], party: str, source: str
) -> dict[str, str]:
    listed = list(rows)
    with stages.counting(f"{source} {kind}", len(listed)) as bar:
        accepted, refused = await intake.bring_in(
            story.parties[party].by("officer"),
            story.market("operator"),
            listed,
            kind=kind,
            source=f"{source}-{kind}",
            advance=lambda count: stages.progress.advance(bar, count),
        )
    report.refused_rows += len(refused)
    report.refusals += refused
    if kind == "offers":
        report.imported_offers += len(accepted)
    else:
        report.imported_demands += len(accepted)
    return accepted


async def _trade(story: Story, stages: Stages, report: Report) -> None:
    with stages.stage("trade announced"):
        await story.announce()
    with stages.stage("share table signed by the inventors"):
        await story.sign_share_table()
    with stages.stage("participants qualified, deposits held"):
        await story.qualify()
    with stages.stage("bidding: three robots at once"):
        await story.open_bidding()
        await story.compete()
    with stages.stage("closed and awarded"):
        await story.close()
        report.awarded_price = story.award["price"]["amount"]


async def _settle(story: Story, stages: Stages, report: Report) -> None:
    with stages.stage("contract drawn and signed by both"):
        await story.contract_signed()
    with stages.stage("entry fee paid through escrow, released"):
        await story.pay_entry_fee()
    with stages.stage("contract registered"):
        await story.register_contract()
    with stages.stage("certified by two officers"):
        await story.certify()
        report.certificate_no = story.certificate["number"]
    with stages.stage("royalty reported and paid"):
        await story.report_royalty()


async def _share(story: Story, stages: Stages, report: Report) -> None:
    with stages.stage("income split, reward list published"):
        await story.split_income()
        report.net_income, report.reward = story.amounts_split()
    with stages.stage("rewards paid, statements ready"):
        report.statements = await story.pay_rewards()


async def _verify(story: Story, report: Report) -> None:
    verdict = verdict_of(story.folder / "certificate.json", story.folder / "keys.json")
    report.verification = verdict.answer
    published = json.loads((story.folder / "keys.json").read_text())
    statement = examine((story.folder / "statement-A.json").read_bytes(), trusted_keys(published))
    report.statement_verification = statement.answer
    finance = story.market("finance")
    report.ledger_balanced = bool((await finance.get("/v1/ledger/balance-check"))["is_balanced"])
    await story.until("everybody has been told", story.everybody_told)
    for who, caller in (
        ("officer", story.university.by("officer")),
        ("inventor A", story.university.people["A"].caller),
    ):
        report.work_waiting[who] = (await caller.get("/v1/work/counts"))["count"]
        report.notifications[who] = (await caller.get("/v1/notifications"))["unread"]
    report.journal_position = (await Caller(story.http).get("/v1/log/checkpoint"))["size"]


def _say_what_to_open(console: Console, settings: Settings, market: state.OpenMarket) -> None:
    base = f"http://{settings.host}:{settings.port}"
    console.print(f"\nServing on [bold]{base}[/] until Ctrl-C. Open:")
    console.print(f"  {base}/          the market's pages")
    console.print(f"  {base}/docs      every operation")
    console.print(f"  {base}/v1/trades  {base}/v1/log/checkpoint  {base}/metrics")
    folder = market.state_dir / "demo"
    console.print(f"  techmarket recompute {folder / 'statement-A.pdf'}   an inventor's statement, step by step")
    console.print(f"  {folder / 'conversion-report-2026.xlsx'}   the university's report of the year")
    console.print("Keys to try (kept 0600 under the state folder):")
    console.print(f"  {market.staff_file}: the market's staff; techmarket staff-keys operator prints one")
    console.print(f"  {market.state_dir / 'demo' / 'keys-of-people.json'}: the people of the story")
