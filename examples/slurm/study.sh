#!/bin/bash
# A study in sixteen shards on a Slurm cluster, and a job behind them that merges. The folder must be on a file system that all nodes share.
#
#   STUDY=baselines OUT=$HOME/baselines bash study.sh
#
#SBATCH --job-name=drift-study
#SBATCH --array=0-15
#SBATCH --cpus-per-task=2
#SBATCH --time=04:00:00
#SBATCH --requeue
set -euo pipefail
: "${STUDY:?a file, or the name of a study: STUDY=baselines}"
: "${OUT:?a folder that all nodes share: OUT=\$HOME/baselines}"
export STUDY OUT

if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then
	# Runs that follow from trials of other shards wait for these for up to an hour after the last one was finished. A shard that was cut
	# short does what it has left when it is queued again.
	exec srun drift study "$STUDY" --out "$OUT" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --threads "$SLURM_CPUS_PER_TASK" --wait 1h --quiet
fi

drift study "$STUDY" --check
shards=$(sbatch --parsable "$0")
# Whatever became of the shards, what is missing is done here.
sbatch --dependency="afterany:$shards" --job-name=drift-merge --cpus-per-task=2 --time=04:00:00 \
	--wrap "drift study --resume '$OUT' --threads 2"
