"""Every code of an error: what it means, how to fix it, and the parameters of its sentence.

`GET /problems/CODE` shows an entry. A strict request can also be refused with the code of a warning about energy; its
problem then has the type `outside_evidence`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple


class Error(NamedTuple):
    """One code: the status of its problem, its sentence with {parameters}, and how to fix it."""

    status: int
    text: str
    fix: str
    params: Mapping[str, tuple[str, str]] = MappingProxyType({})
    """The meaning of each parameter, and an example."""

    @property
    def example(self) -> str:
        """The sentence with the examples of its parameters."""
        return self.text.format(**{name: example for name, (_, example) in self.params.items()})


WRONG_FILE: Final = "Send the original GPX, TCX or FIT file of a recorded walk or run."
LATER: Final = "Send the request again after the seconds in Retry-After."

ERRORS: Final[dict[str, Error]] = {
    # The request is not HTTP, not JSON, or not for this service.
    "malformed": Error(400, "The request is not valid HTTP/1.1.", "Check what your client and its proxies send."),
    "invalid_json": Error(
        400,
        "The body is not valid JSON at line {line}, column {column}.",
        "Look at that place. Names and texts need double quotes, members need commas between them, and the last member "
        "has none after it. Send the text in UTF-8. A byte order mark is ignored.",
        {"line": ("Line, from 1.", "2"), "column": ("Column, in characters from 1.", "19")},
    ),
    "form": Error(
        400,
        "The body is malformed: send a form with the two parts file and request.",
        "Let your client make the form (multipart/form-data) and its boundary. Send no other part.",
    ),
    "table": Error(
        400, "The body is not a valid Arrow stream.", "Write the table with an Arrow library, in the stream format."
    ),
    "origin": Error(
        400,
        "Web pages of this origin may not send this request.",
        "The operator can allow the origin with the setting RETRORUN_CORS_ORIGINS.",
    ),
    "key": Error(
        401,
        "This service requires a key: send a valid one as X-API-Key.",
        "Ask the operator for a key. Send it once, in the header X-API-Key.",
    ),
    "unknown_path": Error(
        404,
        "Unknown path: see /docs.",
        "Check the path. It has no slash at its end. If it resembles a path of the service, the error names that one.",
    ),
    "path": Error(
        404, "Send the path without percent-encoding: no path here needs it.", "Write the path as /docs shows it."
    ),
    "method_not_allowed": Error(
        405,
        "Use {methods} for this path.",
        "Use one of the methods in the Allow header. Questions with a JSON body use POST.",
        {"methods": ("The methods of the path.", "POST")},
    ),
    "not_acceptable": Error(
        406,
        "Accept application/json. /docs shows which paths have other formats.",
        "Leave the Accept header out, or name a format that the path has.",
    ),
    "request_time": Error(
        408, "The request took too long to arrive: send it again.", "Send it on a faster connection, or send less."
    ),
    "other_models": Error(
        409,
        "The models of this service are {models}, not {asked_models}. GET /models without RetroRun-Models shows them.",
        "Send the hash of the service as RetroRun-Models, or omit that header.",
        {
            "models": ("Hash of the models of the service.", "0123456789ab"),
            "asked_models": ("Hash in your request.", "ba9876543210"),
        },
    ),
    "body_size": Error(
        413,
        "The body is larger than {body_limit} bytes. Send a smaller one.",
        "Split the request. POST /estimate/batch takes many bouts, POST /estimate/table any number.",
        {"body_limit": ("Largest body of the path [B].", "65536")},
    ),
    "media_type": Error(
        415,
        "Set the header Content-Type: application/json. Send JSON in UTF-8.",
        "Set the header Content-Type to application/json; curl -d sets another, so add -H. Files and tables have other "
        "types: see /docs.",
    ),
    "encoding": Error(
        415,
        "Send the body uncompressed, without Content-Encoding.",
        "Turn off the compression of requests in your client.",
    ),
    "header_size": Error(
        431, "The headers are too large: send fewer or shorter ones.", "Remove headers that this service does not need."
    ),
    "fault": Error(
        500,
        "Internal error, logged under the request ID of this answer. Try again.",
        "This is a fault of the service. Tell its operator the request_id.",
    ),
    "unknown_method": Error(
        501, "The method is unknown. Use GET, HEAD, POST or OPTIONS.", "Check the method that your client sends."
    ),
    "connections": Error(503, "Too many connections are open. Try again shortly.", LATER),
    "loop_lag": Error(503, "The service is overloaded. Try again shortly.", LATER),
    "uploads": Error(503, "Too many large bodies are being received. Try again shortly.", LATER),
    "answers": Error(503, "Too many long answers are being sent. Try again shortly.", LATER),
    "computing": Error(503, "Too many computations are running. Try again shortly.", LATER),
    "computing_time": Error(503, "The computation took too long. Request less, or try again.", "Split the request."),
    "reading": Error(503, "The client read the answer too slowly.", "Read the answer as it arrives."),
    "stopping": Error(503, "This instance is stopping. Try again: another one will answer.", LATER),
    "not_ready": Error(503, "The service is not ready: try again shortly.", LATER),
    "not_installed": Error(
        503,
        "This server cannot read this format: its operator can install it.",
        "Ask the operator to install retrorun[track] for watch files, or retrorun[bulk] for Arrow.",
    ),
    # The body is JSON, but not a request.
    "required": Error(
        422,
        "This field is required.",
        "Add it. Some inputs go together: two of speed_m_s, duration_s and distance_m; age_y with sex and height_m.",
    ),
    "unknown_field": Error(
        422,
        "Unknown field '{name}'. Did you mean {field}?",
        "Rename the field, and convert its value to the unit in the new name, or remove it.",
        {"name": ("The name that you sent, if it can be one.", "weight_kg"), "field": ("The field.", "body_mass_kg")},
    ),
    "not_a_number": Error(
        422,
        "Give a JSON number in {unit}, without quotes or unit.",
        "Write the number without quotes, with a decimal point and without a unit. Leave a field out if it is null.",
        {"unit": ("Unit of the input.", "m/s")},
    ),
    "not_an_integer": Error(422, "Give a whole number, without quotes.", "Write digits only."),
    "not_finite": Error(422, "Give a finite number.", "NaN and infinity are no JSON. Leave unknown values out."),
    "out_of_range": Error(
        422,
        "Give a number from {low} to {high} {unit}.",
        "Check the unit: it is in the name of the field. A grade of 5 % is 0.05. Values are never clamped.",
        {"low": ("Least value.", "0.2"), "high": ("Greatest value.", "8"), "unit": ("Unit of both.", "m/s")},
    ),
    "not_a_choice": Error(
        422,
        "Give one of: {choices}.",
        "Use one of these words, in small letters.",
        {"choices": ("The words.", "run, walk")},
    ),
    "not_a_string": Error(422, "Give a JSON string.", "Put the word in double quotes."),
    "not_a_boolean": Error(422, "Give true or false.", "Write true or false without quotes."),
    "not_a_list": Error(422, "Give a JSON array.", "Put the items in square brackets, also a single one."),
    "not_an_object": Error(422, "Give a JSON object.", "Put the fields in braces."),
    "too_short": Error(422, "Give at least {count} item.", "Add items.", {"count": ("Least number.", "1")}),
    "too_long": Error(422, "Give at most {count} items.", "Send fewer.", {"count": ("Greatest number.", "100")}),
    "not_unique": Error(422, "Give each item once.", "Remove the repeated item."),
    "invalid": Error(422, "This value is not valid.", "See the field in /docs."),
    # The request has no estimate.
    "no_estimate": Error(422, "This request has no estimate.", "Read the message of the error."),
    "conflicting_inputs": Error(
        422,
        "These inputs contradict each other, or the request does not use one.",
        "Remove one of them. The message names them.",
    ),
    "undefined": Error(422, "The equations have no answer for these inputs.", "Change the inputs that it names."),
    "unattainable": Error(
        422,
        "No bout meets this. Possible: {low} to {high} {unit}.",
        "Choose a target in this range. The error has low, high and, if you may send it, nearest.",
        {"low": ("Least value.", "120"), "high": ("Greatest value.", "480"), "unit": ("Unit of both.", "kcal")},
    ),
    "outside_evidence": Error(
        422,
        "With strict, an estimate outside the data of its equation is refused.",
        "Change the bout, or leave strict out to get the estimate with a warning.",
    ),
    "grade_undefined": Error(
        422,
        "{energy_model} is not defined on this grade.",
        "Use another energy_model, or leave it out.",
        {"energy_model": ("The equation.", "acsm")},
    ),
    "no_equal_speed": Error(
        422, "No backward speed has the same cost.", "Use a faster speed, or compare at equal speed."
    ),
    "not_above_rest": Error(
        422,
        "The estimate is too close to resting energy.",
        "Check body_mass_kg, height_m, age_y and speed_m_s.",
    ),
    "implausible_measurement": Error(
        422,
        "The measurement is more than three times or less than a third of the estimate.",
        "Check its units. Oxygen uptake and energy are gross, with rest included.",
    ),
    "no_speed": Error(422, "These loads were not studied at any common speed.", "Limit or choose fewer loads."),
    "indicator_unknown": Error(
        422,
        "{indicator} is unknown for this gait and grade.",
        "Choose another indicator or limit, gait or grade.",
        {"indicator": ("The load indicator.", "achilles_relative_load")},
    ),
    "unknown_load": Error(422, "This load is unknown in both directions.", "Choose another load, gait or grade."),
    # The file has no answer.
    "unreadable_file": Error(422, "The file is damaged or too large.", WRONG_FILE),
    "unknown_kind_of_file": Error(422, "The file is not GPX, TCX or FIT.", WRONG_FILE),
    "missing_file": Error(422, "The file of this activity is not in the archive.", "Send the complete export."),
    "several_recordings": Error(422, "The archive holds several recordings.", "Send one of them."),
    "planned": Error(422, "This was planned, not done.", "Send the recorded activity."),
    "no_track": Error(422, "The file has no recording: fewer than two usable points, or no times.", WRONG_FILE),
    "nothing_moves": Error(422, "Nothing moves in this recording.", WRONG_FILE),
    "mostly_unusable": Error(422, "More than half of the points cannot be used.", "Fix the file, or send another."),
    "not_on_foot": Error(
        422,
        "Most of the recording is too fast for its gait, too steep, or jumps.",
        "Send a walk or a run, or remove gait and energy_models.",
    ),
    "not_on_foot_sport": Error(
        422, "The file has no session on foot.", "To answer it as running and walking anyway, send sport as_foot."
    ),
    "number_not_understood": Error(422, "A number in the file cannot be read.", "Write numbers like 512.3."),
    "times_not_understood": Error(422, "A time in the file cannot be read.", "Write times like 2025-06-01T08:00:00Z."),
    "big_endian": Error(422, "Send the lowest byte of a number first (little-endian).", "Write the stream anew."),
    "compressed": Error(422, "Send record batches without compression.", "Turn off compression in the writer."),
}
"""Every code, in the order of the pages: the request, its fields, its estimate, its file."""

OF_STATUS: Final = {
    400: "malformed",
    401: "key",
    404: "unknown_path",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_time",
    409: "other_models",
    413: "body_size",
    415: "media_type",
    422: "invalid",
    431: "header_size",
    500: "fault",
    501: "unknown_method",
    503: "not_ready",
}
"""The code of a problem that names no other."""
