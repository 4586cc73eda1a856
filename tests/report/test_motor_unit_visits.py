"""The page of motor units over visits: which is which, what is open, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from emgproc.errors import ParameterError
from emgproc.motor_units import DecompositionSettings, MotorUnit, MotorUnits, Trained
from emgproc.motor_units.record import UnitsRecord
from emgproc.recording import Grid
from emgproc.report.visits_page import visits_text, write_visits

FS, N, ROWS, COLS = 2048.0, 20_480, 5, 4
MUAP_CENTRE = 20


def shapes(n_units, n_visits):
    """(n_visits, n_units, channels, window): the same potentials with noise of their own."""
    rng = np.random.default_rng(4)
    t = np.linspace(-3, 3, 2 * MUAP_CENTRE)
    made = []
    for _ in range(n_units):
        row, col, width = rng.uniform(0, 4), rng.uniform(0, 3), rng.uniform(0.5, 1.5)
        late = np.abs(np.arange(ROWS) - row)[:, None, None] / 2
        across = np.exp(-((np.arange(COLS) - col) ** 2))[None, :, None]
        made.append(50 * across * (1 - ((t - late) / width) ** 2) * np.exp(-((t - late) ** 2)))
    plain = np.array(made).reshape(n_units, ROWS * COLS, t.size)
    return plain + rng.normal(0, 0.2, (n_visits, *plain.shape))


def unit(name, muap, **reason):
    blank = np.zeros((1, 1), np.float32)
    trained = Trained(blank, blank, 0.0, 0.7, blank)
    at = np.arange(100, N, 200)
    return MotorUnit(name, at, 0.95, 31.0, 0.1, 10.0, muap.astype(np.float32), trained, **reason)


def records(n_visits=2, n_units=7):
    """Visits with the same units; the last lacks the first and has a rejected one."""
    made = shapes(n_units + 1, n_visits)
    found = []
    for visit, muaps in enumerate(made):
        first = int(visit == n_visits - 1)
        kept = [
            unit(f"MU{k + 1}", muap, accepted_because="made")
            for k, muap in enumerate(muaps[first:-1])
        ]
        stray = unit("MU99", muaps[-1], rejected_because="low_sil: 0.71 < 0.9")
        units = MotorUnits(
            tuple(kept), (stray,), "", FS, tuple(f"c{k}" for k in range(ROWS * COLS)), (),
            MUAP_CENTRE, DecompositionSettings(), 1, 16,
        )  # fmt: skip
        places = tuple((k // COLS, k % COLS) for k in range(ROWS * COLS))
        found.append(
            UnitsRecord(
                units,
                N,
                f"{visit}{'ab' * 31}",
                synthetic=True,
                grid=Grid(ROWS, COLS, 8.0),
                places=places,
            )
        )
    return found


def rows_of(text):
    table = text[text.index("Which is which") :].split("</table>")[0]
    return [row.split("</tr>")[0].strip() for row in table.split("<tr>")[2:]]


def test_every_unit_is_followed_by_name_and_one_that_is_lost_is_left_open():
    text = visits_text(records(), names=["month <2>", "month 4"])
    assert "6 motor units found at more than one visit, 1 at one only." in text
    rows = rows_of(text)
    assert len(rows) == 7
    assert rows[0].startswith("<td>MU1</td><td>–</td><td>")
    assert "confidence" not in rows[0]
    for k in range(1, 7):
        assert rows[k].startswith(f"<td>MU{k + 1}</td><td>MU{k}</td><td>1–2: r ")
    assert "month &lt;2&gt;" in text
    assert "month <2>" not in text
    assert "MU99" not in text


def test_the_page_has_its_figures_and_says_what_it_is_worth():
    text = visits_text(records(3))
    assert text.count("<svg") == 2
    assert text.count("SYNTHETIC") > 2
    assert "no limit has been validated" in text
    assert "taken not to have grown" in text
    told = visits_text(records(3), lengths=[10.0, 10.0, 10.0])
    assert "10.0, 10.0, 10.0, was taken into account" in told


def test_the_same_visits_give_the_same_page(tmp_path):
    page = write_visits(records(), tmp_path / "p.html")
    assert page.read_bytes() == visits_text(records()).encode()


def test_a_visit_without_units_is_compared_with_none_and_says_so():
    first, second = records()
    none = replace(second.units, units=(), rejected=(), verdict="no_unit: noise")
    text = visits_text([first, replace(second, units=none)])
    assert "0 motor units found at more than one visit, 7 at one only." in text
    assert "no units" in text


def test_visits_that_cannot_be_compared_are_refused():
    first, second = records()
    with pytest.raises(ParameterError, match="two visits or more"):
        visits_text([first])
    with pytest.raises(ParameterError, match="2 visits and 1 names"):
        visits_text([first, second], names=["a"])
    with pytest.raises(ParameterError, match="visit 2: only units of a recording with a grid"):
        visits_text([first, replace(second, grid=None, places=())])
    with pytest.raises(ParameterError, match="grid"):
        visits_text([first, replace(second, grid=Grid(6, 4, 8.0))])
