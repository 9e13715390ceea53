"""Runs the PyTorch side of rows: one JSON request per line on the first FIFO, one reply per line on the second.

A row's source sees torch, F, numpy, `inputs` (name -> tensor, NHWC and HWIO as the other contestants have them) and the
helpers below; it defines run(), which is timed, and may define result(y), which gives the list of tensors to compare.
On a GPU rows also have a precision, and are timed by the device's events.
"""
import contextlib
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
device = torch.device("cpu")


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
    value = torch.from_numpy(numpy.fromfile(spec["path"], dtype=kind)).reshape(spec["shape"]).to(device)
    return value.long() if spec["dtype"] == "int32" else value.to(torch.get_default_dtype())


def compute_in(precision, mixed):
    """float32, tf32 (products alone), or bfloat16: all of it; or products alone where precision is `mixed`."""
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    half = precision == "bfloat16"
    torch.set_default_dtype(torch.bfloat16 if half and not mixed else torch.float32)
    return torch.autocast(device.type, torch.bfloat16) if half and mixed else contextlib.nullcontext()


VISIBLE = ("torch", "F", "numpy", "image", "image_back", "filters", "filters_back")
rows = {}  # slot -> what the row's source defined


def setup(request):
    global memory_format
    memory_format = getattr(torch, request["memory_format"])
    torch.set_grad_enabled(bool(request["grad"]))
    how = request.get("precision", "float32"), bool(request.get("mixed"))
    compute_in(*how)
    row = {name: globals()[name] for name in VISIBLE}
    row.update(inputs={name: read(spec) for name, spec in request["inputs"].items()}, memory_format=memory_format)
    exec(compile(request["source"], "row", "exec"), row)
    if request.get("compile"):
        row["loss"] = torch.compile(row["loss"])
    rows[request["slot"]] = dict(row, precision=how, grad=bool(request["grad"]))
    return {}


def call_of(slot):
    """What is timed, in the precision in which its row was set up."""
    row = rows[slot]
    torch.set_grad_enabled(row["grad"])
    context = compute_in(*row["precision"])
    if isinstance(context, contextlib.nullcontext):
        return row["run"]

    def call():
        with context:
            return row["run"]()

    return call


def wait():
    if device.type == "cuda":
        torch.cuda.synchronize()


def result(request):
    row = rows[request["slot"]]
    call = call_of(request["slot"])
    wait()
    started = time.perf_counter()
    y = call()
    wait()
    ms = (time.perf_counter() - started) * 1000
    parts = row["result"](y) if "result" in row else (y if isinstance(y, (list, tuple)) else [y])
    sizes = []
    with open(request["path"], "wb") as file:
        for part in parts:
            values = part.detach().float().cpu().contiguous().numpy()
            values.tofile(file)
            sizes.append(values.size)
    return {"ms": ms, "sizes": sizes}


def run(request):
    f = call_of(request["slot"])
    for _ in range(request["repeat"]):
        f()
    return {}


def group(f, count):
    for _ in range(count):
        f()


def timed(request):
    """Milliseconds of one call, of `samples` groups of `repeat` calls."""
    f, repeat, samples = call_of(request["slot"]), request["repeat"], request["samples"]
    if device.type != "cuda":
        ms = []
        for _ in range(samples):
            started = time.perf_counter()
            group(f, repeat)
            ms.append((time.perf_counter() - started) * 1000 / repeat)
        return {"ms": ms}
    marks = [torch.cuda.Event(enable_timing=True) for _ in range(samples + 1)]
    marks[0].record()
    for mark in marks[1:]:
        group(f, repeat)
        mark.record()
    torch.cuda.synchronize()
    return {"ms": [a.elapsed_time(b) / repeat for a, b in zip(marks, marks[1:])]}


def close(request):
    rows.pop(request["slot"], None)
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    ctypes.CDLL(None).malloc_trim(0)
    return {}


def hello(request):
    global device
    torch.set_num_threads(request["threads"])
    if request.get("device", "cpu") != "cpu":
        device = torch.device(request["device"])
        torch.set_default_device(device)
        torch.backends.cudnn.benchmark = True
    torch.randn(256, 256) @ torch.randn(256, 256)
    return {
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
        "blas": blas(),
        "config": torch.__config__.show(),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "libraries": f"CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}",
        "compiles": hasattr(torch, "compile") and device.type == "cuda",
    }


commands = {"hello": hello, "setup": setup, "result": result, "run": run, "time": timed, "close": close}


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
