import { deviation, duration, number, predicted, ratioText } from '../report/format.js'
import type { AdaptResult, AdaptRow, Spread } from '../transfer/protocol/result.js'
import { formatTable, type Cell, type TableOptions } from './table.js'

/** The table that `landbridge adapt` prints: errors at the final lead, and every row's ratio to source-only. */
export function adaptTable(result: AdaptResult, options: Pick<TableOptions, 'colour'> = {}): string {
  const { rows, settings } = result
  const best = Math.min(...rows.map((row) => row.rmse.mean))
  const columns = [
    { title: 'method' },
    { title: 'RMSE', align: 'right' },
    { title: 'MAE', align: 'right' },
    { title: 'ratio to source-only', align: 'right' },
    { title: '' },
  ] as const
  const cells = rows.map((row): Cell[] => [
    row.method,
    row.rmse.mean === best ? { text: errorText(row.rmse), style: 'bold' } : errorText(row.rmse),
    errorText(row.mae),
    row.ratio ? `${ratioText(row.ratio.mean)} [${ratioText(row.ratio.low)}, ${ratioText(row.ratio.high)}]` : '',
    remark(row, row.rmse.mean === best),
  ])
  const { horizon, stepMilliseconds, seeds, windows } = settings
  const notes = [
    '',
    `${predicted(settings)}, ${duration(horizon, stepMilliseconds)} ahead, ${windows.test.toLocaleString('en')} test windows, the same for every row.`,
    `± is the standard deviation over ${seeds.length} seeds; [ ] is a 95 % interval from resampled weeks.`,
    ...result.warnings.map((text) => `Warning: ${text}`),
  ]
  return formatTable(columns, cells, { ...options, notes })
}

const errorText = ({ mean, std }: Spread) => (std > 0 ? `${number(mean)} ± ${deviation(std, mean)}` : number(mean))

function remark({ ratio, negativeTransfer, note = '' }: AdaptRow, best: boolean): Cell {
  if (negativeTransfer) return { text: ['negative transfer', note].filter(Boolean).join(', '), style: 'red' }
  const better = ratio !== undefined && ratio.high < 1
  const text = [best && 'best', better && 'better', note].filter(Boolean).join(', ')
  return better ? { text, style: 'green' } : text
}
