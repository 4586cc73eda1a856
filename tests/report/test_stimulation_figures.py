"""Figures of nerve stimulation: the same bytes for the same numbers, and what they say."""

import functools

import pytest

from emgproc.report import stimulation_figures as figures
from emgproc.simulate import stimulation as made
from emgproc.stimulation import (
    ScanNoise,
    amplitudes_at_peak,
    decrement,
    f_wave,
    h_reflex,
    munix,
    responses,
    scan,
    stair_fit,
    sweeps_of,
)

HEALTHY = made.healthy_nerve(1)
FEW = made.plain_nerve([90.0, 120.0, 90.0])


def sweeps(recording):
    return sweeps_of(recording, "ADM_L")


def of_cmap(nerve=HEALTHY):
    return figures.response_sweeps(sweeps(made.simulate_cmap(nerve, seed=1)[0]))


def of_train(nerve=HEALTHY):
    found = sweeps(made.simulate_repetitive(nerve, seed=1)[0])
    each = responses(found.data, found.fs, found.before_s)
    fall = decrement([one.amplitude_mv for one in each], [one.area_mv_ms for one in each])
    return figures.decrement_bars(found, fall)


def of_f_waves(nerve=HEALTHY):
    found, window_s = sweeps(made.simulate_f_waves(nerve, seed=1)[0]), (0.012, 0.05)
    waves = f_wave(found.data, found.fs, found.before_s, window_s)
    return figures.f_wave_raster(found, waves, window_s)


def of_h_reflex(nerve=HEALTHY):
    found = sweeps(made.simulate_h_reflex(nerve, seed=1)[0])
    reflex = h_reflex(
        found.data, found.fs, found.before_s, found.stimulus_ma, m_window_s=(0.001, 0.012),
        h_window_s=(0.013, 0.04),
    )  # fmt: skip
    return figures.h_recruitment(found, reflex)


def of_scan(nerve=FEW):
    found = sweeps(made.simulate_scan(nerve, seed=1, n_scan=80)[0])
    mv = amplitudes_at_peak(found.data, found.fs, found.before_s)
    about, noise = (found.stimulus_ma, mv, (19, 101)), ScanNoise(0.003)
    stairs = stair_fit(about[0], mv, noise, about[2])
    return figures.scan_figure(*about, scan(*about, noise=noise), stairs)


def of_munix(nerve=HEALTHY):
    recording, _ = made.simulate_sip(nerve, seed=1)
    found = sweeps(recording)
    epochs = [recording.data[0, s.start : s.stop] for s in recording.segments[3:]]
    return figures.munix_fit(munix(found.data.mean(axis=0), epochs, recording.fs))


@functools.cache
def drawn(draw):
    """The figure of the usual nerve."""
    return draw()


EVERY = (of_cmap, of_train, of_f_waves, of_h_reflex, of_scan, of_munix)


@pytest.mark.parametrize("draw", EVERY)
def test_the_same_input_gives_the_same_bytes(draw):
    first = drawn(draw)
    assert first == draw()
    assert first.startswith("<svg")
    assert "Date" not in first


@pytest.mark.parametrize("draw", EVERY)
def test_a_nerve_without_a_response_is_drawn_too(draw):
    assert draw(made.absent_nerve()) != drawn(draw)


def test_another_response_is_another_figure():
    assert len({of_cmap(FEW), drawn(of_cmap), of_cmap(made.healthy_nerve(2))}) == 3
