#!/bin/sh
# Checks and times drift on a real GPU: bench/gpu.sh FOLDER [OUT.json]. FOLDER is what `make gpu-bundle` makes elsewhere: the machine
# with the GPU needs neither Go nor a compiler nor a network. PyTorch and JAX are timed too where python3 has them.
# Exit status 1 says that a check failed; the JSON is written all the same.
set -u
folder=$(cd "$1" && pwd) || exit 2
out=${2:-gpu.json}
python=${PYTHON:-python3}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0

# value NAME prints what nvidia-smi knows, as a JSON string.
value() {
	printf '"%s"' "$(nvidia-smi -i 0 --query-gpu="$1" --format=csv,noheader 2>/dev/null | tr -d '"\\' || true)"
}

# checks runs the tests of every package on the GPU and prints a JSON object: package to true or false.
checks() {
	separator=
	for test in "$folder"/*.test; do
		name=$(basename "$test" .test)
		echo "checking $name" >&2
		if (cd "$folder/$name" && DRIFT_TEST_DEVICE=cuda "$test" -test.timeout 20m) >"$log" 2>&1; then
			passed=true
		else
			passed=false
			tail -n 40 "$log" >&2
		fi
		printf '%s"%s": %s' "$separator" "$name" "$passed"
		separator=", "
	done
}

# timings PRECISION prints a JSON object: work to seconds a step.
timings() {
	echo "timing drift in $1" >&2
	DRIFT_TEST_DEVICE=cuda DRIFT_TEST_PRECISION=$1 "$folder/optim.test" -test.run '^$' -test.bench 'Device' -test.benchtime 3x 2>&1 |
		tee "$log" | awk '
			/^BenchmarkDevice/ {
				name = $1
				sub(/^BenchmarkDevice\//, "", name)
				sub(/-[0-9]+$/, "", name)
				for (i = 3; i <= NF; i++) if ($i == "s/step") printf "%s\"%s\": %s", separator, name, $(i - 1)
				separator = ", "
			}'
	grep -q '^PASS' "$log" || tail -n 20 "$log" >&2
}

# peer SCRIPT prints what the script prints, or null.
peer() {
	echo "timing $1" >&2
	"$python" "$folder/$1" 2>"$log" || printf null
	tail -n 5 "$log" >&2
}

checked=$(checks)
case $checked in *false*) failed=1 ;; esac
cat >"$out" <<JSON
{
"date": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
"gpu": {
"name": $(value name), "driver": $(value driver_version), "memory": $(value memory.total),
"clocks": $(value clocks.max.sm), "power": $(value power.limit)
},
"environment": $("$folder/drift" env --device cuda --json - --quiet 2>/dev/null || printf null),
"checks": {$checked},
"seconds": {
"drift": {"float32": {$(timings float32)}, "tf32": {$(timings tf32)}},
"torch": $(peer torch_gpu.py),
"jax": $(peer jax_gpu.py)
}
}
JSON
echo "written to $out" >&2
"$python" "$folder/gpu_claims.py" "$out"
exit $failed
