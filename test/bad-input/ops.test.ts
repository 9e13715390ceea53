/** Every op, with one thing wrong at a time: a result that can be read, or `op: expected …, received …`. */
import { describe, expect, test } from 'vitest'
import { tensor } from 'landbridge'
import { argumentsOf, callOf, opNames, run, type OpName } from './calls.js'
import { Complaints } from './outcome.js'
import { nameOf, noOptions, noTensors, optionValues, otherTensors } from './values.js'
import { loadEmulated } from '../support/emulated.js'

/** The options that an op has, from its own words. */
function optionsOf(name: OpName): string[] {
  const call = callOf(name)
  try {
    run(name, ...argumentsOf(call, call.tensors(), { noSuchOption: 1 }))
  } catch (error) {
    const known = /expected options among (.*), received/.exec(error instanceof Error ? error.message : '')
    return known?.[1]?.split(', ') ?? []
  }
  return []
}

const withOne = (values: readonly unknown[], at: number, value: unknown) => values.map((v, i) => (i === at ? value : v))

describe.each(opNames)('%s', (name) => {
  const call = callOf(name)
  const { options } = call
  const complaints = new Complaints()
  const check = (what: string, args: unknown[]) => {
    complaints.check(what, name, () => run(name, ...args))
  }

  test('works as it should', () => {
    check('', argumentsOf(call, call.tensors(), options))
    complaints.expectNone()
    expect(run(name, ...argumentsOf(call, call.tensors(), options))).toBeDefined()
  })
  test('what is no tensor', () => {
    const good = call.tensors()
    good.forEach((_, at) => {
      for (const bad of noTensors()) {
        check(`${nameOf(bad)} as ${at}`, argumentsOf(call, withOne(good, at, bad), options))
      }
    })
    for (const bad of noTensors()) check(nameOf(bad), [bad, ...good.slice(1)])
    complaints.expectNone()
  })
  test('other tensors', () => {
    const good = call.tensors()
    good.forEach((_, at) => {
      for (const bad of otherTensors()) {
        check(`${nameOf(bad)} as ${at}`, argumentsOf(call, withOne(good, at, bad), options))
      }
    })
    for (const bad of otherTensors()) {
      check(`${nameOf(bad)} everywhere`, argumentsOf(call, good.map(() => bad), options)) // prettier-ignore
    }
    complaints.expectNone()
  })
  test('wrong values of options', () => {
    const good = call.tensors()
    for (const key of optionsOf(name)) {
      for (const bad of optionValues()) {
        check(`${key}: ${nameOf(bad)}`, argumentsOf(call, good, { ...options, [key]: bad }))
      }
    }
    complaints.expectNone()
  })
  test('what is no options, too many and too few arguments', () => {
    const good = call.tensors()
    for (const bad of noOptions()) check(nameOf(bad), argumentsOf(call, good, bad))
    check('positional', [...argumentsOf(call, good, undefined), 0, 1])
    check('options twice', [...argumentsOf(call, good, options ?? {}), {}])
    check('nothing', [])
    good.forEach((_, count) => check(`${count} tensors`, argumentsOf(call, good.slice(0, count), options)))
    complaints.expectNone()
  })
})

test.runIf(loadEmulated())('tensors of another device', () => {
  const complaints = new Complaints()
  for (const name of opNames) {
    const call = callOf(name)
    const good = call.tensors()
    good.forEach((here, at) => {
      const { shape, dtype } = here
      const there = tensor(here.dataSync(), { shape, dtype, device: 'cuda-emulated' })
      complaints.check(`emulated as ${at}`, name, () =>
        run(name, ...argumentsOf(call, withOne(good, at, there), call.options)),
      )
    })
  }
  complaints.expectNone()
})
