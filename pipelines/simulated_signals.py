"""A page of simulated (SYNTHETIC) signals with their truth: copy this file and change it.

    python pipelines/simulated_signals.py PAGE.html [SEED]

One recording alone: `emgproc simulate recording OUT.edf --scenario grid --seed 1`.
"""

import sys

from emgproc.errors import EmgprocError
from emgproc.report import write_simulated_page


def main() -> None:
    """Read the arguments, simulate, draw, and say where the page is."""
    if len(sys.argv) not in {2, 3}:
        sys.exit(__doc__)
    seed = int(sys.argv[2]) if len(sys.argv) == 3 else 1
    print(f"Open {write_simulated_page(sys.argv[1], seed)} in a browser.")


if __name__ == "__main__":
    try:
        main()
    except (EmgprocError, ValueError) as error:
        sys.exit(str(error))
