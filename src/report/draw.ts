import type * as Plot from '@observablehq/plot'
import { optionalImport } from '../engine/optionalImport.js'
import { Html } from './html.js'

export interface Canvas {
  plot: typeof Plot
  /** Inline SVG with `label` as its text for screen readers. */
  draw: (label: string, options: Plot.PlotOptions) => Html
}

/** Observable Plot on a document of its own, so that nothing global is touched. */
export async function openCanvas(): Promise<Canvas> {
  const plot = await optionalImport('@observablehq/plot', 'the HTML report', () => import('@observablehq/plot'))
  const { JSDOM } = await optionalImport('jsdom', 'the HTML report', () => import('jsdom'))
  const { document } = new JSDOM('<!doctype html>').window
  // Plot's own type for the figure is the browser's, which Node's library of types lacks.
  const render: (options: object) => { readonly outerHTML: string } = plot.plot
  const draw = (label: string, options: Plot.PlotOptions) =>
    new Html(render({ ...options, document, ariaLabel: label }).outerHTML)
  return { plot, draw }
}
