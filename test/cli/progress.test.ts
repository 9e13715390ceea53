import { describe, expect, it } from 'vitest'
import { progressBar } from '../../src/cli/progress.js'

function terminal(columns = 80, isTTY = true) {
  const written: string[] = []
  return { written, isTTY, columns, write: (text: string) => written.push(text) }
}

describe('progressBar', () => {
  it('writes nothing where there is no terminal', () => {
    const stream = terminal(80, false)
    const bar = progressBar('training', 10, { stream })
    bar.update(5)
    bar.finish()
    expect(stream.written).toEqual([])
  })

  it('redraws one line in place, with the time that is left', () => {
    const stream = terminal()
    let time = 0
    const bar = progressBar('training', 10, { stream, now: () => time })
    time = 5000
    bar.update(5, 'loss 0.12')
    expect(stream.written[0]).toBe(`\r\u001b[Ktraining ${'█'.repeat(12)}${'░'.repeat(12)} 50 %, 5 s left  loss 0.12`)
    bar.finish()
    expect(stream.written.at(-1)).toBe('\r\u001b[K')
    expect(stream.written.join('')).not.toContain('\n')
  })

  it('is not redrawn faster than an eye can follow, but always at the end', () => {
    const stream = terminal()
    let time = 0
    const bar = progressBar('training', 1000, { stream, now: () => time })
    for (let step = 1; step <= 1000; step++) {
      time += 1
      bar.update(step)
    }
    expect(stream.written.length).toBeLessThan(20)
    expect(stream.written.at(-1)).toContain('100 %')
  })

  it('never wraps, and shows no control characters', () => {
    const stream = terminal(30)
    progressBar('训练'.repeat(20), 10, { stream }).update(1, 'a\nb')
    expect(stream.written[0]!.replace('\r\u001b[K', '')).toBe('训练'.repeat(7))
  })

  it('copes with no steps at all', () => {
    const stream = terminal()
    progressBar('training', 0, { stream }).update(0)
    expect(stream.written[0]).toContain(' 0 %')
  })
})
