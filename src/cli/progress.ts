import { displayWidth, printable } from './width.js'

export interface ProgressStream {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

export interface Progress {
  /** Shows that `done` of the total steps are finished, with a short note such as the current loss. */
  update(done: number, note?: string): void
  /** Takes the bar away, so that what is printed next starts on a clean line. */
  finish(): void
}

const silent: Progress = { update: () => {}, finish: () => {} }
const barWidth = 24
const millisecondsBetween = 80

/** A bar on standard error, redrawn in place; nothing at all where that is no terminal, so that logs stay clean. */
export function progressBar(
  label: string,
  total: number,
  { stream = process.stderr, now = Date.now }: { stream?: ProgressStream; now?: () => number } = {},
): Progress {
  if (!stream.isTTY) return silent
  const begin = now()
  let drawn = -Infinity
  return {
    update(done, note = '') {
      // The last step is always drawn: a bar that ends at 97 % looks like a failure.
      if (now() - drawn < millisecondsBetween && done < total) return
      drawn = now()
      const line = barLine(label, Math.min(1, Math.max(0, done / total || 0)), (drawn - begin) / 1000, note)
      stream.write(`\r\u001b[K${fit(line, (stream.columns ?? 80) - 1)}`)
    },
    finish() {
      stream.write('\r\u001b[K')
    },
  }
}

function barLine(label: string, share: number, seconds: number, note: string): string {
  const full = Math.round(share * barWidth)
  const bar = '█'.repeat(full) + '░'.repeat(barWidth - full)
  const left = share > 0 && share < 1 ? `, ${clock((seconds * (1 - share)) / share)} left` : ''
  return printable(`${label} ${bar} ${Math.floor(share * 100)} %${left}${note && `  ${note}`}`)
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')} min`
}

/** A line that wraps cannot be redrawn in place, so it is cut. */
function fit(line: string, width: number): string {
  let [text, used] = ['', 0]
  for (const character of line) {
    used += displayWidth(character)
    if (used > width) break
    text += character
  }
  return text
}
