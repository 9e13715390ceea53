import type { AdaptResult, AdaptRow, Quantiles, Spread } from '../transfer/protocol/result.js'
import { dateTime, deviation, duration, number, ratioText } from './format.js'
import { html, type Html } from './html.js'
import { aboutMethod } from './methods.js'

/** Every row with its errors; the best of each column is marked, and so is negative transfer. */
export function resultsTable({ rows, settings }: AdaptResult, colours: ReadonlyMap<string, string>): Html {
  const best = { rmse: lowest(rows, 'rmse'), mae: lowest(rows, 'mae') }
  const unit = settings.unit ? ` (${settings.unit})` : ''
  return html`<table class="results">
    <thead>
      <tr>
        <th>Method</th>
        <th class="n">RMSE${unit}</th>
        <th class="n">MAE${unit}</th>
        <th class="n">Relative to no transfer</th>
        <th>Verdict</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) => html`<tr${row.negativeTransfer ? html` class="negative"` : ''}>
          <td>${swatch(colours.get(row.method) ?? '#000', row.method)} <small>${aboutMethod(row.method)}</small></td>
          ${errorCell(row.rmse, row.rmse.mean === best.rmse)} ${errorCell(row.mae, row.mae.mean === best.mae)}
          <td class="n">${ratioCell(row)}</td>
          <td>${verdict(row)}</td>
        </tr>`,
      )}
    </tbody>
  </table>`
}

export const swatch = (colour: string, label: string): Html =>
  html`<span class="swatch" style="background:${colour}"></span><b>${label}</b>`

export const legend = (entries: Iterable<readonly [label: string, colour: string]>): Html =>
  html`<p class="legend">${Array.from(entries, ([label, colour]) => html`<span>${swatch(colour, label)}</span> `)}</p>`

const lowest = (rows: readonly AdaptRow[], measure: 'rmse' | 'mae') => Math.min(...rows.map((row) => row[measure].mean))

function errorCell({ mean, std }: Spread, best: boolean): Html {
  const over = std > 0 ? html` <small>± ${deviation(std, mean)}</small>` : ''
  return html`<td class="n">${best ? html`<mark>best</mark> <b>${number(mean)}</b>` : number(mean)}${over}</td>`
}

const ratioCell = ({ ratio }: AdaptRow) =>
  ratio ? html`${ratioText(ratio.mean)} <small>(${ratioText(ratio.low)} to ${ratioText(ratio.high)})</small>` : '–'

const verdict = (row: AdaptRow) => html`${judgement(row)}${row.note ? html`<br /><small>${row.note}</small>` : ''}`

/** Only a row that transfers can transfer negatively; a weak baseline is merely worse. */
function judgement({ ratio, negativeTransfer, method }: AdaptRow): Html | string {
  if (!ratio) return method === 'source-only' ? 'no transfer: the yardstick' : ''
  if (ratio.high < 1) return html`<span class="good">better than no transfer</span>`
  if (negativeTransfer) return html`<span class="bad">negative transfer: worse than no transfer</span>`
  return ratio.low > 1 ? 'worse than no transfer' : 'no clear difference'
}

/** Both domains' quantiles per column: units cannot be detected, but a person sees them here. */
export function columnsTable({ columns }: AdaptResult): Html {
  return html`<table>
    <thead>
      <tr>
        <th>Column</th>
        <th class="n">Source: 5 % · median · 95 %</th>
        <th class="n">Target: 5 % · median · 95 %</th>
        <th></th>
      </tr>
    </thead>
    <tbody>
      ${columns.map(
        ({ column, source, target, disjoint }) =>
          html`<tr>
            <td>${column}</td>
            <td class="n">${range(source)}</td>
            <td class="n">${range(target)}</td>
            <td>${disjoint ? html`<span class="bad">no overlap: check the unit</span>` : ''}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

const range = (quantiles: Quantiles | undefined) =>
  quantiles ? `${number(quantiles.p5)} · ${number(quantiles.p50)} · ${number(quantiles.p95)}` : 'no values'

/** Names and values; undefined: nothing to say. */
function settingEntries({ settings }: AdaptResult): [string, string | undefined][] {
  const { source, target, split, windows, stepMilliseconds: step } = settings
  const instants = ([validation, test]: readonly [string, string]) =>
    `validation from ${dateTime(validation)}, test from ${dateTime(test)}`
  const labelled =
    windows.target.labelled === undefined ? '' : `, ${count(windows.target.labelled)} with labels for tuning`
  return [
    ['Source', source.join(', ')],
    ['Target', target],
    ['Predicted column', settings.predict],
    ['Inputs', settings.features.join(', ')],
    ['Looks back', duration(settings.history, step)],
    ['Forecasts', `${duration(settings.horizon, step)} ahead`],
    ['Source split', instants(split.source)],
    ['Target split', instants(split.target)],
    ['Source windows', `${count(windows.source.train)} to train, ${count(windows.source.validation)} to validate`],
    ['Target windows', `${count(windows.target.train)} to train${labelled}`],
    [
      'Scored windows',
      `${count(windows.test)}, the same for every row; ${count(windows.removed)} left out for missing values`,
    ],
    ['Target labels', settings.targetLabels],
    ['Seeds', settings.seeds.join(', ')],
    ['Trained on', `${settings.device}, products of matrices in ${settings.precision}`],
    ['Longest filled gap', duration(settings.maxGap, step)],
    ['Versions', Object.entries(settings.versions).map(([name, version]) => `${name} ${version}`).join(', ')], // prettier-ignore
    [
      'Run',
      dateTime(settings.date) + (settings.seconds === undefined ? '' : `, took ${Math.round(settings.seconds)} s`),
    ],
  ]
}

/** Everything that is needed to run it again. */
export function settingsTable(result: AdaptResult): Html {
  return html`<table class="settings">
    <tbody>
      ${settingEntries(result).map(([name, value]) =>
        value
          ? html`<tr>
              <th>${name}</th>
              <td>${value}</td>
            </tr>`
          : '',
      )}
    </tbody>
  </table>`
}

const count = (value: number) => value.toLocaleString('en')
