"""The names that the plan of the house promises."""

import emgproc as ep


def test_what_clinics_measure_is_at_hand_under_its_name():
    for name in ("cmap", "munix", "scan", "f_wave", "h_reflex", "decrement"):
        assert callable(getattr(ep.stimulation, name))
    assert ep.stimulation.mune.mune_multipoint is ep.stimulation.mune_multipoint


def test_the_list_of_names_is_sorted_and_complete():
    listed = ep.stimulation.__all__
    assert listed == sorted(listed, key=lambda name: (not name[0].isupper(), name))
    assert all(getattr(ep.stimulation, name) is not None for name in listed)
    for needed in ("Sweeps", "sweeps_of", "average", "motor_velocity", "stair_fit", "scan_model"):
        assert needed in listed
