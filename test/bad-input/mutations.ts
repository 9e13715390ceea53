/** Damaged copies of a file, the same ones in every run. */
import { seeded } from 'landbridge/testing'

const TOKENS = [
  '"',
  ',',
  '\n',
  '\r',
  '""',
  '\0',
  '\ufeff',
  '{',
  '}',
  '[',
  ']',
  ':',
  '-',
  '1e999',
  '99999999999999999999',
  'null',
]

/** One to three random damages: bytes changed, removed, doubled, moved or put in; ends cut off. */
export function mutated(bytes: Uint8Array, seed: number): Buffer {
  const random = seeded(seed)
  const below = (n: number) => Math.floor(random() * n)
  let out = Buffer.from(bytes)
  for (let rounds = 1 + below(3); rounds > 0 && out.length > 0; rounds--) {
    const at = below(out.length)
    const end = Math.min(out.length, at + 1 + below(8))
    const [head, part, tail] = [out.subarray(0, at), out.subarray(at, end), out.subarray(end)]
    const damages = [
      () => Buffer.concat([head, Buffer.from(part.map(() => below(256))), tail]),
      () => Buffer.concat([head, Buffer.from(part.map((byte) => byte ^ (1 << below(8)))), tail]),
      () => Buffer.concat([head, tail]),
      () => Buffer.concat([head, part, part, tail]),
      () => head,
      () => Buffer.concat([head, Buffer.from(TOKENS[below(TOKENS.length)] ?? ''), tail]),
      () => Buffer.concat([head, Buffer.alloc(8, 255), tail]),
      () => Buffer.concat([part, head, tail]),
    ]
    out = Buffer.from((damages[below(damages.length)] as () => Buffer)())
  }
  return out
}
