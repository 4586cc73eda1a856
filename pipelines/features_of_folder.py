"""Features of every recording in a folder, one table: copy this file and change it.

    python pipelines/features_of_folder.py RECORDINGS TABLE.tsv [PLAN.toml]

The same as `emgproc features RECORDINGS --plan PLAN.toml -o TABLE.tsv`: what has a result in
TABLE_results is not computed again.
"""

import sys
from pathlib import Path

from emgproc.batch import extract_files, find_files, results_folder
from emgproc.errors import EmgprocError
from emgproc.plan import load_plan

HERE = Path(__file__).parent


def main() -> None:
    """Read the arguments, measure, and say what became of it."""
    if len(sys.argv) not in {3, 4}:
        sys.exit(__doc__)
    folder, table = map(Path, sys.argv[1:3])
    plan = load_plan(sys.argv[3] if len(sys.argv) == 4 else HERE / "surface.toml")
    recordings, left_out = find_files([folder], without=[table, results_folder(table)])
    print(f"{len(recordings)} recordings; {len(left_out)} other files left out")
    done = extract_files(recordings, plan, table, jobs=2)
    for name, code, message in done.failures:
        print(f"{name}: {code}: {message}")
    print(f"{done.n_done} measured, {len(done.failures)} failed")
    print(f"stopped: {done.stopped}" if done.stopped else f"the table is {done.table}")
    sys.exit(1 if done.failures or done.stopped else 0)


# Worker processes import this file; without this line each would start the whole again.
if __name__ == "__main__":
    try:
        main()
    except EmgprocError as error:
        sys.exit(str(error))
