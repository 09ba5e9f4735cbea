"""Serves the pages and their scripts and styles from memory, without an open file or a thread."""

from functools import cache
from mimetypes import guess_type
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

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
async def docs() -> Response:
    """Serve the page of the API."""
    return await static("docs/index.html")
