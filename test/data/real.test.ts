import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as data from '../../src/data/index.js'
import { sharedPath } from '../support/shared.js'
import { DAY, HOUR } from './support.js'

const dongsi = sharedPath('data/prsa-beijing-12-stations/PRSA_Data_Dongsi_20130301-20170228.csv.gz')
const dingling = sharedPath('data/prsa-beijing-12-stations/PRSA_Data_Dingling_20130301-20170228.csv.gz')
const airports = sharedPath('data/weather/nyc_airports_weather_hourly_2013.csv.gz')
const weather = fileURLToPath(new URL('../../node_modules/vega-datasets/data/weather.csv', import.meta.url))

async function seriesOf(path: string, options?: data.ReadTableOptions, time?: string): Promise<data.Series> {
  const table = await data.readTable(path, options)
  return data.regularise(table, data.detectTime(table, time))
}

describe.skipIf(!dongsi || !dingling)('Beijing', () => {
  it('holds what the file holds', async () => {
    const table = await data.readTable(dongsi ?? '')
    const [header = '', ...lines] = gunzipSync(readFileSync(dongsi ?? ''))
      .toString()
      .trim()
      .split(/\r?\n/)
    const names = header.replaceAll('"', '').split(',')
    expect([table.rows, table.names]).toEqual([lines.length, names])
    for (const i of [0, 2, 17_000, 35_063]) {
      const cells = (lines[i] ?? '').replaceAll('"', '').split(',')
      const numeric = (name: string): boolean => table.column(name).kind === 'number'
      const expected = cells.map((cell, c) => (numeric(names[c] ?? '') ? Number(cell) : cell === 'NA' ? null : cell))
      expect(table.columns.map((column) => column.values[i])).toEqual(expected)
    }
  })

  it('carries an encoding and windows from one station to another', async () => {
    const [source, target] = [await seriesOf(dongsi ?? ''), await seriesOf(dingling ?? '')]
    expect([source.length, source.step, source.gaps]).toEqual([35_064, HOUR, 0])
    const split = source.epoch(Math.floor(0.6 * source.length))
    const encoding = data.fitEncoding([source], { predict: 'PM2.5', until: split })
    const numbers = ['PM2.5', 'PM10', 'SO2', 'NO2', 'CO', 'O3', 'TEMP', 'PRES', 'DEWP', 'RAIN']
    const cycles = ['hour sin', 'hour cos', 'day of year sin', 'day of year cos']
    expect(encoding.names).toEqual([...numbers, 'wd sin', 'wd cos', 'WSPM', ...cycles])
    expect(encoding.warnings.map((text) => text.split('"')[1])).toEqual(['No', 'station'])
    const encoded = data.encode(target, encoding)
    const scaler = data.fitScaler([{ values: data.encode(source, encoding).values }], encoding.names.length)
    const values = data.applyScaler(encoded.values, scaler)
    const set = data.windows({
      values,
      features: encoding.names.length,
      target: encoded.target,
      history: 24,
      horizon: 24,
    })
    const { x, y, origin, lead } = set.batch([0, set.count - 1])
    expect(x).toHaveLength(2 * 24 * 17)
    expect([...x, ...y].every(Number.isFinite)).toBe(true)
    const at = (lead[1] ?? 0) - 1
    expect([origin[1], y[24]]).toEqual([encoded.target[at], encoded.target[at + 1]])
    expect(set.count).toBeGreaterThan(20_000)
  })

  it('gives a part the same windows whatever comes after it', async () => {
    const source = await seriesOf(dongsi ?? '', { where: ['year<=2013'] })
    const encoding = data.fitEncoding([source], { predict: 'PM2.5' })
    const { values, target } = data.encode(source, encoding)
    const to = 4000
    const build = (later: number): data.WindowBatch => {
      const features = encoding.names.length
      const altered = values.map((value, i) => (i < to * features ? value : later))
      const labels = target.map((value, i) => (i < to ? value : later))
      const scaler = data.fitScaler([{ values: altered, to }], features)
      const scaled = data.applyScaler(altered, scaler)
      return data.windows({ values: scaled, features, target: labels, history: 24, horizon: 24, to }).batch()
    }
    const [kept, missing] = [build(5), build(NaN)]
    // Compared as bytes: element by element takes seconds.
    for (const key of ['x', 'y', 'origin', 'lead'] as const)
      expect(Buffer.compare(Buffer.from(kept[key].buffer), Buffer.from(missing[key].buffer))).toBe(0)
    expect(kept.lead.length).toBeGreaterThan(1000)
  })
})

describe.skipIf(!airports)('New York airports', () => {
  it('asks for one of three stations in a file', async () => {
    const error = seriesOf(airports ?? '')
    await expect(error).rejects.toThrow('column "origin" has 3 values, so choose one with --where "origin=EWR"')
    await expect(error).rejects.toThrow('row 8705')
  })

  it('turns missing hours into gaps and wind_dir into sine and cosine', async () => {
    const series = await seriesOf(airports ?? '', { where: ['origin=JFK'], derive: ['celsius=(temp-32)/1.8'] })
    expect([series.step, series.length, series.gaps]).toEqual([HOUR, 8730, 24])
    expect(series.timeColumns).toEqual(['time_hour'])
    const { names, warnings } = data.fitEncoding([series], { predict: 'celsius', exclude: ['temp'] })
    expect(names.slice(0, 5)).toEqual(['celsius', 'dewp', 'humid', 'wind_dir sin', 'wind_dir cos'])
    expect(names).not.toContain('day')
    expect(warnings).toContainEqual(expect.stringContaining('"wind_gust" is missing in'))
    const at = series.rows.indexOf(0)
    expect([...series.column('celsius').values.slice(at, at + 1)]).toEqual([NaN])
  })

  it('finds the hour that local time has twice', async () => {
    const local = seriesOf(airports ?? '', { where: ['origin=EWR'] }, 'year,month,day,hour')
    await expect(local).rejects.toThrow('2013-11-03 01:00 a second time')
  })
})

describe('Seattle', () => {
  it('is every day of four years', async () => {
    const series = await seriesOf(weather, { where: ['location=Seattle'] })
    expect([series.step, series.length, series.gaps]).toEqual([DAY, 1461, 0])
    expect(series.column('temp_max').values[0]).toBe(12.8)
    const { names } = data.fitEncoding([series], { predict: 'temp_max' })
    expect(names.slice(0, 4)).toEqual(['temp_max', 'precipitation', 'temp_min', 'wind'])
    expect(names.filter((name) => name.startsWith('weather='))).toHaveLength(5)
    await expect(seriesOf(weather)).rejects.toThrow('--where "location=Seattle"')
  })
})
