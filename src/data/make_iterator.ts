/** @file Iterators of datasets: the ops that options ask for, and the function that a one-shot iterator calls. */
import { createHash } from 'node:crypto';
import { GraphError } from '../errors';
import { addFunction, CopyingGraph, type GraphFunction } from '../graph/functions';
import { getDefaultGraph } from '../graph/graph';
import type { Operation, Tensor } from '../graph/operation';
import { logging } from '../logging';
import { constant } from '../ops/array';
import { getSeed } from '../ops/seed';
import { Value } from '../value/value';
import type { Dataset } from './dataset';
import { Iterator } from './iterator';
import { IteratorV2, MakeIterator, OneShotIterator } from './iterator_ops';
import { optimizationsOf } from './options';
import { ModelDataset, OptimizeDataset } from './ordering';
import { attrsFor } from './structure';

/** The dataset as an iterator takes it: rewritten, and observed by a model. */
function withOptions(dataset: Dataset): Tensor {
  const attrs = attrsFor(dataset.elementSpec);
  const { options } = dataset;
  const wanted = optimizationsOf(options);
  let found = dataset.variant;
  if (wanted.length > 0 && capturesRef(dataset)) {
    logging.warn(
      `tf.data static optimizations are not compatible with tf.Variable. The following optimizations will be disabled: ${wanted.join(', ')}. To enable optimizations, use resource variables instead by calling \`tf.enableResourceVariables()\` at the start of the program.`,
    );
  } else if (wanted.length > 0) {
    const optimizations = constant(Value.from(wanted, 'string'), { name: 'optimizations' });
    const configs = { optimization_configs: ['map_vectorization:use_choose_fastest:false'] };
    found = OptimizeDataset({ input_dataset: found, optimizations }, { ...attrs, ...configs }).handle;
  }
  if (options.experimentalOptimization?.autotune === false) return found;
  return ModelDataset({ input_dataset: found }, attrs).handle;
}

const comesOfRef = (t: Tensor): boolean => t.isRef || t.op.inputs.some(comesOfRef);
const capturesRef = (dataset: Dataset): boolean =>
  dataset.functions.some((f) => f.captured.some(comesOfRef)) || dataset.inputs.some(capturesRef);

export function initializableIterator(dataset: Dataset, sharedName: string): Iterator {
  const optimized = withOptions(dataset);
  const attrs = { container: '', shared_name: sharedName, ...attrsFor(dataset.elementSpec) };
  const { handle } = IteratorV2({}, attrs);
  const initializer = getDefaultGraph().colocateWith(handle, () =>
    MakeIterator({ dataset: optimized, iterator: handle }, {}),
  );
  return new Iterator(handle, initializer.op, dataset.elementSpec);
}

export function oneShotIterator(dataset: Dataset): Iterator {
  const graph = getDefaultGraph();
  const factory = factoryOf(dataset);
  addFunction(graph, factory);
  const attrs = { dataset_factory: { func: factory.name }, ...attrsFor(dataset.elementSpec) };
  return new Iterator(OneShotIterator({}, attrs).handle, null, dataset.elementSpec);
}

/** A function without arguments that makes the dataset anew. */
function factoryOf(dataset: Dataset): GraphFunction {
  const { seed, seed2 } = getSeed();
  const body = new CopyingGraph(makersOf(dataset.variant));
  if (seed !== undefined) body.seed = Number((BigInt(seed) + 87654321n * BigInt(seed2!)) % (2n ** 63n - 1n));
  let output: Tensor;
  try {
    output = body.asDefault(() => withOptions(dataset));
  } catch (e) {
    if (!(e instanceof GraphError) || !e.reason.startsWith('Cannot capture a stateful node')) throw e;
    throw new GraphError(
      'Value',
      `Failed to create a one-shot iterator for a dataset. \`Dataset.makeOneShotIterator()\` does not support datasets that capture stateful objects, such as a \`Variable\` or \`LookupTable\`. In these cases, use \`Dataset.makeInitializableIterator()\`. (Original error: ${e.reason})`,
    );
  }
  const attrs = { _disable_call_shape_inference: true };
  const description = 'Factory function for a dataset.';
  const name = `_make_dataset_${fingerprint(body.getOperations())}`;
  return { name, body, inputs: [], outputs: [output], effects: [], attrs, description };
}

/** All ops behind a dataset that make datasets: they may be made again although they are stateful. */
function makersOf(variant: Tensor): Set<Operation> {
  const seen = new Set<Operation>();
  const visit = (op: Operation): void => {
    if (seen.has(op)) return;
    seen.add(op);
    for (const t of op.inputs) visit(t.op);
  };
  visit(variant.op);
  return new Set([...seen].filter((op) => op.outputs[0]?.dtype === 'variant'));
}

/** Names the function by what it does. */
function fingerprint(ops: readonly Operation[]): string {
  const hash = createHash('sha1');
  for (const op of ops) {
    hash.update(`${op.name} ${op.type} ${op.inputs.map((t) => t.name)}\n`);
    for (const [key, x] of Object.entries(op.attrs as Record<string, unknown>)) {
      hash.update(key);
      if (x instanceof Value && ArrayBuffer.isView(x.data)) {
        hash.update(`${x.dtype}${x.shape}`).update(x.data as unknown as Uint8Array);
      } else hash.update(JSON.stringify(x, (_, v) => (typeof v === 'bigint' ? String(v) : v)) ?? '');
    }
  }
  return hash.digest('base64url').slice(0, 11);
}
