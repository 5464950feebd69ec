"""What a peer says and hears: one JSON object a line.

The first line that a peer prints tells its name and the operations it knows: {"name": "…", "ops": ["gemm", …]},
with the BLAS under it as "blas" where that is another library. Then each
line on standard input is a request, {"op": …, "seconds": …} with what the operation needs. It is carried out again and again
for about that many seconds, of the process's own processor time where "clock" is "cpu", and the answer is
{"seconds": time of one call} or {"error": what went wrong}.
"""
import json
import sys
import time


def timed(run, seconds, now):
    """Mean time of a call, over the given seconds and at least one call, after one call that is not counted."""
    run()
    count, start = 0, now()
    while True:
        run()
        count += 1
        elapsed = now() - start
        if elapsed >= seconds:
            return elapsed / count


def serve(name, operations, blas=""):
    """Answers requests until standard input ends.

    operations maps a name to a function of the request that gives two callables: the work, and the same without the work
    (a call of no elements, or nothing), whose time is Python's own and is left out.
    """
    print(json.dumps({"name": name, "ops": sorted(operations), "blas": blas}), flush=True)
    last = run = None
    overhead = 0.0
    for line in sys.stdin:
        request = json.loads(line)
        seconds = request.pop("seconds")
        now = time.process_time if request.get("clock") == "cpu" else time.perf_counter
        try:
            if request != last:
                last = run = None  # gives the last request's memory back first
                run, idle = operations[request["op"]](request)
                overhead = min(timed(idle, 0.001, now) for _ in range(5))
                last = request
            answer = {"seconds": max(timed(run, seconds, now) - overhead, 1e-9)}
        except Exception as problem:  # whatever it is, the next request may work
            answer = {"error": " ".join(f"{type(problem).__name__}: {problem}".split())[:200]}
        print(json.dumps(answer), flush=True)
