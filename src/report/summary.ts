import type { AdaptResult, AdaptRow } from '../transfer/protocol/result.js'
import { duration, number, predicted, changeText } from './format.js'
import { html, type Html } from './html.js'

/** What a reader should know before any table: the task, the best row, and whether transfer helped. */
export function summary({ rows, settings }: AdaptResult): Html {
  const ahead = duration(settings.horizon, settings.stepMilliseconds)
  const best = rows.reduce<AdaptRow | undefined>((a, b) => (a && a.rmse.mean <= b.rmse.mean ? a : b), undefined)
  return html`<div class="lead">
    <p>
      A model learnt from <b>${settings.source.join(', ')}</b> and forecast <b>${settings.predict}</b> at
      <b>${settings.target}</b>, ${ahead} ahead, for a time that no method had seen.
    </p>
    <ul>
      ${best && html`<li>The smallest error is that of <b>${best.method}</b>: ${number(best.rmse.mean)} (RMSE of ${predicted(settings)}${againstPersistence(rows, best)}).</li>`}
      ${rows.filter((row) => row.kind === 'transfer').map((row) => html`<li>${transferSentence(row)}</li>`)}
    </ul>
  </div>`
}

function againstPersistence(rows: readonly AdaptRow[], best: AdaptRow): string {
  const persistence = rows.find((row) => row.method === 'persistence')
  if (!persistence || persistence === best || !(persistence.rmse.mean > 0)) return ''
  const share = Math.round((1 - best.rmse.mean / persistence.rmse.mean) * 100)
  return `, ${share} % below saying that nothing will change`
}

function transferSentence({ method, ratio, negativeTransfer }: AdaptRow): Html {
  if (!ratio)
    return html`<b>${method}</b> was not compared with no transfer: the test period is shorter than two weeks.`
  const range = `95 % range: ${changeText(ratio.low)} to ${changeText(ratio.high)}`
  const interval = `${changeText(ratio.mean)} error than no transfer (${range})`
  if (negativeTransfer) return html`<b>${method}</b> made the forecast <span class="bad">worse</span>: ${interval}.`
  if (ratio.high < 1) return html`<b>${method}</b> made the forecast <span class="good">better</span>: ${interval}.`
  return html`<b>${method}</b> made no clear difference: ${interval}.`
}
