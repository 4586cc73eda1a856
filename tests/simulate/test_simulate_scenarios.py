"""The nine scenarios, mishaps at given rates, and trials without signals."""

import dataclasses
import hashlib
import math
import tomllib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError
from emgproc.readers import open_recording
from emgproc.simulate import MuscleSettings, RecordingSettings, simulate_recording
from emgproc.simulate.course import enlarged, more_rhythmic, pool_of
from emgproc.simulate.in_memory import study_of
from emgproc.simulate.nerves import measurement_rows
from emgproc.simulate.patient_level import (
    draw_trials,
    in_band_share,
    measured_powers,
    simulate_visit_values,
)
from emgproc.simulate.pool import draw_pool
from emgproc.simulate.scenario import SCENARIOS, Mishaps, scenario_of
from emgproc.simulate.study import StudyOptions, simulate_study, synthetic_protocol
from emgproc.simulate.trial import design_study
from emgproc.simulate.truth_file import read_truth
from emgproc.simulate.visits import recorded, recording_settings
from emgproc.study import visit_table_text
from emgproc.study.load import check_study, load_study
from emgproc.study.parse import parse_protocol
from emgproc.study.template import template_toml

PLAN = "schema = 1\n"


@pytest.fixture(scope="module")
def protocol():
    return parse_protocol(tomllib.loads(synthetic_protocol(template_toml())))[0]


def with_arms(protocol, *planned):
    arms = tuple(
        arm.model_copy(update={"planned_n": n})
        for arm, n in zip(protocol.design.arms, planned, strict=True)
    )
    design = protocol.design.model_copy(update={"arms": arms})
    return protocol.model_copy(update={"design": design})


def small_toml(treated, control):
    text = template_toml().replace("planned_n = 10\n", f"planned_n = {treated + control}\n")
    text = text.replace('no injection", planned_n = 5', f'no injection", planned_n = {control}')
    return text.replace('stem cells", planned_n = 5', f'stem cells", planned_n = {treated}')


def last_settings(design, treated):
    """Settings of the last visit of all infants of one arm who reach it."""
    return [
        recording_settings(design, infant, 2)
        for infant in design.infants
        if infant.treated == treated and not infant.visits[-1].missed
    ]


def test_every_scenario_is_known_by_its_name_and_its_letter():
    assert [s.letter for s in SCENARIOS.values()] == list("abcdefghi")
    for name, scenario in SCENARIOS.items():
        assert scenario_of(name) is scenario
        assert scenario_of(scenario.letter) is scenario


def test_a_letter_gives_the_same_trial_as_the_name(protocol):
    assert design_study(protocol, "d", 4) == design_study(protocol, "rescue", 4)


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - {"null"}))
def test_a_scenario_leaves_untreated_infants_and_earlier_visits_as_they_are_in_null(
    protocol, name
):
    null = design_study(protocol, "null", 6, mishaps=False)
    other = design_study(protocol, name, 6, mishaps=False)
    for a, b in zip(null.infants, other.infants, strict=True):
        for position in (0, 1, 2):
            if (b.treated and position == 2) or b.visits[position].missed:
                continue
            assert a.visits[position] == b.visits[position]
            first, second = (
                recording_settings(d, i, position) for d, i in ((null, a), (other, b))
            )
            for m, n in zip(first.muscles, second.muscles, strict=True):
                assert (m.tone_uv, m.noise_uv, m.ecg_uv) == (n.tone_uv, n.noise_uv, n.ecg_uv)
                # New units are drawn before the loss of the others, which then is another one.
                if position < 2 or SCENARIOS[name].unit_gain <= 1:
                    assert_array_equal(m.pool.smup_uv, n.pool.smup_uv)
            assert second.timeline is None


def test_noise_drift_raises_the_electrode_noise_of_the_treated_and_nothing_else(protocol):
    null, drift = (design_study(protocol, s, 6, mishaps=False) for s in ("a", "b"))
    pairs = zip(last_settings(null, True), last_settings(drift, True), strict=True)
    for before, after in pairs:
        for m, n in zip(before.muscles, after.muscles, strict=True):
            assert 1.5 <= n.noise_uv / m.noise_uv <= 1.8
            same = dataclasses.replace(n, noise_uv=m.noise_uv, pool=m.pool)
            assert same == m


def test_reinnervation_halves_the_units_and_leaves_the_motor_response_flat(protocol):
    design = design_study(protocol, "c", 6)
    for infant in (i for i in design.infants if i.treated):
        for group in range(4):
            before, after = (pool_of(design, infant, k, group) for k in (0, 2))
            assert after.n_units == round(before.n_units / 2)
            assert_allclose(after.cmap_uv, before.cmap_uv, rtol=1e-12)
    changes = [i.d_design for i in design.infants]
    null = [i.d_design for i in design_study(protocol, "a", 6, mishaps=False).infants]
    shift = np.subtract(changes, null)
    assert_allclose(shift, [0.5 * math.log(2) if i.treated else 0 for i in design.infants])


def test_half_the_units_of_twice_the_size_have_a_root_two_higher_rms():
    """Campbell: Σ rate · E with E proportional to the size squared."""
    pool = draw_pool(np.random.default_rng(1), 12, n_at_onset=12, rhythmic_share=0.0)
    whole = dataclasses.replace(pool, smup_uv=np.full(12, 100.0))
    half = enlarged(whole.first(6), 2.0)
    power = [np.sum(p.smup_uv**2) for p in (whole, half)]
    assert_allclose(np.sqrt(power[1] / power[0]), np.sqrt(2), rtol=1e-12)
    assert_allclose(half.width_s, np.minimum(pool.width_s[:6] * 2**0.2, 0.005))


def test_rhythmic_units_increase_while_the_motor_response_falls(protocol):
    design = design_study(protocol, "rhythmic", 6)
    treated = [i for i in design.infants if i.treated]
    pairs = [[pool_of(design, i, k, g) for k in (0, 2)] for i in treated for g in range(4)]
    shares = np.array([[p.rhythmic.mean() for p in pair] for pair in pairs])
    assert np.all(shares[:, 1] <= 1)
    assert (shares[:, 1] - shares[:, 0]).mean() > 0.25
    assert np.mean([b.cmap_uv / a.cmap_uv for a, b in pairs]) < 0.8
    theta = [i.d_design for i in treated]
    assert np.mean(theta) > math.log(2) - 0.05 * 4.5 - 3 * 0.3 / math.sqrt(10)


def test_turning_units_rhythmic_leaves_one_driven_and_gives_rates_of_5_to_15_hz():
    rng = np.random.default_rng(2)
    pool = draw_pool(rng, 8, n_at_onset=8, rhythmic_share=0.25)
    turned = more_rhythmic(pool, rng, 1.0)
    assert turned.rhythmic.sum() == 7
    assert np.all(
        (turned.rhythm_hz[turned.rhythmic] >= 5) & (turned.rhythm_hz[turned.rhythmic] <= 15)
    )
    assert_array_equal(turned.rhythm_hz[pool.rhythmic], pool.rhythm_hz[pool.rhythmic])
    assert pool.rhythmic.sum() == 2


def test_the_restless_lie_quietly_awake_for_a_smaller_share_but_as_long(protocol):
    design = design_study(protocol, "state_imbalance", 6)
    for settings in last_settings(design, True):
        timeline = settings.timeline
        quiet_s = timeline.seconds_of("state/3")
        assert 40 <= quiet_s <= 45
        assert quiet_s / settings.duration_s < 0.55
        assert timeline.seconds_of("cry") + timeline.seconds_of("movement") > 15
    assert all(s.timeline is None for s in last_settings(design, False))


def test_ecg_leaks_into_the_proximal_channels_only(protocol):
    design = design_study(protocol, "ecg_leak", 6)
    for settings in last_settings(design, True):
        leak = {m.muscle: m.ecg_uv for m in settings.muscles}
        assert 100 <= leak.pop("biceps_brachii") <= 300
        assert max(leak.values()) <= 6
    assert all(m.ecg_uv <= 30 for s in last_settings(design, False) for m in s.muscles)


def test_deaths_come_at_eight_percent_a_month_and_in_the_untreated_only(protocol):
    many = with_arms(protocol, 1, 1500)
    design = design_study(many, "deaths", 1)
    control = [i for i in design.infants if not i.treated]
    months = np.mean([(i.visits[-1].day - i.index_date).days for i in control]) / 30.4375
    expected = 1 - math.exp(-0.08 * months)
    died = [i for i in control if i.death_date]
    assert_allclose(len(died) / len(control), expected, atol=3 * math.sqrt(0.2 / 1500))
    days = np.array([(i.death_date - i.index_date).days for i in died])
    assert_allclose(np.mean(days < 60), (1 - math.exp(-0.08 * 59 / 30.4375)) / expected, atol=0.08)
    assert not [i for i in design.infants if i.treated and i.death_date]


def test_after_a_death_there_is_no_visit_no_recording_and_no_dose(protocol):
    rates = Mishaps(deaths_per_month=0.5)
    design = design_study(with_arms(protocol, 20, 20), "null", 3, mishaps=rates)
    died = [i for i in design.infants if i.death_date]
    assert {i.treated for i in died} == {True, False}
    for infant in died:
        assert [v.missed == "died" for v in infant.visits] == [
            v.day > infant.death_date for v in infant.visits
        ]
        assert all(day <= infant.death_date for day in infant.dose_dates)
        assert infant.last_contact == infant.death_date
    assert any(len(i.dose_dates) < 3 for i in died if i.treated)


def test_visits_are_missed_and_recordings_fail_at_the_rates_asked_for(protocol):
    rates = Mishaps(missed_visit=0.3, failed_recording=0.2)
    design = design_study(with_arms(protocol, 300, 300), "null", 3, mishaps=rates)
    later = [v for i in design.infants for v in i.visits[1:]]
    every = [v for i in design.infants for v in i.visits]
    assert_allclose(np.mean([v.missed != "" for v in later]), 0.3, atol=3 * 0.46 / math.sqrt(1200))
    assert_allclose(np.mean([v.clipped for v in every]), 0.2, atol=3 * 0.4 / math.sqrt(1800))
    assert not [i for i in design.infants if i.visits[0].missed or i.death_date]


def test_one_rate_leaves_what_the_others_drew_alone(protocol):
    some = design_study(protocol, "null", 3, mishaps=Mishaps(missed_visit=0.5))
    more = design_study(
        protocol, "null", 3, mishaps=Mishaps(missed_visit=0.5, failed_recording=0.5)
    )
    for a, b in zip(some.infants, more.infants, strict=True):
        assert [v.missed for v in a.visits] == [v.missed for v in b.visits]
        assert a.d_design == b.d_design


def test_without_mishaps_any_number_of_infants_can_be_planned(protocol):
    for planned in ((1, 1), (3, 1), (40, 25)):
        design = design_study(with_arms(protocol, *planned), "rescue", 2, mishaps=False)
        assert len(design.infants) == sum(planned)
        assert not [i for i in design.infants if i.death_date or i.other_therapy_date]
        dates = [v.day for i in design.infants for v in i.visits]
        assert max(dates) < protocol.study.data_cutoff


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: design_study(p, "j", 1), "unknown scenario 'j'"),
        (lambda p: design_study(with_arms(p, 3, 5), "null", 1), "needs 4 infants"),
        (lambda p: design_study(with_arms(p, 0, 0), "null", 1, mishaps=False), "no infant"),
        (lambda p: Mishaps(deaths_per_month=-0.1), "hazard ≥ 0"),
        (lambda p: Mishaps(deaths_per_month=math.nan), "hazard ≥ 0"),
        (lambda p: Mishaps(missed_visit=1.2), "missed_visit must be in 0–1"),
        (lambda p: Mishaps(failed_recording=math.nan), "failed_recording must be in 0–1"),
        (lambda p: StudyOptions(suffix="csv"), "edf, bdf, h5"),
        (lambda p: draw_trials(0, seed=1), "numbers ≥ 1"),
        (lambda p: draw_trials(5, seed=1, n_per_arm=(5, 0)), "numbers ≥ 1"),
        (lambda p: draw_trials(5, "ncs_only", seed=1), "tonic levels alone"),
        (lambda p: draw_trials(5, "h", seed=1), "tonic levels alone"),
    ],
)
def test_what_makes_no_trial_is_refused_with_its_reason(protocol, make, said):
    with pytest.raises(ParameterError, match=said):
        make(protocol)


def test_the_share_of_noise_in_the_band_is_that_of_simulated_recordings():
    quiet = MuscleSettings(name="X", tone_uv=0.01, ecg_uv=0.0, mains_uv=0.0, noise_uv=2.0)
    found = [
        simulate_recording(RecordingSettings(muscles=(quiet,)), seed)[1].channels[0]
        for seed in range(8)
    ]
    shares = [c.noise_power_uv2 / c.noise_sigma_uv**2 for c in found]
    assert_allclose(np.mean(shares), in_band_share(), rtol=0.01)


def test_measured_powers_give_back_tone_and_noise_with_the_stated_errors():
    rng = np.random.default_rng(3)
    tone, noise = np.full(20_000, math.log(8.0)), np.full(20_000, 2.0)
    none = np.zeros(20_000)
    ms, s2 = measured_powers(rng, tone, noise, none, none)
    error = 0.5 * np.log(ms - s2) - tone
    assert_allclose(error.mean(), -0.026, atol=0.001)
    assert_allclose(error.std(), 0.011, rtol=0.05)
    assert_allclose(s2.mean(), 4 * in_band_share(), rtol=0.002)
    assert_allclose(s2.std() / s2.mean(), math.sqrt(2 / (860 * 15)), rtol=0.03)
    loud = measured_powers(rng, tone, noise, np.full(20_000, 2.0), none)
    kept = loud[1] > 4 * in_band_share() + 1.1
    assert_allclose(kept.mean(), 0.4, atol=0.011)


def test_a_study_in_memory_is_the_one_that_its_folder_gives(tmp_path):
    options = StudyOptions(protocol_toml=small_toml(2, 1), mishaps=Mishaps(missed_visit=0.5))
    simulate_study(tmp_path / "s", "null", seed=8, plan_toml=PLAN, options=options)
    assert check_study(tmp_path / "s") == []
    read = load_study(tmp_path / "s")
    made = study_of(design_study(read.protocol, "null", 8, mishaps=options.mishaps))
    for table, unset in {
        "participants": {"row", "criteria", "consent_date", "genetic_date", "smn2_copies"},
        "visits": {"row"},
        "recordings": {"row", "sha256", "file"},
        "exposures": {"row", "lot", "release_qc", "interrupted"},
        "clinical_events": {"row"},
        "measurements": {"row"},
    }.items():
        left, right = getattr(made, table), getattr(read, table)
        assert len(left) == len(right) > 0
        for a, b in zip(left, right, strict=True):
            fields = set(a.__dataclass_fields__) - unset
            assert {f: getattr(a, f) for f in fields} == {f: getattr(b, f) for f in fields}
    assert [v.status for v in made.visits].count("missed") > 0


def test_the_visit_table_of_a_design_holds_what_the_recordings_would(protocol):
    design = design_study(protocol, "null", 8)
    values = simulate_visit_values(design)
    assert simulate_visit_values(design) == values
    visit_table_text(values)  # every value is a number, or has a reason
    assert all("synthetic" in v.flags for v in values)
    made = {
        (i.participant_id, i.visits[k].session_id) for i in design.infants for k in recorded(i)
    }
    assert {(v.participant_id, v.session_id) for v in values} == made
    failed = {v.recording_id for v in values if v.reason == "clipped"}
    assert failed == {"sub-05_ses-month3_task-rest_emg"}
    methods = {v.flags for v in values if v.feature == "noise_power_uv2" and not v.reason}
    assert methods == {("noise_N1", "synthetic")}


def test_many_trials_at_once_follow_the_model_of_single_ones():
    drawn = draw_trials(3000, "rescue", seed=5)
    change = drawn.d_true.mean(axis=0)
    assert_allclose(change[drawn.treated], math.log(2) - 0.05 * 4.2, atol=0.02)
    assert_allclose(change[~drawn.treated], -0.05 * 4.2, atol=0.02)
    assert_allclose(drawn.d_true.std(axis=0), 0.3 * math.sqrt(2 / 4), rtol=0.05)
    levels = 0.5 * np.log(drawn.tone_ms_uv2[:, ~drawn.treated, 0])
    assert_allclose(np.median(levels), math.log(8.0), atol=0.08)
    assert_array_equal(draw_trials(3000, "rescue", seed=5).d_true, drawn.d_true)


def test_a_study_without_surface_emg_has_recorded_motor_responses_that_fit_what_is_typed(
    tmp_path,
):
    options = StudyOptions(protocol_toml=small_toml(2, 1))
    seen = []
    told = dataclasses.replace(options, progress=seen.extend)
    truth = simulate_study(tmp_path / "s", "i", seed=8, plan_toml=PLAN, options=told)
    assert list(truth.recording_ids) == seen
    assert len(seen) == 3 * 3 * 3
    assert check_study(tmp_path / "s") == []
    study = load_study(tmp_path / "s")
    assert {(r.modality, r.task) for r in study.recordings} == {("cmap", "stim")}
    stored = read_truth(tmp_path / "s" / "truth" / "responses.h5")
    assert list(stored.recording_ids) == seen
    typed = {(m.participant_id, m.session_id, m.nerve): m for m in study.measurements}
    for row, response in zip(study.recordings, stored.responses, strict=True):
        with open_recording(tmp_path / "s" / row.file) as recording:
            assert recording.provenance.synthetic
            assert [e.label[:5] for e in recording.events] == ["stim/"] * 3
        value = typed[row.participant_id, row.session_id, row.stim_nerve]
        if value.absent:
            assert response.n_units == 0
        else:
            error = math.log(value.value / response.response.amplitude_mv)
            assert abs(error) < 4 * 0.05
    assert simulate_visit_values(design_study(study.protocol, "i", 8)) == ()


def test_the_response_rises_in_the_treated_who_regain_units(protocol):
    design = design_study(with_arms(protocol, 8, 8), "ncs_only", 4)
    changes = {True: [], False: []}
    for infant in design.infants:
        rows = measurement_rows(design, infant)
        mv = {
            (r["session_id"], r["nerve"]): float(r["value"])
            for r in rows
            if r["measure"] == "cmap_amp_mv" and r["value"] != ""
        }
        changes[infant.treated] += [
            math.log(value / mv["ses-baseline", nerve])
            for (session, nerve), value in mv.items()
            if session == "ses-month3"
        ]
    assert 0.25 < np.mean(changes[True]) < 0.65
    assert -0.2 < np.mean(changes[False]) < 0.05


@pytest.mark.parametrize("suffix", ["edf", "bdf", "h5"])
def test_a_study_is_written_in_any_format_and_says_that_it_is_synthetic(tmp_path, suffix):
    options = StudyOptions(protocol_toml=small_toml(1, 1), suffix=suffix, mishaps=False)
    simulate_study(tmp_path / "s", "state_imbalance", seed=8, plan_toml=PLAN, options=options)
    assert check_study(tmp_path / "s") == []
    study = load_study(tmp_path / "s")
    assert len(study.tasks()) == 6
    for task in study.tasks():
        path = study.path_of(task)
        assert path.suffix == f".{suffix}"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == task.sha256
        with open_recording(path) as recording:
            assert recording.provenance.synthetic
            restless = task.recording_id.startswith("sub-01_ses-month3")
            assert recording.duration_s == (90 if restless else 60)
            assert any(e.label == "state/3" for e in recording.events)
    assert (path.parent / f"{path.stem}.json").is_file() is False
    longer = tmp_path / "s" / "sub-01" / "ses-month3" / "emg"
    assert '"RecordingDuration": 90' in next(longer.glob("*_emg.json")).read_text("utf-8")
    ignored = (tmp_path / "s" / ".bidsignore").read_text("utf-8").split()
    assert ("sub-*" in ignored) == (suffix == "h5")


def test_the_same_seed_writes_the_same_study_and_another_another(tmp_path):
    options = StudyOptions(protocol_toml=small_toml(1, 1))
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulate_study(tmp_path / name, "rhythmic", seed=seed, plan_toml=PLAN, options=options)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    content = {
        name: [
            (tmp_path / name / f).read_bytes() for f in files if (tmp_path / name / f).is_file()
        ]
        for name in "abc"
    }
    assert content["a"] == content["b"]
    assert content["a"] != content["c"]
