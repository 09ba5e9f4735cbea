"""Show in German what an answer says: ten lines, for strict types and without a check of any type."""

from german import GERMAN
from retrorun_client import Client
from retrorun_client.models import Estimate, EstimateRequest

bout = EstimateRequest(body_mass_kg=70, speed_m_s=2.5, duration_s=1200)
client = Client(base_url="http://127.0.0.1:8000").get_httpx_client()
answer = client.post("/estimate", json=bout.to_dict()).raise_for_status()
if summary := Estimate.from_dict(answer.json()).summary:
    for sentence in (summary.headline, summary.knee, summary.caution):
        if sentence:
            print(GERMAN.get(sentence.code, sentence.text).format(**sentence.params.to_dict()))
