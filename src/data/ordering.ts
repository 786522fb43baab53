/** @file Datasets that leave out, repeat, keep or reorder the elements of another. */
import { GraphError } from '../errors';
import { bool, int, strings } from '../graph/opdef';
import { Philox, WordStream } from '../kernels/philox';
import { defineStage, elementAttrs, elementsOf, numberIn, positive } from './define_stage';
import { type Element, type Elements, type Next, type Open, Stage, stageIn } from './stage';
import type { Traversal } from './traversal';

// ---- shuffle ------------------------------------------------------------------------------------------------------

interface Shuffling {
  readonly size: number;
  readonly seed: bigint;
  readonly seed2: bigint;
}

/** Two seeds of 0 ask for another order each time. */
function seedsIn(...slots: readonly { readonly data: ArrayLike<number> }[]): Pick<Shuffling, 'seed' | 'seed2'> {
  const [seed, seed2] = slots.map((s) => BigInt(s.data[0]!)) as [bigint, bigint];
  if (seed !== 0n || seed2 !== 0n) return { seed, seed2 };
  const [a, b] = crypto.getRandomValues(new BigUint64Array(2)) as unknown as [bigint, bigint];
  return { seed: a, seed2: b };
}

/**
 * Keeps `size` elements and gives one of them at random, of the oldest epoch that has any: the epochs of a repeated
 * input stay apart, although the buffer is filled from the next one already.
 */
function shuffled(input: () => Next, { size, seed, seed2 }: Shuffling, count: number): Next {
  const random = new WordStream(new Philox(seed, seed2));
  const buffer: (Element | undefined)[] = [];
  /** Positions in the buffer, modulo its size: from, up to. */
  const epochs: [start: number, end: number][] = [[0, 0]];
  let next: Next | null = null;
  let epoch = 0;
  let held = 0;
  return () => {
    let isFirst = false;
    if (!next && epoch === 0) {
      isFirst = true;
      next = input();
    }
    while (next && held < size) {
      let found: Element | null = null;
      while (count === -1 || epoch < count) {
        found = next();
        if (found) break;
        if (isFirst && count === -1) return null; // an empty input, repeated forever
        epoch += 1;
        const end = epochs.at(-1)![1];
        epochs.push([end, end]);
        next = input();
      }
      isFirst = false;
      if (found) {
        buffer[epochs.at(-1)![1]++ % size] = found;
        held += 1;
      } else next = null;
    }
    if (held === 0) return null;
    while (epochs[0]![0] === epochs[0]![1]) epochs.shift();
    const oldest = epochs[0]!;
    const at = (oldest[0] + (random.next() % (oldest[1] - oldest[0]))) % size;
    const first = oldest[0]++ % size;
    const chosen = buffer[at]!;
    buffer[at] = buffer[first];
    buffer[first] = undefined;
    held -= 1;
    return chosen;
  };
}

/** New seeds for each iteration of a stage, drawn from a generator that all of them share. */
function nextSeeds(traversal: Traversal, path: string, { seed, seed2 }: Shuffling): Pick<Shuffling, 'seed' | 'seed2'> {
  const generator = traversal.share(path, () => new WordStream(new Philox(seed, seed2)));
  const first = BigInt(generator.next());
  return { seed: first, seed2: BigInt(generator.next()) };
}

function shuffledAndRepeated(input: Stage, how: Shuffling, count: number, elements: Elements): Stage {
  return new Stage('ShuffleAndRepeat', elements, [input], ([x], traversal, path) =>
    shuffled(() => x!.open(traversal, path), how, count),
  );
}

const BUFFER = 'buffer_size must be greater than zero.';
const shuffleInputs = { input_dataset: 'variant', buffer_size: 'int64', seed: 'int64', seed2: 'int64' } as const;

export const ShuffleDataset = defineStage({
  name: 'ShuffleDataset',
  inputs: shuffleInputs,
  attrs: { reshuffle_each_iteration: bool(true), ...elementAttrs },
  build(t, attrs) {
    const how = { size: positive(t.buffer_size, BUFFER), ...seedsIn(t.seed, t.seed2) };
    const elements = elementsOf(attrs);
    const input = stageIn(t.input_dataset);
    if (!attrs.reshuffle_each_iteration) {
      return new Stage('Shuffle', elements, [input], ([x], traversal, path) =>
        shuffled(() => x!.open(traversal, path), how, 1),
      );
    }
    const repeated = (x: Stage, count: number): Stage => {
      if (count > 0 || count === -1) return shuffledAndRepeated(x, how, count, elements);
      const at = '\n\t [[{{node ShuffleAndRepeatDataset}}]]';
      throw new GraphError('InvalidArgument', `${COUNT}${at}`);
    };
    const open: Open = ([x], traversal, path) =>
      shuffled(() => x!.open(traversal, path), { ...how, ...nextSeeds(traversal, path, how) }, 1);
    return new Stage('Shuffle', elements, [input], open, { repeated });
  },
});

const COUNT = 'count must be greater than zero or equal to -1.';
export const ShuffleAndRepeatDataset = defineStage({
  name: 'ShuffleAndRepeatDataset',
  inputs: { ...shuffleInputs, count: 'int64' },
  attrs: elementAttrs,
  build(t, attrs) {
    const how = { size: positive(t.buffer_size, BUFFER), ...seedsIn(t.seed, t.seed2) };
    const count = numberIn(t.count);
    if (count < -1 || count === 0) throw new GraphError('InvalidArgument', COUNT);
    return shuffledAndRepeated(stageIn(t.input_dataset), how, count, elementsOf(attrs));
  },
});

// ---- counts -------------------------------------------------------------------------------------------------------

export const RepeatDataset = defineStage({
  name: 'RepeatDataset',
  inputs: { input_dataset: 'variant', count: 'int64' },
  attrs: elementAttrs,
  build({ input_dataset, count }, attrs) {
    const n = numberIn(count);
    const open: Open = ([input], traversal, path) => {
      let done = 0;
      let next: Next | null = null;
      let isFirst = true;
      return () => {
        while (n < 0 || done < n) {
          next ??= input!.open(traversal, path);
          const found = next();
          if (found) {
            isFirst = false;
            return found;
          }
          if (n < 0 && isFirst) return null;
          next = null;
          isFirst = true;
          done += 1;
        }
        return null;
      };
    };
    return new Stage('Repeat', elementsOf(attrs), [stageIn(input_dataset)], open, { repeats: n, idle: n === 1 });
  },
});

export const TakeDataset = defineStage({
  name: 'TakeDataset',
  inputs: { input_dataset: 'variant', count: 'int64' },
  attrs: elementAttrs,
  build({ input_dataset, count }, attrs) {
    const n = numberIn(count);
    const open: Open = ([input], traversal, path) => {
      let left = n < 0 ? Number.POSITIVE_INFINITY : n;
      const next = left > 0 ? input!.open(traversal, path) : () => null;
      return () => (left-- > 0 ? next() : null);
    };
    return new Stage('Take', elementsOf(attrs), [stageIn(input_dataset)], open, { idle: n === -1 });
  },
});

export const SkipDataset = defineStage({
  name: 'SkipDataset',
  inputs: { input_dataset: 'variant', count: 'int64' },
  attrs: elementAttrs,
  build({ input_dataset, count }, attrs) {
    const n = numberIn(count);
    const open: Open = ([input], traversal, path) => {
      if (n < 0) return () => null;
      const next = input!.open(traversal, path);
      let left = n;
      return () => {
        for (; left > 0; left--) if (!next()) return null;
        return next();
      };
    };
    return new Stage('Skip', elementsOf(attrs), [stageIn(input_dataset)], open, { idle: n === 0 });
  },
});

export const ShardDataset = defineStage({
  name: 'ShardDataset',
  inputs: { input_dataset: 'variant', num_shards: 'int64', index: 'int64' },
  attrs: { require_non_empty: bool(false), ...elementAttrs },
  build(t, attrs) {
    const [n, index] = [numberIn(t.num_shards), numberIn(t.index)];
    if (n < 1) {
      throw new GraphError(
        'InvalidArgument',
        `Number of shards must be greater than zero (currently num_shards = ${n}).`,
      );
    }
    if (index < 0 || index >= n) {
      throw new GraphError('InvalidArgument', `Index must be between 0 and ${n - 1} (currently index = ${index}).`);
    }
    const open: Open = ([input], traversal, path) => {
      const next = input!.open(traversal, path);
      let i = 0;
      return () => {
        for (let e = next(); e; e = next()) if (i++ % n === index) return e;
        return null;
      };
    };
    return new Stage('Shard', elementsOf(attrs), [stageIn(t.input_dataset)], open);
  },
});

// ---- kept, or passed on -------------------------------------------------------------------------------------------

/** Elements are kept once the input has come to its end. */
export const CacheDataset = defineStage({
  name: 'CacheDataset',
  inputs: { input_dataset: 'variant', filename: 'string' },
  attrs: elementAttrs,
  build({ input_dataset, filename }, attrs) {
    if ((filename.data[0] as unknown) !== '') {
      throw new GraphError('Unimplemented', 'Datasets are cached in memory only: give no file name.');
    }
    return new Stage('Cache', elementsOf(attrs), [stageIn(input_dataset)], ([input], traversal, path) => {
      const cache = traversal.share<{ kept?: Element[] }>(path, () => ({}));
      const own: Element[] = [];
      const { kept } = cache;
      let i = 0;
      if (kept) return () => kept[i++] ?? null;
      const next = input!.open(traversal, path);
      return () => {
        const found = next();
        if (found) own.push(found);
        else cache.kept ??= own;
        return found;
      };
    });
  },
});

export const PrefetchDataset = defineStage({
  name: 'PrefetchDataset',
  inputs: { input_dataset: 'variant', buffer_size: 'int64' },
  attrs: { ...elementAttrs, slack_period: int(0), legacy_autotune: bool(true) },
  build({ input_dataset, buffer_size }, attrs) {
    const size = numberIn(buffer_size);
    if (size < -1) {
      throw new GraphError('InvalidArgument', 'buffer_size must be >= 0 or set buffer_size to be -1 for auto-tuning');
    }
    return passing('Prefetch', stageIn(input_dataset), elementsOf(attrs), size === 0);
  },
});
const passing = (kind: string, input: Stage, elements: Elements, idle = false): Stage =>
  new Stage(kind, elements, [input], ([x], traversal, path) => x!.open(traversal, path), { idle });

export const ModelDataset = defineStage({
  name: 'ModelDataset',
  inputs: { input_dataset: 'variant' },
  attrs: { algorithm: int(0), cpu_budget: int(0), ...elementAttrs },
  build: ({ input_dataset }, attrs) => passing('Model', stageIn(input_dataset), elementsOf(attrs)),
});

// ---- rewriting ----------------------------------------------------------------------------------------------------

export const OptimizeDataset = defineStage({
  name: 'OptimizeDataset',
  inputs: { input_dataset: 'variant', optimizations: 'string' },
  attrs: { ...elementAttrs, optimization_configs: strings([]) },
  build({ input_dataset, optimizations }, attrs) {
    const wanted = new Set(Array.from(optimizations.data as unknown as string[]));
    return passing('Optimize', rewritten(stageIn(input_dataset), wanted), elementsOf(attrs));
  },
});

/** The rewritings that can be told from outside: they decide the order of shuffled elements, and what errors take along. */
function rewritten(stage: Stage, wanted: ReadonlySet<string>): Stage {
  const { marks, inputs, elements } = stage;
  const over = inputs.map((x) => rewritten(x, wanted));
  const [input] = over;
  if (!input) return stage;
  if (marks.idle && wanted.has('noop_elimination')) return input;
  if (marks.repeats !== undefined && input.marks.repeated && wanted.has('shuffle_and_repeat_fusion')) {
    return input.marks.repeated(input.inputs[0]!, marks.repeats);
  }
  if (marks.batches && input.marks.batched && wanted.has('map_and_batch_fusion')) {
    return input.marks.batched(input.inputs[0]!, marks.batches, elements);
  }
  return stage.over(over);
}
