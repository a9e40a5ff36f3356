"""Tokens for programs: OAuth 2 client credentials (RFC 6749 section 4.4) and the metadata of RFC 8414.

The token endpoint speaks its own standard: a form comes in, and a no is the JSON of RFC 6749 section 5.2. A program
proves itself by HTTP Basic alone: a secret in an address or a form ends up in logs.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from techmarket.api.deps import means_of, spend_openly
from techmarket.api.limits import BodyRule
from techmarket.api.observe import NamedRoute
from techmarket.identity import service
from techmarket.identity.actor import Scope

TOKEN_PATH = "/oauth/token"  # noqa: S105
METADATA_PATH = "/.well-known/oauth-authorization-server"
FORM = "application/x-www-form-urlencoded"
GRANT = "client_credentials"
BODIES = (BodyRule(TOKEN_PATH, bytes_max=8 * 1024, media=(FORM,)),)
_FIELDS_MAX = 32
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_SAID = {
    "invalid_request": "The form is malformed, or a field stands in it twice.",
    "invalid_client": "Unknown client, or not its secret; authenticate with HTTP Basic.",
    "unauthorized_client": "The organisation of this client is suspended.",
    "unsupported_grant_type": "Only client_credentials is given here.",
    "invalid_scope": "Wider than the client's own scopes, or not a scope.",
    "invalid_target": "Tokens are for this market only.",
}


async def _give_token(request: Request) -> Response:
    await spend_openly(request)
    form = _form_of(await request.body())
    if form is None or "grant_type" not in form:
        return _no("invalid_request")
    client = _client_of(request)
    if client is None:
        return _no("invalid_client")
    if form["grant_type"] != GRANT:
        return _no("unsupported_grant_type")
    means = means_of(request)
    if form.get("resource", means.public_url) != means.public_url:
        return _no("invalid_target")
    scopes = form["scope"].split(" ") if "scope" in form else None
    said = await service.give_token(
        means.tx, means.keys, issuer=means.public_url, client_id=client[0], secret=client[1], scopes=scopes
    )
    if isinstance(said, str):
        return _no(said)
    body = {
        "access_token": said.access_token,
        "token_type": "Bearer",
        "expires_in": said.seconds,
        "scope": " ".join(said.scopes),
    }
    return JSONResponse(body, headers=_NO_STORE)


async def _metadata(request: Request) -> Response:
    issuer = means_of(request).public_url
    body = {
        "issuer": issuer,
        "token_endpoint": issuer + TOKEN_PATH,
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "grant_types_supported": [GRANT],
        "response_types_supported": [],
        "scopes_supported": sorted(Scope),
        "service_documentation": issuer + "/docs",
    }
    return JSONResponse(body, headers={"Cache-Control": "public, max-age=300"})


def _form_of(body: bytes) -> dict[str, str] | None:
    """The fields of a form, none of them twice; one without a value counts as left out (RFC 6749 section 3.2)."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS_MAX, errors="strict")
    except ValueError:
        return None
    form = dict(pairs)
    if len(form) != len(pairs) or any("\x00" in value for value in form.values()):
        return None
    return {name: value for name, value in form.items() if value}


def _client_of(request: Request) -> tuple[UUID | None, str] | None:
    """The client and its secret from HTTP Basic. An id that is no UUID is one that nobody has."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
        secret = unquote_plus(secret, errors="strict")
        name = unquote_plus(name, errors="strict")
    except (binascii.Error, ValueError):
        return None
    if not colon:
        return None
    try:
        return UUID(name), secret
    except ValueError:
        return None, secret


def _no(error: str) -> Response:
    headers = dict(_NO_STORE)
    if error == "invalid_client":
        headers["WWW-Authenticate"] = 'Basic realm="techmarket", charset="UTF-8"'
    body = {"error": error, "error_description": _SAID[error]}
    return JSONResponse(body, status_code=401 if error == "invalid_client" else 400, headers=headers)


def routes() -> list[Route]:
    return [
        NamedRoute(TOKEN_PATH, _give_token, methods=["POST"]),
        NamedRoute(METADATA_PATH, _metadata, methods=["GET"]),
    ]


SECURITY_SCHEME: dict[str, Any] = {
    "type": "oauth2",
    "description": "Client credentials (RFC 6749 section 4.4): register a client, then change its secret for a "
    "short-lived token by HTTP Basic at the token endpoint. Send the token as `Authorization: Bearer`.",
    "flows": {
        "clientCredentials": {
            "tokenUrl": TOKEN_PATH,
            "scopes": {
                Scope.READ: "read what the client's organisation may see",
                Scope.WRITE: "change what its roles may change",
                Scope.BID: "place bids",
            },
        }
    },
}
