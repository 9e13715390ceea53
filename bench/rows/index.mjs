// Every row of the suite. A row:
//   name, family
//   inputs      name → uniform(shape) or labels(…), NHWC and [kh, kw, C, F]
//   work        { flop } or { bytes, limit: 'read' | 'copy' | 'triad' }, with its formula
//   reference   inputs → per result { size, at, expected, scale } in double precision, or nothing
//   tolerances  per result, relative to that scale
//   landbridge, tfjs   (library, tensors) → the function that is timed, giving a tensor or several
//   torch       Python source that defines run(), see contestants/pytorch_worker.py; `grad` turns autograd on
//   onnx        inputs → { feeds, constants, nodes, outputs, back }
//   batch, single      for contestants that are too slow: how many items, and the row with one of them
//   images      whether PyTorch's second memory format is a contestant of its own
//   steps       a training step: a group of them waits once, as a training loop does
//   large       inputs of hundreds of megabytes: each contestant frees its own before the next one runs
//   long        left out by --quick
//   heavy       left out of tfjs cpu, and by --quick of tfjs: it takes half a minute or more
//   absent      id → why that contestant cannot take part
import { convolutionRows } from './convolution.mjs'
import { elementwiseRows } from './elementwise.mjs'
import { matmulRows } from './matmul.mjs'
import { recurrentRows } from './recurrent.mjs'
import { stepRows } from './steps.mjs'
import { transferRows } from './transfer.mjs'

export const rows = [
  ...convolutionRows,
  ...matmulRows,
  ...transferRows,
  ...elementwiseRows,
  ...recurrentRows,
  ...stepRows,
]
