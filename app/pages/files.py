"""Serves the pages and their scripts and styles from memory, without an open file or a thread."""

from functools import cache
from mimetypes import guess_type
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from retrorun.app.observe.observer import methods_of

STATIC: Final = Path(__file__).parents[1] / "static"

router = APIRouter(include_in_schema=False)


@cache
def files() -> dict[str, tuple[bytes, str]]:
    """Return the content and media type of every file in the static folder, by its path."""
    found = (file for file in STATIC.rglob("*") if file.is_file())
    return {
        file.relative_to(STATIC).as_posix(): (file.read_bytes(), guess_type(file)[0] or "text/plain") for file in found
    }


@router.get("/static/{path:path}")
async def static(path: str) -> Response:
    """Serve a file of the static folder."""
    if path not in files():
        raise HTTPException(404)
    content, media_type = files()[path]
    return Response(content, media_type=media_type)


@router.get("/")
async def index() -> Response:
    """Serve the explorer."""
    return await static("index.html")


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Serve the page of the API, with the paths that need a key."""
    keys = request.app.state.keys
    locked = " ".join(path for path in methods_of(request.app.routes) if keys is not None and keys.needs_key(path))
    page, media_type = files()["docs/index.html"]
    return Response(page.replace(b'data-locked=""', f'data-locked="{locked}"'.encode()), media_type=media_type)
