/** Fails when something exists that no case exercises. */
import { expect, test } from 'vitest'
import { ops } from 'landbridge'
import { definedOps } from '../src/engine/op.js'
import { native } from '../src/engine/native.js'
import { cases } from './support/cases.js'

const covered = new Set(cases.flatMap((each) => [each.op, ...(each.covers ?? [])]))

test('every exported op has a case', () => {
  expect(Object.keys(ops).filter((name) => !covered.has(name))).toEqual([])
})

test('every defined op has a case', () => {
  expect([...definedOps.keys()].filter((name) => !covered.has(name))).toEqual([])
})

test('every registered kernel has a case', () => {
  const used = new Set([...definedOps.values()].filter((op) => covered.has(op.opName)).map((op) => op.kernelName))
  const names = new Set(native.kernels().map((kernel) => kernel.name))
  expect([...names].filter((name) => !covered.has(name) && !used.has(name))).toEqual([])
})

test('every case names an op that exists', () => {
  const known = new Set([...Object.keys(ops), ...definedOps.keys(), ...native.kernels().map((kernel) => kernel.name)])
  expect([...covered].filter((name) => !known.has(name))).toEqual([])
})
