import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

/** Collects all garbage now, so that what counts go down by later was released by hand. */
export const collectGarbage = runInNewContext('gc') as () => void
