import { MissingPackageError } from '../engine/errors.js'

/** Imports an optional peer package. Throws MissingPackageError, which says how to install it, when it is not there. */
export async function optionalImport<T>(packageName: string, purpose: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND')
      throw new MissingPackageError(packageName, purpose)
    throw error
  }
}
