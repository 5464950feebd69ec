"""Times PyTorch on the processor.

Run with the number of OpenMP threads; protocol.py tells what is read and written. Requests have "dtype" and "shape", in the
order in which the functions below take it apart. Operands lie ready: a training step here neither gathers its batch nor
counts correct answers, so drift, which does both, has no advantage.
"""
import sys

import torch
from torch.nn import functional

import blas
from protocol import serve
from torch_networks import network

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(1)


def random(request, *shape):
    return torch.rand(*shape, dtype=getattr(torch, request["dtype"])) * 2 - 1


def nothing():
    pass


def without_gradient(prepare):
    """An operation whose callable runs outside of autograd."""

    def operation(request):
        run = prepare(request)

        def call():
            with torch.no_grad():
                run()

        def idle():
            with torch.no_grad():
                pass

        return call, idle

    return operation


def gemm(request):
    m, n, k = request["shape"]
    a = random(request, k, m).t() if request.get("transA") else random(request, m, k)
    b = random(request, n, k).t() if request.get("transB") else random(request, k, n)
    c = random(request, m, n)
    return lambda: torch.mm(a, b, out=c)


def elementwise(function):
    def prepare(request):
        x = random(request, *request["shape"])
        y = torch.empty_like(x)
        return lambda: function(x, out=y)

    return prepare


def total(request):
    x = random(request, *request["shape"])
    return lambda: torch.sum(x)


def sum_over(axis):
    def prepare(request):
        x = random(request, *request["shape"])
        return lambda: torch.sum(x, axis)

    return prepare


def softmax(request):
    x = random(request, *request["shape"])
    return lambda: torch.softmax(x, 1)


def cross_entropy(request):
    rows, classes = request["shape"]
    x, y = random(request, rows, classes), torch.randint(classes, (rows,))
    return lambda: functional.cross_entropy(x, y, reduction="none")


def convolution(part):
    """part is forward, input (the gradient in the images) or weight (the gradient in the kernels); kernels keep the size."""

    def prepare(request):
        n, channels, size, out, kernel = request["shape"]
        x, w = random(request, n, channels, size, size), random(request, out, channels, kernel, kernel)
        padding = kernel // 2
        y = functional.conv2d(x, w, padding=padding)
        if part == "forward":
            return lambda: functional.conv2d(x, w, padding=padding)
        mask = [part == "input", part == "weight", False]
        backward = torch.ops.aten.convolution_backward
        return lambda: backward(y, x, w, None, [1, 1], [padding, padding], [1, 1], False, [0, 0], 1, mask)

    return prepare


def im2col(request):
    n, channels, size, _, kernel = request["shape"]
    x = random(request, n, channels, size, size)
    return lambda: functional.unfold(x, kernel, padding=kernel // 2)


def max_pool(request):
    n, channels, size, kernel = request["shape"]
    x = random(request, n, channels, size, size)
    return lambda: functional.max_pool2d(x, kernel, return_indices=True)


def max_unpool(request):
    n, channels, size, kernel = request["shape"]
    x = random(request, n, channels, size, size)
    y, index = functional.max_pool2d(x, kernel, return_indices=True)
    backward, square = torch.ops.aten.max_pool2d_with_indices_backward, [kernel, kernel]
    return lambda: backward(y, x, square, square, [0, 0], [1, 1], False, index)


def momentum(request):
    p = torch.nn.Parameter(random(request, *request["shape"]))
    p.grad = random(request, *request["shape"]) * 1e-6
    return torch.optim.SGD([p], lr=1e-6, momentum=0.9).step


def requested(request, twice=False):
    (batch,) = request["shape"]
    return network(request["model"], batch, getattr(torch, request["dtype"]), twice)


def gradient(request):
    model, loss = requested(request)
    params = list(model.parameters())
    return lambda: torch.autograd.grad(loss(), params), nothing


def sgd(request):
    model, loss = requested(request)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()

    return step, nothing


def hvp(request):
    model, loss = requested(request, twice=True)
    params = list(model.parameters())
    vector = [torch.randn_like(p) for p in params]

    def product():
        g = torch.autograd.grad(loss(), params, create_graph=True)
        return torch.autograd.grad(g, params, grad_outputs=vector)

    return product, nothing


plain = {
    "gemm": gemm, "exp": elementwise(torch.exp), "log": elementwise(torch.log), "tanh": elementwise(torch.tanh),
    "sigmoid": elementwise(torch.sigmoid), "sum": total, "sum_columns": sum_over(0), "sum_rows": sum_over(1),
    "softmax": softmax, "cross_entropy": cross_entropy, "conv": convolution("forward"), "conv_input": convolution("input"),
    "conv_weight": convolution("weight"), "im2col": im2col, "max_pool": max_pool, "max_unpool": max_unpool,
}
operations = {name: without_gradient(prepare) for name, prepare in plain.items()}
operations.update(gradient=gradient, sgd=sgd, hvp=hvp, momentum=lambda request: (momentum(request), nothing))


def products():
    """Name of the BLAS behind torch.mm, once it was called: the library may be loaded late, or be a part of PyTorch's own."""
    torch.mm(torch.ones(2, 2), torch.ones(2, 2))
    return blas.loaded(blas.mapped()) or ("MKL" if torch.backends.mkl.is_available() else "")


serve("PyTorch " + torch.__version__, operations, products())
