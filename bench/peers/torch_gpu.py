"""Times training steps in PyTorch on a GPU as people run them, and gradients of statistics, for comparison with drift bench --only gpu.

What people run comes first: TF32, then automatic mixed precision in bfloat16; eagerly, with channels_last where there are
convolutions, and compiled with mode="max-autotune". Float32 without TF32 comes last. H v is not compiled, as compiled functions cannot
be differentiated twice.
"""
import contextlib
import itertools

import torch
from torch import nn
from torch.nn import functional

import gpu_timing

options = gpu_timing.arguments(__doc__, seconds=360)

DEVICE = torch.device("cuda" if torch.cuda.is_available() or not options.small else "cpu")
if DEVICE.type == "cuda" and not torch.cuda.is_available():
    raise SystemExit(f"PyTorch {torch.__version__} (CUDA {torch.version.cuda}) finds no GPU")
SCALE = 64 if options.small else 1
GREY, COLOUR = (1, 28, 28), (3, 32, 32)


def wait():
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def examples(n, shape=GREY):
    return torch.randn(n, *shape, device=DEVICE), torch.randint(10, (n,), device=DEVICE)


def mlp(width):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))


class Block(nn.Module):
    """A residual block of ResNet-20 with group normalisation."""

    def __init__(self, before, channels, stride):
        super().__init__()
        self.path = nn.Sequential(
            nn.Conv2d(before, channels, 3, stride, 1, bias=False), nn.GroupNorm(8, channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.GroupNorm(8, channels))
        self.shortcut = nn.Identity() if stride == 1 else nn.Sequential(
            nn.Conv2d(before, channels, 1, stride, bias=False), nn.GroupNorm(8, channels))

    def forward(self, x):
        return functional.relu(self.path(x) + self.shortcut(x))


def resnet20():
    layers, before = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.GroupNorm(8, 16), nn.ReLU()], 16
    for channels in 16, 32, 64:
        for _ in range(3):
            layers.append(Block(before, channels, 1 if channels == before else 2))
            before = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


class Setting:
    """How a work is done: the precision of products, the layout of images, eagerly or compiled."""

    def __init__(self, precision, way):
        self.precision, self.way = precision, way
        self.compiled, self.last = "compile" in way, "channels_last" in way

    @contextlib.contextmanager
    def chosen(self):
        """The context in which works are prepared and done."""
        # drift multiplies and convolves in one precision. PyTorch's defaults differ: cuBLAS in float32, cuDNN in TF32. Setting cuDNN's
        # flags outside of flags() is an error once compiling has imported PyTorch's own tests, as it does for functions of torch.func.
        tf32 = self.precision != "float32"
        torch.set_float32_matmul_precision("high" if tf32 else "highest")
        torch.manual_seed(1)
        if hasattr(torch, "_dynamo"):
            torch._dynamo.reset()  # or it would give up compiling after a number of networks
        with torch.backends.cudnn.flags(enabled=True, benchmark=True, deterministic=False, allow_tf32=tf32):
            yield self

    def network(self, model):
        model = model.to(DEVICE)
        if self.last:
            model = model.to(memory_format=torch.channels_last)
        return torch.compile(model, mode="max-autotune") if self.compiled else model

    def images(self, x):
        return x.contiguous(memory_format=torch.channels_last) if self.last else x

    def function(self, f):
        return torch.compile(f) if self.compiled else f

    def autocast(self):
        if self.precision == "bf16":
            return torch.autocast(DEVICE.type, dtype=torch.bfloat16)
        return contextlib.nullcontext()


def training(setting, model, batch, shape=GREY):
    """One step of SGD on a batch gathered from data on the device, as drift takes it. The data are shuffled beforehand."""
    model = setting.network(model)
    x, y = examples(2 * batch, shape)
    batches = itertools.cycle(torch.randperm(2 * batch, device=DEVICE).split(batch))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

    def step():
        chosen = next(batches)
        optimizer.zero_grad(set_to_none=True)
        with setting.autocast():
            loss = functional.cross_entropy(model(setting.images(x[chosen])), y[chosen])
        loss.backward()
        optimizer.step()

    return step


def products(setting, model, batch):
    """Gradient and H v of the batch's mean loss."""
    model = setting.network(model)
    x, y = examples(batch)
    params = list(model.parameters())
    v = [torch.randn_like(p) for p in params]

    def loss():
        with setting.autocast():
            return functional.cross_entropy(model(x), y)

    def hvp():
        g = torch.autograd.grad(loss(), params, create_graph=True)
        return torch.autograd.grad(g, params, grad_outputs=v)

    return (lambda: torch.autograd.grad(loss(), params)), hvp


def per_example(setting, model, batch):
    """∂tr Σ and Σ v by vmap over grad."""
    from torch.func import functional_call, grad, vmap

    x, y = examples(batch)
    params = {k: p.detach() for k, p in model.to(DEVICE).named_parameters()}
    v = {k: torch.randn_like(p) for k, p in params.items()}

    def loss(p, one, label):
        with setting.autocast():
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
    return setting.function(lambda: slope(params)), setting.function(sigma_product)


def product(setting, rows, width):
    """The widest product of the MLP's step alone: the rate that cuBLAS reaches."""
    a, b = torch.randn(rows, width, device=DEVICE), torch.randn(width, width, device=DEVICE)

    def step():
        with setting.autocast():
            return a @ b

    return step


WIDTH, BATCH, MANY = 1024 // SCALE, 512 // SCALE, 1024 // SCALE

# Works by name, and whether there are images for channels_last to lay out.
STEPS = {
    "mlp4096/sgd": (False, lambda s: training(s, mlp(4096 // SCALE), 8192 // SCALE)),
    "cnn/sgd": (True, lambda s: training(s, cnn(), MANY)),
    "resnet20/sgd": (True, lambda s: training(s, resnet20(), MANY, COLOUR)),
}
PRODUCTS = {
    "product": lambda s: product(s, 8192 // SCALE, 4096 // SCALE),
    "mlp1024/gradient": lambda s: products(s, mlp(WIDTH), BATCH)[0],
    "mlp1024/hvp": lambda s: products(s, mlp(WIDTH), BATCH)[1],
    "mlp1024/trace-gradient": lambda s: per_example(s, mlp(WIDTH), BATCH)[0],
    "mlp1024/sigma-vector": lambda s: per_example(s, mlp(WIDTH), BATCH)[1],
}


def plan():
    """What is timed, the most telling first: (precision, way, works)."""
    images = [name for name, (has, _) in STEPS.items() if has]
    compiles = hasattr(torch, "compile")
    for precision in "tf32", "bf16":
        yield precision, "eager", list(STEPS)
        yield precision, "channels_last", images
        yield precision, "eager", ["product", "mlp1024/gradient"]
        if compiles:
            yield precision, "compile", list(STEPS)
            yield precision, "compile channels_last", images
    yield "tf32", "eager", list(PRODUCTS)[2:]
    if compiles:
        yield "tf32", "compile", ["mlp1024/gradient", "mlp1024/trace-gradient", "mlp1024/sigma-vector"]
    yield "float32", "eager", list(STEPS) + list(PRODUCTS)
    if compiles:
        yield "float32", "compile", list(STEPS)


def prepared(setting, name):
    work = STEPS[name][1] if name in STEPS else PRODUCTS[name]
    return work(setting), wait


report = gpu_timing.Report(options, {
    "version": torch.__version__, "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(), "device": DEVICE.type,
    "settings": "float32: TF32 off for products and convolutions; tf32: on for both; bf16: autocast, TF32 for what stays in float32; "
                "cudnn.benchmark on; compile: max-autotune for networks, the default for functions of per-example gradients",
    "errors": {}, "tf32": {}, "bf16": {}, "float32": {},
})
for precision, way, names in plan():
    for name in names:
        with Setting(precision, way).chosen() as setting:
            report.add(precision, way, name, lambda: prepared(setting, name))
        if DEVICE.type == "cuda":
            torch.cuda.empty_cache()
report.close()
