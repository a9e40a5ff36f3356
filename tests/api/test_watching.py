"""What watches over the market watches things that it tells: dashboard and alerts name no figure that is not there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml
from httpx import AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from techmarket.jobs import runner

ROOT = Path(__file__).parents[2]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "techmarket.json").read_text())
ALERTS: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
NAMED = re.compile(r"\b(?:techmarket|process)_\w+")
GIVEN_BY_PROMETHEUS = {"instance", "job", "le"}


def expressions() -> list[str]:
    drawn = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [*drawn, *(rule["expr"] for rule in RULES)]


async def test_every_figure_of_the_dashboard_and_of_the_alerts_is_told_by_the_metrics(client: AsyncClient) -> None:
    assert runner.FAILURES is not None
    families = text_string_to_metric_families((await client.get("/metrics")).text)
    told = {family.name for family in families}
    assert len(DASHBOARD["panels"]) >= 18
    wanted = {name for expression in expressions() for name in NAMED.findall(expression)}
    lacking = {name for name in wanted if re.sub(r"_(?:total|bucket|sum|count)$", "", name) not in told}
    assert lacking == set()


async def test_the_figures_say_how_the_database_stands(client: AsyncClient) -> None:
    lines = dict(
        line.rsplit(" ", 1) for line in (await client.get("/metrics")).text.splitlines() if not line.startswith("#")
    )
    assert lines["techmarket_database_up"] == "1.0"
    assert lines["techmarket_standbys_waited_for"] == "0.0"
    assert float(lines['techmarket_pool_connections{state="most"}']) >= 1
    await client.get("/v1/trades/0198c2a0-0000-7000-8000-000000000000")
    assert 'techmarket_refusals_total{code="' in (await client.get("/metrics")).text


def test_the_labels_by_which_figures_are_drawn_are_theirs() -> None:
    text = (ROOT / "src").rglob("*.py")
    labels = {name for path in text for name in re.findall(r'"(\w+)"', path.read_text()) if name.islower()}
    used = {
        label.strip()
        for expression in expressions()
        for group in re.findall(r"by \(([^)]*)\)", expression)
        for label in group.split(",")
    }
    assert used - GIVEN_BY_PROMETHEUS - labels == set()


def test_every_alert_says_what_is_the_matter_and_a_place_that_tells_what_to_do() -> None:
    page = (ROOT / "docs" / "running.md").read_text()
    anchors = {
        re.sub(r"[^\w-]", "", line[3:].lower().replace(" ", "-")) for line in page.splitlines() if line[:3] == "## "
    }
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "warn"), rule["alert"]
        assert rule["annotations"]["summary"], rule["alert"]
        place, _, anchor = rule["annotations"]["see"].partition("#")
        assert place == "docs/running.md"
        assert not anchor or anchor in anchors, rule["alert"]
