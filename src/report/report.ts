import type { AdaptResult } from '../transfer/protocol/result.js'
import { errorByLead, errorByMethod, ratioByMethod } from './charts/errors.js'
import { domainColours, featureScatters } from './charts/features.js'
import { forecastAgainstTruth, truthColour } from './charts/forecast.js'
import { openCanvas, type Canvas } from './draw.js'
import { duration } from './format.js'
import { html, type Html } from './html.js'
import { methodColours } from './methods.js'
import { style } from './style.js'
import { summary } from './summary.js'
import { columnsTable, legend, resultsTable, settingsTable } from './tables.js'

/**
 * The result as one HTML page with its pictures inside: it asks nothing of the network, and says so in its policy.
 *
 * @throws MissingPackageError when @observablehq/plot or jsdom is not installed
 */
export async function renderReport(result: AdaptResult): Promise<string> {
  const canvas = await openCanvas()
  const colours = methodColours(result.rows.map((row) => row.method))
  const { predict, target } = result.settings
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${predict} at ${target}: landbridge report</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <h1>${predict} at ${target}</h1>
        ${summary(result)} ${warnings(result)} ${resultsSection(result, colours)} ${pictures(canvas, result, colours)}
        ${dataSection(result)}
        <footer>Written by landbridge. This page is complete in itself and can be kept, sent and printed.</footer>
      </body>
    </html> `
  return page.text
}

type Colours = ReadonlyMap<string, string>

const warnings = ({ warnings }: AdaptResult) =>
  warnings.length > 0
    ? html`<div class="warnings"><b>Please note</b><ul>${warnings.map((text) => html`<li>${text}</li>`)}</ul></div>` // prettier-ignore
    : undefined

const section = (title: string, text: string, picture: Html | undefined, key?: Html) =>
  picture && html`<section><h2>${title}</h2><p>${text}</p>${key}<figure>${picture}</figure></section>` // prettier-ignore

const resultsSection = (result: AdaptResult, colours: Colours) =>
  section(
    'Results',
    `RMSE and MAE are typical errors ${duration(result.settings.horizon, result.settings.stepMilliseconds)} ahead, smaller is better; ` +
      'RMSE counts large misses more. ± is the spread over repeated trainings that differ only in chance. ' +
      '“Relative to no transfer” divides the error by that of source-only: 0.90 means a tenth less error. The range in ' +
      'brackets holds the true ratio with 95 % confidence; only if all of it lies below 1 is a method clearly better.',
    resultsTable(result, colours),
  )

function pictures(canvas: Canvas, result: AdaptResult, colours: Colours): (Html | undefined)[] {
  return [
    section(
      'How large the errors are',
      'Each bar is the typical error of one method. The thin black line at a bar’s end is the spread over repeated trainings.',
      errorByMethod(canvas, result, colours),
    ),
    section(
      'Did the transfer help?',
      'Each dot is the error divided by that of source-only, with its 95 % range. Left of the dashed line a method is better ' +
        'than no transfer, right of it worse. Green and red are clear differences; grey ranges reach across the line and are not.',
      ratioByMethod(canvas, result),
    ),
    section(
      'How the error grows with distance',
      'The further ahead a forecast looks, the larger its error usually is. Lower lines are better; ' +
        'dashed lines are simple rules without a network.',
      errorByLead(canvas, result, colours),
      legend(colours),
    ),
    forecastSection(canvas, result, colours),
    section(
      'How the network sees the two places',
      'Each dot is one stretch of measurements that no network was trained on, placed by how the network describes it inside ' +
        '(its features, flattened to two dimensions). If the two colours lie apart, the network treats the places as different; ' +
        'if they mix, what it learnt at the source can apply at the target. Mixing alone does not make a forecast good.',
      result.features.length > 0 ? featureScatters(canvas, result.features) : undefined,
      legend(Object.entries(domainColours)),
    ),
  ]
}

function forecastSection(canvas: Canvas, { sample, settings }: AdaptResult, colours: Colours): Html | undefined {
  if (!sample) return undefined
  const named = sample.forecasts.map(({ method }) => [method, colours.get(method) ?? '#d55e00'] as const)
  return section(
    'Forecast and reality',
    `A stretch of the test period. The filled area is what was measured; each line is what a method had said ` +
      `${duration(settings.horizon, settings.stepMilliseconds)} before. Gaps are missing measurements.`,
    forecastAgainstTruth(canvas, sample, settings, colours),
    legend([['measured', truthColour], ...named]),
  )
}

const dataSection = (result: AdaptResult) => [
  section(
    'The data of both places',
    'Nine values in ten lie between the 5 % and the 95 % figure. Very different figures may mean different units, ' +
      'such as °F and °C: the program cannot know, so please look.',
    result.columns.length > 0 ? columnsTable(result) : undefined,
  ),
  section(
    'How it was done',
    'All methods were trained and scored under the same rules. Time is cut twice: models learn from the first part, choices are ' +
      'made on the second, and the errors above come from the third.',
    settingsTable(result),
  ),
]
