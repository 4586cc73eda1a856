"""`python -m benchmarks`: the kernels. `python -m benchmarks FILE…`: each stage on these files."""

import argparse
from pathlib import Path


def main() -> None:
    """Read the arguments and run one of the two benchmarks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--plan", type=Path, default=Path("pipelines/surface.toml"))
    arguments = parser.parse_args()
    if arguments.files:
        from benchmarks.files import measure

        measure(arguments.files, arguments.plan)
    else:
        from benchmarks.kernels import main as kernels

        kernels()


if __name__ == "__main__":
    main()
