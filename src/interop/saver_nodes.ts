/** @file The nodes of a Saver: those that write a checkpoint, and those that read it. */
import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import type { Graph } from '../graph/graph';
import type { Operation, Tensor } from '../graph/operation';
import { canonicalDevice, deviceName, parseDevice } from '../graph/scopes';
import { constant, identity, placeholderWithDefault, reshape, shapeOf } from '../ops/array';
import { mergeV2Checkpoints, restoreV2, saveV2, shardedFilename } from '../ops/checkpoint';
import { group, withDependencies } from '../ops/control';
import { assignVariableOp } from '../ops/resource';
import { assign } from '../ops/state';
import { stringJoin } from '../ops/strings';
import { ResourceVariable, Variable } from '../ops/variables';
import { isFull } from '../value/shape';
import { Value } from '../value/value';
import { type SaverDef, SaverDefSchema } from './proto/tensorflow_pb';

/** Variables, or what they are called in the checkpoint. */
export type VarList = readonly Variable[] | Readonly<Record<string, Variable>>;

interface Saved {
  readonly name: string;
  readonly variable: Variable;
}
export interface SaverNodesOptions {
  readonly name: string;
  /** What the path is by default. */
  readonly filename: string;
  readonly sharded: boolean;
  readonly reshape: boolean;
  readonly maxToKeep: number;
  readonly keepCheckpointEveryNHours: number;
}

/** The number of the checkpoint format. */
const V2 = 2;

function byName(list: VarList): Saved[] {
  if (typeof list !== 'object') {
    throw new GraphError('Type', `Variables to save should be passed in a dict or a list: ${list}`);
  }
  if (!Array.isArray(list)) {
    return Object.entries(list).map(([name, variable]) => {
      const words = 'names_to_saveables must be a dict mapping string names to Tensors/Variables. Not a variable';
      checkVariable(variable, words);
      return { name, variable };
    });
  }
  const names = new Set<string>();
  return (list as readonly Variable[]).map((variable) => {
    checkVariable(variable, 'Variable to save is not a Variable');
    const { name } = variable.op;
    if (names.has(name)) throw new GraphError('Value', `At least two variables have the same name: ${name}`);
    names.add(name);
    return { name, variable };
  });
}
function checkVariable(x: unknown, words: string): void {
  if (!(x instanceof Variable)) throw new GraphError('Type', `${words}: ${x}`);
}
function validated(list: VarList): Saved[] {
  const saved = byName(list).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const seen = new Set<Variable>();
  for (const { name, variable } of saved) {
    if (seen.has(variable)) {
      throw new GraphError('Value', `The same saveable will be restored with two names: ${name}`);
    }
    seen.add(variable);
  }
  return saved;
}

/** Makes the nodes and says which they are. Raises Value for names that occur twice. */
export function makeSaverNodes(list: VarList, options: SaverNodesOptions): SaverDef {
  const saved = validated(list);
  const graph = graphOf(saved.map((s) => s.variable));
  return graph.nameScope(options.name, () => {
    const given = placeholderWithDefault(options.filename, [], { name: 'filename' });
    const path = placeholderWithDefault(given, [], { name: 'Const' });
    const [done, restoreAll] = options.sharded
      ? shardedNodes(graph, path, saved, options.reshape)
      : [write(path, saved), restoreNodes(graph, path, saved, options.reshape, 'restore_all')];
    const { sharded, maxToKeep, keepCheckpointEveryNHours } = options;
    return create(SaverDefSchema, {
      filenameTensorName: path.name,
      saveTensorName: done.name,
      restoreOpName: restoreAll.name,
      maxToKeep,
      sharded,
      keepCheckpointEveryNHours,
      version: V2,
    });
  });
}

// ---- writing ------------------------------------------------------------------------------------------------------

/** What is written: the buffer of a ref variable, the first read of a resource variable. */
const source = (v: Variable): Tensor =>
  v instanceof ResourceVariable ? v.asGraphElement() : convertToTensor(v as TensorLike, { asRef: true });

function write(path: Tensor, saved: readonly Saved[]): Tensor {
  const save = saveV2(
    path,
    saved.map((s) => s.name),
    saved.map((s) => source(s.variable)),
  );
  return withDependencies([save], path);
}

/** One file for each device that has variables. */
function shardedNodes(
  graph: Graph,
  path: Tensor,
  saved: readonly Saved[],
  reshaped: boolean,
): readonly [save: Tensor, restore: Operation] {
  const byDevice = new Map<string, Saved[]>();
  for (const s of saved) {
    const device = canonicalDevice(source(s.variable).op.device);
    byDevice.set(device, [...(byDevice.get(device) ?? []), s]);
  }
  const shards = [...byDevice].sort(([a], [b]) => (a < b ? -1 : 1));
  const id = randomUUID().replaceAll('-', '');
  const temporary = stringJoin([path, `_temp_${id}/part`]);
  const count = constant(shards.length, 'int32', { name: 'num_shards' });
  const prefixes: Tensor[] = [];
  const saves = shards.map(([device, own], i) =>
    graph.device(cpuOf(device), () => {
      const prefix = shardedFilename(temporary, i, count);
      prefixes.push(prefix);
      return write(prefix, own);
    }),
  );
  const done = graph.controlDependencies(saves, () =>
    graph.device(cpuOf(shards.at(-1)![0]), () => {
      const merge = mergeV2Checkpoints(prefixes, path, { deleteOldDirs: true });
      return graph.controlDependencies([merge], () => identity(path));
    }),
  );
  const restores = shards.map(([device, own]) =>
    graph.device(device, () => restoreNodes(graph, path, own, reshaped, 'restore_shard')),
  );
  return [done, group(restores, { name: 'restore_all' })];
}
const cpuOf = (device: string): string => deviceName({ ...parseDevice(device), type: 'CPU', index: '0' });

// ---- reading ------------------------------------------------------------------------------------------------------

function restoreNodes(graph: Graph, path: Tensor, saved: readonly Saved[], reshaped: boolean, name: string): Operation {
  const names = saved.map((s) => s.name);
  const types = saved.map((s) => s.variable.dtype);
  const found = graph.device('cpu:0', () => restoreV2(path, names, types));
  const assigns = saved.map(({ variable: v }, i) => {
    const wanted = isFull(v.shape) ? Value.from(v.shape, 'int32') : null;
    return restoreVariable(v, found[i]!, reshaped ? (wanted ?? shapeOf(source(v))) : null);
  });
  return group(assigns, { name });
}
/** `wanted` is the shape that the value found takes, if it takes another. */
export function restoreVariable(v: Variable, found: Tensor, wanted: TensorLike | null): Operation {
  const value = wanted === null ? found : reshape(found, wanted);
  if (!(v instanceof ResourceVariable)) {
    return (assign(v, value, { validateShape: wanted === null && isFull(v.shape) }) as Tensor).op;
  }
  return v.graph.device(v.device, () => {
    const own = identity(value);
    own.setShape(v.shape);
    return assignVariableOp(v.handle, own);
  });
}
