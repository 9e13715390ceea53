import { ops, tensor, type Device } from 'landbridge'
import { opCase } from '../support/case.js'
import { variant, withDtypes } from '../support/movement.js'

export default opCase({
  op: 'to',
  variants: withDtypes([
    variant(
      'the cpu',
      [3, 5],
      (x) => ops.to(x, 'cpu'),
      (x) => x,
    ),
    variant(
      'there and back',
      [2, 3],
      (x) => x.to('cpu').to(x.device),
      (x) => x,
    ),
    variant(
      'a scalar',
      [],
      (x) => x.to('cpu'),
      (x) => x,
    ),
    variant(
      'empty',
      [0, 3],
      (x) => x.to('cpu'),
      (x) => x,
    ),
  ]),
  errors: [
    {
      name: 'what is no device',
      run: () => ops.to(tensor([1]), 'tpu' as Device),
      message: 'to: expected a device among cpu, cuda, cuda-emulated, received "tpu"',
    },
  ],
})
