/** The root of every error that landbridge throws on purpose. */
export class LandbridgeError extends Error {
  override get name(): string {
    return this.constructor.name
  }
}

/** A call that cannot work as written. The message has one form: `op: expected …, received …`. */
export class ArgumentError extends LandbridgeError {
  constructor(
    readonly op: string,
    readonly expected: string,
    readonly received: string,
  ) {
    super(`${op}: expected ${expected}, received ${received}`)
  }
}

/** The same mistake, told of the op that the caller called rather than of one that it is made of. */
export function renamed(op: string, error: unknown): unknown {
  if (!(error instanceof ArgumentError) || error.op === op) return error
  const Kind =
    [ShapeError, DTypeError, DeviceError, DisposedError].find((kind) => error instanceof kind) ?? ArgumentError
  return new Kind(op, error.expected, error.received)
}

/** Runs a part of `op`: its errors are told as those of the whole. */
export function within<T>(op: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw renamed(op, error)
  }
}

/** What the addon threw while it was given something to do, as an error of landbridge. */
export function nativeError(op: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof LandbridgeError) return error
  const memory = /^out of memory: expected (\d+) bytes, but (.*)$/s.exec(error.message)
  if (memory) return new ArgumentError(op, 'a result that fits in memory', `${memory[1]} bytes, while ${memory[2]}`)
  if (/^cuda(-emulated)?: /.test(error.message)) return new KernelError(error.message)
  const [, expected, received] = /^\w+: expected (.*), received (.*)$/s.exec(error.message) ?? []
  return expected !== undefined && received !== undefined ? new ArgumentError(op, expected, received) : error
}

/** A shape that the op cannot take, or a size that is not the one wanted. */
export class ShapeError extends ArgumentError {}
/** A dtype that the op cannot take. */
export class DTypeError extends ArgumentError {}
/** Tensors on different devices, or on one that is not there. */
export class DeviceError extends ArgumentError {}
/** A tensor that was disposed of. */
export class DisposedError extends ArgumentError {}

/**
 * A kernel that failed while the stream ran it, or a device that no longer works; it surfaces at the next read,
 * `backward`, `step` or `ready`.
 */
export class KernelError extends LandbridgeError {}

/** The native addon could not be found or loaded. */
export class NativeLoadError extends LandbridgeError {}

/** Something in a file is not as it should be; says which file, row (1-based, header included) and column. */
export class DataError extends LandbridgeError {
  readonly file: string | undefined
  readonly row: number | undefined
  readonly column: string | undefined
  constructor(message: string, where: { file?: string; row?: number; column?: string } = {}) {
    const place = [where.file, where.row && `row ${where.row}`, where.column && `column ${where.column}`]
    const prefix = place.filter(Boolean).join(', ')
    super(prefix ? `${prefix}: ${message}` : message)
    this.file = where.file
    this.row = where.row
    this.column = where.column
  }
}

/** An optional peer package is needed and not installed. */
export class MissingPackageError extends LandbridgeError {
  constructor(
    readonly packageName: string,
    purpose: string,
  ) {
    super(`${purpose} needs the package ${packageName}, which is not installed: run "npm install ${packageName}"`)
  }
}
