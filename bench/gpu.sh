#!/bin/sh
# Checks, times and profiles drift on a real GPU: sh gpu/gpu.sh [PART...], gpu being the folder in the archive that `make gpu-bundle`
# makes elsewhere. The machine with the GPU needs neither Go nor a compiler nor a network.
#
# Parts, all but the last by default, in this order; each is useful alone:
#   environment  what the machine has, which libraries are taken, what they refuse
#   check        the tests of every package, all at once
#   time         training steps and gradients in float32, TF32 and bfloat16
#   profile      where the time of each step goes
#   peers        the same steps in PyTorch and JAX, where python3 (or $PYTHON) has them
#
# Everything goes to the folder $OUT (gpu-results) as it comes: the full log of each part, and results.json, which is written again
# whenever a part has got further, so that a run that is killed leaves what it found out. It takes nine minutes at most
# ($DRIFT_GPU_SECONDS). Exit status 1 says that a part of drift failed. DRIFT_GPU_SMALL=1 is a rehearsal: small works, few tests.
set -u
folder=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
begun=$(date +%s)
failed=0 wanted= running=
tests=. small= each=2s grace=10
# They would turn TF32 on or off in drift, PyTorch and JAX, whatever these ask for.
unset NVIDIA_TF32_OVERRIDE TORCH_ALLOW_TF32_CUBLAS_OVERRIDE
export DRIFT_TEST_DEVICE=cuda
if [ "${DRIFT_GPU_SMALL:-}" = 1 ]; then
	tests='Replayed|Errors|Shapes' small=--small each=10ms grace=2
fi

# start PART SECONDS LOG COMMAND... runs a part in the background, no longer than that and than the time for all. Every line that it prints
# is added to the log at once, with the part's name in front; $work/PART.status says when and how it ended.
start() {
	part=$1 limit=$2 log=$3
	shift 3
	left=$((begun + ${DRIFT_GPU_SECONDS:-540} - $(date +%s)))
	if [ "$left" -gt "$limit" ]; then left=$limit; fi
	if [ "$left" -gt "${DRIFT_GPU_PART_SECONDS:-9999}" ]; then left=$DRIFT_GPU_PART_SECONDS; fi
	if [ "$left" -lt 1 ]; then left=1; fi
	echo "$part: at most $left s" >&2
	wanted="$wanted $part" running="$running $part"
	date +%s >"$work/$part.begun"
	(
		{
			timeout -k $grace "$left" "$@" &
			echo $! >"$work/$part.pid"
			wait $!
			echo $? >"$work/$part.ended"
		} 2>&1 | sed -u "s/^/$part: /" >>"$out/$log"
		echo $(($(date +%s) - $(cat "$work/$part.begun"))) >"$work/$part.seconds"
		tail -n 200 "$out/$log" | grep "^$part: " | tail -n 12 >"$work/$part.tail"
		mv "$work/$part.ended" "$work/$part.status"
	) &
}

# finish waits for the parts that run. Meanwhile it keeps the results up to date and the logs within bounds.
finish() {
	while :; do
		left=
		for part in $running; do
			if [ ! -e "$work/$part.status" ]; then left="$left $part"; fi
		done
		if [ -z "$left" ] || [ ! -e "$out/results.json" ] || [ -n "$(find "$work" -maxdepth 1 -newer "$out/results.json" -type f)" ]; then
			assemble
		fi
		if [ -z "$left" ]; then break; fi
		bound
		sleep 1
	done
	for part in $running; do
		status=$(cat "$work/$part.status")
		if [ "$status" = 0 ]; then continue; fi
		case $part in torch | jax) ;; *) failed=1 ;; esac
		echo "$part ended with status $status:" >&2
		cat "$work/$part.tail" >&2
	done
	running=
}

# bound cuts the middle out of a log that grows too large to be carried away.
bound() {
	for log in "$out"/*.log; do
		if [ "$(wc -c <"$log")" -gt 14000000 ]; then
			{
				head -c 6000000 "$log"
				printf '\n… the middle of this log was cut out …\n'
				tail -c 6000000 "$log"
			} >"$work/log.cut"
			cat "$work/log.cut" >"$log"
			rm "$work/log.cut"
		fi
	done
}

# text makes a JSON string of plain ASCII of what it reads, without what would have to be escaped.
text() { printf '"%s"' "$(LC_ALL=C tr '\n\t"\\' "  ''" | LC_ALL=C tr -cd ' -~' | cut -c 1-2000)"; }

# value NAME prints what nvidia-smi knows of the GPU, as a JSON string.
value() { timeout 10 nvidia-smi -i 0 --query-gpu="$1" --format=csv,noheader 2>/dev/null | text; }

# assemble writes the results of all parts so far: of each its exit status, null while it runs, and what it found out.
assemble() {
	{
		printf '{\n"date": "%s",\n"gpu": %s,\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(cat "$work/gpu")"
		printf '"settings": "float32: drift multiplies and convolves without TF32; tf32: with; bf16: activations and factors of products stored in bf16, sums and parameters in float32, cuDNN in TF32",\n"parts": {'
		separator=
		for part in $wanted; do
			printf '%s\n"%s": {"status": %s, "seconds": %s' "$separator" "$part" \
				"$(cat "$work/$part.status" 2>/dev/null || echo null)" "$(cat "$work/$part.seconds" 2>/dev/null || echo null)"
			separator=,
			if [ -s "$work/$part.tail" ] && [ "$(cat "$work/$part.status" 2>/dev/null)" != 0 ]; then
				printf ', "end": %s' "$(text <"$work/$part.tail")"
			fi
			if [ -s "$work/$part.json" ]; then printf ', "result": %s' "$(cat "$work/$part.json")"; fi
			printf '}'
		done
		printf '\n}\n}\n'
	} >"$out/.results" && mv "$out/.results" "$out/results.json"
}

# look FILE prints what the machine has, and writes what drift makes of it to the file.
look() {
	uname -a
	nvidia-smi
	nvidia-smi -q -i 0 | head -n 120
	"$python" -c 'import sys, importlib.metadata as m; print(sys.version); print("\n".join(sorted(f"{d.name} {d.version}"
		for d in m.distributions() if d.name.startswith(("nvidia", "torch", "jax", "numpy", "triton")))))'
	"$folder/drift" env --device cuda --json "$1"
}

environment() {
	start environment 60 environment.log sh "$folder/gpu.sh" look "$work/environment.json"
	finish
}

check() {
	for test in "$folder"/*.test; do
		name=$(basename "$test" .test)
		start "check-$name" 220 check.log sh -c 'cd "$1" && exec "$2" -test.v -test.timeout 210s -test.run "$3"' sh "$folder/$name" "$test" "$tests"
	done
	finish
}

time_steps() {
	for precision in float32 tf32 bf16; do
		only=gpu
		if [ -n "$small" ] && [ $precision != tf32 ]; then only=^gpu/mlp4096/; fi
		start "time-$precision" 80 time.log "$folder/drift" bench --device cuda --precision $precision --only $only $small --time $each \
			--peers none --json "$work/time-$precision.json"
		finish
	done
}

profile() {
	start profile 80 time.log "$folder/drift" bench --device cuda --precision tf32 --only gpu $small --profile "$out/profile.json"
	finish
}

peers() {
	start torch 400 peers.log "$python" "$folder/torch_gpu.py" --out "$work/torch.json" ${small:+--small}
	finish
	start jax 130 peers.log "$python" "$folder/jax_gpu.py" --out "$work/jax.json" ${small:+--small}
	finish
}

ended() {
	assemble
	for part in $running; do
		if [ -e "$work/$part.pid" ] && [ ! -e "$work/$part.status" ]; then kill "$(cat "$work/$part.pid")" 2>/dev/null; fi
	done
	exit 1
}

if [ "${1:-}" = look ]; then
	look "$2"
	exit
fi
out=${OUT:-gpu-results}
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap ended INT TERM
export CUDA_CACHE_PATH="${CUDA_CACHE_PATH:-$work/cache}" # every test would compile the kernels anew
printf '{"name": %s, "driver": %s, "memory": %s, "clocks": %s, "power": %s}' "$(value name)" "$(value driver_version)" \
	"$(value memory.total)" "$(value clocks.max.sm)" "$(value power.limit)" >"$work/gpu"
if [ $# = 0 ]; then set -- environment check time profile; fi
for asked in "$@"; do
	case $asked in
	environment | check | profile | peers) $asked ;;
	time) time_steps ;;
	*) echo "there is no part $asked: choose environment, check, time, profile or peers" >&2 && exit 2 ;;
	esac
done
echo "results are in $out" >&2
"$python" "$folder/gpu_claims.py" "$out/results.json" | tee "$out/claims.txt"
exit $failed
