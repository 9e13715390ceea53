import type { AdaptResult, AdaptRow, Ratio } from '../../transfer/protocol/result.js'
import type { Canvas } from '../draw.js'
import { leadUnit, number, predicted, ratioText } from '../format.js'
import type { Html } from '../html.js'
import { isBaseline } from '../methods.js'

type Colours = ReadonlyMap<string, string>

const width = 960
const marginLeft = 150

/** RMSE of every row as a bar; the whisker is one standard deviation over the seeds. */
export function errorByMethod({ plot, draw }: Canvas, { rows, settings }: AdaptResult, colours: Colours): Html {
  const whisker = rows.filter((row) => row.rmse.std > 0)
  const end = (row: AdaptRow) => row.rmse.mean + row.rmse.std
  return draw('Error of each method', {
    width,
    height: 60 + rows.length * 30,
    marginLeft,
    marginRight: 70,
    marginBottom: 42,
    x: {
      label: `typical error (RMSE) of ${predicted(settings)}, smaller is better`,
      grid: true,
      labelAnchor: 'center',
    },
    y: { domain: rows.map((row) => row.method), label: null, tickSize: 0 },
    marks: [
      plot.barX(rows, { x: (row: AdaptRow) => row.rmse.mean, y: 'method', fill: (row: AdaptRow) => colours.get(row.method), insetTop: 2, insetBottom: 2 }), // prettier-ignore
      plot.ruleY(whisker, { x1: (row: AdaptRow) => row.rmse.mean - row.rmse.std, x2: end, y: 'method', stroke: 'white', strokeWidth: 4 }), // prettier-ignore
      plot.ruleY(whisker, { x1: (row: AdaptRow) => row.rmse.mean - row.rmse.std, x2: end, y: 'method', stroke: '#222', strokeWidth: 1.5 }), // prettier-ignore
      plot.text(rows, { x: end, y: 'method', text: (row: AdaptRow) => number(row.rmse.mean), textAnchor: 'start', dx: 6 }), // prettier-ignore
      plot.ruleX([0]),
    ],
  })
}

interface RatioRow extends Ratio {
  method: string
}

/**
 * Ratios of the networks to source-only with their 95 % intervals; the line at 1 is "no difference". The table has those
 * of the baselines: here they would squeeze everything else together.
 */
export function ratioByMethod({ plot, draw }: Canvas, { rows }: AdaptResult): Html | undefined {
  const data = rows.flatMap((row): RatioRow[] =>
    row.ratio && row.kind !== 'baseline' ? [{ method: row.method, ...row.ratio }] : [],
  )
  if (data.length === 0) return undefined
  const colour = ({ low, high }: RatioRow) => (low > 1 ? '#b3261e' : high < 1 ? '#1a7f4e' : '#666')
  return draw('Error relative to no transfer', {
    width,
    height: 60 + data.length * 28,
    marginLeft,
    marginRight: 70,
    marginBottom: 42,
    x: { label: '← better than no transfer · error relative to source-only · worse →', grid: true, labelAnchor: 'center', labelArrow: 'none', nice: true }, // prettier-ignore
    y: { domain: data.map((row) => row.method), label: null, tickSize: 0 },
    marks: [
      plot.ruleX([1], { stroke: '#222', strokeDasharray: '4 3' }),
      plot.ruleY(data, { x1: 'low', x2: 'high', y: 'method', stroke: colour, strokeWidth: 3, strokeOpacity: 0.45 }),
      plot.dot(data, { x: 'mean', y: 'method', fill: colour, r: 5 }),
      plot.text(data, { x: 'high', y: 'method', text: (row: RatioRow) => ratioText(row.mean), textAnchor: 'start', dx: 8 }), // prettier-ignore
    ],
  })
}

/** RMSE against how far ahead the forecast looks; nothing to draw for a single lead. */
export function errorByLead(
  { plot, draw }: Canvas,
  { rows, settings }: AdaptResult,
  colours: Colours,
): Html | undefined {
  if (settings.horizon < 2) return undefined
  const { unit, perStep } = leadUnit(settings.stepMilliseconds)
  const data = rows.flatMap((row) =>
    row.leads.rmse.map((rmse, k) => ({ method: row.method, lead: (k + 1) * perStep, rmse })),
  )
  const lines = (networks: boolean) =>
    plot.line(
      data.filter(({ method }) => isBaseline(method) !== networks),
      {
        x: 'lead',
        y: 'rmse',
        z: 'method',
        stroke: ({ method }: { method: string }) => colours.get(method),
        ...lineStyle(networks),
      },
    )
  return draw('Error by how far ahead the forecast looks', {
    width,
    height: 400,
    marginLeft: 55,
    marginTop: 34,
    marginBottom: 42,
    x: { label: `${unit} ahead`, labelAnchor: 'center', ticks: Math.min(settings.horizon, 12) },
    y: { label: `typical error (RMSE) of ${predicted(settings)}`, grid: true, nice: true, zero: true },
    marks: [plot.ruleY([0]), lines(false), lines(true)],
  })
}

/** Networks are solid; the simple rules that they have to beat are dashed. */
export const lineStyle = (network: boolean) =>
  network ? { strokeWidth: 2 } : { strokeWidth: 1.5, strokeDasharray: '5 3' }
