"""Recruitment: ratio, onset and recruitment frequency, of trains whose rates are known."""

import numpy as np
import pytest

from emgproc.errors import ParameterError, SignalError
from emgproc.needle.interference_recruitment import recruitment

FS = 10_000.0
N = 100_000


def train(hz, start_s, stop_s=10.0):
    return np.arange(start_s * FS, stop_s * FS, FS / hz).astype(int)


def test_two_units_at_10_hz_give_a_ratio_of_5():
    told = recruitment([train(10, 1.0), train(8, 3.0)], FS, N)
    assert told.ratio.value == pytest.approx(5.0)
    assert told.ratio.n == 7
    assert not told.ratio.flags
    assert told.n_active.tolist() == [0, 1, 1, 2, 2, 2, 2, 2, 2, 2]
    assert np.isnan(told.fastest_hz[0])
    assert told.order.tolist() == [0, 1]


def test_the_ratio_is_the_median_over_windows_with_two_units_or_more():
    told = recruitment([train(10, 1.0), train(20, 4.0), train(16, 8.0)], FS, N)
    assert told.fastest_hz[1:4].tolist() == pytest.approx([10, 10, 10])
    assert told.ratio.value == pytest.approx(np.median([10, 10, 10, 10, 20 / 3, 20 / 3]))
    assert told.ratio.n == 6


def test_one_unit_alone_is_its_own_ratio_and_flagged():
    told = recruitment([train(20, 1.0)], FS, N)
    assert told.ratio.value == pytest.approx(20)
    assert told.ratio.flags == ("single_unit",)
    assert told.onset_hz.value == pytest.approx(20)
    assert told.recruitment_hz.reason == "no_second_unit"


def test_recruitment_frequency_is_the_rate_of_unit_1_just_before_unit_2():
    # Unit 1 starts at 6 Hz and speeds up to 12 Hz at 5 s; unit 2 appears at 7 s.
    first = np.concatenate([train(6, 1.0, 5.0), train(12, 5.05)])
    told = recruitment([train(9, 7.0), first], FS, N)
    assert told.order.tolist() == [1, 0]
    assert told.onset_hz.value == pytest.approx(6, rel=1e-3)
    assert told.recruitment_hz.value == pytest.approx(12, rel=1e-3)
    assert (told.onset_hz.n, told.recruitment_hz.n) == (3, 3)


def test_a_stray_discharge_of_unit_2_does_not_recruit_it():
    first = np.concatenate([train(6, 1.0, 5.0), train(12, 5.05)])
    second = np.concatenate([[20_003], train(9, 7.0)])
    told = recruitment([first, second], FS, N)
    assert told.recruitment_hz.value == pytest.approx(12, rel=1e-3)


def test_what_was_not_seen_has_no_frequency():
    at_start = recruitment([train(10, 0.1), train(8, 3.0)], FS, N)
    assert at_start.onset_hz.reason == "active_at_start"
    assert at_start.recruitment_hz.reason == "active_at_start"
    silent = recruitment([train(10, 1.0, 3.0), train(8, 5.0)], FS, N)
    assert silent.onset_hz.value == pytest.approx(10)
    assert silent.recruitment_hz.reason == "first_unit_silent"
    together = recruitment([train(10, 1.0), train(10, 1.15)], FS, N)
    assert together.recruitment_hz.reason == "first_unit_silent"
    none = recruitment([[5], []], FS, N)
    reasons = {none.ratio.reason, none.onset_hz.reason, none.recruitment_hz.reason}
    assert reasons == {"no_active_unit"}
    assert none.order.size == 0


def test_doublets_and_pauses_tell_no_rate():
    base = train(10, 1.0)
    doubled = np.sort(np.concatenate([base, base[20:25] + 40]))
    assert recruitment([doubled], FS, N).ratio.value == pytest.approx(10)


def test_values_name_unit_and_rule():
    told = recruitment([train(10, 1.0), train(8, 3.0)], FS, N)
    for value, name in (
        (told.ratio, "recruitment_ratio"),
        (told.onset_hz, "onset_frequency"),
        (told.recruitment_hz, "recruitment_frequency"),
    ):
        assert (value.name, value.unit, value.rule_id) == (name, "Hz", "recruitment_v1")


def test_trains_that_are_none_are_refused():
    with pytest.raises(ParameterError, match="do not lie within"):
        recruitment([[5, N]], FS, N)
    with pytest.raises(SignalError):
        recruitment([[5, 4]], FS, N)
    with pytest.raises(ParameterError, match="window_s"):
        recruitment([[5]], FS, N, window_s=0.1)
