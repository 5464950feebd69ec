"""Times steps in PyTorch on a GPU, eagerly and with torch.compile, for comparison with drift's BenchmarkDevice.

Prints one JSON object: versions, and for each precision and way the seconds of each kind of work. Arguments: a device
(cuda by default) and "small" for sizes that a processor can manage.
"""
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional

DEVICE = torch.device(sys.argv[1] if len(sys.argv) > 1 else "cuda")
SCALE = 64 if "small" in sys.argv else 1
REPETITIONS, ROUNDS = 10, 3


def wait():
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def seconds(step):
    """The least time of one step among rounds of ten between two waits, after one round that is not counted."""
    times = []
    for _ in range(1 + ROUNDS):
        wait()
        start = time.perf_counter()
        for _ in range(REPETITIONS):
            step()
        wait()
        times.append((time.perf_counter() - start) / REPETITIONS)
    return min(times[1:])


def examples(n):
    return torch.randn(n, 1, 28, 28, device=DEVICE), torch.randint(10, (n,), device=DEVICE)


def mlp(width):
    layers = [nn.Flatten(), nn.Linear(784, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10)]
    return nn.Sequential(*layers).to(DEVICE)


def cnn():
    layers = [nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(),
              nn.MaxPool2d(2), nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10)]
    return nn.Sequential(*layers).to(DEVICE)


def training(model, batch):
    """One step of SGD on a batch gathered from data on the device, as drift takes it."""
    x, y = examples(2 * batch)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

    def step():
        chosen = torch.randperm(len(x), device=DEVICE)[:batch]
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
        optimizer.step()

    return step


def products(model, batch):
    """Gradient and H v of the batch's mean loss."""
    x, y = examples(batch)
    params = list(model.parameters())
    v = [torch.randn_like(p) for p in params]

    def loss():
        return functional.cross_entropy(model(x), y)

    def hvp():
        g = torch.autograd.grad(loss(), params, create_graph=True)
        return torch.autograd.grad(g, params, grad_outputs=v)

    return (lambda: torch.autograd.grad(loss(), params)), hvp


def per_example(model, batch):
    """∂tr Σ and Σ v by vmap over grad."""
    from torch.func import functional_call, grad, vmap

    x, y = examples(batch)
    params = {k: p.detach() for k, p in model.named_parameters()}
    v = {k: torch.randn_like(p) for k, p in params.items()}

    def loss(p, one, label):
        return functional.cross_entropy(functional_call(model, p, (one[None],)), label[None])

    gradients = vmap(grad(loss), (None, 0, 0))

    def centred(p):
        return {k: g - g.mean(0) for k, g in gradients(p, x, y).items()}

    def trace(p):
        return sum((g * g).sum() for g in centred(p).values()) / (batch - 1)

    def sigma_product():
        g = centred(params)
        c = sum(g[k].flatten(1) @ v[k].flatten() for k in g) / (batch - 1)
        return {k: c @ g[k].flatten(1) for k in g}

    slope = grad(trace)
    return (lambda: slope(params)), sigma_product


def works(compiled):
    """Networks are compiled for training and gradients; functions of all per-example gradients as a whole."""
    network = torch.compile if compiled else lambda model: model
    function = torch.compile if compiled else lambda step: step
    width, batch = 1024 // SCALE, 512 // SCALE
    yield "mlp4096_step", lambda: training(network(mlp(4096 // SCALE)), 8192 // SCALE)
    yield "cnn_step", lambda: training(network(cnn()), 1024 // SCALE)
    yield "mlp1024_gradient", lambda: products(network(mlp(width)), batch)[0]
    yield "mlp1024_hvp", lambda: products(network(mlp(width)), batch)[1]
    yield "mlp1024_trace_gradient", lambda: function(per_example(mlp(width), batch)[0])
    yield "mlp1024_sigma_product", lambda: function(per_example(mlp(width), batch)[1])


def measure(compiled):
    found = {}
    for name, prepare in works(compiled):
        try:
            torch.manual_seed(1)
            found[name] = seconds(prepare())
        except Exception as failure:  # a way that one work does not take must not hide the others
            found[name] = None
            print(f"PyTorch{' compiled' * compiled}, {name}: {failure}".splitlines()[0], file=sys.stderr)
        if DEVICE.type == "cuda":
            torch.cuda.empty_cache()
    return found


result = {"version": torch.__version__, "cuda": torch.version.cuda}
for precision in "float32", "tf32":
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    result[precision] = {"eager": measure(False)}
    if hasattr(torch, "compile"):
        result[precision]["compile"] = measure(True)
print(json.dumps(result))
