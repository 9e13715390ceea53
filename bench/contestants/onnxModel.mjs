// Small ONNX models, written by hand: the few messages of onnx.proto that an inference graph needs, as protocol
// buffers (https://protobuf.dev/programming-guides/encoding/, field numbers of onnx/onnx.proto).
import { Buffer } from 'node:buffer'

const varint = (value) => {
  const bytes = []
  let rest = BigInt.asUintN(64, BigInt(value))
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0))
    rest >>= 7n
  } while (rest > 0n)
  return Buffer.from(bytes)
}
const key = (field, wire) => varint((field << 3) | wire)
const integer = (field, value) => Buffer.concat([key(field, 0), varint(value)])
const bytes = (field, content) => Buffer.concat([key(field, 2), varint(content.length), content])
const text = (field, value) => bytes(field, Buffer.from(value))
const message = (field, parts) => bytes(field, Buffer.concat(parts))
function float(field, value) {
  const content = Buffer.alloc(4)
  content.writeFloatLE(value)
  return Buffer.concat([key(field, 5), content])
}

const FLOAT = 1
const INT64 = 7

/** An attribute: an integer, { float }, a string, or a list of integers. */
function attribute([name, value]) {
  if (Array.isArray(value)) return message(5, [text(1, name), ...value.map((each) => integer(8, each)), integer(20, 7)])
  if (typeof value === 'string') return message(5, [text(1, name), text(4, value), integer(20, 3)])
  if (typeof value === 'object') return message(5, [text(1, name), float(2, value.float), integer(20, 1)])
  return message(5, [text(1, name), integer(3, value), integer(20, 2)])
}

const node = ({ op, inputs, outputs, attributes = {}, domain }) =>
  message(1, [
    ...inputs.map((each) => text(1, each)),
    ...outputs.map((each) => text(2, each)),
    text(4, op),
    ...Object.entries(attributes).map(attribute),
    ...(domain ? [text(7, domain)] : []),
  ])

/** A constant: float32, or int64 from a BigInt64Array. */
const initializer = ([name, { dims, data }]) =>
  message(5, [
    ...dims.map((each) => integer(1, each)),
    integer(2, data instanceof BigInt64Array ? INT64 : FLOAT),
    text(8, name),
    bytes(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  ])

/** A float32 input or output; without dims, of any shape. */
function valueInfo(field, name, dims) {
  const shape = dims ? [message(2, dims.map((each) => message(1, [integer(1, each)])))] : [] // prettier-ignore
  return message(field, [text(1, name), message(2, [message(1, [integer(1, FLOAT), ...shape])])])
}

/**
 * @param graph.nodes { op, inputs, outputs, attributes }
 * @param graph.inputs name → dims
 * @param graph.constants name → { dims, data }
 * @param graph.outputs names
 */
export function encodeModel({ nodes, inputs, constants = {}, outputs }) {
  const graph = [
    ...nodes.map(node),
    text(2, 'bench'),
    ...Object.entries(constants).map(initializer),
    ...Object.entries(inputs).map(([name, dims]) => valueInfo(11, name, dims)),
    ...outputs.map((name) => valueInfo(12, name)),
  ]
  const opset = message(8, [text(1, ''), integer(2, 17)])
  return Buffer.concat([integer(1, 8), opset, message(7, graph)])
}

export const int64s = (values) => ({ dims: [values.length], data: BigInt64Array.from(values, BigInt) })
