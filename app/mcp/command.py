"""Run `retrorun mcp`: serve the tools on standard input and output, or over streamable HTTP."""

import sys
from argparse import Namespace
from contextlib import suppress
from typing import Any

import anyio
import uvicorn
from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from retrorun.app.contract.llms import introduction
from retrorun.app.contract.openapi import contract
from retrorun.app.main import create_app
from retrorun.app.mcp.http_service import LOOPBACK, http_service
from retrorun.app.mcp.tools import answer, operations_of
from retrorun.app.server.listener import address, listen
from retrorun.app.server.server import freeze_garbage_collector
from retrorun.app.settings import Settings
from retrorun.app.streams import say
from retrorun.models import __version__


def mcp_server() -> Server[Any]:
    """Return the server of the protocol, with one tool for each operation."""
    service = create_app()
    document = contract(service)
    operations = operations_of(document)
    listed = ListToolsResult(
        tools=[
            Tool(
                name=operation.name,
                title=operation.title,
                description=operation.description,
                input_schema=operation.input_schema,
                output_schema=operation.output_schema,
                annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
            )
            for operation in operations.values()
        ]
    )

    async def list_tools(_: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListToolsResult:
        return listed

    async def call_tool(_: ServerRequestContext[Any], call: CallToolRequestParams) -> CallToolResult:
        if call.name not in operations:
            raise MCPError(INVALID_PARAMS, f"Unknown tool. Tools: {', '.join(operations)}.")
        texts, content, is_problem = await answer(service, operations[call.name], call.arguments or {})
        return CallToolResult(
            content=[TextContent(text=text) for text in texts], structured_content=content, is_error=is_problem
        )

    return Server(
        "retrorun",
        version=__version__,
        title=document["info"]["title"],
        description=document["info"]["summary"],
        instructions="\n\n".join(introduction(document)),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def serve_stdio() -> None:
    """Serve one client on standard input and output, until it closes the input.

    Raises
    ------
    BrokenPipeError
        The client closed the output first.
    """
    if sys.stdin.isatty():
        say("RetroRun waits for messages of the Model Context Protocol on standard input. Ctrl-D ends it.")

    async def serve() -> None:
        server = mcp_server()
        async with stdio_server() as (received, sent):
            await server.run(received, sent, server.create_initialization_options())

    try:
        anyio.run(serve)
    except BaseExceptionGroup as found:
        if found.split(BrokenPipeError)[1] is None:
            sys.unraisablehook = ignore_broken_pipe
            raise BrokenPipeError from None
        raise


def ignore_broken_pipe(found: "sys.UnraisableHookArgs") -> None:
    """Report an error that cannot be raised, unless it is a broken pipe.

    The SDK's buffer still holds the bytes that nobody reads. Python 3.13 prints an error when it drops them.
    """
    if not isinstance(found.exc_value, BrokenPipeError):
        sys.__unraisablehook__(found)


def serve_http(chosen: Namespace) -> None:
    """Serve clients over streamable HTTP, until a signal stops the process.

    Raises
    ------
    CannotListen
        The address is in use, is not on this machine, or is not allowed.
    """
    settings = Settings(host=chosen.host, port=chosen.port)
    with listen(settings.host, settings.port) as listener:
        place = address(listener, settings)
        config = uvicorn.Config(
            http_service(mcp_server(), settings, chosen.allow_host),
            ws="none",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=settings.maximum_connections,
            timeout_graceful_shutdown=settings.shutdown_within_s,
        )
        if settings.host not in {name.strip("[]") for name in LOOPBACK}:
            say("retrorun: there are no keys here: everybody who reaches this address can use it.")
        say(f"RetroRun serves the Model Context Protocol on {place}/mcp")
        freeze_garbage_collector()
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
