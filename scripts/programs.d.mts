import type * as landbridge from '../src/index.js'

type Landbridge = typeof landbridge

export interface Program {
  model: landbridge.nn.Module
  /** One step of training; returns its loss. */
  step: () => landbridge.Tensor
}

export interface Mark {
  live: number
  pooled: number
  rss: number
}

export function mlp(
  api: Landbridge,
  options?: { optimizer?: (parameters: landbridge.Tensor[]) => landbridge.optim.Optimizer },
): Program
export function convnet(api: Landbridge): Program
export function footprint(api: Landbridge, step: () => landbridge.Tensor, steps: number): Mark[]
export function lateness(work: () => Promise<void>): Promise<number[]>
export function quantile(sorted: readonly number[], share: number): number
