"""Times steps and gradients of torch_gpu.py in JAX, compiled; TF32 first."""
import jax
import jax.numpy as jnp

import gpu_timing

options = gpu_timing.arguments(__doc__, seconds=120)

if jax.default_backend() != "gpu" and not options.small:
    raise SystemExit(f"JAX {jax.__version__} finds no GPU")
SCALE = 64 if options.small else 1
tree = jax.tree_util.tree_map


class Steps:
    """Steps of which each takes what the one before left."""

    def __init__(self, step, state):
        self.step, self.state = step, state

    def __call__(self):
        self.state = self.step(self.state)

    def wait(self):
        jax.block_until_ready(self.state)


def examples(n):
    return jax.random.normal(jax.random.PRNGKey(1), (n, 1, 28, 28)), jax.random.randint(jax.random.PRNGKey(2), (n,), 0, 10)


def dense(key, fan_in, out):
    return jax.random.normal(jax.random.PRNGKey(key), (out, fan_in)) / fan_in**0.5, jnp.zeros(out)


def mlp_params(width):
    return [dense(3, 784, width), dense(4, width, width), dense(5, width, 10)]


def layers(params, h):
    for w, b in params[:-1]:
        h = jax.nn.relu(h @ w.T + b)
    return h @ params[-1][0].T + params[-1][1]


def mlp(params, x):
    return layers(params, x.reshape(len(x), -1))


def cnn_params():
    kernels = [(jax.random.normal(jax.random.PRNGKey(6), (32, 1, 3, 3)) / 3, jnp.zeros(32)),
               (jax.random.normal(jax.random.PRNGKey(7), (64, 32, 3, 3)) / 17, jnp.zeros(64))]
    return kernels + [dense(8, 3136, 128), dense(9, 128, 10)]


def cnn(params, x):
    for w, b in params[:2]:
        x = jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NCHW", "OIHW", "NCHW"))
        x = jax.nn.relu(x + b[:, None, None])
        x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    return layers(params[2:], x.reshape(len(x), -1))


def mean_loss(model):
    def loss(params, x, y):
        return -jnp.take_along_axis(jax.nn.log_softmax(model(params, x)), y[:, None], 1).mean()

    return loss


def training(model, params, batch):
    data = examples(2 * batch)
    order = jax.random.permutation(jax.random.PRNGKey(0), 2 * batch)
    loss = mean_loss(model)

    @jax.jit
    def step(params, count, x, y):
        chosen = jax.lax.dynamic_slice(order, (count % 2 * batch,), (batch,))
        g = jax.grad(loss)(params, x[chosen], y[chosen])
        return tree(lambda p, d: p - 1e-3 * d, params, g), count + 1

    return (lambda state: step(*state, *data)), (params, 0)


def products(batch, kind):
    """A function of the parameters whose result has their shapes, and feeds the next call so that none is left out."""
    data = examples(batch)
    params = mlp_params(1024 // SCALE)
    loss = mean_loss(mlp)
    per_example = jax.vmap(jax.grad(lambda p, one, label: loss(p, one[None], label[None])), (None, 0, 0))

    def centred(p, x, y):
        return tree(lambda g: g - g.mean(0), per_example(p, x, y))

    def trace(p, x, y):
        return sum((g * g).sum() for g in jax.tree_util.tree_leaves(centred(p, x, y))) / (batch - 1)

    def sigma_product(p, x, y):
        g = centred(p, x, y)
        pairs = zip(jax.tree_util.tree_leaves(g), jax.tree_util.tree_leaves(p))
        c = sum(a.reshape(batch, -1) @ b.ravel() for a, b in pairs) / (batch - 1)
        return tree(lambda a: (c @ a.reshape(batch, -1)).reshape(a.shape[1:]), g)

    gradient = jax.grad(loss)
    calls = {
        "gradient": gradient,
        "hvp": lambda p, x, y: jax.jvp(lambda q: gradient(q, x, y), (p,), (p,))[1],
        "trace-gradient": jax.grad(trace),
        "sigma-vector": sigma_product,
    }
    step = jax.jit(lambda p, x, y: tree(lambda a, b: a + 1e-9 * b, p, calls[kind](p, x, y)))
    return (lambda p: step(p, *data)), params


def works():
    yield "mlp4096/sgd", lambda: training(mlp, mlp_params(4096 // SCALE), 8192 // SCALE)
    yield "cnn/sgd", lambda: training(cnn, cnn_params(), 1024 // SCALE)
    for kind in "gradient", "trace-gradient", "sigma-vector", "hvp":
        yield "mlp1024/" + kind, lambda kind=kind: products(512 // SCALE, kind)


def prepared(prepare):
    steps = Steps(*prepare())
    return steps, steps.wait


report = gpu_timing.Report(options, {
    "version": jax.__version__, "device": str(jax.devices()[0]),
    "settings": "float32: TF32 off for products and convolutions; tf32: on for both, the default",
    "errors": {}, "tf32": {}, "float32": {},
})
for precision in "tf32", "float32":
    jax.config.update("jax_default_matmul_precision", "float32" if precision == "float32" else "tensorfloat32")
    for name, prepare in works():
        report.add(precision, "compile", name, lambda: prepared(prepare))
report.close()
