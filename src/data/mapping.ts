/** @file Datasets that apply a function to the elements of another. */
import { availableParallelism } from 'node:os';
import { GraphError } from '../errors';
import { bool, func, types } from '../graph/opdef';
import type { Slot } from '../kernels/memory';
import { stacked } from './batching';
import { defineStage, elementAttrs, elementsOf, numberIn, positive } from './define_stage';
import { type Batches, type Element, type Elements, type Next, Stage, stageIn } from './stage';
import { type Captured, capture, type Traversal } from './traversal';

const inputs = { input_dataset: 'variant', other_arguments: '[Targuments]' } as const;
const attrs = { f: func(), Targuments: types(), ...elementAttrs };

/** `f` of the elements. OutOfRange raised by it is the end, unless there must be as many as before. */
function mapped(f: Captured, keepsCount: boolean, next: Next, traversal: Traversal): Next {
  return () => {
    const e = next();
    if (!e) return null;
    try {
      return traversal.call(f, e);
    } catch (error) {
      if (!(error instanceof GraphError) || error.code !== 'OutOfRange') throw error;
      if (!keepsCount) return null;
      throw new GraphError('InvalidArgument', `Function invocation produced OutOfRangeError: ${error.reason}`);
    }
  };
}

/** Maps and batches: what comes after a failing element goes with its batch. */
function mappedInBatches(
  f: Captured,
  keepsCount: boolean,
  input: Stage,
  { size, dropRemainder }: Batches,
  elements: Elements,
): Stage {
  return new Stage('MapAndBatch', elements, [input], ([x], traversal, path) => {
    const next = mapped(f, keepsCount, x!.open(traversal, path), traversal);
    return () => {
      const rows: Element[] = [];
      let failure: unknown;
      for (let i = 0; i < size; i++) {
        try {
          const e = next();
          if (!e) break;
          rows.push(e);
        } catch (error) {
          failure ??= error;
        }
      }
      if (failure) throw failure;
      return rows.length === 0 || (dropRemainder && rows.length < size) ? null : stacked(rows);
    };
  });
}

function map(f: Captured, keepsCount: boolean, input: Stage, elements: Elements): Stage {
  const batched = (x: Stage, batches: Batches, of: Elements) => mappedInBatches(f, keepsCount, x, batches, of);
  const open = ([x]: readonly Stage[], traversal: Traversal, path: string): Next =>
    mapped(f, keepsCount, x!.open(traversal, path), traversal);
  return new Stage('Map', elements, [input], open, { batched });
}

export const MapDataset = defineStage({
  name: 'MapDataset',
  inputs,
  attrs: { ...attrs, use_inter_op_parallelism: bool(true), preserve_cardinality: bool(false) },
  build: (t, a, site) =>
    map(
      capture(site, a.f, t.other_arguments, a.Targuments),
      a.preserve_cardinality,
      stageIn(t.input_dataset),
      elementsOf(a),
    ),
});
export const ParallelMapDataset = defineStage({
  name: 'ParallelMapDataset',
  inputs: { ...inputs, num_parallel_calls: 'int32' },
  attrs: {
    ...attrs,
    use_inter_op_parallelism: bool(true),
    sloppy: bool(false),
    preserve_cardinality: bool(false),
  },
  build(t, a, site) {
    checkParallel(t.num_parallel_calls);
    const f = capture(site, a.f, t.other_arguments, a.Targuments);
    return map(f, a.preserve_cardinality, stageIn(t.input_dataset), elementsOf(a));
  },
});
function checkParallel(calls: Slot): void {
  const n = numberIn(calls);
  if (n > 0 || n === -1) return;
  throw new GraphError('InvalidArgument', 'num_parallel_calls must be greater than zero.');
}

const defineMapAndBatch = <const N extends string>(name: N) =>
  defineStage({
    name,
    inputs: { ...inputs, batch_size: 'int64', num_parallel_calls: 'int64', drop_remainder: 'bool' },
    attrs: { ...attrs, preserve_cardinality: bool(false) },
    build(t, a, site) {
      const size = positive(t.batch_size, 'batch_size must be greater than zero.');
      checkParallel(t.num_parallel_calls);
      const f = capture(site, a.f, t.other_arguments, a.Targuments);
      const batches = { size, dropRemainder: Boolean(t.drop_remainder.data[0]) };
      return mappedInBatches(f, a.preserve_cardinality, stageIn(t.input_dataset), batches, elementsOf(a));
    },
  });
export const MapAndBatchDataset = defineMapAndBatch('MapAndBatchDataset');
defineMapAndBatch('ExperimentalMapAndBatchDataset');

export const FilterDataset = defineStage({
  name: 'FilterDataset',
  inputs,
  attrs: { predicate: func(), Targuments: types(), ...elementAttrs },
  build(t, a, site) {
    const f = capture(site, a.predicate, t.other_arguments, a.Targuments);
    return new Stage('Filter', elementsOf(a), [stageIn(t.input_dataset)], ([input], traversal, path) => {
      const next = input!.open(traversal, path);
      return () => {
        for (let e = next(); e; e = next()) {
          const [answer, ...more] = traversal.call(f, e);
          if (more.length > 0 || answer?.dtype !== 'bool' || answer.data.length !== 1) {
            throw new GraphError('InvalidArgument', 'Filter predicate `f` must return a scalar bool.');
          }
          if (answer.data[0]) return e;
        }
        return null;
      };
    });
  },
});

/** Goes through the dataset that the function answers for an element. */
function open(f: Captured, e: Element, traversal: Traversal, path: string): Next {
  const [found, ...more] = traversal.call(f, e);
  if (found?.dtype === 'variant' && more.length === 0) return stageIn(found).open(traversal, path);
  throw new GraphError('InvalidArgument', 'Function must return a single scalar of dtype DT_VARIANT.');
}

export const FlatMapDataset = defineStage({
  name: 'FlatMapDataset',
  inputs,
  attrs,
  build(t, a, site) {
    const f = capture(site, a.f, t.other_arguments, a.Targuments);
    return new Stage('FlatMap', elementsOf(a), [stageIn(t.input_dataset)], ([input], traversal, path) => {
      const next = input!.open(traversal, path);
      let inner: Next | null = null;
      let i = 0;
      return () => {
        for (;;) {
          if (!inner) {
            const e = next();
            if (!e) return null;
            inner = open(f, e, traversal, `${path}[${i++}]`);
          }
          const found = inner();
          if (found) return found;
          inner = null;
        }
      };
    });
  },
});

function interleave(f: Captured, cycle: number, block: number, input: Stage, elements: Elements): Stage {
  return new Stage('Interleave', elements, [input], ([x], traversal, path) => {
    const next = x!.open(traversal, path);
    const opened: (Next | null)[] = new Array(cycle).fill(null);
    let inputEnded = false;
    let count = 0;
    let at = 0;
    let taken = 0;
    const advance = (): void => {
      taken = 0;
      at = (at + 1) % cycle;
    };
    return () => {
      while (!inputEnded || count > 0) {
        const inner = opened[at];
        if (inner) {
          const found = inner();
          if (found) {
            taken += 1;
            if (taken === block) advance();
            return found;
          }
          opened[at] = null;
          count -= 1;
          advance();
        } else if (!inputEnded) {
          const e = next();
          if (e) {
            opened[at] = open(f, e, traversal, `${path}[${at}]`);
            count += 1;
          } else inputEnded = true;
        } else advance();
      }
      return null;
    };
  });
}
function lengthsIn(cycle: Slot, block: Slot): [cycle: number, block: number] {
  const auto = numberIn(cycle) === -1;
  return [
    auto ? availableParallelism() : positive(cycle, 'cycle_length must be greater than zero.'),
    positive(block, 'block_length must be greater than zero.'),
  ];
}

export const InterleaveDataset = defineStage({
  name: 'InterleaveDataset',
  inputs: { ...inputs, cycle_length: 'int64', block_length: 'int64' },
  attrs,
  build(t, a, site) {
    const f = capture(site, a.f, t.other_arguments, a.Targuments);
    return interleave(f, ...lengthsIn(t.cycle_length, t.block_length), stageIn(t.input_dataset), elementsOf(a));
  },
});
export const ParallelInterleaveDatasetV2 = defineStage({
  name: 'ParallelInterleaveDatasetV2',
  inputs: { ...inputs, cycle_length: 'int64', block_length: 'int64', num_parallel_calls: 'int64' },
  attrs: { ...attrs, sloppy: bool(false) },
  build(t, a, site) {
    const lengths = lengthsIn(t.cycle_length, t.block_length);
    checkParallel(t.num_parallel_calls);
    const f = capture(site, a.f, t.other_arguments, a.Targuments);
    return interleave(f, ...lengths, stageIn(t.input_dataset), elementsOf(a));
  },
});
