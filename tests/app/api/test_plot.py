"""The plots: read back from the SVG, their numbers are the models'; unknown values say so; nothing is loaded."""

import itertools
import re
from collections.abc import Callable
from typing import Any, TypeAlias
from xml.etree import ElementTree

import httpx
import pytest

from retrorun.app.pages.plot_series import Plot, Series, energy_series, load_series
from retrorun.app.pages.plots import ELSEWHERE, NOTHING_TO_SHOW, PANELS, aim, energy_plot, load_plot
from retrorun.app.pages.svg import COLOURS, DASHES
from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.cautions import LOAD_MEANING_IN_SHORT, WARNINGS
from retrorun.models.physiology.energy_models import ENERGY_MODELS
from retrorun.models.sources.references import REFERENCES
from retrorun.models.sources.tables import table
from retrorun.models.validation import plot_data as of_models
from retrorun.models.validation.plot_data import LOADS_OUTSIDE, Curve, energy_curves, indicator, loads, plotted_speeds
from retrorun.models.vocabulary.choices import DIRECTIONS
from retrorun.models.vocabulary.errors import Conflict, OutOfRange, Undefined
from retrorun.models.vocabulary.quantities import QUANTITIES

pytestmark = pytest.mark.anyio

Element: TypeAlias = ElementTree.Element
Problem: TypeAlias = dict[str, Any]
ProblemOf: TypeAlias = Callable[[httpx.Response, int], Problem]

SVG = "{http://www.w3.org/2000/svg}"
PLOTS = ["/plot/energy.svg", "/plot/load.svg"]
DATA = ["/plot/energy.json", "/plot/load.json"]
ENERGY: list[dict[str, Any]] = [
    {},
    {"gait": "walk"},
    {"per": "km"},
    {"gait": "walk", "per": "km", "grade": 0.05},
    {"grade": -0.2, "interval": 0.5},
    {"energy_model": "minetti2002", "grade": 0.3},
    {"energy_model": "leger1984", "direction_model": "pooled"},
    {"gait": "walk", "energy_model": "acsm"},
    {"grade": 0.9},
    {"grade": -0.5, "interval": 0.99},
]
LOADS: list[dict[str, Any]] = [
    {},
    {"gait": "walk"},
    {"speed_m_s": 0.2},
    {"speed_m_s": 5.0, "interval": 0.5},
    {"speed_m_s": 8.0, "gait": "run"},
    {"grade": 0.1},
    {"grade": 0.05, "gait": "walk", "speed_m_s": 1.34},
    {"grade": -0.5, "interval": 0.99},
]


def read(svg: str) -> Element:
    return ElementTree.fromstring(svg)


def group(root: Element, **data: str) -> Element:
    (found,) = (g for g in root.iter(f"{SVG}g") if all(g.get(f"data-{name}") == value for name, value in data.items()))
    return found


def scale(root: Element, name: str, coordinate: str, shift: float = 0.0) -> Callable[[float], float]:
    """Return a function from a place to a value, computed from the first and last tick of an axis."""
    ticks = [text for text in root.iter(f"{SVG}text") if text.get(f"data-{name}")]
    first, last = ((float(tick.get(coordinate, "")) + shift, float(tick.text or "")) for tick in (ticks[0], ticks[-1]))
    per_place = (last[1] - first[1]) / (last[0] - first[0])
    return lambda place: first[1] + (place - first[0]) * per_place


def points(path: Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path.get("d", ""))]


def size_of(text: Element, root: Element) -> float:
    return float(text.get("font-size") or root.get("font-size") or 0)


def words_of(root: Element, tag: str) -> str:
    return root.findtext(f"{SVG}{tag}") or ""


def texts(root: Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


class TestCurves:
    @pytest.mark.parametrize("asked", ENERGY)
    def test_every_speed_is_what_an_estimate_answers(self, asked: dict[str, Any]) -> None:
        curves = energy_curves(**asked)
        request = {name: value for name, value in asked.items() if name != "per"} | {"gait": curves.gait}
        for place in range(0, len(curves.speed_m_s), 7):
            speed = float(curves.speed_m_s[place])
            answer: Any = estimate(body_mass_kg=55.0, speed_m_s=speed, duration_s=600.0, **request)
            codes = {warning["code"] for warning in answer["warnings"] if warning["code"].startswith("energy.")}
            for name, curve in zip(DIRECTIONS, (curves.forward, curves.backward), strict=True):
                found = answer[name]["metabolic_power_w_kg"]
                if curves.per == "km":
                    found = {end: value / 55.0 for end, value in answer[name]["energy_per_km_kcal"].items()}
                ends = (curve.value[place], curve.low[place], curve.high[place])
                assert ends == pytest.approx((found["value"], found["low"], found["high"]), rel=1e-9)
                mine = codes if name == "backward" else {code for code in codes if ".backward" not in code}
                assert curve.outside_data[place] == bool(mine)

    @pytest.mark.parametrize("asked", [{}, {"per": "km"}, {"gait": "walk", "energy_model": "minetti2002"}])
    def test_body_mass_cancels(self, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        before = energy_curves(**asked)
        monkeypatch.setattr(of_models, "BODY_MASS_KG", 203.0)
        after = energy_curves(**asked)
        for name in DIRECTIONS:
            old, new = getattr(before, name), getattr(after, name)
            for one, other in zip(old[:3], new[:3], strict=True):
                assert other.tolist() == pytest.approx(one.tolist(), rel=1e-12)

    @pytest.mark.parametrize("gait", ["run", "walk"])
    def test_a_column_holds_the_ends_of_the_data(self, gait: Any) -> None:
        low, high = of_models.PLOTTED_M_S[gait]
        for name, model in ENERGY_MODELS[gait].items():
            speeds = plotted_speeds(gait, name).tolist()
            assert speeds == sorted(set(speeds))
            assert (speeds[0], speeds[-1]) == (low, high)
            assert {end for end in model.speed_range_m_s if low < end < high} <= set(speeds)

    @pytest.mark.parametrize("gait", ["run", "walk"])
    def test_every_oxygen_uptake_at_a_speed_is_a_point_on_its_grade(self, gait: Any) -> None:
        rows = [row for row in table("energy") if row["oxygen_uptake_ml_kg_min"] and row["gait"] == gait]
        found = []
        for grade in {float(row["grade"]) for row in rows}:
            found += of_models.measured(gait=gait, grade=grade, per="second")
        listed = [(point.name, point.direction, point.speed_m_s) for point in found]
        assert sorted(listed) == sorted((row["study"], row["direction"], float(row["speed_m_s"])) for row in rows)
        # 20.9 J/ml is what a millilitre of oxygen is worth, within the spread of that conversion.
        for point in found:
            (uptake,) = (
                float(row["oxygen_uptake_ml_kg_min"])
                for row in rows
                if (row["study"], row["direction"], float(row["speed_m_s"]))
                == (point.name, point.direction, point.speed_m_s)
            )
            assert point.value == pytest.approx(uptake * 20.9 / 60, rel=0.03)

    def test_a_value_that_is_no_group_mean_says_so(self) -> None:
        for gait in ("run", "walk"):
            for point in of_models.measured(gait=gait, grade=0.0, per="second"):
                assert (point.group == of_models.TABLE_VALUE) == point.name.startswith("Compendium")
        groups = {point.name: point.group for point in of_models.measured(gait="run", grade=0.0, per="second")}
        assert groups["Williford 1998"] == "n 13"

    def test_a_point_per_kilometre_is_the_power_over_the_speed(self) -> None:
        power = of_models.measured(gait="run", grade=0.0, per="second")
        per_km = of_models.measured(gait="run", grade=0.0, per="km")
        for one, other in zip(power, per_km, strict=True):
            assert other.value == pytest.approx(one.value / one.speed_m_s * 1000 / 4184)

    @pytest.mark.parametrize(
        ("gait", "name"), [(gait, name) for gait, known in ENERGY_MODELS.items() for name in known]
    )
    def test_every_grade_on_which_an_equation_is_defined_has_a_plot(self, gait: Any, name: Any) -> None:
        low, high = ENERGY_MODELS[gait][name].defined_grade
        for percent in range(-50, 91, 5):
            if low <= percent / 100 <= high:
                assert energy_curves(gait=gait, energy_model=name, grade=percent / 100).forward.value.all()

    def test_an_estimate_close_to_rest_has_no_plot(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("retrorun.models.physiology.energy.MINIMUM_ACTIVE_SHARE", 0.9)
        with pytest.raises(Undefined):
            energy_curves()

    def test_an_undefined_plot_is_refused(self) -> None:
        with pytest.raises(Undefined):
            energy_curves(energy_model="acsm", grade=-0.1)
        with pytest.raises(Conflict):
            energy_curves(energy_model="looney2019")
        with pytest.raises(OutOfRange):
            energy_curves(grade=1.0)
        with pytest.raises(OutOfRange):
            loads(speed_m_s=4.0, gait="walk")

    def test_every_warning_that_a_load_leaves_its_data_is_of_an_indicator(self) -> None:
        named = set().union(*LOADS_OUTSIDE.values())
        assert named == {code for code in WARNINGS if code.startswith("load.")}
        assert set(LOADS_OUTSIDE) == set(itertools.chain(*PANELS.values()))


class TestEnergy:
    @pytest.mark.parametrize("asked", ENERGY)
    def test_the_curves_are_the_models(self, asked: dict[str, Any]) -> None:
        root, curves = read(energy_plot(**asked)), energy_curves(**asked)
        x, y = scale(root, "across", "x"), scale(root, "up", "y", shift=-7)
        speeds = curves.speed_m_s.tolist()
        for name in DIRECTIONS:
            curve: Curve = getattr(curves, name)
            band, *lines = group(root, series=name).findall(f"{SVG}path")
            near = abs(y(0.01) - y(0.0))
            expected = [
                *zip(speeds, curve.high.tolist(), strict=True),
                *reversed(list(zip(speeds, curve.low.tolist(), strict=True))),
            ]
            drawn = points(band)
            assert len(drawn) == len(expected)
            for (across, up), (speed, value) in zip(drawn, expected, strict=True):
                assert x(across) == pytest.approx(speed, abs=1e-3)
                assert y(up) == pytest.approx(value, abs=near)
            followed = []
            for line in lines:
                outside = line.get("stroke-dasharray") == DASHES["outside"]
                places = [min(range(len(speeds)), key=lambda i: abs(speeds[i] - x(p[0]))) for p in points(line)]
                for place, (_, up) in zip(places, points(line), strict=True):
                    assert y(up) == pytest.approx(curve.value[place], abs=near)
                for one, other in itertools.pairwise(places):
                    assert other == one + 1
                    assert outside == bool(curve.outside_data[one] or curve.outside_data[other])
                    followed.append(one)
            assert followed == list(range(len(speeds) - 1))

    @pytest.mark.parametrize("asked", ENERGY)
    def test_the_points_are_the_measurements_and_name_their_study(self, asked: dict[str, Any]) -> None:
        root, curves = read(energy_plot(**asked)), energy_curves(**asked)
        x, y = scale(root, "across", "x"), scale(root, "up", "y", shift=-7)
        marks = group(root, series="measured").findall(f"{SVG}path")
        outlines: dict[str, set[str]] = {}
        for mark, point in zip(marks, curves.measured, strict=True):
            across, up = map(float, re.findall(r"[\d.]+", mark.get("transform", "")))
            assert x(across) == pytest.approx(point.speed_m_s, abs=1e-3)
            assert y(up) == pytest.approx(point.value, abs=abs(y(0.01) - y(0.0)))
            assert words_of(mark, "title").startswith(f"{point.name}, {point.direction} at {point.speed_m_s:g} m/s: ")
            assert words_of(mark, "title").endswith(f"({point.standing}, {point.group})")
            assert (mark.get("fill") == "none") == (point.direction == "backward")
            outlines.setdefault(point.study, set()).add(mark.get("d", ""))
        assert all(len(shapes) == 1 for shapes in outlines.values())
        assert len(set().union(*outlines.values())) == len(outlines)
        for study in outlines:
            assert study in texts(root)
            assert study in words_of(root, "desc")
        assert (NOTHING_TO_SHOW in texts(root)) == (not outlines)
        assert (ELSEWHERE in words_of(root, "desc")) == (not outlines)

    @pytest.mark.parametrize("asked", ENERGY)
    def test_its_words_name_the_cautions_of_going_backward(self, asked: dict[str, Any]) -> None:
        for code in ("caution.fall", "caution.novice"):
            assert WARNINGS[code]["message"] in words_of(read(energy_plot(**asked)), "desc")

    def test_the_level_plots_name_every_study_of_the_table(self) -> None:
        for gait in ("run", "walk"):
            named = " ".join(texts(read(energy_plot(gait=gait))))
            rows = [row for row in table("energy") if row["oxygen_uptake_ml_kg_min"] and row["gait"] == gait]
            assert rows
            assert all(row["study"].partition(" code ")[0] in named for row in rows)

    def test_the_description_says_the_key_numbers(self) -> None:
        described = words_of(read(energy_plot()), "desc")
        answer: Any = estimate(body_mass_kg=70.0, speed_m_s=2.5, duration_s=60.0, gait="run")
        for name in DIRECTIONS:
            power = answer[name]["metabolic_power_w_kg"]
            said = f"{name} {power['value']:.3g} W/kg ({power['low']:.3g} to {power['high']:.3g})"
            assert f"At 2.5 m/s: {said}" in described or f", {said}." in described
        assert aim(0.9, "run") in described
        assert "(studies of 4 to 13)" in described
        assert "(studies of 10 to 20)" in words_of(read(energy_plot(gait="walk")), "desc")
        assert "Forward is inside its data from 1.8 to 5.2 m/s." in described
        assert "Backward is inside its data from 1.8 to 3.5 m/s." in described
        assert "nowhere" in words_of(read(energy_plot(grade=-0.2)), "desc")

    def test_the_two_directions_differ_without_colour(self) -> None:
        root = read(energy_plot())
        forward, backward = (
            {line.get("stroke-dasharray") for line in group(root, series=name).findall(f"{SVG}path")[1:]}
            for name in DIRECTIONS
        )
        assert forward == {None, DASHES["outside"]}
        assert backward == {DASHES["backward"], DASHES["outside"]}


class TestLoad:
    @pytest.mark.parametrize("asked", LOADS)
    def test_the_bars_are_the_models_and_the_unknown_says_so(self, asked: dict[str, Any]) -> None:
        root, found = read(load_plot(**asked)), loads(**asked)
        assert found.knee.startswith(
            ("Estimated peak knee-cap force", "How going backward", "The load on the knee-cap is")
        )
        assert words_of(root, "desc").startswith(found.knee)
        for heading, labels in PANELS.items():
            panel = group(root, panel=heading)
            for name, label in labels.items():
                assert (f"{label[1]}*" in texts(panel)) or name not in found.outside_data
                for direction in DIRECTIONS:
                    bar = group(panel, indicator=name, direction=direction)
                    known = indicator(getattr(found, direction), name)
                    self.check(panel, bar, known)
                    said = f"{' '.join(label)}, {heading}, {direction}: "
                    part = words_of(root, "desc").partition(said)[2]
                    assert part.startswith(f"{known['value']:.3g} (" if known and "value" in known else "unknown")

    def check(self, panel: Element, bar: Element, known: Any) -> None:
        rect = bar.find(f"{SVG}rect")
        assert rect is not None
        top = float(rect.get("y", ""))
        bottom = top + float(rect.get("height", ""))
        drawn = [text for text in texts(bar) if text != "unknown"]
        assert drawn == ([known["evidence"]] if known else [])
        if not known:
            assert rect.get("fill") == "url(#hatch)"
            assert "unknown" in texts(bar)
            return
        y = scale(panel, "up", "y", shift=-7)
        near = 2 * abs(y(0.01) - y(0.0))
        if "value" in known:
            assert (y(top), y(bottom)) == pytest.approx((known["value"], 0.0), abs=near)
            (_, low), (_, high) = points(bar.findall(f"{SVG}path")[0])[:2]
            assert (y(low), y(high)) == pytest.approx((known["low"], known["high"]), abs=near)
            assert "unknown" not in texts(bar)
            assert rect.get("fill") != "url(#hatch)"
        else:
            assert (y(bottom), y(top)) == pytest.approx((known["low"], known["high"]), abs=near)
            assert rect.get("fill") == "url(#hatch)"
            assert "unknown" in texts(bar)

    def test_on_a_grade_every_load_backward_is_unknown(self) -> None:
        root = read(load_plot(grade=0.1))
        for name in LOADS_OUTSIDE:
            assert "unknown" in texts(group(root, indicator=name, direction="backward"))
        assert WARNINGS["absent.backward_load_on_grade"]["message"] in words_of(root, "desc")

    def test_walking_knows_no_impulse_and_no_shin(self) -> None:
        root = read(load_plot(gait="walk"))
        for name in ("patellofemoral_impulse_per_km_bw_s", "tibial_compression_peak_bw"):
            assert all("unknown" in texts(group(root, indicator=name, direction=way)) for way in DIRECTIONS)

    @pytest.mark.parametrize("asked", LOADS)
    def test_the_meaning_of_loads_is_on_it_and_in_its_words(self, asked: dict[str, Any]) -> None:
        root, found = read(load_plot(**asked)), loads(**asked)
        for code in ("caution.load_meaning", "caution.fall", "caution.novice"):
            assert WARNINGS[code]["message"] in words_of(root, "desc")
        assert LOAD_MEANING_IN_SHORT in " ".join(texts(root))
        for said in ("not of you", "no diagnosis", "does not mean less pain", "people fall", "Adults only"):
            assert said in LOAD_MEANING_IN_SHORT
        assert aim(found.interval, found.gait) in words_of(root, "desc")

    def test_left_data_is_starred(self) -> None:
        slow, within = texts(read(load_plot())), texts(read(load_plot(speed_m_s=3.4)))
        assert "* outside the data" in slow
        assert not [text for text in within if "*" in text]


class TestData:
    """What a plot draws, as JSON: read from the same curves and loads as the drawing, which is read back here."""

    @pytest.mark.parametrize("asked", ENERGY)
    def test_it_is_the_energy_that_is_drawn(self, asked: dict[str, Any]) -> None:
        root, curves, found = read(energy_plot(**asked)), energy_curves(**asked), energy_series(**asked)
        assert found["title"] == words_of(root, "title")
        assert found["description"] == words_of(root, "desc")
        x, y = scale(root, "across", "x"), scale(root, "up", "y", shift=-7)
        near = abs(y(0.01) - y(0.0))
        assert [series["direction"] for series in found["series"]] == list(DIRECTIONS)
        for series in found["series"]:
            curve: Curve = getattr(curves, series["direction"])
            assert series["x"] == curves.speed_m_s.tolist()
            assert (series["y"], series["low"], series["high"]) == tuple(part.tolist() for part in curve[:3])
            assert series["outside_data"] == curve.outside_data.tolist()
            assert series["unit"] in texts(root)
            band = points(group(root, series=series["direction"]).findall(f"{SVG}path")[0])
            drawn = [(x(across), y(up)) for across, up in band]
            there, back = drawn[: len(series["x"])], drawn[len(series["x"]) :]
            for ends, part in ((there, series["high"]), (back[::-1], series["low"])):
                assert [speed for speed, _ in ends] == pytest.approx(series["x"], abs=1e-3)
                assert [value for _, value in ends] == pytest.approx(part, abs=near)
        marks = group(root, series="measured").findall(f"{SVG}path")
        for mark, point in zip(marks, found["points"], strict=True):
            across, up = map(float, re.findall(r"[\d.]+", mark.get("transform", "")))
            assert x(across) == pytest.approx(point["x"], abs=1e-3)
            assert y(up) == pytest.approx(point["y"], abs=near)
            assert words_of(mark, "title").startswith(f"{point['name']}, {point['direction']} at ")

    @pytest.mark.parametrize("asked", LOADS)
    def test_it_is_the_loads_that_are_drawn(self, asked: dict[str, Any]) -> None:
        root, found, data = read(load_plot(**asked)), loads(**asked), load_series(**asked)
        assert data["title"] == words_of(root, "title")
        for part in data["description"].split(". "):
            assert part in words_of(root, "desc")
        assert [(series["name"], series["direction"]) for series in data["series"]] == [
            (bar.get("data-indicator"), bar.get("data-direction")) for bar in root.iter() if bar.get("data-indicator")
        ]
        for series in data["series"]:
            known = indicator(getattr(found, series["direction"]), series["name"])
            assert self.values(series) == (known or {})
            assert series["x"] == [found.speed_m_s]
            assert series["outside_data"] == [series["name"] in found.outside_data]
            assert series["unit"] == QUANTITIES[series["name"]].unit

    def values(self, series: Series) -> dict[str, Any]:
        """Return the indicator that a series of one speed holds."""
        parts: dict[str, Any] = {"value": series.get("y"), "low": series.get("low"), "high": series.get("high")}
        found = {name: part[0] for name, part in parts.items() if part is not None}
        return found | ({"evidence": series["evidence"]} if "evidence" in series else {})

    @pytest.mark.parametrize("path", DATA)
    async def test_it_takes_the_query_of_the_drawing(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, path: str
    ) -> None:
        for query in ("", "?gait=walk&grade=0.05&interval=0.5&theme=dark"):
            answer = await client.get(path + query)
            found: Plot = answer.json()
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["cache-control"] == "private, max-age=3600"
            assert answer.headers["etag"]
            drawing = read((await client.get(path.replace("json", "svg") + query)).text)
            assert found["title"] == words_of(drawing, "title")
            assert set(found["references"]) <= REFERENCES.keys()
            assert found["references"]
            assert (found["x"], found["x_unit"]) == ("speed_m_s", "m/s")
        body = problem_of(await client.get(f"{path}?grade=1"), 422)
        assert body["errors"][0]["pointer"] == "/query/grade"

    def test_per_kilometre_it_is_energy(self) -> None:
        assert {series["name"] for series in energy_series()["series"]} == {"metabolic_power_w_kg"}
        found = energy_series(per="km")["series"]
        assert {(series["name"], series["unit"]) for series in found} == {("energy_per_km_kcal_kg", "kcal/kg/km")}


class TestDocument:
    @pytest.mark.parametrize("path", PLOTS)
    @pytest.mark.parametrize("theme", ["light", "dark", "auto"])
    async def test_it_is_svg_that_a_screen_reader_reads_and_nothing_is_loaded(
        self, client: httpx.AsyncClient, path: str, theme: str
    ) -> None:
        response = await client.get(path, params={"theme": theme})
        assert response.status_code == 200
        assert response.headers["content-type"] == "image/svg+xml"
        root = read(response.text)
        assert (root.tag, root.get("role")) == (f"{SVG}svg", "img")
        labels = [node for name in root.get("aria-labelledby", "").split() for node in root if node.get("id") == name]
        assert [label.tag for label in labels] == [f"{SVG}title", f"{SVG}desc"]
        assert all(label.text for label in labels)
        assert words_of(root, "title") in texts(root)
        used = {node.tag.removeprefix(SVG) for node in root.iter()}
        assert used <= {"svg", "title", "desc", "style", "defs", "pattern", "path", "rect", "g", "text"}
        assert ("style" in used) == (theme == "auto")
        for node in root.iter():
            assert not [name for name in node.attrib if "href" in name or name == "style" or name.startswith("on")]
        assert set(re.findall(r"url\(([^)]*)\)", response.text)) <= {"#hatch"}
        assert re.findall(r"https?:[^\"]*", response.text) == ["http://www.w3.org/2000/svg"]
        width = float(root.get("viewBox", "").split()[2])
        for text in root.iter(f"{SVG}text"):
            assert size_of(text, root) * 360 / width >= 9.5

    @pytest.mark.parametrize(
        ("plot", "asked"), [*((energy_plot, asked) for asked in ENERGY), *((load_plot, asked) for asked in LOADS)]
    )
    def test_every_coordinate_lies_on_the_drawing(self, plot: Callable[..., str], asked: dict[str, Any]) -> None:
        svg = plot(**asked)
        assert "nan" not in svg.lower().replace("fernandez", "")
        assert "inf" not in re.sub(r"<(title|desc).*?</\1>", "", svg)
        root = read(svg)
        _, _, width, height = map(float, root.get("viewBox", "").split())
        for path in root.iter(f"{SVG}path"):
            if not path.get("transform") and path.get("d") != "M0 0V7":
                assert all(0 <= x <= width and 0 <= y <= height for x, y in points(path))
        for text in root.iter(f"{SVG}text"):
            size = size_of(text, root)
            if not text.get("transform"):
                x, y = float(text.get("x", "")), float(text.get("y", ""))
                long = len(text.text or "") * size * 0.56
                left = x - long * {None: 0.0, "middle": 0.5, "end": 1.0}[text.get("text-anchor")]
                assert left >= 0
                assert left + long <= width, text.text
                assert size <= y <= height

    @pytest.mark.parametrize("plot", [energy_plot, load_plot])
    def test_themes_differ_only_in_colours(self, plot: Callable[..., str]) -> None:
        light, dark, auto = (plot(theme=theme) for theme in ("light", "dark", "auto"))
        assert light == plot()
        assert light != dark
        assert re.sub(r"<style>.*?</style>", "", auto) == light
        assert re.sub(r"#[0-9a-f]{6}", "", light) == re.sub(r"#[0-9a-f]{6}", "", dark)
        for name, colours in (("light", light), ("dark", dark)):
            assert set(re.findall(r"#[0-9a-f]{6}", colours)) <= set(COLOURS[name].values())
        assert all(colour in auto for colour in COLOURS["dark"].values())

    def test_letters_stand_out_from_the_paper(self) -> None:
        def luminance(colour: str) -> float:
            parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
            linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
            return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

        for theme in ("light", "dark"):
            colours = COLOURS[theme]
            paper = luminance(colours["paper"])
            # WCAG 2.2: 7 for text at its strictest, 3 for what a drawing needs to be understood.
            for role, least in (("ink", 7.0), ("forward", 3.0), ("backward", 3.0)):
                light, dark = sorted((luminance(colours[role]), paper), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= least, role


class TestCache:
    @pytest.mark.parametrize("path", PLOTS)
    async def test_a_plot_that_the_caller_has_is_not_sent_again(self, client: httpx.AsyncClient, path: str) -> None:
        first = await client.get(path)
        tag = first.headers["etag"]
        assert re.fullmatch(r'"[0-9a-f]{64}"', tag)
        assert first.headers["cache-control"] == "private, max-age=3600"
        for sent in (tag, f"W/{tag}", f'"other", {tag}', f'W/"other" , W/{tag}', "*"):
            again = await client.get(path, headers={"if-none-match": sent})
            assert (again.status_code, again.content) == (304, b""), sent
            assert again.headers["etag"] == tag
            assert again.headers["cache-control"] == first.headers["cache-control"]
        for sent in ('"other"', tag.strip('"'), f'"{tag[1:10]}"', ""):
            assert (await client.get(path, headers={"if-none-match": sent})).status_code == 200, sent
        lines = [("if-none-match", '"other"'), ("if-none-match", tag)]
        assert (await client.get(path, headers=lines)).status_code == 304

    @pytest.mark.parametrize("path", PLOTS)
    async def test_the_same_query_is_the_same_bytes_and_another_is_another_tag(
        self, client: httpx.AsyncClient, path: str
    ) -> None:
        one, same, other = [await client.get(path, params={"grade": grade}) for grade in ("0.05", "0.050", "0.1")]
        assert one.content == same.content
        assert one.headers["etag"] == same.headers["etag"] != other.headers["etag"]
        wrong = await client.get(path, params={"grade": "9"}, headers={"if-none-match": "*"})
        assert wrong.status_code == 422
        assert "etag" not in wrong.headers
        assert "cache-control" not in wrong.headers


class TestProblems:
    @pytest.mark.parametrize(
        ("path", "query", "pointer", "code"),
        [
            ("energy", "grade=1", "/query/grade", "out_of_range"),
            ("energy", "grade=nan", "/query/grade", "not_finite"),
            ("energy", "grade=1e999", "/query/grade", "not_finite"),
            ("energy", "grade=steep", "/query/grade", "not_a_number"),
            ("energy", "grade=", "/query/grade", "not_a_number"),
            ("energy", "interval=0.2", "/query/interval", "out_of_range"),
            ("energy", "gait=crawl", "/query/gait", "not_a_choice"),
            ("energy", "per=mile", "/query/per", "not_a_choice"),
            ("energy", "theme=%3Cscript%3E", "/query/theme", "not_a_choice"),
            ("energy", "energy_model=looney2019", "/query/energy_model", "conflicting_inputs"),
            ("energy", "energy_model=acsm&grade=-0.1", "/query/grade", "grade_undefined"),
            ("energy", "body_mass_kg=70", "/query", "unknown_field"),
            ("energy", "speed_m_s=2.5", "/query", "unknown_field"),
            ("load", "energy_model=acsm", "/query", "unknown_field"),
            ("load", "speed_m_s=9", "/query/speed_m_s", "out_of_range"),
            ("load", "speed_m_s=3.5&gait=walk", "/query/speed_m_s", "out_of_range"),
            ("load", "grade=-0.6", "/query/grade", "out_of_range"),
        ],
    )
    async def test_what_cannot_be_drawn_is_a_problem_that_points_at_it(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, path: str, query: str, pointer: str, code: str
    ) -> None:
        body = problem_of(await client.get(f"/plot/{path}.svg?{query}"), 422)
        assert [(error["pointer"], error["code"]) for error in body["errors"]] == [(pointer, code)]

    async def test_a_misspelt_parameter_gets_the_nearest_name(
        self, client: httpx.AsyncClient, problem_of: ProblemOf
    ) -> None:
        body = problem_of(await client.get("/plot/load.svg?speed_ms=2"), 422)
        assert body["errors"][0]["message"].endswith("Did you mean speed_m_s?")

    async def test_no_value_of_the_query_is_repeated(self, client: httpx.AsyncClient) -> None:
        for path, query in itertools.product(PLOTS, ("gait=zebra", "zebra:=1", "grade=zebra", "theme=zebra")):
            assert "zebra" not in (await client.get(f"{path}?{query}")).text
