import { describe, objectArgument, pathArgument } from '../engine/arguments.js'
import { ArgumentError, DataError } from '../engine/errors.js'
import { randomState, setRandomState } from '../engine/random.js'
import type { Tensor } from '../engine/tensor.js'
import { isModule, type AnyModule } from '../nn/module.js'
import { isRecord, parse, stringify, type Json } from './json.js'
import { loadSafetensors, saveSafetensors } from './safetensors.js'

type Tensors = Record<string, Tensor>

/** Of an optimiser: tensors by name, and plain data. */
interface OptimizerLike {
  stateDict(): { tensors: Tensors; meta: object }
  loadStateDict(state: { tensors: Tensors; meta: never }): void
}

/** Of a learning rate schedule: plain data. */
interface ScheduleLike {
  stateDict(): object
  loadStateDict(state: never): void
}

/** Plain data in a property, as `data.batches` has it. */
interface WithState {
  state: object
}

/** The objects that a run consists of; what is left out is neither saved nor loaded. */
export interface CheckpointParts {
  model: AnyModule
  optimizer?: OptimizerLike
  schedule?: ScheduleLike
  /** The order of batches. */
  order?: WithState
  earlyStopping?: WithState
  /** Whether the state of the random numbers (dropout, `rand`, …) belongs to the run; default true. */
  random?: boolean
}

export interface Checkpoint extends CheckpointParts {
  /** How many steps are done. */
  step: number
  /** Anything that JSON can hold; NaN and infinities too. */
  extra?: Json
}

/** The plain data of a checkpoint. */
type Plain = Record<'step' | 'optimizer' | 'schedule' | 'order' | 'earlyStopping' | 'random' | 'extra', Json>

const KIND = 'landbridge checkpoint 1'
const without = (prefix: string, tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, each]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), each]] : [],
    ),
  )
const withPrefix = (prefix: string, tensors: Tensors): [string, Tensor][] =>
  Object.entries(tensors).map(([name, each]) => [prefix + name, each])

/**
 * Writes everything that a run needs to go on bit for bit, as of the moment of the call: one safetensors file with the
 * tensors `model.…` and `optimizer.…` and the rest as JSON in its metadata. Whole or not at all: until it is safely on
 * disk, the file that stood there stays. Gradients that were not stepped with yet, `train`/`eval` and what is frozen
 * are not saved.
 */
export async function saveCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  pathArgument('saveCheckpoint', path)
  objectArgument('saveCheckpoint', 'a checkpoint { model, step, … }', checkpoint)
  requireModel('saveCheckpoint', checkpoint)
  const { step, extra } = checkpoint
  if (!Number.isSafeInteger(step) || step < 0) {
    throw new ArgumentError('saveCheckpoint', 'an integer ≥ 0 as step', describe(step))
  }
  const { model, optimizer, ...plain } = statesOf(checkpoint)
  const tensors = [...withPrefix('model.', model), ...withPrefix('optimizer.', optimizer?.tensors ?? {})]
  try {
    const state = stringify({ ...plain, step, extra, optimizer: optimizer?.meta } as Plain)
    await saveSafetensors(path, Object.fromEntries(tensors), { metadata: { kind: KIND, state } })
  } finally {
    for (const [, tensor] of tensors) tensor.dispose()
  }
}

function requireModel(op: string, { model }: { model: unknown }): void {
  if (!isModule(model)) throw new ArgumentError(op, 'a module as model', describe(model))
}

/** Everything as it is now; the tensors belong to the caller. */
function statesOf({ model, optimizer, schedule, order, earlyStopping, random = true }: CheckpointParts) {
  return {
    model: model.stateDict(),
    optimizer: optimizer?.stateDict(),
    schedule: schedule?.stateDict(),
    order: order?.state,
    earlyStopping: earlyStopping?.state,
    random: random ? randomState() : undefined,
  }
}

type States = ReturnType<typeof statesOf>

/** The schedule comes after the optimiser, whose learning rates it sets. */
function restore(parts: CheckpointParts, states: States): void {
  parts.model.loadStateDict(states.model)
  if (states.optimizer) parts.optimizer?.loadStateDict(states.optimizer as never)
  if (states.schedule) parts.schedule?.loadStateDict(states.schedule as never)
  if (parts.order && states.order) parts.order.state = states.order
  if (parts.earlyStopping && states.earlyStopping) parts.earlyStopping.state = states.earlyStopping
  if (parts.random !== false && states.random) setRandomState(states.random)
}

/**
 * Puts the state of a checkpoint into objects made as those it was saved from: all of them, or, when anything does not
 * fit, none.
 *
 * @returns what was saved as `step` and `extra`
 * @throws DataError naming the file when it is no checkpoint, lacks the state of a part, or does not fit a part
 */
export async function loadCheckpoint(path: string, parts: CheckpointParts): Promise<{ step: number; extra: Json }> {
  pathArgument('loadCheckpoint', path)
  objectArgument('loadCheckpoint', 'objects { model, … }', parts)
  requireModel('loadCheckpoint', parts)
  const { tensors, metadata } = await loadSafetensors(path)
  try {
    const plain = plainOf(metadata, path)
    const wanted = { ...parts, random: parts.random === false ? undefined : true }
    for (const part of ['optimizer', 'schedule', 'order', 'earlyStopping', 'random'] as const) {
      if (wanted[part] === undefined || isRecord(plain[part])) continue
      throw new DataError(`expected a checkpoint with ${part}, received one without`, { file: path })
    }
    const { optimizer: meta, step, extra, ...rest } = plain
    const optimizer = { tensors: without('optimizer.', tensors), meta }
    restoreOrKeep(path, parts, { ...rest, optimizer, model: without('model.', tensors) } as States)
    return { step: step as number, extra }
  } finally {
    for (const tensor of Object.values(tensors)) tensor.dispose()
  }
}

function restoreOrKeep(path: string, parts: CheckpointParts, states: States): void {
  const before = statesOf(parts)
  try {
    restore(parts, states)
  } catch (error) {
    restore(parts, before)
    const reason = error instanceof Error ? error.message : String(error)
    throw new DataError(`expected a checkpoint of these objects, received one that does not fit: ${reason}`, {
      file: path,
    })
  } finally {
    for (const tensor of Object.values({ ...before.optimizer?.tensors, ...before.model })) tensor.dispose()
  }
}

function plainOf(metadata: Record<string, string>, file: string): Plain {
  if (metadata.kind !== KIND || metadata.state === undefined) {
    throw new DataError(`expected a ${KIND}, received ${describe(metadata.kind)} as kind`, { file })
  }
  try {
    const plain = parse(metadata.state)
    if (isRecord(plain) && Number.isSafeInteger(plain.step)) return plain as Plain
  } catch {
    // As wrong as any other state
  }
  throw new DataError('expected a state of JSON with a step, received another', { file })
}
