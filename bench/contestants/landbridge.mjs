// landbridge itself. It queues its work: a timed call is over when the stream has passed it.
import { Absent } from '../absent.mjs'

/** A tensor of an input, and tensors of several. */
export const tensorsOf = ({ tensor }, inputs) =>
  Object.fromEntries(Object.entries(inputs).map(([name, { shape, data }]) => [name, tensor(data, { shape })]))

export function landbridgeContestant(landbridge) {
  const { tensor, tidy } = landbridge
  /** The stream runs in order: when this empty tensor can be read, everything before it is done. */
  const mark = tensor(new Float32Array(0))
  const wait = () => void mark.dataSync()

  function open(row, inputs) {
    if (row.landbridge === undefined) throw new Absent('not written for landbridge')
    const tensors = tensorsOf(landbridge, inputs)
    const compute = row.landbridge(landbridge, tensors, inputs)
    const disposeAll = (results) => [results].flat().forEach((each) => each?.dispose())
    const call = () => disposeAll(tidy(compute))
    wait()
    return {
      result: () => {
        const started = performance.now()
        const results = tidy(compute)
        wait()
        const ms = performance.now() - started
        const shown = compute.inspect?.() ?? []
        const parts = [results ?? [], shown].flat().map((each) => each.dataSync())
        disposeAll(results)
        return { parts, ms }
      },
      run: (repeat) => {
        for (let i = 0; i < repeat; i++) {
          call()
          if (!row.steps) wait() // a training loop does not wait after each step
        }
        wait()
      },
      close: () => {
        Object.values(tensors).forEach((each) => each.dispose())
        compute.close?.()
      },
    }
  }
  return { id: 'landbridge', label: 'landbridge', version: landbridge.devices()[0].description, open }
}
