import type * as Plot from '@observablehq/plot'
import { MissingPackageError } from '../engine/errors.js'
import { Html } from './html.js'

/** Loads an optional peer when it is first needed; its absence is told with the command that mends it. */
export async function optionalPeer<T>(name: string, purpose: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
    if (absent && error.message.includes(`'${name}'`)) throw new MissingPackageError(name, purpose)
    throw error
  }
}

export interface Canvas {
  plot: typeof Plot
  /** Inline SVG with `label` as its text for screen readers. */
  draw: (label: string, options: Plot.PlotOptions) => Html
}

/** Observable Plot on a document of its own, so that nothing global is touched. */
export async function openCanvas(): Promise<Canvas> {
  const plot = await optionalPeer('@observablehq/plot', 'the HTML report', () => import('@observablehq/plot'))
  const { JSDOM } = await optionalPeer('jsdom', 'the HTML report', () => import('jsdom'))
  const { document } = new JSDOM('<!doctype html>').window
  // Plot's own type for the figure is the browser's, which Node's library of types lacks.
  const render: (options: object) => { readonly outerHTML: string } = plot.plot
  const draw = (label: string, options: Plot.PlotOptions) =>
    new Html(render({ ...options, document, ariaLabel: label }).outerHTML)
  return { plot, draw }
}
