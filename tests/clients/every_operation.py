"""Send the requests on standard input, each by the generated Python client, and print what it has read of the answers.

`tests/house/test_clients.py` runs it, checks its types, and compares what it prints.
"""

import base64
import json
import sys
from collections.abc import Callable
from io import BytesIO
from typing import Any, Final, TypeAlias

from retrorun_client import Client
from retrorun_client.api.estimate import estimate, estimate_batch, estimate_table, plan, solve
from retrorun_client.api.evidence import evidence, messages, models, references, validation
from retrorun_client.api.plot import plot_energy, plot_energy_data, plot_load, plot_load_data
from retrorun_client.api.probes import livez, readyz
from retrorun_client.api.workout import workout, workout_track
from retrorun_client.models import (
    BatchRequest,
    EstimateRequest,
    PlanRequest,
    SolveRequest,
    TrackForm,
    TrackRequest,
    WorkoutRequest,
)
from retrorun_client.models.validation_indicator import check_validation_indicator
from retrorun_client.models.validation_model import check_validation_model
from retrorun_client.types import UNSET, File, Response

Job: TypeAlias = dict[str, Any]
"""A request: its name, which is sent as X-Request-ID, the operation, the address, and the body."""


def estimate_one(client: Client, job: Job) -> Response[Any]:
    body = EstimateRequest.from_dict(job["body"])
    return estimate.sync_detailed(client=client, body=body, x_request_id=job["name"])


def estimate_many(client: Client, job: Job) -> Response[Any]:
    body = BatchRequest.from_dict(job["body"])
    return estimate_batch.sync_detailed(client=client, body=body, x_request_id=job["name"])


def estimate_arrow(client: Client, job: Job) -> Response[Any]:
    body = File(payload=BytesIO(base64.b64decode(job["base64"])))
    fields = job["query"].get("fields", UNSET)
    return estimate_table.sync_detailed(client=client, body=body, fields=fields, x_request_id=job["name"])


def sum_up(client: Client, job: Job) -> Response[Any]:
    body = WorkoutRequest.from_dict(job["body"])
    return workout.sync_detailed(client=client, body=body, x_request_id=job["name"])


def sum_up_file(client: Client, job: Job) -> Response[Any]:
    file = File(payload=BytesIO(job["body"]["file"].encode()), file_name="recording")
    body = TrackForm(file=file, request=TrackRequest.from_dict(job["body"]["request"]))
    return workout_track.sync_detailed(client=client, body=body, x_request_id=job["name"])


def plan_one(client: Client, job: Job) -> Response[Any]:
    return plan.sync_detailed(client=client, body=PlanRequest.from_dict(job["body"]), x_request_id=job["name"])


def solve_one(client: Client, job: Job) -> Response[Any]:
    return solve.sync_detailed(client=client, body=SolveRequest.from_dict(job["body"]), x_request_id=job["name"])


def compare(client: Client, job: Job) -> Response[Any]:
    model = check_validation_model(job["query"].get("model", "all"))
    indicator = check_validation_indicator(job["query"].get("indicator", "all"))
    return validation.sync_detailed(client=client, model=model, indicator=indicator, x_request_id=job["name"])


def draw_energy(client: Client, job: Job) -> Response[Any]:
    grade = float(job["query"].get("grade", 0))
    return plot_energy.sync_detailed(client=client, grade=grade, x_request_id=job["name"])


def draw_load(client: Client, job: Job) -> Response[Any]:
    speed_m_s = float(job["query"]["speed_m_s"])
    return plot_load.sync_detailed(client=client, speed_m_s=speed_m_s, x_request_id=job["name"])


def list_energy(client: Client, job: Job) -> Response[Any]:
    grade = float(job["query"].get("grade", 0))
    return plot_energy_data.sync_detailed(client=client, grade=grade, x_request_id=job["name"])


def list_load(client: Client, job: Job) -> Response[Any]:
    grade = float(job["query"].get("grade", 0))
    return plot_load_data.sync_detailed(client=client, grade=grade, x_request_id=job["name"])


CALLS: Final[dict[str, Callable[[Client, Job], Response[Any]]]] = {
    "estimate": estimate_one,
    "estimate_batch": estimate_many,
    "estimate_table": estimate_arrow,
    "workout": sum_up,
    "workout_track": sum_up_file,
    "plan": plan_one,
    "solve": solve_one,
    "models": lambda client, job: models.sync_detailed(client=client, x_request_id=job["name"]),
    "references": lambda client, job: references.sync_detailed(client=client, x_request_id=job["name"]),
    "evidence": lambda client, job: evidence.sync_detailed(client=client, x_request_id=job["name"]),
    "messages": lambda client, job: messages.sync_detailed(client=client, x_request_id=job["name"]),
    "validation": compare,
    "plot_energy": draw_energy,
    "plot_load": draw_load,
    "plot_energy_data": list_energy,
    "plot_load_data": list_load,
    "livez": lambda client, job: livez.sync_detailed(client=client, x_request_id=job["name"]),
    "readyz": lambda client, job: readyz.sync_detailed(client=client, x_request_id=job["name"]),
}


def plain(parsed: Any) -> Any:
    """Return what the client has read as JSON has it."""
    if isinstance(parsed, list):
        return [plain(item) for item in parsed]
    if isinstance(parsed, File):
        return base64.b64encode(parsed.payload.read()).decode()
    return parsed.to_dict() if hasattr(parsed, "to_dict") else parsed


def main() -> None:
    answers = {}
    for job in json.load(sys.stdin):
        with Client(base_url=job["url"], headers=job["headers"]) as client:
            answer = CALLS[job["operation"]](client, job)
        answers[job["name"]] = {"status": answer.status_code, "body": plain(answer.parsed)}
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
