"""The networks of drift bench in PyTorch."""
import torch
from torch.nn import Conv2d, CrossEntropyLoss, Embedding, Flatten, GELU, GroupNorm, AdaptiveAvgPool2d
from torch.nn import LayerNorm, Linear, MaxPool2d, Module, Parameter, ReLU, Sequential, functional


def mlp():
    return Sequential(Flatten(), Linear(784, 1024), ReLU(), Linear(1024, 1024), ReLU(), Linear(1024, 10))


def cnn():
    return Sequential(
        Conv2d(1, 32, 3, padding=1), ReLU(), MaxPool2d(2), Conv2d(32, 64, 3, padding=1), ReLU(), MaxPool2d(2),
        Flatten(), Linear(3136, 128), ReLU(), Linear(128, 10),
    )


class Block(Module):
    def __init__(self, before, channels, stride):
        super().__init__()
        self.path = Sequential(
            Conv2d(before, channels, 3, stride, 1, bias=False), GroupNorm(8, channels), ReLU(),
            Conv2d(channels, channels, 3, 1, 1, bias=False), GroupNorm(8, channels),
        )
        self.shortcut = Sequential()
        if before != channels:
            self.shortcut = Sequential(Conv2d(before, channels, 1, stride, bias=False), GroupNorm(8, channels))

    def forward(self, x):
        return torch.relu(self.shortcut(x) + self.path(x))


def resnet20():
    layers, before = [Conv2d(3, 16, 3, 1, 1, bias=False), GroupNorm(8, 16), ReLU()], 16
    for channels in 16, 32, 64:
        for _ in range(3):
            layers.append(Block(before, channels, 1 if channels == before else 2))
            before = channels
    return Sequential(*layers, AdaptiveAvgPool2d(1), Flatten(), Linear(64, 10))


class Attention(Module):
    twice = False  # differentiated again, which PyTorch's fused attention is not made for

    def __init__(self, heads, width):
        super().__init__()
        self.heads, self.inward, self.outward = heads, Linear(width, 3 * width, bias=False), Linear(width, width, bias=False)

    def forward(self, x):
        n, positions, width = x.shape
        q, k, v = (t.view(n, positions, self.heads, -1).transpose(1, 2) for t in self.inward(x).chunk(3, 2))
        if hasattr(functional, "scaled_dot_product_attention") and not self.twice:
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            later = torch.ones(positions, positions, dtype=torch.bool).triu(1)
            scores = (q @ k.transpose(2, 3) / q.shape[3] ** 0.5).masked_fill(later, float("-inf"))
            y = torch.softmax(scores, 3) @ v
        return self.outward(y.transpose(1, 2).reshape(n, positions, width))


class Residual(Sequential):
    def forward(self, x):
        return x + super().forward(x)


class GPT(Module):
    """Its output layer has the weights of the embedding."""

    def __init__(self, tokens, positions, blocks, heads, width):
        super().__init__()
        self.embedding, self.positions = Embedding(tokens, width), Parameter(torch.zeros(positions, width))
        self.blocks = Sequential(*(
            Sequential(
                Residual(LayerNorm(width), Attention(heads, width)),
                Residual(LayerNorm(width), Linear(width, 4 * width, bias=False), GELU(), Linear(4 * width, width, bias=False)),
            )
            for _ in range(blocks)
        ), LayerNorm(width))

    def forward(self, x):
        return functional.linear(self.blocks(self.embedding(x) + self.positions), self.embedding.weight).flatten(0, 1)


def images(*shape):
    def batch(n, dtype):
        return torch.rand(n, *shape, dtype=dtype) * 2 - 1, torch.randint(10, (n,))

    return batch


def tokens(count, positions):
    def batch(n, dtype):
        return torch.randint(count, (n, positions)), torch.randint(count, (n * positions,))

    return batch


NETWORKS = {
    "mlp": (mlp, images(1, 28, 28)), "cnn": (cnn, images(1, 28, 28)), "resnet20": (resnet20, images(3, 32, 32)),
    "gpt": (lambda: GPT(65, 64, 4, 4, 128), tokens(65, 64)),
}


def network(name, batch, dtype, twice):
    """The network with the loss of one batch as a function, which may be differentiated twice."""
    make, examples = NETWORKS[name]
    model, (x, y), criterion = make().to(dtype), examples(batch, dtype), CrossEntropyLoss()
    for m in model.modules():
        if isinstance(m, Attention):
            m.twice = twice
    return model, lambda: criterion(model(x), y)
