"""How every simulated recording says where it comes from."""

from emgproc.recording import Provenance

SYNTHETIC = "SYNTHETIC: simulated, not measured on anyone"


def synthetic(source: str, scaling: str) -> Provenance:
    """Provenance of a simulated recording: its name, its converter, and that it is synthetic."""
    return Provenance(
        source,
        reader="emgproc.simulate",
        scaling=scaling,
        warnings=(SYNTHETIC,),
        synthetic=True,
    )
