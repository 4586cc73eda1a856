"""Files a regulator or a reviewer reads: lock, audit trail, SDTM, ADaM, and their formats."""
