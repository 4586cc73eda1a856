"""Formats of Delsys systems: EMGworks and Trigno Discover CSV exports, legacy .emg."""

from emgproc.readers import delsys_discover, delsys_emg, delsys_emgworks

FORMATS = (delsys_emg.FORMAT, delsys_emgworks.FORMAT, delsys_discover.FORMAT)
