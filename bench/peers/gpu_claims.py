"""Prints what the times in a JSON file of bench/gpu.sh say about the ratios that drift aims at."""
import json
import sys

with open(sys.argv[1]) as f:
    seconds = json.load(f)["seconds"]


def time(library, precision, work, way=None):
    found = (seconds.get(library) or {}).get(precision) or {}
    return (found if way is None else found.get(way) or {}).get(work)


def row(what, numerator, denominator, limit, least=False):
    if not numerator or not denominator:
        print(f"{what:64} not measured")
        return
    ratio = numerator / denominator
    kept = ratio >= limit if least else ratio <= limit
    print(f"{what:64} {ratio:8.2f}  ({'at least' if least else 'at most'} {limit}) {'kept' if kept else 'MISSED'}")


# What a step of the MLP 784-4096-4096-10 multiplies, in products of its widest layer: two products a layer backwards, of which
# that for the data's gradient is not needed, and one forwards.
LAYERS = [784 * 4096, 4096 * 4096, 4096 * 10]
PRODUCTS = (3 * sum(LAYERS) - LAYERS[0]) / (4096 * 4096)

for precision in "float32", "tf32":
    print(precision)
    for work in "mlp4096_step", "cnn_step":
        own = time("drift", precision, work)
        row(f"{work} / PyTorch eager", own, time("torch", precision, work, "eager"), 1.0)
        row(f"{work} / torch.compile", own, time("torch", precision, work, "compile"), 1.1)
    row("cnn_step / PyTorch eager as it comes, convolving in TF32", time("drift", precision, "cnn_step"),
        time("torch", "default", "cnn_step", "eager"), 1.0)
    product = time("torch", precision, "product", "eager")
    row("products of the MLP's step at cuBLAS's rate / step", product and PRODUCTS * product, time("drift", precision, "mlp4096_step"),
        0.85, least=True)
    own = {k: time("drift", precision, "mlp1024_" + k) for k in ("gradient", "trace_gradient", "hvp", "sigma_product")}
    row("gradient of tr Σ / gradient", own["trace_gradient"], own["gradient"], 3.0)
    row("H v / gradient", own["hvp"], own["gradient"], 2.2)
    row("Σ v / gradient", own["sigma_product"], own["gradient"], 1.7)
    row("PyTorch's vmap over grad / gradient of tr Σ", time("torch", precision, "mlp1024_trace_gradient", "eager"),
        own["trace_gradient"], 20, least=True)
