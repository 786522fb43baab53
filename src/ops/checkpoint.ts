/** @file The ops that write variables to checkpoints and read them back. What a file looks like is said in interop. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { types } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import type { DType } from '../value/dtype';
import { Value } from '../value/value';
import type { Named } from './array';

/** Files with tensors by name; raises NotFound for what is not there. */
export interface CheckpointFiles {
  write(prefix: string, tensors: ReadonlyMap<string, Value>): void;
  read(prefix: string, names: readonly string[]): Value[];
}
let files: CheckpointFiles | null = null;
/** Says how checkpoints are kept. */
export function keepCheckpoints(how: CheckpointFiles): void {
  files = how;
}
function inFiles(): CheckpointFiles {
  if (files) return files;
  throw new GraphError('Unimplemented', 'There is no file system for checkpoints.');
}

const text = (x: unknown): string => (x instanceof Uint8Array ? new TextDecoder().decode(x) : String(x));
const texts = (data: ArrayLike<unknown>): string[] => Array.from(data, text);
function noSlices(specs: ArrayLike<unknown>): void {
  const given = texts(specs).find((spec) => spec !== '');
  if (given) throw new GraphError('Unimplemented', `Slices of checkpoint tensors are not supported: ${given}`);
}

const SaveV2 = defineOp({
  name: 'SaveV2',
  inputs: { prefix: 'string', tensor_names: 'string', shape_and_slices: 'string', tensors: '[dtypes]' },
  outputs: {},
  attrs: { dtypes: types() },
  stateful: true,
  infer: () => ({}),
  gradient: 'missing',
  reference({ prefix, tensor_names, shape_and_slices, tensors }) {
    const names = texts(tensor_names.data as ArrayLike<unknown>);
    if (names.length !== tensors.length) {
      throw new GraphError('InvalidArgument', `Got ${names.length} tensor names but ${tensors.length} tensors.`);
    }
    noSlices(shape_and_slices.data as ArrayLike<unknown>);
    const entries = names.map((name, i) => {
      const { dtype, shape, size, data } = tensors[i]!;
      return [name, new Value(dtype, [...shape], data.slice(0, size) as never)] as const;
    });
    inFiles().write(text(prefix.data[0]), new Map(entries));
  },
});
/** Writes tensors under names to a checkpoint, as io_ops.save_v2. */
export const saveV2 = (
  prefix: TensorLike,
  names: readonly string[],
  tensors: readonly TensorLike[],
  { name }: Named = {},
): Operation =>
  SaveV2({ prefix, tensor_names: [...names], shape_and_slices: names.map(() => ''), tensors }, {}, name)
    .op as Operation;

const RestoreV2 = defineOp({
  name: 'RestoreV2',
  inputs: { prefix: 'string', tensor_names: 'string', shape_and_slices: 'string' },
  outputs: { tensors: '[dtypes]' },
  attrs: { dtypes: types() },
  stateful: true,
  infer: (_, { dtypes }) => ({ tensors: dtypes.map(() => null) }),
  gradient: 'missing',
  reference({ prefix, tensor_names, shape_and_slices, tensors }, { dtypes }) {
    noSlices(shape_and_slices.data as ArrayLike<unknown>);
    const names = texts(tensor_names.data as ArrayLike<unknown>);
    inFiles()
      .read(text(prefix.data[0]), names)
      .forEach((value, i) => {
        if (value.dtype !== dtypes[i]) {
          throw new GraphError(
            'InvalidArgument',
            `tensor_name = ${names[i]}; expected dtype ${dtypes[i]} does not equal original dtype ${value.dtype}`,
          );
        }
        const slot = tensors[i]!;
        slot.resize(value.shape);
        for (let k = 0; k < value.data.length; k++) slot.data[k] = value.data[k] as number;
      });
  },
});
/** Tensors of a checkpoint by name, as io_ops.restore_v2. */
export const restoreV2 = (
  prefix: TensorLike,
  names: readonly string[],
  dtypes: readonly DType[],
  { name }: Named = {},
): readonly Tensor[] =>
  RestoreV2({ prefix, tensor_names: [...names], shape_and_slices: names.map(() => '') }, { dtypes: [...dtypes] }, name)
    .tensors;
