"""Trains the networks of torch.test.ts in PyTorch: jobs as JSON on stdin, losses and outputs as JSON on stdout."""
import json
import sys

import torch
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)


class Last(nn.Module):
    """The last states of both directions. Of two biases that are added, one would be idle weight: it stays at 0."""

    def __init__(self, kind):
        super().__init__()
        self.rnn = kind(3, 5, num_layers=2, bidirectional=True, batch_first=True)
        for name, each in self.rnn.named_parameters():
            if name.startswith("bias_hh"):
                mask = torch.zeros_like(each)
                if kind is nn.GRU:
                    mask[10:] = 1  # that of the new value, inside the reset gate
                each.register_hook(lambda gradient, mask=mask: gradient * mask)

    def forward(self, x):
        state = self.rnn(x)[1]
        h = state[0] if isinstance(state, tuple) else state
        return torch.cat([h[-2], h[-1]], 1)


NETWORKS = {
    "mlp": lambda: nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 2)),
    "convnet": lambda: nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 3, stride=2, padding=1, groups=2, bias=False),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.Conv2d(12, 12, 1),
        nn.ReLU(),
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        nn.Linear(12, 5),
    ),
    "lstm": lambda: nn.Sequential(Last(nn.LSTM), nn.Linear(10, 2)),
    "gru": lambda: nn.Sequential(Last(nn.GRU), nn.Linear(10, 2)),
}
NAMES = {"gamma": "weight", "beta": "bias", "runningMean": "running_mean", "runningVar": "running_var"}


def tensor_of(each):
    dtype = torch.int64 if each["dtype"] == "int32" else torch.float32
    return torch.tensor(each["values"], dtype=dtype).reshape(each["shape"])


def biases_of(bias, gates, units):
    """One bias as the two of torch: the second is 0 but for the fourth part of a GRU's."""
    second = torch.zeros(gates * units)
    second[(gates - 1) * units :] = bias[gates * units :] if gates == 3 else 0
    return bias[: gates * units], second


def cell_of(name, value, weights):
    """'0.cells.3.bias' to '0.rnn.bias_ih_l1_reverse' and '0.rnn.bias_hh_l1_reverse', for two directions."""
    module, _, index, last = name.split(".")
    suffix = f"l{int(index) // 2}" + ("_reverse" if int(index) % 2 else "")
    if last != "bias":
        return {f"{module}.rnn.weight_{'ih' if last == 'inputWeight' else 'hh'}_{suffix}": value.t().contiguous()}
    units, width = weights[f"{module}.cells.{index}.hiddenWeight"]["shape"]
    first, second = biases_of(value, width // units, units)
    return {f"{module}.rnn.bias_ih_{suffix}": first, f"{module}.rnn.bias_hh_{suffix}": second}


def state_of(weights):
    """[kh, kw, in, out] to [out, in, kh, kw] and [in, out] to [out, in]; the names of torch."""
    state = {}
    for name, each in weights.items():
        *layer, last = name.split(".")
        value = tensor_of(each)
        if "cells" in layer:
            state.update(cell_of(name, value, weights))
            continue
        if value.dim() == 4:
            value = value.permute(3, 2, 0, 1)
        if value.dim() == 2:
            value = value.t()
        state[".".join([*layer, NAMES.get(last, last)])] = value.contiguous()
    return state


def train(job):
    model = NETWORKS[job["network"]]()
    missing, unexpected = model.load_state_dict(state_of(job["weights"]), strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
    x, y = tensor_of(job["x"]), tensor_of(job["y"])
    if x.dim() == 4:
        x = x.permute(0, 3, 1, 2).contiguous()
    loss_of = nn.CrossEntropyLoss() if y.dtype == torch.int64 else nn.MSELoss()
    optimizer = getattr(torch.optim, job["optimizer"])(model.parameters(), **job["options"])
    losses = []
    for _ in range(job["steps"]):
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        if job["clip"] is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), job["clip"])
        optimizer.step()
        losses.append(loss.item())
    return {"losses": losses, "output": model.eval()(x).flatten().tolist()}


print(json.dumps([train(job) for job in json.load(sys.stdin)]))
