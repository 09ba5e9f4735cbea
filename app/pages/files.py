"""The pages and what they load, kept in memory: serving one needs no open file and no thread."""

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
    """Return every file below the folder with its media type, by its path there."""
    found = (file for file in STATIC.rglob("*") if file.is_file())
    return {
        file.relative_to(STATIC).as_posix(): (file.read_bytes(), guess_type(file)[0] or "text/plain") for file in found
    }


@router.get("/static/{path:path}")
async def static(path: str) -> Response:
    """Serve a file."""
    if path not in files():
        raise HTTPException(404)
    content, media_type = files()[path]
    return Response(content, media_type=media_type)


@router.get("/")
async def index() -> Response:
    """Serve the first page."""
    return await static("index.html")


@router.get("/docs")
async def docs() -> Response:
    """Serve the page of the contract."""
    return await static("docs/index.html")
