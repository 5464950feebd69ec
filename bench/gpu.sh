#!/bin/sh
# Checks and times drift on a real GPU: gpu.sh FOLDER [OUT.json]. FOLDER is what `make gpu-bundle` makes elsewhere: the machine with
# the GPU needs neither Go nor a compiler nor a network. PyTorch and JAX are timed too where python3 (or $PYTHON) has them.
#
# It takes nine minutes at most. What fails is recorded with its error, and the JSON file holds all that could be found out; exit
# status 1 says that a check or a timing of drift failed. With DRIFT_GPU_SMALL=1 the works are small and the tests few: a rehearsal.
set -u
if [ $# -lt 1 ] || ! folder=$(cd "$1" && pwd); then
	echo "use: sh gpu.sh FOLDER [OUT.json], FOLDER being what make gpu-bundle made" >&2
	exit 2
fi
out=${2:-gpu.json}
python=${PYTHON:-python3}
parts=$(mktemp -d)
log=$parts/log
trap 'rm -rf "$parts"' EXIT
trap 'assemble; exit 1' INT TERM
begun=$(date +%s)
failed=0
tests=. rounds=3x small=
# They would turn TF32 on or off in drift, PyTorch and JAX, whatever these ask for.
unset NVIDIA_TF32_OVERRIDE TORCH_ALLOW_TF32_CUBLAS_OVERRIDE
if [ "${DRIFT_GPU_SMALL:-}" = 1 ]; then
	tests='Replayed|Errors|Shapes' rounds=1x small=small
	export DRIFT_BENCH_SMALL=1
fi

# limit SECONDS COMMAND... runs the command, no longer than that and than the time for all, where the machine can tell.
limit() {
	left=$((begun + 540 - $(date +%s)))
	if [ "$left" -gt "$1" ]; then left=$1; fi
	if [ "$left" -lt 1 ]; then left=1; fi
	shift
	if command -v timeout >/dev/null; then timeout -k 10 "$left" "$@"; else "$@"; fi
}

# text prints the last lines of what it reads as a JSON string of plain ASCII, without what would have to be escaped.
text() { printf '"%s"' "$(tail -n 8 | LC_ALL=C tr '\n\t"\\' "  ''" | LC_ALL=C tr -cd ' -~' | cut -c 1-1200)"; }

# value NAME prints what nvidia-smi knows of the GPU, as a JSON string.
value() { nvidia-smi -i 0 --query-gpu="$1" --format=csv,noheader 2>/dev/null | text; }

# fail SHOWN says how a part ended, and shows that many lines of what it printed.
fail() {
	echo "status $status" >>"$log"
	tail -n "$1" "$log" >&2
}

# check NAME runs the tests of a package on the GPU; its part is true or the end of what they print.
check() {
	echo "checking $1" >&2
	(cd "$folder/$1" && limit 150 env DRIFT_TEST_DEVICE=cuda "$folder/$1.test" -test.run "$tests") >"$log" 2>&1
	status=$?
	if [ $status = 0 ]; then
		printf true >"$parts/check.$1"
	else
		failed=1
		fail 40
		text <"$log" >"$parts/check.$1"
	fi
}

# own PRECISION times drift: its part is an object from work to seconds a step, with "error" where not all works could be timed.
own() {
	echo "timing drift in $1" >&2
	limit 90 env DRIFT_TEST_DEVICE=cuda DRIFT_TEST_PRECISION="$1" "$folder/train.test" -test.run '^$' -test.bench Device \
		-test.benchtime "$rounds" >"$log" 2>&1
	status=$?
	awk '/^BenchmarkDevice\// {
		name = $1
		sub(/^BenchmarkDevice\//, "", name)
		sub(/-[0-9]+$/, "", name)
		for (i = 3; i <= NF; i++) if ($i == "s/step") { printf "%s\"%s\": %s", separator, name, $(i - 1); separator = ", " }
	}' "$log" >"$parts/times"
	if [ $status != 0 ]; then
		failed=1
		fail 20
		if [ -s "$parts/times" ]; then printf ', ' >>"$parts/times"; fi
		printf '"error": %s' "$(text <"$log")" >>"$parts/times"
	fi
	printf '{%s}' "$(cat "$parts/times")" >"$parts/time.$1"
}

# peer NAME SECONDS runs NAME_gpu.py, which writes its part anew after every work. A peer that is not there is no failure.
peer() {
	echo "timing $1" >&2
	limit "$2" "$python" "$folder/$1_gpu.py" --out "$parts/time.$1" ${small:+--small} >"$log" 2>&1
	status=$?
	if [ $status != 0 ]; then
		fail 5
		if [ ! -s "$parts/time.$1" ]; then printf '{"error": %s}' "$(text <"$log")" >"$parts/time.$1"; fi
	fi
}

# part NAME prints a part, or null where it was not come to.
part() { if [ -s "$parts/$1" ]; then cat "$parts/$1"; else printf null; fi; }

# assemble writes the JSON file from the parts that are there.
assemble() {
	{
		printf '{\n"date": "%s",\n"gpu": {"name": %s, "driver": %s, "memory": %s, "clocks": %s, "power": %s},\n' \
			"$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(value name)" "$(value driver_version)" "$(value memory.total)" \
			"$(value clocks.max.sm)" "$(value power.limit)"
		printf '"environment": %s,\n"checks": {' "$(part environment)"
		separator=
		for test in "$folder"/*.test; do
			name=$(basename "$test" .test)
			printf '%s"%s": %s' "$separator" "$name" "$(part "check.$name")"
			separator=", "
		done
		printf '},\n"settings": "float32: drift multiplies and convolves without TF32; tf32: with; bf16: products in bf16, cuDNN in TF32",'
		printf '\n"seconds": {\n"drift": {"float32": %s, "tf32": %s, "bf16": %s},\n"torch": %s,\n"jax": %s\n}\n}\n' \
			"$(part time.float32)" "$(part time.tf32)" "$(part time.bf16)" "$(part time.torch)" "$(part time.jax)"
	} >"$out"
	echo "written to $out" >&2
}

limit 60 "$folder/drift" env --device cuda --json - --quiet >"$parts/environment" 2>"$log"
status=$?
if [ $status != 0 ]; then
	failed=1
	fail 5
	text <"$log" >"$parts/environment"
fi
check cuda
own float32
own tf32
own bf16
peer torch 150
peer jax 100
for test in "$folder"/*.test; do
	name=$(basename "$test" .test)
	if [ "$name" != cuda ]; then check "$name"; fi
done
assemble
"$python" "$folder/gpu_claims.py" "$out"
exit $failed
