"""The tools over streamable HTTP, without sessions: each message is a POST, and its answer is JSON."""

from collections.abc import Sequence
from http import HTTPMethod, HTTPStatus
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.transport_security import RequestBodyLimitMiddleware, TransportSecuritySettings
from mcp.types import INVALID_REQUEST, ErrorData, JSONRPCError
from mcp.types.jsonrpc import jsonrpc_message_adapter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retrorun.app.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Names by which clients on this machine reach the server."""


def http_service(server: Server[Any], settings: Settings, names: Sequence[str]) -> ASGIApp:
    """Return the application of streamable HTTP, which refuses requests to unknown names.

    A page in a browser can reach this machine under a name of its own (DNS rebinding), so the names are checked.

    Parameters
    ----------
    server : Server
        The server of the protocol.
    settings : Settings
        The address, and the largest body.
    names : sequence of str
        Other names by which clients reach the server.

    Returns
    -------
    ASGI application
        The application. Its path is /mcp.
    """
    own = f"[{settings.host}]" if ":" in settings.host else settings.host
    hosts = [host for name in (*LOOPBACK, own, *names) for host in (name, f"{name}:*")]
    inner = server.streamable_http_app(
        json_response=True,
        stateless_http=True,
        max_request_body_size=settings.maximum_body_bytes,
        transport_security=TransportSecuritySettings(
            allowed_hosts=hosts,
            allowed_origins=[f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts],
        ),
    )
    return RequestBodyLimitMiddleware(only_messages(inner), settings.maximum_body_bytes)


def only_messages(inner: ASGIApp) -> ASGIApp:
    """Return an application that passes on messages of JSON-RPC, and refuses other requests.

    The SDK repeats a body that is not a message in its error. A GET would wait for messages that this server never
    sends.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await inner(scope, receive, send)
            return
        if scope["method"] != HTTPMethod.POST:
            await Response(status_code=HTTPStatus.METHOD_NOT_ALLOWED, headers={"allow": "POST"})(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        try:
            jsonrpc_message_adapter.validate_json(body, by_name=False)
        except ValidationError:
            await not_a_message()(scope, receive, send)
            return
        unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return unread.pop() if unread else await receive()

        await inner(scope, replay, send)

    return serve


def not_a_message() -> Response:
    """Return the refusal of a body that is not a message."""
    error = ErrorData(code=INVALID_REQUEST, message="Send one message of JSON-RPC 2.0 as JSON in UTF-8.")
    content = JSONRPCError(jsonrpc="2.0", id=None, error=error).model_dump_json(by_alias=True, exclude_unset=True)
    return Response(content, status_code=HTTPStatus.BAD_REQUEST, media_type="application/json")
