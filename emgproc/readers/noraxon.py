"""Formats of Noraxon programs: MR3 and MR4 CSV exports, OPENDATA folders."""

from emgproc.readers import noraxon_csv, noraxon_opendata

FORMATS = (noraxon_opendata.FORMAT, noraxon_csv.FORMAT)
