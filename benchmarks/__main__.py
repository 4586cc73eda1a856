"""How fast it is. `python -m benchmarks`: every kernel beside the library it replaces.

`python -m benchmarks FILE…`: each stage on these recordings, one CSV row for a file.
`python -m benchmarks --simulation`: simulated grid recordings.
`python -m benchmarks --reading`: EDF and BDF beside other readers.
`python -m benchmarks --hour`: an hour of 256 channels, 3.8 GB, from the file to its table.
`python -m benchmarks --needle`: ten minutes at 50 kHz, what a clinic reads at the needle.
`python -m benchmarks --batch`: 2000 recordings, what a batch costs besides the work.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from emgproc.errors import EmgprocError

if TYPE_CHECKING:
    from benchmarks.prototypes import Prototypes

SURFACE = Path(__file__).parents[1] / "pipelines" / "surface.toml"
SUBJECTS = (
    "filters", "envelopes", "features", "peaks", "complexity", "agreement", "decomposition",
    "files", "cold",
)  # fmt: skip


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--plan", type=Path, default=SURFACE, help="steps and features of FILE…")
    parser.add_argument("--simulation", action="store_true")
    parser.add_argument("--reading", action="store_true")
    parser.add_argument("--hour", action="store_true")
    parser.add_argument("--needle", action="store_true")
    parser.add_argument("--batch", action="store_true", help="takes --json and --quick")
    kernels = parser.add_argument_group("kernels beside other libraries")
    kernels.add_argument("--only", nargs="+", choices=SUBJECTS, default=(), metavar="NAME",
                         help=", ".join(SUBJECTS))  # fmt: skip
    kernels.add_argument("--threads", nargs="+", type=int, default=(1, 2), metavar="N")
    kernels.add_argument("--repeats", type=int, default=5)
    kernels.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
    kernels.add_argument("--json", type=Path, metavar="OUT.json")
    kernels.add_argument("--plot", type=Path, metavar="OUT.png")
    kernels.add_argument("--libemg-python", default="", metavar="PYTHON",
                         help="interpreter with libemg, which wants an older NumPy")  # fmt: skip
    kernels.add_argument("--decomposition-python", default="", metavar="PYTHON",
                         help="with muniverse-emg and openhdemg; minutes each")  # fmt: skip
    kernels.add_argument("--prototypes", type=Path, metavar="DIR",
                         help="folder of the prototype that the goals were set by")  # fmt: skip
    return parser


def main() -> None:
    """Read the arguments and run one of the benchmarks."""
    parser = arguments()
    given = parser.parse_args()
    if given.simulation:
        from benchmarks.simulation import main as simulation

        simulation()
    elif given.reading:
        from benchmarks.reading import main as reading

        reading()
    elif given.hour:
        from benchmarks.hour import main as hour

        hour(max(given.threads))
    elif given.needle:
        from benchmarks.needle import main as needle

        needle()
    elif given.batch:
        from benchmarks.batch import main as batch

        batch(given.json, quick=given.quick)
    elif given.files:
        from benchmarks.files import measure

        try:
            failed = measure(given.files, given.plan, max(given.threads))
        except EmgprocError as error:
            parser.error(str(error))
        sys.exit(1 if failed else 0)
    else:
        compare(parser, given)


def compare(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    from benchmarks.cases import QUICK, Settings
    from benchmarks.kernels import run, write

    threads = tuple(sorted(set(given.threads)))
    if threads[0] < 1 or given.repeats < 1:
        parser.error("--threads and --repeats take whole numbers of at least 1")
    how = {
        "threads": threads,
        "libemg_python": given.libemg_python,
        "decomposition_python": given.decomposition_python,
        "prototypes": _prototypes(parser, given.prototypes),
    }
    if given.quick:
        measured = run(QUICK.with_options(**how), given.only, megabytes=16)
    else:
        measured = run(Settings().with_options(repeats=given.repeats, **how), given.only)
    write(measured, given.json, given.plot)


def _prototypes(parser: argparse.ArgumentParser, folder: Path | None) -> "Prototypes | None":
    if folder is None:
        return None
    from benchmarks.prototypes import Prototypes

    try:
        return Prototypes(folder)
    except EmgprocError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
