"""The digest of a plan: equal for plans that give equal results, other for all others."""

import pickle
import subprocess
import sys

import pytest

from emgproc.plan import model as plan_model
from emgproc.plan import plan_from_text

TEXT = (
    'schema = 1\nname = "a"\n[[step]]\nname = "highpass"\ncutoff_hz = 20\n'
    '[[feature]]\nname = "rms"\n[[feature]]\nname = "zc"\n'
)


def digest(text):
    return plan_from_text(text).digest


@pytest.fixture
def text():
    from dataclasses import fields

    from emgproc.preprocessing import Highpass

    return TEXT.replace("cutoff_hz", fields(Highpass)[0].name)


def test_names_comments_and_written_defaults_do_not_change_it(text):
    same = text.replace('"a"', '"b"').replace('"zc"', '"zc" # count\nthreshold_uv = 0')
    assert digest(same) == digest(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("= 20", "= 21"),
        ('"highpass"', '"lowpass"'),
        ('"zc"', '"ssc"'),
        ('"zc"', '"zc"\nover = "state/3"'),
        ('"zc"', '"zc"\nthreshold_uv = 1'),
        ('"zc"\n', '"zc"\n[windows]\nmin_windows = 29\n'),
        ('"zc"\n', '"zc"\n[noise]\nmin_s = 9\n'),
        ('"zc"\n', '"zc"\n[source]\nunit = "mV"\n'),
        ('"zc"\n', '"zc"\n[source]\nadc_range_v = 5\n'),
        ('"zc"\n', '"zc"\n[source]\ngain = 1000\n'),
    ],
)
def test_whatever_can_move_a_result_changes_it(text, old, new):
    assert text.replace(old, new) != text
    assert digest(text.replace(old, new)) != digest(text)


def test_options_that_came_later_leave_the_digests_of_other_plans_alone(text):
    told = (
        "settings Source(unit=None, fs_hz=None, kinds=(), time_column=None, delimiter=None, "
        "decimal=None)"
    )
    lines = plan_from_text(text).canonical().splitlines()
    assert told in lines
    assert {line.split()[0] for line in lines} == {"step", "feature", "settings", "version"}


def test_the_order_of_the_steps_changes_it():
    steps = ['[[step]]\nname = "mask_nan"\n', '[[step]]\nname = "bandpass"\n']
    end = '[[feature]]\nname = "rms"\n'
    head = 'schema = 1\nname = "a"\n'
    assert digest(head + "".join(steps) + end) != digest(head + "".join(steps[::-1]) + end)


def test_a_new_version_of_an_algorithm_changes_it(text, monkeypatch):
    before = digest(text)
    newer = dict(plan_model.ALGORITHM_VERSIONS) | {"features": 99}
    monkeypatch.setattr(plan_model, "ALGORITHM_VERSIONS", newer)
    assert digest(text) != before


def test_it_is_the_same_in_another_process_and_after_pickling(text):
    code = (
        "import sys; from emgproc.plan import plan_from_text; "
        "print(plan_from_text(sys.stdin.read()).digest)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=text, capture_output=True, text=True, check=True
    )
    plan = plan_from_text(text)
    assert done.stdout.strip() == plan.digest
    assert pickle.loads(pickle.dumps(plan)).digest == plan.digest
