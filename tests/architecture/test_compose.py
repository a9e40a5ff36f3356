"""The compose file is valid, starts nothing with a secret of its own, and gives the market every setting it has."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator, FormatChecker

from techmarket.cli.main import cli
from techmarket.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "api", "worker", "failover", "archive", "tend")


def schema() -> Draft201909Validator:
    path = Path(__file__).parent / "compose_schema" / "compose-spec.json"
    # The compose formats (ports, duration) are no standard formats; jsonschema passes over those that it does not know.
    return Draft201909Validator(json.loads(path.read_text()), format_checker=FormatChecker())


def test_the_compose_file_follows_the_specification() -> None:
    assert [f"{error.json_path}: {error.message}" for error in schema().iter_errors(COMPOSE)] == []


def test_the_schema_refuses_a_key_that_the_specification_does_not_know() -> None:
    broken = {**COMPOSE, "services": {**SERVICES, "api": {**SERVICES["api"], "helthcheck": {}}}}
    assert not schema().is_valid(broken)


def test_every_part_of_the_market_is_there() -> None:
    assert set(SERVICES) == {
        *("database", "standby", "synchronise", "failover", "archive"),
        *("objects", "bucket", "migrate", "tend", "api", "worker", "proxy"),
    }
    assert {SERVICES[name]["image"] for name in ("database", "standby", "synchronise")} == {"pgvector/pgvector:pg18"}


def test_no_commit_is_acknowledged_before_the_standby_has_it_and_nothing_is_served_before_that() -> None:
    assert "ALTER SYSTEM SET synchronous_standby_names = 'standby'" in SERVICES["synchronise"]["command"]
    assert SERVICES["synchronise"]["depends_on"] == {"standby": {"condition": "service_healthy"}}
    assert SERVICES["migrate"]["depends_on"]["synchronise"]["condition"] == "service_completed_successfully"
    script = (ROOT / "deploy" / "database" / "standby.sh").read_text()
    assert "--write-recovery-conf" in script
    assert "application_name=standby" in script


def test_primary_and_standby_run_with_the_same_settings_and_keep_their_data_apart() -> None:
    assert SERVICES["standby"]["command"] == SERVICES["database"]["command"]
    volumes = [SERVICES[name]["volumes"][0] for name in ("database", "standby")]
    assert volumes == ["database:/var/lib/postgresql", "standby:/var/lib/postgresql"]
    assert any(one.startswith("max_slot_wal_keep_size=") for one in SERVICES["database"]["command"])


def test_the_commands_of_the_compose_file_are_commands_of_the_market() -> None:
    known = {command.name or command.callback.__name__ for command in cli.registered_commands if command.callback}
    known |= {group.name for group in cli.registered_groups}
    assert {SERVICES[name]["command"][0] for name in OURS} - known == set()


@pytest.mark.parametrize("name", OURS)
def test_no_process_of_the_market_runs_privileged_or_writes_to_its_own_folder(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["init"] is True  # without one, killed children stay zombies


@pytest.mark.parametrize("name", ["database", "standby", "objects", "api", "proxy"])
def test_whatever_others_wait_for_says_when_it_is_ready(name: str) -> None:
    assert "test" in SERVICES[name]["healthcheck"]


@pytest.mark.parametrize("name", ["api", "worker"])
def test_the_market_serves_only_after_the_migrations(name: str) -> None:
    assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_only_the_proxy_is_reachable_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert "inside" not in SERVICES["proxy"]["networks"]


def test_the_api_can_be_scaled() -> None:
    for name in ("api", "worker"):
        assert "container_name" not in SERVICES[name]
        assert "volumes" not in SERVICES[name]


def test_only_what_looks_after_the_database_knows_its_owner() -> None:
    knowing = {name for name in OURS if SERVICES[name]["environment"]["TECHMARKET_OWNER_URL"]}
    assert knowing == {"migrate", "tend", "archive"}
    assert [name for name in knowing if "edge" in SERVICES[name]["networks"]] == []


def test_what_founds_the_market_keeps_its_staffs_keys_beyond_the_container() -> None:
    assert SERVICES["migrate"]["environment"]["TECHMARKET_STATE_DIR"] == "/state"
    assert SERVICES["migrate"]["volumes"] == ["state:/state"]
    assert SERVICES["api"]["environment"]["TECHMARKET_STATE_DIR"].startswith("/tmp/")


def test_no_secret_has_a_default() -> None:
    secret = re.compile(r"\$\{(\w*(?:KEY|SECRET|PASSWORD|PEPPER|DATABASE_URL|OWNER_URL)\w*)([^}]*)\}")
    # The one of a service that a market may do without is left empty, and an empty one is never used.
    found = {(name, rest) for name, rest in secret.findall(TEXT)} - {
        ("TECHMARKET_SIGN_PROVIDER_SECRET", ":-"),
        ("TECHMARKET_FORMER_PEPPER", ":-"),
    }
    found = {(name, rest[:2]) for name, rest in found}
    assert {rest for _, rest in found} == {":?"}
    assert {name for name, _ in found} == {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "POSTGRES_APP_PASSWORD",
        "POSTGRES_PASSWORD",
        "POSTGRES_REPLICATION_PASSWORD",
        "TECHMARKET_BANK_SECRET",
        "TECHMARKET_DATABASE_URL",
        "TECHMARKET_ISSUER_KEY",
        "TECHMARKET_LOG_KEY",
        "TECHMARKET_OWNER_URL",
        "TECHMARKET_PAPER_KEY",
        "TECHMARKET_PEPPER",
        "TECHMARKET_RECEIPTS_KEY",
    }


def test_the_example_environment_names_every_value_that_must_be_given() -> None:
    named = re.findall(r"^(\w+)=", (ROOT / "deploy" / "env.example").read_text(), re.MULTILINE)
    assert set(named) == set(re.findall(r"\$\{(\w+):\?", TEXT))


@pytest.mark.parametrize("name", OURS)
def test_every_setting_of_the_market_comes_from_the_environment(name: str) -> None:
    settings = {f"TECHMARKET_{field.upper()}" for field in Settings.model_fields}
    given = {key for key in SERVICES[name]["environment"] if key.startswith("TECHMARKET_")}
    assert given == settings


def test_the_image_is_built_from_the_hashed_lock_and_runs_as_an_ordinary_user() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert any("pip install --require-hashes -r requirements.lock" in line for line in lines)
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001"]


def test_the_proxy_lets_go_of_slow_clients() -> None:
    conf = (ROOT / "deploy" / "nginx.conf").read_text()
    for directive in ("client_header_timeout", "client_body_timeout", "send_timeout", "client_max_body_size"):
        assert re.search(rf"^\s*{directive} \d+[sm];", conf, re.MULTILINE), directive


def test_the_proxy_believes_about_addresses_whom_it_is_told_to_and_nobody_else() -> None:
    conf = (ROOT / "deploy" / "nginx.conf").read_text()
    believed = [line.strip() for line in conf.splitlines() if "real_ip" in line or "trusted" in line]
    assert believed == [
        "real_ip_header X-Forwarded-For;",
        "real_ip_recursive on;",
        "include /etc/nginx/trusted_proxies.conf;",
    ]
    assert "./deploy/trusted_proxies.conf:/etc/nginx/trusted_proxies.conf:ro" in SERVICES["proxy"]["volumes"]
    lines = (ROOT / "deploy" / "trusted_proxies.conf").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == []
