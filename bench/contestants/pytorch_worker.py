"""Runs the PyTorch side of rows: one JSON request per line on the first FIFO, one reply per line on the second.

A row's source sees torch, F, numpy, `inputs` (name -> tensor, NHWC and HWIO as the other contestants have them) and the
helpers below; it defines run(), which is timed, and may define result(y), which gives the list of tensors to compare.
"""
import ctypes
import gc
import json
import sys
import time
import traceback

import numpy
import torch
import torch.nn.functional as F

memory_format = torch.contiguous_format


def image(x):
    """[N, H, W, C] to PyTorch's [N, C, H, W], in the memory format that is measured."""
    return x.permute(0, 3, 1, 2).contiguous(memory_format=memory_format)


def image_back(y):
    return y.permute(0, 2, 3, 1).contiguous()


def filters(w):
    """[kh, kw, C, F] to PyTorch's [F, C, kh, kw], in the memory format that is measured."""
    return w.permute(3, 2, 0, 1).contiguous(memory_format=memory_format)


def filters_back(w):
    return w.permute(2, 3, 1, 0).contiguous()


def blas():
    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps if "/" in line}
    return sorted(path for path in paths if any(name in path for name in ("blas", "libmkl", "blis", "libatlas")))


def read(spec):
    kind = numpy.int32 if spec["dtype"] == "int32" else numpy.float32
    value = torch.from_numpy(numpy.fromfile(spec["path"], dtype=kind)).reshape(spec["shape"])
    return value.long() if spec["dtype"] == "int32" else value


VISIBLE = ("torch", "F", "numpy", "image", "image_back", "filters", "filters_back")
rows = {}  # slot -> what the row's source defined


def setup(request):
    global memory_format
    memory_format = getattr(torch, request["memory_format"])
    torch.set_grad_enabled(bool(request["grad"]))
    row = {name: globals()[name] for name in VISIBLE}
    row.update(inputs={name: read(spec) for name, spec in request["inputs"].items()}, memory_format=memory_format)
    exec(compile(request["source"], "row", "exec"), row)
    rows[request["slot"]] = row
    return {}


def result(request):
    row = rows[request["slot"]]
    started = time.perf_counter()
    y = row["run"]()
    ms = (time.perf_counter() - started) * 1000
    parts = row["result"](y) if "result" in row else (y if isinstance(y, (list, tuple)) else [y])
    sizes = []
    with open(request["path"], "wb") as file:
        for part in parts:
            values = part.detach().float().contiguous().numpy()
            values.tofile(file)
            sizes.append(values.size)
    return {"ms": ms, "sizes": sizes}


def run(request):
    f = rows[request["slot"]]["run"]
    for _ in range(request["repeat"]):
        f()
    return {}


def close(request):
    rows.pop(request["slot"], None)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return {}


def hello(request):
    torch.set_num_threads(request["threads"])
    torch.randn(256, 256) @ torch.randn(256, 256)
    return {
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
        "blas": blas(),
        "config": torch.__config__.show(),
    }


commands = {"hello": hello, "setup": setup, "result": result, "run": run, "close": close}


def serve(requests, replies):
    for line in requests:
        request = json.loads(line)
        try:
            reply = commands[request["command"]](request)
        except BaseException as error:  # the row is lost, not the worker
            detail = traceback.format_exc() if request.get("trace") else ""
            reply = {"error": f"{type(error).__name__}: {error}".split("\n")[0], "detail": detail}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    with open(sys.argv[2], "w") as answers, open(sys.argv[1]) as questions:
        serve(questions, answers)
