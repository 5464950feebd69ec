"""Prints what the times in a JSON file of bench/gpu.sh say about the ratios that drift aims at."""
import json
import sys

seconds = json.load(open(sys.argv[1]))["seconds"]


def time(library, precision, work, way=None):
    found = (seconds[library] or {}).get(precision) or {}
    return (found if way is None else found.get(way) or {}).get(work)


def row(what, numerator, denominator, limit, least=False):
    if not numerator or not denominator:
        print(f"{what:64} not measured")
        return
    ratio = numerator / denominator
    kept = ratio >= limit if least else ratio <= limit
    print(f"{what:64} {ratio:8.2f}  ({'at least' if least else 'at most'} {limit}) {'kept' if kept else 'MISSED'}")


for precision in "float32", "tf32":
    print(precision)
    drift = {w: time("drift", precision, w) for w in ("mlp4096_step", "cnn_step")}
    for work, own in drift.items():
        row(f"{work} / PyTorch eager", own, time("torch", precision, work, "eager"), 1.0)
        row(f"{work} / torch.compile", own, time("torch", precision, work, "compile"), 1.1)
    own = {k: time("drift", precision, "mlp1024_" + k) for k in ("gradient", "trace_gradient", "hvp", "sigma_product")}
    row("gradient of tr Σ / gradient", own["trace_gradient"], own["gradient"], 3.0)
    row("H v / gradient", own["hvp"], own["gradient"], 2.2)
    row("Σ v / gradient", own["sigma_product"], own["gradient"], 1.7)
    row("PyTorch's vmap over grad / gradient of tr Σ", time("torch", precision, "mlp1024_trace_gradient", "eager"),
        own["trace_gradient"], 20, least=True)
