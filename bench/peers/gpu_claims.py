"""Prints what the times in files of bench/gpu.sh say about the ratios that drift aims at: drift's own, and that of the peers if they
were timed in a call of their own."""
import json
import sys

parts = {}
for path in sys.argv[1:]:
    with open(path) as f:
        parts.update({name: part for name, part in json.load(f)["parts"].items() if part})


def own(precision, work):
    """drift's time of a step in seconds."""
    result = (parts.get("time-" + precision) or {}).get("result") or {}
    for case in result.get("cases") or []:
        if case["name"] == "gpu/" + work:
            return case["seconds"]["min"]
    return None


def torch(precision, work, *ways):
    """The best of PyTorch's times."""
    result = ((parts.get("torch") or {}).get("result") or {}).get(precision) or {}
    times = [(result.get(way) or {}).get(work) for way in ways]
    return min((t for t in times if t), default=None)


def row(what, numerator, denominator, limit, least=False):
    if not numerator or not denominator:
        print(f"{what:78} not measured")
        return
    ratio = numerator / denominator
    kept = ratio >= limit if least else ratio <= limit
    print(f"{what:78} {ratio:8.2f}  ({'at least' if least else 'at most'} {limit}) {'kept' if kept else 'MISSED'}")


# What a step of the MLP 784-4096-4096-10 multiplies, in products of its widest layer: two products a layer backwards, of which
# that for the data's gradient is not needed, and one forwards.
LAYERS = [784 * 4096, 4096 * 4096, 4096 * 10]
PRODUCTS = (3 * sum(LAYERS) - LAYERS[0]) / (4096 * 4096)
EAGER, COMPILED = ("eager", "channels_last"), ("compile", "compile channels_last")

for precision in "tf32", "bf16", "float32":
    print(precision)
    for work in "mlp4096/sgd", "cnn/sgd", "resnet20/sgd":
        row(f"{work} / PyTorch eager, the better layout", own(precision, work), torch(precision, work, *EAGER), 1.0)
        row(f"{work} / torch.compile max-autotune, the better layout", own(precision, work), torch(precision, work, *COMPILED), 1.1)
    product = torch(precision, "product", "eager")
    row("products of the MLP's step at cuBLAS's rate / step", product and PRODUCTS * product, own(precision, "mlp4096/sgd"), 0.85, least=True)
    gradient = own(precision, "mlp1024/gradient")
    row("gradient of tr Σ / gradient", own(precision, "mlp1024/trace-gradient"), gradient, 3.0)
    row("H v / gradient", own(precision, "mlp1024/hvp"), gradient, 2.2)
    row("Σ v / gradient", own(precision, "mlp1024/sigma-vector"), gradient, 1.7)
    row("PyTorch's vmap over grad / gradient of tr Σ", torch(precision, "mlp1024/trace-gradient", "eager", "compile"),
        own(precision, "mlp1024/trace-gradient"), 20, least=True)
