import { native, type Device, type Handle } from './native.js'

let values = 0
/** Released handles, which the next results use again: making one, and collecting it, costs more than the call. */
const spares: Handle[] = []
const MOST_SPARES = 4096

/** A handle for the next result, if one is at hand. Whoever takes it passes it to `native.run`. */
export function spareHandle(): Handle | undefined {
  return spares.pop()
}

/**
 * One value in native memory and the number of its holders: tensors, and graph nodes that saved it. It is released
 * with its last holder; if holders are merely forgotten, the collector releases it through the handle.
 */
export class Storage {
  #holders = 1
  #version = ++values
  constructor(
    readonly handle: Handle,
    readonly device: Device,
  ) {}

  retain(): this {
    this.#holders++
    return this
  }

  release(): void {
    if (--this.#holders !== 0) return
    native.release(this.handle)
    if (spares.length < MOST_SPARES) spares.push(this.handle)
  }

  /** A number of the value that no other value has had or will have: whoever derived something from it can compare. */
  get version(): number {
    return this.#version
  }

  /** Another value stands in the same memory now. */
  overwritten(): void {
    this.#version = ++values
  }

  /** Whether the one who asks is the only holder, so that the value may be overwritten. */
  get exclusive(): boolean {
    return this.#holders === 1
  }
}
