"""What deploys the service is valid, hardened, and agrees with the service it deploys."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import kubernetes_validate  # type: ignore[import-untyped]  # ships no types
import pytest
import yaml
from prometheus_client import generate_latest

from retrorun.app.cli.check.report import text as check_text
from retrorun.app.cli.check.service import PINS, WITHIN_S, Checked
from retrorun.app.cli.main import main
from retrorun.app.contract.examples import pairs
from retrorun.app.contract.golden import TOLERANCE
from retrorun.app.contract.openapi import contract
from retrorun.app.http.limits import ALWAYS_SERVED, REFUSALS
from retrorun.app.main import create_app
from retrorun.app.observe.metrics import Metrics
from retrorun.app.observe.shared import RESTARTS
from retrorun.app.settings import KEY_VARIABLE, SETTINGS, Settings, from_environment, variable
from retrorun.models import __version__
from robustness.load import service

HOUSE = Path(__file__).parents[2]
DEPLOY = HOUSE / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
DOCKERFILE = (HOUSE / "Dockerfile").read_text(encoding="utf-8")
OPERATIONS = (HOUSE / "docs" / "operations.md").read_text(encoding="utf-8")
VARIABLES = {variable(name) for name in SETTINGS}
UID = 10001
LABELS = {"app.kubernetes.io/name": "retrorun"}
# The oldest whose sleep of preStop is on by default, and the newest that the schemas know.
RELEASES = ["1.30", "1.37"]


def plain() -> list[Any]:
    """Return the resources as the files have them, in their order."""
    files = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    return [yaml.safe_load((KUBERNETES / name).read_text(encoding="utf-8")) for name in files]


def built() -> list[Any]:
    """Return the resources as kustomize builds them; as the files have them, where it is not here."""
    if not (kubectl := shutil.which("kubectl")):
        return plain()
    run = subprocess.run([kubectl, "kustomize", KUBERNETES], capture_output=True, text=True, timeout=30, check=True)
    return list(yaml.safe_load_all(run.stdout))


@pytest.fixture(scope="module", params=[plain, built])
def resources(request: pytest.FixtureRequest) -> dict[str, Any]:
    if request.param is built and not shutil.which("kubectl"):
        pytest.skip("no kubectl here")
    return {each["kind"]: each for each in request.param()}


@pytest.fixture
def pod(resources: dict[str, Any]) -> Any:
    return resources["Deployment"]["spec"]["template"]["spec"]


@pytest.fixture
def container(pod: Any) -> Any:
    (only,) = pod["containers"]
    return only


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]["retrorun"]


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def image_instruction(name: str) -> str:
    """Return what follows an instruction in what both images are made of."""
    (found,) = re.findall(rf"^{name} (.*)$", DOCKERFILE.partition(" AS image\n")[2], re.MULTILINE)
    return str(found)


def kustomization() -> Any:
    return yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8"))


def literals() -> dict[str, str]:
    """Return the settings that the Deployment runs with."""
    (generator,) = kustomization()["configMapGenerator"]
    return dict(literal.split("=", 1) for literal in generator["literals"])


class TestKubernetes:
    @pytest.mark.parametrize("release", RELEASES)
    def test_every_resource_is_valid(self, resources: dict[str, Any], release: str) -> None:
        assert {"Namespace", "Deployment", "Service", "NetworkPolicy"} <= resources.keys()
        assert {"PodDisruptionBudget", "HorizontalPodAutoscaler"} <= resources.keys()
        for each in resources.values():
            kubernetes_validate.validate(each, release, strict=True)

    def test_the_check_sees_a_mistake(self, resources: dict[str, Any]) -> None:
        wrong = resources["Service"] | {"spec": resources["Service"]["spec"] | {"portz": []}}
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(wrong, RELEASES[-1], strict=True)

    def test_every_file_is_listed(self) -> None:
        files = {path.name for path in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}
        assert files == set(kustomization()["resources"])

    def test_the_namespace_refuses_what_is_not_restricted(self, resources: dict[str, Any]) -> None:
        assert resources["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"

    def test_the_pod_is_restricted(self, pod: Any) -> None:
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] == security["runAsGroup"] == UID
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & pod.keys()
        assert all("hostPath" not in volume for volume in pod["volumes"])

    def test_the_container_is_restricted(self, container: Any) -> None:
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["privileged"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert all("hostPort" not in port for port in container["ports"])

    def test_the_container_has_requests_and_limits(self, container: Any) -> None:
        for kind in ("requests", "limits"):
            assert {"cpu", "memory"} <= container["resources"][kind].keys()

    def test_the_pods_are_spread(self, pod: Any) -> None:
        spread = pod["topologySpreadConstraints"]
        assert {each["topologyKey"] for each in spread} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
        assert all(each["labelSelector"] == {"matchLabels": LABELS} for each in spread)

    def test_a_restart_never_leaves_fewer(self, resources: dict[str, Any]) -> None:
        deployment = resources["Deployment"]["spec"]
        assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
        assert resources["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1
        # Set in both places, applying the Deployment would undo what the autoscaler did.
        assert "replicas" not in deployment
        scaler = resources["HorizontalPodAutoscaler"]["spec"]
        assert scaler["minReplicas"] >= 2
        target = {key: resources["Deployment"][key] for key in ("apiVersion", "kind")}
        assert scaler["scaleTargetRef"] == target | {"name": resources["Deployment"]["metadata"]["name"]}

    def test_every_selector_finds_the_pods(self, resources: dict[str, Any]) -> None:
        deployment = resources["Deployment"]["spec"]
        assert deployment["template"]["metadata"]["labels"] == LABELS
        assert deployment["selector"] == {"matchLabels": LABELS}
        assert resources["Service"]["spec"]["selector"] == LABELS
        assert resources["PodDisruptionBudget"]["spec"]["selector"] == {"matchLabels": LABELS}
        assert resources["NetworkPolicy"]["spec"]["podSelector"] == {"matchLabels": LABELS}

    def test_the_network_is_the_ports_and_nothing_else(self, resources: dict[str, Any], container: Any) -> None:
        policy = resources["NetworkPolicy"]["spec"]
        assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
        assert policy["egress"] == []
        opened = {port["port"] for rule in policy["ingress"] for port in rule["ports"]}
        assert opened == {port["name"] for port in container["ports"]}
        # For those inside: a rule without `from` is for everybody, an empty selector of namespaces for every pod.
        assert all(rule["from"] for rule in policy["ingress"])
        (estimates,) = (rule for rule in policy["ingress"] if rule["ports"] == [{"protocol": "TCP", "port": "http"}])
        assert estimates["from"] == [{"namespaceSelector": {}}]
        # Metrics are for those who watch, not for callers.
        (metrics,) = (rule for rule in policy["ingress"] if rule["ports"] == [{"protocol": "TCP", "port": "metrics"}])
        assert metrics["from"]

    def test_ports_are_those_of_the_image_and_the_settings(self, resources: dict[str, Any], container: Any) -> None:
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        settings = from_environment(literals())
        assert ports == {"http": int(image_instruction("EXPOSE")), "metrics": settings.metrics_port}
        assert [port["targetPort"] for port in resources["Service"]["spec"]["ports"]] == ["http"]
        annotations = resources["Deployment"]["spec"]["template"]["metadata"]["annotations"]
        assert annotations["prometheus.io/port"] == str(ports["metrics"])

    def test_probes_ask_for_what_the_service_has(self, container: Any) -> None:
        paths = contract(create_app())["paths"]
        asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
        assert {name: get["path"] for name, get in asked.items()} == {
            "startup": "/livez",
            "liveness": "/livez",
            "readiness": "/readyz",
        }
        assert all(get["path"] in paths and get["port"] == "http" for get in asked.values())

    def test_there_is_time_to_stop(self, pod: Any, container: Any) -> None:
        settings = from_environment(literals())
        sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        needed = sleep + settings.drain_time_s + settings.shutdown_within_s
        assert pod["terminationGracePeriodSeconds"] > needed
        # The load balancer of a cloud that asks /readyz itself has to see the drain before it is over.
        probe = container["readinessProbe"]
        assert sleep + settings.drain_time_s > probe["periodSeconds"] * probe["failureThreshold"]

    def test_settings_are_settings(self, resources: dict[str, Any]) -> None:
        assert literals().keys() <= VARIABLES
        if "ConfigMap" in resources:
            assert resources["ConfigMap"]["data"] == literals()

    def test_the_image_is_of_this_version(self) -> None:
        (image,) = kustomization()["images"]
        assert (image["name"], image["newTag"]) == ("retrorun", __version__)


def variables_named() -> Iterator[tuple[str, str]]:
    """Yield each setting that a file of the deployment or its documentation names, comments included."""
    # What Kubernetes would set, and what a client reads.
    others = {"RETRORUN_PORT", KEY_VARIABLE}
    for path in (*sorted(DEPLOY.rglob("*")), HOUSE / "docs" / "operations.md"):
        if path.is_file():
            for name in re.findall(r"\bRETRORUN_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8")):
                if name not in others:
                    yield path.name, name


def test_every_variable_named_is_a_setting() -> None:
    named = set(variables_named())
    assert len(named) > 5
    assert not {(path, name) for path, name in named if name not in VARIABLES}


class TestCompose:
    def test_the_container_is_restricted(self, compose: Any) -> None:
        assert compose["read_only"] is True
        assert compose["cap_drop"] == ["ALL"]
        assert compose["security_opt"] == ["no-new-privileges:true"]
        assert compose["user"] == image_instruction("USER") == f"{UID}:{UID}"
        assert [mount.partition(":")[0] for mount in compose["tmpfs"]] == ["/tmp"]
        assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & compose.keys()

    def test_it_is_limited_and_comes_back(self, compose: Any) -> None:
        assert compose["mem_limit"] == compose["memswap_limit"]
        assert compose["pids_limit"] <= 100
        assert compose["cpus"] > 0
        assert compose["restart"] == "unless-stopped"

    def test_the_port_is_that_of_the_image_and_opened_to_this_machine_only(self, compose: Any) -> None:
        port = image_instruction("EXPOSE")
        assert compose["ports"] == [f"127.0.0.1:{port}:{port}"]

    def test_metrics_have_a_port_of_their_own_that_is_not_published(self, compose: Any) -> None:
        settings = from_environment(compose["environment"])
        assert settings.metrics_port not in {None, 0, int(image_instruction("EXPOSE"))}
        assert not any(str(settings.metrics_port) in port for port in compose["ports"])
        assert compose["environment"].keys() <= VARIABLES

    def test_the_health_check_is_that_of_the_image(self, compose: Any) -> None:
        assert "healthcheck" not in compose
        asked = re.search(r"'127\.0\.0\.1', (\d+).*'GET', '([^']+)'", DOCKERFILE)
        assert asked
        assert asked[1] == image_instruction("EXPOSE")
        assert asked[2] in contract(create_app())["paths"]

    def test_there_is_time_to_stop(self, compose: Any) -> None:
        settings = Settings()
        needed = settings.drain_time_s + settings.shutdown_within_s
        assert seconds(compose["stop_grace_period"]) > needed
        # The default of `docker stop`.
        assert needed < 10

    def test_the_example_of_the_settings_can_be_used(self) -> None:
        text = (DEPLOY / "retrorun.env.example").read_text(encoding="utf-8")
        lines = re.findall(r"^(?:# )?(RETRORUN_\w+)=(.*)$", text, re.MULTILINE)
        assert len(lines) > 3
        from_environment(dict(lines))

    def test_the_image_is_of_this_version(self, compose: Any) -> None:
        assert compose["image"] == f"retrorun:{__version__}"
        assert set(re.findall(r"retrorun:(\d[\w.]*)", OPERATIONS)) == {__version__}


class TestCheck:
    """`retrorun check` after a roll-out: it is restricted too, of the same image, and asks the service that runs."""

    @pytest.fixture
    def service(self) -> Any:
        return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]["check"]

    @pytest.fixture
    def job(self) -> Any:
        return yaml.safe_load((KUBERNETES / "check" / "job.yaml").read_text(encoding="utf-8"))

    def test_compose_asks_its_service_when_it_is_healthy(self, service: Any, compose: Any) -> None:
        assert service["image"] == compose["image"]
        assert service["command"] == ["retrorun", "check", f"http://retrorun:{image_instruction('EXPOSE')}"]
        assert service["depends_on"] == {"retrorun": {"condition": "service_healthy"}}
        assert service["profiles"] == ["check"]  # It does not start with `up`.

    def test_in_compose_it_is_restricted(self, service: Any, compose: Any) -> None:
        for name in ("user", "read_only", "cap_drop", "security_opt", "pids_limit"):
            assert service[name] == compose[name], name
        assert service["mem_limit"] == service["memswap_limit"]
        assert service["environment"] == {KEY_VARIABLE: None}

    @pytest.mark.parametrize("release", RELEASES)
    def test_the_job_is_valid(self, job: Any, release: str) -> None:
        kubernetes_validate.validate(job, release, strict=True)

    def test_the_job_asks_the_service_of_its_namespace_once(self, job: Any) -> None:
        service = next(each for each in plain() if each["kind"] == "Service")
        (container,) = job["spec"]["template"]["spec"]["containers"]
        assert container["args"] == ["retrorun", "check", f"http://{service['metadata']['name']}"]
        assert [port["port"] for port in service["spec"]["ports"]] == [80]
        assert (job["spec"]["backoffLimit"], job["spec"]["template"]["spec"]["restartPolicy"]) == (0, "Never")
        assert job["spec"]["activeDeadlineSeconds"] > WITHIN_S
        # The NetworkPolicy of the service forbids requests.
        assert job["spec"]["template"]["metadata"]["labels"] != LABELS

    def test_the_job_is_of_the_same_image_and_namespace(self) -> None:
        text = (KUBERNETES / "check" / "kustomization.yaml").read_text(encoding="utf-8")
        checking = yaml.safe_load(text)
        assert checking["resources"] == ["job.yaml"]
        for name in ("images", "namespace"):
            assert checking[name] == kustomization()[name]

    def test_the_pod_is_restricted(self, job: Any) -> None:
        deployment = next(each for each in plain() if each["kind"] == "Deployment")["spec"]["template"]["spec"]
        pod = job["spec"]["template"]["spec"]
        for name in ("automountServiceAccountToken", "enableServiceLinks"):
            assert pod[name] == deployment[name] is False
        assert pod["securityContext"].items() <= deployment["securityContext"].items()
        assert {"runAsNonRoot", "runAsUser", "seccompProfile"} <= pod["securityContext"].keys()
        assert pod["containers"][0]["securityContext"] == deployment["containers"][0]["securityContext"]

    def test_the_documentation_says_what_it_does(self) -> None:
        section = OPERATIONS.partition("### Check a deployment\n")[2].partition("\n### ")[0]
        sent = [pair for pair in pairs().values() if "request" in pair]
        assert f"{len(sent)} golden requests" in section
        assert f"within {TOLERANCE:g} of their size" in section
        # A block of the document: the end of what the command prints where everything is the same.
        (shown,) = re.findall(r"```text\n(.*?)```", section, re.DOTALL)
        same = check_text([Checked("livez.alive", [], PINS)])
        assert same.endswith(shown)


class TestImage:
    def test_it_runs_the_service_on_its_port(self) -> None:
        command = json.loads(image_instruction("CMD"))
        assert command[:2] == ["retrorun", "serve"]
        assert command[command.index("--port") + 1] == image_instruction("EXPOSE")

    def test_there_is_an_image_for_tables_too_and_the_default_is_the_one_without(self) -> None:
        stages = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)
        assert stages[-2:] == [("image", "bulk"), ("image", "service")]
        for lock in re.findall(r"requirements/\w+\.txt", DOCKERFILE):
            assert f"!{lock}" in (HOUSE / ".dockerignore").read_text(encoding="utf-8").split(), lock

    def test_each_carries_its_bill_of_materials(self) -> None:
        for stage in ("sbom", "build-bulk"):
            assert f"COPY --from={stage} /sbom.cdx.json /usr/share/doc/retrorun/" in DOCKERFILE
        assert "/usr/share/doc/retrorun/sbom.cdx.json" in OPERATIONS

    def test_its_labels_say_what_it_is_made_from(self) -> None:
        labels = dict(re.findall(r'org\.opencontainers\.image\.([a-z.]+)="([^"]+)"', DOCKERFILE))
        given = {
            "VERSION": "1.2.3",
            "REVISION": "0123abc",
            "SOURCE": "https://example.org/fork",
            "BASE_IMAGE": "python",
        }
        stage = DOCKERFILE.partition(" AS image\n")[2].partition("\nFROM ")[0]
        assert {line.partition("=")[0] for line in re.findall(r"^ARG (\S+)$", stage, re.MULTILINE)} == given.keys()
        for name, value in given.items():
            labels = {label: text.replace(f"${{{name}}}", value) for label, text in labels.items()}
        assert not [text for text in labels.values() if "$" in text]
        assert labels.keys() == {
            *("title", "description", "licenses", "authors", "version", "revision"),
            *("source", "url", "documentation", "base.name"),
        }
        assert (labels["version"], labels["revision"], labels["base.name"]) == ("1.2.3", "0123abc", "python")
        assert labels["source"] == labels["url"] == given["SOURCE"]
        assert labels["documentation"].startswith(f"{given['SOURCE']}/")

    def test_without_arguments_it_is_of_this_version_and_repository(self) -> None:
        arguments = dict(re.findall(r"^ARG (\w+)=(\S+)$", DOCKERFILE, re.MULTILINE))
        project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        assert (arguments["VERSION"], arguments["REVISION"]) == (__version__, "unknown")
        assert arguments["SOURCE"] == project["urls"]["Source"]

    def test_every_rule_that_is_ignored_has_its_reason(self) -> None:
        for line in re.findall(r"# hadolint ignore=.*", DOCKERFILE):
            assert re.fullmatch(r"# hadolint ignore=(DL|SC)\d{4} # .+", line), line


class Echo(BaseHTTPRequestHandler):
    """A server that is always ready and answers with the request line and headers that reached it."""

    def do_GET(self) -> None:
        content = json.dumps([self.path, *([name.lower(), value] for name, value in self.headers.items())]).encode()
        with suppress(OSError):  # A check reads no further than the status.
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def echo() -> Iterator[int]:
    """Run such a server, and give its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_port
        server.shutdown()


@contextmanager
def proxy(folder: Path, replica: int) -> Iterator[int]:
    """Run HAProxy, as configured, before one replica in both places, and give its port once it serves."""
    program = shutil.which("haproxy", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("haproxy is not installed, and CI must have it: make haproxy")
        pytest.skip("no haproxy here: make haproxy")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    places = {"FRONT": f"127.0.0.1:{port}", "ADMIN": str(folder / "admin")}
    places |= dict.fromkeys(("ONE", "TWO"), f"127.0.0.1:{replica}")
    environment = os.environ | {f"HAPROXY_{name}": place for name, place in places.items()}
    process = subprocess.Popen(
        [program, "-f", DEPLOY / "haproxy.cfg"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with suppress(OSError):
                if status_through(port, "/docs") == 200:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait()


def through(port: int, path: str, *lines: str) -> bytes:
    """Return the answer to a path and header lines exactly as they are written."""
    head = "\r\n".join([f"GET {path} HTTP/1.1", "Host: retrorun.test", "Connection: close", *lines, "", ""])
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(head.encode())
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def status_through(port: int, path: str) -> int:
    return int(through(port, path)[9:12])


def links_of(answer: httpx.Response) -> list[str]:
    """Return the links of a page, or of a text in Markdown, and the imports of a script of the explorer."""
    kind, text = answer.headers["content-type"].partition(";")[0], answer.text
    if kind == "text/html":
        return re.findall(r'\b(?:href|src)="([^"#]+)', text)
    if kind == "text/plain":
        return re.findall(r"\]\(([^)]+)\)", text)
    return re.findall(r'from "(\./[^"]+|\.\./[^"]+)"', text) if kind == "text/javascript" and len(text) < 50_000 else []


SPELLINGS = (
    *("{}", "/{}", "/.{}", "/./{}", "/././/{}", "{}?a=b", "{}#a", "{}/", "{}%00", "{}%20", "{}%3F", "{};a", "/a/..{}"),
    *("http://retrorun.test{}", "http://retrorun.test/{}", "http://retrorun.test/v1{}"),
    *("/v1{}", "/v1/{}", "/v1/.{}", "/v1{}?a=b", "/v1{}/", "/V1{}", "//v1{}", "/v1/v1{}", "/%761{}", "/v1%2f{}"),
)


class TestProxy:
    @pytest.fixture
    def configuration(self) -> str:
        return (DEPLOY / "haproxy.cfg").read_text(encoding="utf-8")

    def test_it_asks_for_readiness(self, configuration: str) -> None:
        assert "http-check send meth GET uri /readyz" in configuration

    def test_a_draining_replica_is_out_before_it_stops_answering(self, configuration: str) -> None:
        checks = re.search(r"check inter (\d+)ms fall (\d+)", configuration)
        assert checks
        assert int(checks[1]) / 1000 * (int(checks[2]) + 1) < Settings().drain_time_s

    def test_it_gives_up_an_idle_connection_before_the_service_does(self, configuration: str) -> None:
        idle = re.search(r"timeout http-keep-alive (\d+)s", configuration)
        assert idle
        assert int(idle[1]) < Settings().keep_alive_timeout_s

    def test_internal_paths_are_not_found_in_any_spelling(self, tmp_path: Path) -> None:
        with service(tmp_path / "log") as running, proxy(tmp_path, running.port) as port:
            assert status_through(port, "/docs") == 200
            for inside in sorted(ALWAYS_SERVED):
                paths = [spelling.format(inside) for spelling in SPELLINGS] + [inside.upper(), inside.title()]
                for code in ("%{:02x}", "%25{:02X}"):
                    codes = [code.format(ord(letter)) for letter in inside]
                    paths += [inside[:at] + codes[at] + inside[at + 1 :] for at in range(1, len(inside))]
                served = {path: status_through(port, path) for path in paths}
                assert {path for path, status in served.items() if status not in {400, 404}} == set()

    def test_the_proxy_denies_them_even_if_a_replica_would_not(self, tmp_path: Path) -> None:
        with echo() as replica, proxy(tmp_path, replica) as port:
            for inside in sorted(ALWAYS_SERVED):
                for path in (
                    inside,
                    f"/v1{inside}",
                    f"/v1/{inside}",
                    inside.upper(),
                    f"/{inside}",
                    f"/.{inside}",
                    f"/%{ord(inside[1]):x}{inside[2:]}",
                ):
                    assert status_through(port, path) == 404, path
            assert status_through(port, "/estimate") == 200

    def test_it_serves_everything_at_a_path_too(self, tmp_path: Path) -> None:
        with echo() as replica, proxy(tmp_path, replica) as port:
            for path, reached in (("/", "/"), ("/plot/load.svg?gait=run", "/plot/load.svg?gait=run"), ("/v1", "/v1")):
                assert json.loads(through(port, f"/v1{path}").partition(b"\r\n\r\n")[2])[0] == reached
            assert json.loads(through(port, "/v10/estimate").partition(b"\r\n\r\n")[2])[0] == "/v10/estimate"
            bare = through(port, "/v1")
        assert bare.startswith(b"HTTP/1.1 308 ")
        assert b"location: /v1/\r\n" in bare

    def test_every_link_of_a_page_at_a_path_stays_there(self, tmp_path: Path) -> None:
        with (
            service(tmp_path / "log") as running,
            proxy(tmp_path, running.port) as port,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
        ):
            found, waiting = set(), ["/v1/"]
            while waiting:
                answer = client.get(path := waiting.pop(), headers={"accept": "text/html, */*;q=0.1"})
                assert answer.status_code == 200, path
                found.add(path)
                links = [urlsplit(urljoin(path, link)) for link in links_of(answer)]
                linked = {link.path for link in links if not link.scheme and not link.netloc}
                assert all(link.startswith("/v1/") for link in linked), path
                waiting += linked - found - set(waiting)
            pages = {"docs", "validation", "models", "references", "evidence", "openapi.json", "llms.txt"}
            assert {f"/v1/{page}" for page in pages} < found
            assert any(path.startswith("/v1/static/explorer/views/") for path in found)
            (server,) = client.get("/v1/openapi.json").json()["servers"]
            bout = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}
            answer = client.post(urljoin("/v1/openapi.json", server["url"]) + "estimate", json=bout)
        assert answer.status_code == 200

    def test_a_deployment_behind_it_is_checked_as_the_service_is(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with service(tmp_path / "log") as running, proxy(tmp_path, running.port) as port:
            assert main(["check", f"http://127.0.0.1:{port}/v1"]) == 0
        # The proxy hides the health checks.
        assert re.findall(r"^(\w+) +1 +0 +not public, as behind a proxy$", capsys.readouterr().out, re.MULTILINE) == [
            "livez",
            "readyz",
        ]

    def test_headers_that_a_client_sets_about_itself_are_replaced(self, tmp_path: Path) -> None:
        said = ["Forwarded: for=192.0.2.1;proto=https", "X-API-Key: rr_example", "X-Request-ID: mine"]
        names = ("For", "Host", "Proto", "Port", "Prefix", "Server", "User", "FOR")
        said += [f"X-Forwarded-{name}: 192.0.2.1" for name in names]
        others = ("X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "True-Client-IP", "CF-Connecting-IP", "Client-IP")
        said += [f"{name}: 192.0.2.1" for name in (*others, "X-Original-Forwarded-For", "X-Original-URL")]
        with echo() as replica, proxy(tmp_path, replica) as port:
            answer = through(port, "/estimate", *said)
        _, *headers = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert sorted(headers) == [
            *(["connection", "close"] for name, _ in headers if name == "connection"),
            ["host", "retrorun.test"],
            ["x-api-key", "rr_example"],
            ["x-forwarded-for", "127.0.0.1"],
            ["x-forwarded-host", "retrorun.test"],
            ["x-forwarded-proto", "http"],
            ["x-request-id", "mine"],
        ]


class TestAlerts:
    RULES = (DEPLOY / "prometheus-rules.yaml").read_text(encoding="utf-8")

    @pytest.fixture
    def metrics(self) -> set[str]:
        exposed = generate_latest(Metrics({}).registry).decode()
        families = dict(re.findall(r"^# TYPE (\w+) (\w+)$", exposed, re.MULTILINE))
        histograms = {name for name, kind in families.items() if kind == "histogram"}
        with_workers = {f"{RESTARTS}_total"}
        return (
            with_workers
            | families.keys()
            | {f"{name}_{part}" for name in histograms for part in ("bucket", "count", "sum")}
        )

    def test_every_metric_is_exposed(self, metrics: set[str]) -> None:
        for text in (self.RULES, OPERATIONS):
            named = set(re.findall(r"\b(?:retrorun|process)_[a-z_]+\b", text))
            assert len(named) > 4
            assert not named - metrics

    def test_every_reason_is_one(self) -> None:
        reasons = re.findall(r'reason=~?"([^"]+)"', self.RULES)
        assert {reason for several in reasons for reason in several.split("|")} <= REFUSALS.keys()

    def test_every_kind_of_refusal_counts_but_the_callers_own(self) -> None:
        (rule,) = (
            rule for rule in yaml.safe_load(self.RULES)["groups"][0]["rules"] if rule["alert"] == "RetroRunRefuses"
        )
        # As Prometheus reads it: the whole of a label's value.
        left_out = re.search(r'retrorun_refused_total\{job="retrorun",\s+reason!~"([^"]+)"\}', rule["expr"])
        assert left_out
        counted = {reason for reason in (*REFUSALS, "a_new_one") if not re.fullmatch(left_out[1], reason)}
        ours = {reason for reason, refusal in REFUSALS.items() if refusal.status >= 500}
        assert counted == ours | {"a_new_one"}
        assert set(left_out[1].split("|")) <= REFUSALS.keys()

    def test_every_alert_is_explained(self) -> None:
        rules = yaml.safe_load(self.RULES)["groups"][0]["rules"]
        assert [rule["alert"] for rule in rules] == re.findall(r"^\| `(RetroRun\w+)` \|", OPERATIONS, re.MULTILINE)

    def test_the_memory_alert_fires_before_the_limit(self, compose: Any) -> None:
        limit = re.search(r"process_resident_memory_bytes\S* > (\S+)", self.RULES)
        assert limit
        assert float(limit[1]) < int(compose["mem_limit"].removesuffix("m")) * 2**20


class TestRolling:
    def test_replicas_are_restarted_and_killed_under_load(self) -> None:
        """One restart of each replica; `make rolling` does five, and prints more."""
        if not (shutil.which("haproxy") or Path("/usr/sbin/haproxy").exists()):
            if os.environ.get("CI"):
                pytest.fail("haproxy is not installed, and CI must have it: make haproxy")
            pytest.skip("no haproxy here: make haproxy")
        command = [
            sys.executable,
            str(HOUSE / "tests" / "app" / "server" / "rolling.py"),
            "--restarts",
            "1",
            "--drain",
            "1",
            "--within",
            "60",
        ]
        run = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
