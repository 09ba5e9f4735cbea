"""The published measurements and the references behind every number.

The tables are the committed files in `tables/`; the models that rest on a table read it here, so that a new
study is one new row. A DOI is listed only where it was checked against the publisher.
"""

import csv
from functools import cache
from pathlib import Path
from typing import Final, Literal, NotRequired, TypedDict

TABLES: Final = Path(__file__).parent / "tables"

Standing = Literal["published", "secondary", "derived", "choice"]
"""published: in the publisher's page or abstract; secondary: transcribed by a third party; derived: arithmetic
on published numbers; choice: a modelling decision of this project."""

TableName = Literal["energy", "gait", "load", "load_findings", "ratios"]


@cache
def table(name: TableName) -> tuple[dict[str, str], ...]:
    """Return one committed table, a dict of texts for each row.

    Parameters
    ----------
    name : {"energy", "gait", "load", "load_findings", "ratios"}
        Table in `models/tables`.

    Returns
    -------
    tuple of dict
        Rows in file order; an empty text where a cell is empty.

    Examples
    --------
    >>> table("ratios")[0]["study"]
    'Williford 1998'
    """
    with (TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


class Reference(TypedDict):
    """A source: short citation, and its DOI where it was checked."""

    id: str
    citation: str
    doi: NotRequired[str]


def _reference(key: str, citation: str, doi: str = "") -> Reference:
    return {"id": key, "citation": citation, "doi": doi} if doi else {"id": key, "citation": citation}


REFERENCES: Final[dict[str, Reference]] = {
    reference["id"]: reference
    for reference in (
        _reference("looney2025", "Looney 2025, running energy equation RE3", "10.1007/s00421-025-05999-5"),
        _reference("looney2023", "Looney 2023, its level part", "10.1519/JSC.0000000000004626"),
        _reference("byrne2005", "Byrne 2005, resting oxygen uptake, n 769", "10.1152/japplphysiol.00023.2004"),
        _reference("looney2019", "Looney 2019, load carriage decision aid", "10.1249/MSS.0000000000002002"),
        _reference("acsm", "American College of Sports Medicine, metabolic equations"),
        _reference("leger1984", "Léger 1984, treadmill running"),
        _reference("minetti2002", "Minetti 2002", "10.1152/japplphysiol.01177.2001"),
        _reference("peronnet1991", "Péronnet & Massicotte 1991, energy per litre of oxygen"),
        _reference("kipp2018", "Kipp 2018, ten equations of energy per litre of oxygen"),
        _reference("mifflin1990", "Mifflin-St Jeor 1990, resting energy"),
        _reference("williford1998", "Williford 1998", "10.1097/00005768-199809000-00011"),
        _reference("masumoto2023", "Masumoto & Mercer 2023", "10.1016/j.humov.2023.103065"),
        _reference("wright2001", "Wright & Weyand 2001"),
        _reference("rasica2020", "Rasica 2020, mean over 0 to 25 % grade", "10.1007/s00421-020-04474-7"),
        _reference("kim2001", "Kim & Choi 2001"),
        _reference("korean_walking", "Korean study of walking (DBpia NODE08826885), women, n 10"),
        _reference("compendium2011", "Compendium of Physical Activities 2011"),
        _reference("hreljac2005", "Hreljac 2005"),
        _reference("vanoeveren2017", "van Oeveren 2017", "10.1371/journal.pone.0184273"),
        _reference("outdoor2020", "Outdoor step frequency study 2020", "10.1080/17461391.2019.1626911"),
        _reference("fukuchi2018", "Fukuchi 2018", "10.7717/peerj.4640"),
        _reference("cavagna2012", "Cavagna 2012, experts of 6 to 10 years", "10.1242/jeb.057562"),
        _reference("hart2022", "Hart 2022", "10.1136/bjsports-2021-104686"),
        _reference("doyle2023", "Doyle 2023", "10.1080/14763141.2023.2226111"),
        _reference("lenhart2014", "Lenhart 2014", "10.1249/MSS.0b013e3182a78c3a"),
        _reference("sussman2000", "Sussman 2000"),
        _reference("roos2012", "Roos 2012", "10.1016/j.jbiomech.2012.03.020"),
        _reference("ren2015", "Ren 2015, J Phys Educ 2015(5):139-144"),
        _reference("alcantara2021", "Alcantara 2021, open data", "10.7717/peerj.11199"),
        _reference("alcantara2022", "Alcantara 2022", "10.7717/peerj.12752"),
        _reference("devita1991", "DeVita & Stribling 1991", "10.1249/00005768-199105000-00013"),
        _reference("reiter2024", "Reiter 2024, PMC11096059"),
        _reference(
            "matijevich2019",
            "Informal reanalysis of the open data of Matijevich 2019: nine people fitted, one tested",
            "10.1371/journal.pone.0210000",
        ),
        # Named by claims, warnings and tables alone.
        _reference("paes2016", "Paes & Fernandez 2016", "10.1590/1414-431X20155061"),
        _reference("li2020", "Li 2020"),
        _reference("diprampero1986", "di Prampero 1986", "10.1007/BF02343797"),
        _reference("compendium2024", "Compendium of Physical Activities 2024"),
        _reference("flynn1995", "Flynn & Soutas-Little 1995"),
        _reference("heath2001", "Heath 2001", "10.1054/ptsp.2001.0057"),
        _reference("teunissen2007", "Teunissen 2007, weight support"),
        _reference("terblanche2005", "Terblanche 2005, 13 women, 6 weeks"),
        _reference("masumoto2020", "Masumoto 2020, step rate"),
        _reference("fritz2013", "Fritz 2013, backward walking of older people", "10.1016/j.gaitpost.2012.09.022"),
        _reference("fujisawa2010", "Fujisawa 2010, backward walking, n 157"),
        _reference("keytel2005", "Keytel 2005, energy from heart rate (four independent copies)"),
        _reference("lieberman2015", "Lieberman 2015", "10.1242/jeb.125500"),
        _reference("cavagna2008", "Cavagna 2008"),
        _reference("weyand2010", "Weyand 2010", "10.1152/japplphysiol.00947.2009"),
        _reference("gottschall2005", "Gottschall & Kram 2005", "10.1016/j.jbiomech.2004.04.023"),
        _reference("telhan2010", "Telhan 2010, PMC2808749"),
        _reference("ordway2016", "Ordway 2016"),
        _reference("lin2025", "Lin 2025", "10.1080/09593985.2025.2550532"),
        _reference("alghadir2019", "Alghadir 2019", "10.1186/s12891-019-2537-9"),
        _reference("brslope2021", "Backward running on a slope, pilot trial 2021, PMID 34438365"),
        _reference("lee2013", "Lee 2013"),
        _reference("intensity", "Exercise intensity definitions, Table 3 of PMC8818640"),
    )
}
"""Every source an answer can name, by id."""
