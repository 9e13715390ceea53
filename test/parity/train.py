"""Trains the networks of torch.test.ts in PyTorch: jobs as JSON on stdin, losses and outputs as JSON on stdout."""
import json
import sys

import torch
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)

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
}
NAMES = {"gamma": "weight", "beta": "bias", "runningMean": "running_mean", "runningVar": "running_var"}


def tensor_of(each):
    dtype = torch.int64 if each["dtype"] == "int32" else torch.float32
    return torch.tensor(each["values"], dtype=dtype).reshape(each["shape"])


def state_of(weights):
    """[kh, kw, in, out] to [out, in, kh, kw] and [in, out] to [out, in]; the names of torch."""
    state = {}
    for name, each in weights.items():
        *layer, last = name.split(".")
        value = tensor_of(each)
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
