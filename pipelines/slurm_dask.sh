#!/bin/bash
# A study under SLURM on a Dask cluster of one job: copy this file and change it.
#
#     sbatch slurm_dask.sh STUDY OUT
#
# Each task below is one worker, which computes one recording after the other. STUDY and OUT must
# lie where all nodes see them, at the same path. Submit it again after anything went wrong: what
# has a result is not computed again. `emgproc run STUDY OUT --dry-run` tells how much memory the
# largest recording takes. The scheduler answers whoever reaches its port: use it in a network
# that you trust.
#SBATCH --job-name=emgproc
#SBATCH --ntasks=16
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=4G
#SBATCH --time=8:00:00
set -euo pipefail

[ $# -eq 2 ] || { sed -n 's/^# \{0,1\}//p' "$0" >&2; exit 2; }
study=$(realpath "$1")
out=$(realpath -m "$2")
mkdir -p "$out/logs"
scheduler="$out/logs/scheduler-${SLURM_JOB_ID:?submit this file with sbatch}.json"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1

dask scheduler --scheduler-file "$scheduler" --port 0 --no-dashboard &
srun dask worker --scheduler-file "$scheduler" --nworkers 1 --nthreads 1 --no-dashboard \
    --memory-limit "${SLURM_MEM_PER_CPU:-4096}MiB" --local-directory "${TMPDIR:-/tmp}" &
trap 'kill $(jobs -p) 2>/dev/null || true; rm -f "$scheduler"' EXIT
until [ -s "$scheduler" ]; do sleep 1; done

emgproc run "$study" "$out" --dask "$scheduler"
