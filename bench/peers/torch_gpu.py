"""Times steps in PyTorch on a GPU, eagerly and with torch.compile, for comparison with drift's BenchmarkDevice."""
import itertools

import torch
from torch import nn
from torch.nn import functional

import gpu_timing

options = gpu_timing.arguments(__doc__, seconds=140)

DEVICE = torch.device("cuda" if torch.cuda.is_available() or not options.small else "cpu")
if DEVICE.type == "cuda" and not torch.cuda.is_available():
    raise SystemExit(f"PyTorch {torch.__version__} (CUDA {torch.version.cuda}) finds no GPU")
SCALE = 64 if options.small else 1


def wait():
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


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
    """One step of SGD on a batch gathered from data on the device, as drift takes it. The data are shuffled beforehand."""
    x, y = examples(2 * batch)
    batches = itertools.cycle(torch.randperm(2 * batch, device=DEVICE).split(batch))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

    def step():
        chosen = next(batches)
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


def product(rows, width):
    """The widest product of the MLP's step alone: the rate that cuBLAS reaches."""
    a, b = torch.randn(rows, width, device=DEVICE), torch.randn(width, width, device=DEVICE)
    return lambda: a @ b


def works(way):
    """Networks are compiled for training and gradients; functions of all per-example gradients as a whole."""
    compiled = way == "compile"
    network = torch.compile if compiled else lambda model: model
    function = torch.compile if compiled else lambda step: step
    width, batch = 1024 // SCALE, 512 // SCALE
    if not compiled:
        yield "product", lambda: product(8192 // SCALE, 4096 // SCALE)
    yield "mlp4096_step", lambda: training(network(mlp(4096 // SCALE)), 8192 // SCALE)
    yield "cnn_step", lambda: training(network(cnn()), 1024 // SCALE)
    yield "mlp1024_gradient", lambda: products(network(mlp(width)), batch)[0]
    yield "mlp1024_trace_gradient", lambda: function(per_example(mlp(width), batch)[0])
    yield "mlp1024_sigma_product", lambda: function(per_example(mlp(width), batch)[1])
    yield "mlp1024_hvp", lambda: products(network(mlp(width)), batch)[1]


def prepared(prepare):
    torch.manual_seed(1)
    if hasattr(torch, "_dynamo"):
        torch._dynamo.reset()  # or it would give up compiling after a number of networks
    return prepare(), wait


def measure(report, precision, way):
    # drift multiplies and convolves in one precision. PyTorch's defaults differ: cuBLAS in float32, cuDNN in TF32.
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision != "float32"
    for name, prepare in works(way):
        if precision == "default" and name != "cnn_step":
            continue  # without convolutions it is float32
        report.add(precision, way, name, lambda: prepared(prepare))
        if DEVICE.type == "cuda":
            torch.cuda.empty_cache()


report = gpu_timing.Report(options, {
    "version": torch.__version__, "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(), "device": DEVICE.type,
    "settings": "float32: TF32 off for products and convolutions; tf32: on for both; default: on for convolutions, as PyTorch comes; "
                "cudnn.benchmark off, the default",
    "errors": {}, "float32": {}, "tf32": {}, "default": {},
})
for way in ["eager"] + ["compile"] * hasattr(torch, "compile"):
    for precision in "float32", "tf32", "default":
        measure(report, precision, way)
report.close()
