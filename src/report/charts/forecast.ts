import type { AdaptSettings, ForecastSample } from '../../transfer/protocol/result.js'
import type { Canvas } from '../draw.js'
import { predicted } from '../format.js'
import { isBaseline } from '../methods.js'
import { lineStyle } from './errors.js'
import type { Html } from '../html.js'

export const truthColour = '#b9c9d8'

/** What was measured, as an area, and what some methods had said at the final lead. */
export function forecastAgainstTruth(
  { plot, draw }: Canvas,
  { times, truth, forecasts }: ForecastSample,
  settings: AdaptSettings,
  colours: ReadonlyMap<string, string>,
): Html {
  const dates = times.map((time) => new Date(time))
  // Missing values stay in the data as NaN, so that lines break there instead of bridging the gap.
  const points = (values: readonly (number | null)[]) => dates.map((time, i) => ({ time, value: values[i] ?? NaN }))
  const bottom = Math.min(0, ...truth.map((value) => value ?? 0))
  return draw('Forecasts against what was measured', {
    width: 960,
    height: 340,
    marginLeft: 55,
    marginTop: 34,
    x: { type: 'utc', label: null },
    y: { label: predicted(settings), grid: true, nice: true },
    marks: [
      plot.areaY(points(truth), { x: 'time', y1: bottom, y2: 'value', fill: truthColour, fillOpacity: 0.5 }),
      plot.lineY(points(truth), { x: 'time', y: 'value', stroke: '#8aa1b6', strokeWidth: 1.5 }),
      ...forecasts.map(({ method, values }) =>
        plot.lineY(points(values), {
          x: 'time',
          y: 'value',
          stroke: colours.get(method) ?? '#d55e00',
          ...lineStyle(!isBaseline(method)),
        }),
      ),
    ],
  })
}
