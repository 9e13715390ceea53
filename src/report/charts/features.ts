import type { FeatureView } from '../../transfer/protocol/result.js'
import type { Canvas } from '../draw.js'
import { html, type Html } from '../html.js'

export const domainColours = { source: '#d55e00', target: '#0072b2' }

/** One small scatter per network: its features of source and target rows that it was not trained on. */
export function featureScatters(canvas: Canvas, views: readonly FeatureView[]): Html {
  return html`<div class="scatters">
    ${views.map(
      (view) =>
        html`<figure>
          <figcaption>
            <b>${view.method}</b> ${view.method === 'source-only' ? '(before)' : '(after)'}<br />
            <small>shows ${percent(view.explained[0] + view.explained[1])} of the variation</small>
          </figcaption>
          ${scatter(canvas, view)}
        </figure>`,
    )}
  </div>`
}

const percent = (share: number) => `${Math.round(share * 100)} %`

interface Point {
  domain: keyof typeof domainColours
  x: number
  y: number
}

function scatter({ plot, draw }: Canvas, { method, source, target }: FeatureView): Html {
  const tag = (domain: Point['domain'], pairs: readonly [number, number][]) =>
    pairs.map(([x, y]): Point => ({ domain, x, y }))
  // Interleaved, so that neither domain covers the other.
  const data = interleave(tag('source', source), tag('target', target))
  return draw(`Features of source and target, ${method}`, {
    width: 300,
    height: 260,
    margin: 8,
    x: { axis: null },
    y: { axis: null },
    marks: [
      plot.frame({ stroke: '#ddd' }),
      plot.dot(data, {
        x: 'x',
        y: 'y',
        r: 2,
        fill: ({ domain }: Point) => domainColours[domain],
        fillOpacity: 0.45,
      }),
    ],
  })
}

function interleave<T>(a: readonly T[], b: readonly T[]): T[] {
  const out: T[] = []
  for (let i = 0; i < Math.max(a.length, b.length); i++) out.push(...a.slice(i, i + 1), ...b.slice(i, i + 1))
  return out
}
