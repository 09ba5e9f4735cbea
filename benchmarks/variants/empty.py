"""An empty FastAPI application: what the framework and the server cost by themselves."""

from typing import Final

from fastapi import FastAPI

app: Final = FastAPI()


@app.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "alive"}


@app.post("/estimate")
async def estimate() -> dict[str, str]:
    return {"status": "empty"}
