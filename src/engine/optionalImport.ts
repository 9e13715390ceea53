import { MissingPackageError } from './errors.js'

/**
 * Imports an optional peer package when it is first needed.
 *
 * @param purpose what needs it, for the message
 * @throws MissingPackageError, with the command that installs it, when it is not there
 */
export async function optionalImport<T>(packageName: string, purpose: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const absent = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
    // One that is there, but lacks a package of its own, tells so itself.
    if (absent && error instanceof Error && error.message.includes(packageName)) {
      throw new MissingPackageError(packageName, purpose)
    }
    throw error
  }
}
