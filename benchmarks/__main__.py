"""`python -m benchmarks`: the kernels. `python -m benchmarks FILE…`: each stage on these files.

`python -m benchmarks --simulation`: simulated grid recordings.
`python -m benchmarks --reading`: EDF and BDF beside other readers.
"""

import argparse
import sys
from pathlib import Path

from emgproc.errors import EmgprocError

SURFACE = Path(__file__).parents[1] / "pipelines" / "surface.toml"


def main() -> None:
    """Read the arguments and run one of the benchmarks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--plan", type=Path, default=SURFACE)
    parser.add_argument("--simulation", action="store_true")
    parser.add_argument("--reading", action="store_true")
    arguments = parser.parse_args()
    if arguments.simulation:
        from benchmarks.simulation import main as simulation

        simulation()
    elif arguments.reading:
        from benchmarks.reading import main as reading

        reading()
    elif arguments.files:
        from benchmarks.files import measure

        try:
            failed = measure(arguments.files, arguments.plan)
        except EmgprocError as error:
            parser.error(str(error))
        sys.exit(1 if failed else 0)
    else:
        from benchmarks.kernels import main as kernels

        kernels()


if __name__ == "__main__":
    main()
