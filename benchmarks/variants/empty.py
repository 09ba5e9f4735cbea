"""An empty FastAPI application: the cost of the framework and the server."""

from typing import Final

from fastapi import FastAPI

app: Final = FastAPI()


@app.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "alive"}


@app.post("/estimate")
async def estimate() -> dict[str, str]:
    return {"status": "empty"}
