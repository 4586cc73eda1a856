#!/bin/bash
# A study under SLURM, one infant a task of an array, then the group: copy this file and change it.
#
#     bash slurm_array.sh STUDY OUT
#
# STUDY and OUT must lie where all nodes see them, at the same path. Give the same command again
# after anything went wrong: what has a result is not computed again. How much memory the largest
# recording takes is told by `emgproc run STUDY OUT --dry-run`; --mem below is for two of them.
set -euo pipefail

[ $# -eq 2 ] || { sed -n 's/^# \{0,1\}//p' "$0" >&2; exit 2; }
study=$(realpath "$1")
out=$(realpath -m "$2")
mapfile -t infants < <(tail -n +2 "$study/participants.tsv" | tr -d '\r' | cut -f1)

if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then
    exec emgproc run "$study" "$out" participant \
        --participant-label "${infants[$SLURM_ARRAY_TASK_ID]}" --jobs "${SLURM_CPUS_PER_TASK:-1}"
fi

mkdir -p "$out/logs"
array=$(sbatch --parsable --job-name=emgproc --array="0-$((${#infants[@]} - 1))" \
    --cpus-per-task=2 --mem=4G --time=4:00:00 --output="$out/logs/slurm-%A_%a.txt" \
    "$0" "$study" "$out")
# After all have ended, however: a recording that failed (code 1) is told in the report, and one
# that was never computed stops the group with the words which.
sbatch --job-name=emgproc-group --dependency="afterany:${array%%;*}" --mem=4G --time=1:00:00 \
    --output="$out/logs/slurm-%j.txt" --wrap "$(printf 'emgproc run %q %q group' "$study" "$out")"
