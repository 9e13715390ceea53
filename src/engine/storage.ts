import { native, type Device, type Handle } from './native.js'

/**
 * One value in native memory and the number of its holders: tensors, and graph nodes that saved it. It is released
 * with its last holder; if holders are merely forgotten, the collector releases it through the handle.
 */
export class Storage {
  #holders = 1
  constructor(
    readonly handle: Handle,
    readonly device: Device,
  ) {}

  retain(): this {
    this.#holders++
    return this
  }

  release(): void {
    if (--this.#holders === 0) native.release(this.handle)
  }

  /** Whether the one who asks is the only holder, so that the value may be overwritten. */
  get exclusive(): boolean {
    return this.#holders === 1
  }
}
