/** @file The ops that write variables to checkpoints and read them back. What a file looks like is said in interop. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, types } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import type { DType } from '../value/dtype';
import { Value } from '../value/value';
import type { Named } from './array';

/** Files with tensors by name; raises NotFound for what is not there. */
export interface CheckpointFiles {
  write(prefix: string, tensors: ReadonlyMap<string, Value>): void;
  read(prefix: string, names: readonly string[]): Value[];
  /** Makes one checkpoint of several, whose files move to it. */
  merge(prefixes: readonly string[], destination: string, deleteOldDirs: boolean): void;
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

const ShardedFilename = defineOp({
  name: 'ShardedFilename',
  inputs: { basename: 'string', shard: 'int32', num_shards: 'int32' },
  outputs: { filename: 'string' },
  attrs: {},
  infer: ({ basename, shard, num_shards }) => {
    for (const { shape } of [basename, shard, num_shards]) {
      if (shape !== null && shape.length > 0)
        throw new GraphError('Value', `Shape must be rank 0 but is rank ${shape.length}`);
    }
    return { filename: [] };
  },
  gradient: 'missing',
  reference({ basename, shard, num_shards, filename }) {
    const five = (n: unknown) => String(n).padStart(5, '0');
    (filename.data as unknown as string[])[0] =
      `${text(basename.data[0])}-${five(shard.data[0])}-of-${five(num_shards.data[0])}`;
  },
});
/** The name of one file of a sharded checkpoint, as gen_io_ops.sharded_filename. */
export const shardedFilename = (
  basename: TensorLike,
  shard: TensorLike,
  shards: TensorLike,
  { name }: Named = {},
): Tensor => ShardedFilename({ basename, shard, num_shards: shards }, {}, name).filename;

const MergeV2Checkpoints = defineOp({
  name: 'MergeV2Checkpoints',
  inputs: { checkpoint_prefixes: 'string', destination_prefix: 'string' },
  outputs: {},
  attrs: { delete_old_dirs: bool(true) },
  stateful: true,
  infer: () => ({}),
  gradient: 'missing',
  reference({ checkpoint_prefixes, destination_prefix }, { delete_old_dirs }) {
    const prefixes = texts(checkpoint_prefixes.data as ArrayLike<unknown>);
    inFiles().merge(prefixes, text(destination_prefix.data[0]), delete_old_dirs);
  },
});
/** Makes one checkpoint of its shards, as gen_io_ops.merge_v2_checkpoints. */
export const mergeV2Checkpoints = (
  prefixes: TensorLike,
  destination: TensorLike,
  { deleteOldDirs, name }: Named & { readonly deleteOldDirs?: boolean | undefined } = {},
): Operation =>
  MergeV2Checkpoints(
    { checkpoint_prefixes: prefixes, destination_prefix: destination },
    { delete_old_dirs: deleteOldDirs },
    name,
  ).op as Operation;
