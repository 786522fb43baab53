/** @file tf.data: elements, iterators, errors and the ops that calls make. Expectations were printed from TensorFlow 1.15.5. */
import * as tf from '../src';
import { Dataset } from '../src/data/dataset';
import { Iterator } from '../src/data/iterator';
import { TensorSpec } from '../src/data/structure';
import { pyFunc } from '../src/ops/py_func';

const { range } = Dataset;
const i64 = (x: unknown): tf.Value => tf.Value.from(x as number, 'int64');
type Next = tf.Tensor;
type Plain = unknown;

const plain = (x: unknown): Plain => {
  if (x instanceof tf.Value) return plain(x.toArray());
  if (Array.isArray(x)) return x.map(plain);
  if (typeof x === 'bigint') return Number(x);
  if (typeof x !== 'object' || x === null) return x;
  return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, plain(v)]));
};

/** A graph with one session; `value` runs a fetch, `failure` answers what it raises. */
class Bench {
  readonly graph = new tf.Graph();
  readonly session = new tf.Session({ graph: this.graph });

  build<R>(body: () => R): R {
    return tf.withGraph(this.graph, body);
  }
  async value(fetch: unknown, feedDict?: readonly (readonly [unknown, unknown])[]): Promise<Plain> {
    return plain(await this.session.run(fetch as tf.Tensor, { feedDict: feedDict as never }));
  }
  async failure(fetch: unknown, feedDict?: readonly (readonly [unknown, unknown])[]): Promise<string> {
    try {
      await this.value(fetch, feedDict);
    } catch (e) {
      const { code, message } = e as tf.GraphError;
      return `${code}: ${message}`;
    }
    return 'nothing';
  }
  /** All elements of a dataset. */
  async all(make: () => Dataset): Promise<Plain[]> {
    const { begin, next } = this.build(() => {
      const iterator = make().makeInitializableIterator();
      return { begin: iterator.initializer, next: iterator.getNext() };
    });
    await this.value(begin);
    return this.rest(next);
  }
  async rest(next: unknown): Promise<Plain[]> {
    const found: Plain[] = [];
    for (;;) {
      try {
        found.push(await this.value(next));
      } catch (e) {
        if ((e as tf.GraphError).code === 'OutOfRange') return found;
        throw e;
      }
    }
  }
}
const all = (make: () => Dataset): Promise<Plain[]> => new Bench().all(make);
const initFailure = (make: () => Dataset): Promise<string> => {
  const b = new Bench();
  return b.failure(b.build(() => make().makeInitializableIterator().initializer));
};
const buildFailure = (make: () => unknown): string => {
  try {
    new Bench().build(make);
  } catch (e) {
    const { code, message } = e as tf.GraphError;
    return `${code}: ${message}`;
  }
  return 'nothing';
};
const END = 'OutOfRange: End of sequence\n\t [[node IteratorGetNext]]';
const NOT_BEGUN =
  'FailedPrecondition: GetNext() failed because the iterator has not been initialized. Ensure that you have run the initializer operation for this iterator before getting the next element.\n\t [[node IteratorGetNext]]';

describe('iterators', () => {
  test('an initializable iterator fails before it begins and at the end, and begins again', async () => {
    const b = new Bench();
    const { begin, next } = b.build(() => {
      const i = range(2).makeInitializableIterator();
      return { begin: i.initializer, next: i.getNext() as Next };
    });
    expect(await b.failure(next)).toBe(NOT_BEGUN);
    await b.value(begin);
    expect(await b.value(next)).toBe(0);
    expect(await b.value([next, next])).toEqual([1, 1]);
    expect(await b.failure(next)).toBe(END);
    expect(await b.failure(next)).toBe(END);
    await b.value(begin);
    expect(await b.value(next)).toBe(0);
  });

  test('a one-shot iterator needs no initializer and has none', async () => {
    const b = new Bench();
    const i = b.build(() => range(1).makeOneShotIterator());
    const next = b.build(() => i.getNext({ name: 'abc' }) as Next);
    expect(await b.value(next)).toBe(0);
    expect(await b.failure(next)).toBe('OutOfRange: End of sequence\n\t [[node abc]]');
    expect(() => i.initializer).toThrow('Iterator does not have an initializer.');
  });

  test('a one-shot iterator whose dataset cannot be made fails each time', async () => {
    const b = new Bench();
    const next = b.build(() => range(4).batch(0).makeOneShotIterator().getNext() as Next);
    const rest =
      'Batch size must be greater than zero.\n\t [[{{node OptimizeDataset/BatchDatasetV2}}]]\n\t [[node OneShotIterator]]';
    expect(await b.failure(next)).toBe(`InvalidArgument: [_Derived_]${rest}`);
    expect(await b.failure(next)).toBe(`InvalidArgument: ${rest}`);
  });

  test('a one-shot iterator takes no variables and no placeholders', () => {
    const warned = jest.spyOn(console, 'error').mockImplementation(() => {});
    const original = '(Original error: Cannot capture a stateful node (name:v, type:VariableV2) by value.)';
    expect(
      buildFailure(() => {
        const v = tf.getVariable('v', { initializer: tf.constant(1) });
        return range(3)
          .map((x: tf.Tensor) => v.add(tf.cast(x, 'float32')))
          .makeOneShotIterator();
      }),
    ).toContain(original);
    expect(warned.mock.calls[0]![0]).toMatch(
      /^WARNING: tf.data static optimizations are not compatible with tf.Variable./,
    );
    warned.mockRestore();
    expect(buildFailure(() => Dataset.fromTensorSlices(tf.placeholder('float32', [null])).makeOneShotIterator())).toBe(
      'Value: Cannot capture a placeholder (name:Placeholder, type:Placeholder) by value.',
    );
  });

  test('an iterator of a structure is bound to one dataset after the other', async () => {
    const b = new Bench();
    const t = b.build(() => {
      const i = Iterator.fromStructure('int64', []);
      return {
        next: i.getNext() as Next,
        up: i.makeInitializer(range(3), { name: 'up' }),
        down: i.makeInitializer(range(9, 0, -4)),
      };
    });
    expect(t.up.name).toBe('up');
    expect(await b.failure(t.next)).toBe(NOT_BEGUN);
    await b.value(t.up);
    expect(await b.value(t.next)).toBe(0);
    await b.value(t.down);
    expect(await b.rest(t.next)).toEqual([9, 5, 1]);
  });

  test('a dataset of other elements is refused', () => {
    expect(buildFailure(() => Iterator.fromStructure('int64', []).makeInitializer(range(3).batch(2)))).toBe(
      'Type: Expected output shapes compatible with TensorShape([]) but got dataset with output shapes TensorShape([Dimension(None)]).',
    );
    expect(buildFailure(() => Iterator.fromStructure('int32', []).makeInitializer(range(3)))).toBe(
      'Type: Expected output types tf.int32 but got dataset with output types tf.int64.',
    );
  });

  test('a string handle that is fed says which iterator it is', async () => {
    const b = new Bench();
    const t = b.build(() => {
      const fed = tf.placeholder('string', []);
      const late = range(5, 9).makeInitializableIterator({ sharedName: 'zz' });
      return {
        fed,
        next: Iterator.fromStringHandle(fed, 'int64', []).getNext() as Next,
        begin: late.initializer,
        handles: [range(3).makeOneShotIterator(), late, range(3).batch(2).makeOneShotIterator()].map((i) =>
          i.stringHandle(),
        ),
      };
    });
    const [first, late, batches] = (await b.value(t.handles)) as string[];
    expect(await b.value(t.next, [[t.fed, first]])).toBe(0);
    expect(await b.value(t.next, [[t.fed, first]])).toBe(1);
    expect(await b.failure(t.next, [[t.fed, late]])).toBe(NOT_BEGUN);
    await b.value(t.begin);
    expect(await b.value(t.next, [[t.fed, late]])).toBe(5);
    expect(await b.failure(t.next, [[t.fed, 'foo']])).toBe(
      'InvalidArgument: Could not parse string_handle as a valid ResourceHandle\n\t [[node IteratorFromStringHandleV2]]',
    );
    expect(await b.failure(t.next, [[t.fed, batches]])).toBe(
      'InvalidArgument: Incompatible shapes at component 0: expected [] but got [?].\n\t [[node IteratorFromStringHandleV2]]',
    );
    expect(await b.value(t.next, [[t.fed, first]])).toBe(2);
  });

  test('sessions go through a dataset apart', async () => {
    const b = new Bench();
    const next = b.build(() => range(2).makeOneShotIterator().getNext() as Next);
    const other = new tf.Session({ graph: b.graph });
    expect(await b.value(next)).toBe(0);
    expect(Number(await other.run(next))).toBe(0);
    expect(await b.value(next)).toBe(1);
  });

  test('types and shapes are nested as the elements are', () => {
    const b = new Bench();
    b.build(() => {
      const slices = Dataset.fromTensorSlices([tf.Value.zeros('float64', [4, 3]), { a: tf.Value.zeros('int32', [4]) }]);
      const full = slices.batch(2, { dropRemainder: true });
      expect(full.outputTypes).toEqual(['float64', { a: 'int32' }]);
      expect(full.outputShapes).toEqual([[2, 3], { a: [2] }]);
      expect(slices.batch(2).makeInitializableIterator().outputShapes).toEqual([[null, 3], { a: [null] }]);
      expect(slices.elementSpec).toEqual([new TensorSpec([3], 'float64'), { a: new TensorSpec([], 'int32') }]);
    });
  });
});

describe('elements', () => {
  const rows: readonly (readonly [string, () => Dataset, Plain])[] = [
    ['of tensors', () => Dataset.fromTensors({ a: [1, 2], b: tf.constant('x') }), [{ a: [1, 2], b: 'x' }]],
    [
      'are rows of tensors',
      () =>
        Dataset.fromTensorSlices([
          tf.constant([
            [1, 2],
            [3, 4],
          ]),
          tf.constant(['p', 'q']),
        ]),
      [
        [[1, 2], 'p'],
        [[3, 4], 'q'],
      ],
    ],
    ['count down', () => range(5, 0, -2).batch(9), [[5, 3, 1]]],
    [
      'stop with the shorter dataset',
      () => Dataset.zip([range(3), range(5).map((x: tf.Tensor) => x.mul(2))]),
      [
        [0, 0],
        [1, 2],
        [2, 4],
      ],
    ],
    ['follow each other', () => range(2).concatenate(range(7, 9)), [0, 1, 7, 8]],
    ['of every second place', () => range(5).shard(2, 1), [1, 3]],
    ['are all taken by -5', () => range(3).take(-5), [0, 1, 2]],
    ['are all skipped by -1', () => range(3).skip(-1), []],
    ['are skipped and taken', () => range(6).skip(2).take(3), [2, 3, 4]],
    [
      'are numbered',
      () => range(7, 9).enumerate(4),
      [
        [4, 7],
        [5, 8],
      ],
    ],
    ['are repeated', () => range(2).repeat(2), [0, 1, 0, 1]],
    ['are never repeated', () => range(2).repeat(0), []],
    ['that a predicate holds for', () => range(7).filter((x: tf.Tensor) => tf.equal(x.mod(2), i64(1))), [1, 3, 5]],
    [
      'are mapped to structures',
      () => range(2).map((x: tf.Tensor) => ({ b: x, a: [x.mul(2)] })),
      [
        { b: 0, a: [0] },
        { b: 1, a: [2] },
      ],
    ],
    [
      'lose the batch that is not full',
      () => range(5).batch(2, { dropRemainder: true }),
      [
        [0, 1],
        [2, 3],
      ],
    ],
    [
      'are unbatched',
      () =>
        Dataset.zip([range(4).batch(3), range(4).batch(3)])
          .unbatch()
          .take(2),
      [
        [0, 0],
        [1, 1],
      ],
    ],
    [
      'are padded to the longest',
      () =>
        range(4)
          .map((x: tf.Tensor) => tf.fill(tf.expandDims(x, 0), x))
          .paddedBatch(3, [null]),
      [
        [
          [0, 0],
          [1, 0],
          [2, 2],
        ],
        [[3, 3, 3]],
      ],
    ],
    [
      'are padded with a value',
      () =>
        range(3)
          .map((x: tf.Tensor) => tf.fill(tf.expandDims(x, 0), x))
          .paddedBatch(3, [5], { paddingValues: -1 }),
      [
        [
          [-1, -1, -1, -1, -1],
          [1, -1, -1, -1, -1],
          [2, 2, -1, -1, -1],
        ],
      ],
    ],
    ['are kept', () => range(3).cache().take(2).repeat(2), [0, 1, 0, 1]],
  ];
  test.each(rows)('%s', async (_, make, expected) => {
    expect(await all(make)).toEqual(expected);
  });

  const times = (x: tf.Tensor): Dataset => Dataset.fromTensors(x.mul(10)).repeat(x.add(1));
  test.each([
    [2, 1, [0, 10, 10, 20, 20, 30, 20, 30, 30, 30]],
    [3, 2, [0, 10, 10, 20, 20, 30, 30, 20, 30, 30]],
    [1, 1, [0, 10, 10, 20, 20, 20, 30, 30, 30, 30]],
    [2, 3, [0, 10, 10, 20, 20, 20, 30, 30, 30, 30]],
    [4, 1, [0, 10, 20, 30, 10, 20, 30, 20, 30, 30]],
  ])('interleave: %i open, %i at a time', async (cycleLength, blockLength, expected) => {
    expect(await all(() => range(4).interleave(times, { cycleLength, blockLength }))).toEqual(expected);
    if (cycleLength > 2 || blockLength > 1) return;
    expect(await all(() => range(4).interleave(times, { cycleLength, blockLength, numParallelCalls: 2 }))).toEqual(
      expected,
    );
  });

  test.each([
    [{}, [[0, 1, 2], [3, 4, 5], [6]]],
    [{ shift: 1 }, [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6], [5, 6], [6]]],
    [{ shift: 2, stride: 2 }, [[0, 2, 4], [2, 4, 6], [4, 6], [6]]],
    [
      { shift: 1, dropRemainder: true },
      [
        [0, 1, 2],
        [1, 2, 3],
        [2, 3, 4],
        [3, 4, 5],
        [4, 5, 6],
      ],
    ],
  ])('windows of 3 with %p', async (options, expected) => {
    expect(
      await all(() =>
        range(7)
          .window(3, options)
          .flatMap((d: Dataset) => d.batch(9)),
      ),
    ).toEqual(expected);
  });

  test('random ops of a function go on over repetitions, and begin again with the iterator', async () => {
    const b = new Bench();
    const t = b.build(() => {
      const draw = () => tf.randomUniform([], { minval: 0, maxval: 100, dtype: 'int32', seed: 3 });
      const i = range(2).map(draw).repeat(2).batch(9).makeInitializableIterator();
      return { begin: i.initializer, next: i.getNext() as Next };
    });
    for (let k = 0; k < 2; k++) {
      await b.value(t.begin);
      expect(await b.value(t.next)).toEqual([67, 25, 31, 90]);
    }
  });

  test('seeds of a graph count the ops of each function', async () => {
    const b = new Bench();
    const next = b.build(() => {
      tf.setRandomSeed(5);
      const draw = () => tf.randomUniform([], { minval: 0, maxval: 100, dtype: 'int32' });
      return range(2)
        .map(() => [draw(), draw()])
        .repeat(2)
        .batch(9)
        .makeOneShotIterator()
        .getNext() as Next[];
    });
    expect(await b.value(next)).toEqual([
      [12, 47, 45, 83],
      [35, 41, 86, 33],
    ]);
  });

  test('a function sees the variable as it is', async () => {
    const b = new Bench();
    const t = b.build(() => {
      const v = tf.getVariable('v', { initializer: tf.constant(2), useResource: true });
      const i = range(3)
        .map((x: tf.Tensor) => v.add(tf.cast(x, 'float32')))
        .makeInitializableIterator();
      return { init: v.initializer, begin: i.initializer, next: i.getNext() as Next, assign: v.assign(10) };
    });
    await b.value(t.init);
    await b.value(t.begin);
    expect(await b.value(t.next)).toBe(2);
    await b.value(t.assign);
    expect(await b.value(t.next)).toBe(11);
  });

  test('a dataset is reduced to a state', async () => {
    const b = new Bench();
    const [sum, pair] = b.build(() => [
      range(5).reduce(i64(0), (a: tf.Tensor, x: tf.Tensor) => a.add(x)) as Next,
      range(5).reduce([i64(0), tf.constant(1)], ([a, c]: [Next, Next], x: Next) => [a.add(x), c.mul(2)]) as Next[],
    ]);
    expect(await b.value(sum)).toBe(10);
    expect(await b.value(pair)).toEqual([10, 32]);
  });

  test('a network is trained from an iterator', async () => {
    const b = new Bench();
    const t = b.build(() => {
      const xs = Float32Array.from({ length: 64 }, (_, i) => i / 64);
      const ys = xs.map((x) => 3 * x + 1);
      const i = Dataset.fromTensorSlices([xs, ys]).shuffle(64, { seed: 1 }).repeat().batch(8).makeOneShotIterator();
      const [x, y] = i.getNext() as [Next, Next];
      const [w, c] = ['w', 'c'].map((name) => tf.getVariable(name, { initializer: tf.constant(0) }));
      const loss = tf.reduceMean(tf.square(x.mul(w!).add(c!).sub(y)));
      const train = new tf.train.GradientDescentOptimizer(0.5).minimize(loss);
      return { train, init: tf.globalVariablesInitializer(), w: w!, c: c! };
    });
    await b.value(t.init);
    for (let k = 0; k < 400; k++) await b.value(t.train);
    const [w, c] = (await b.value([t.w, t.c])) as number[];
    expect(w).toBeCloseTo(3, 2);
    expect(c).toBeCloseTo(1, 2);
  });
});

describe('generators', () => {
  test('are called anew for each pass', async () => {
    function* counting() {
      for (let k = 0; k < 3; k++) yield [k, new Array(k).fill(k)];
    }
    const types = ['int32', 'int32'];
    const pass = [
      [1, [1]],
      [2, [2, 2]],
    ];
    expect(
      await all(() =>
        Dataset.fromGenerator(counting, types, [[], [null]])
          .skip(1)
          .repeat(2),
      ),
    ).toEqual([...pass, ...pass]);
  });

  test('are called with tensors', async () => {
    const upTo = (n: tf.Value): number[] => Array.from({ length: Number(n) }, (_, i) => i);
    expect(await all(() => Dataset.fromGenerator(upTo, 'int64', [], { args: [tf.constant(3)] }))).toEqual([0, 1, 2]);
  });

  const shown = (name: string, what: string) => `InvalidArgument: ${what}\n\t [[{{node PyFunc}}]]\n\t [[node ${name}]]`;
  test.each([
    [
      () => [1, 'a'],
      'int32',
      undefined,
      'TypeError: `generator` yielded an element that could not be converted to the expected type. The expected type was int32, but the yielded element was a.',
    ],
    [
      () => [[1], [2, 3]],
      'int32',
      [1],
      'ValueError: `generator` yielded an element of shape (2,) where an element of shape (1,) was expected.',
    ],
    [
      () => [[1, 2], 1],
      ['int32', 'int32'],
      undefined,
      'TypeError: `generator` yielded an element that did not match the expected structure. The expected structure was (tf.int32, tf.int32), but the yielded element was 1.',
    ],
  ])('that yield odd elements fail: %p', async (generator, types, shapes, message) => {
    const b = new Bench();
    const t = b.build(() => {
      const i = Dataset.fromGenerator(generator, types, shapes).makeInitializableIterator();
      return { begin: i.initializer, next: i.getNext() };
    });
    await b.value(t.begin);
    await b.value(t.next);
    expect(await b.failure(t.next)).toBe(shown('IteratorGetNext', message));
  });

  test('that are none are refused', () => {
    expect(buildFailure(() => Dataset.fromGenerator(3 as never, 'int32'))).toBe('Type: `generator` must be callable.');
  });
});

describe('what is odd is refused', () => {
  test.each([
    ['batch', () => range(4).batch(0), 'Batch size must be greater than zero.', 'BatchDatasetV2'],
    ['shuffle', () => range(4).shuffle(0), 'buffer_size must be greater than zero.', 'ShuffleDataset'],
    ['range', () => range(0, 3, 0), 'step must be a non-zero integer.', 'RangeDataset'],
    ['shard', () => range(5).shard(2, 3), 'Index must be between 0 and 1 (currently index = 3).', 'ShardDataset'],
    [
      'shard',
      () => range(5).shard(0, 3),
      'Number of shards must be greater than zero (currently num_shards = 0).',
      'ShardDataset',
    ],
    [
      'prefetch',
      () => range(5).prefetch(-2),
      'buffer_size must be >= 0 or set buffer_size to be -1 for auto-tuning',
      'PrefetchDataset',
    ],
    ['window', () => range(7).window(0), 'Window size must be greater than zero.', 'WindowDataset'],
    [
      'interleave',
      () => range(4).interleave((x: Next) => Dataset.fromTensors(x), { cycleLength: 0 }),
      'cycle_length must be greater than zero.',
      'InterleaveDataset',
    ],
    [
      'interleave',
      () => range(4).interleave((x: Next) => Dataset.fromTensors(x), { blockLength: 0 }),
      'block_length must be greater than zero.',
      'InterleaveDataset',
    ],
  ])('by %s when it begins', async (_, make, message, node) => {
    expect(await initFailure(make)).toBe(`InvalidArgument: ${message}\n\t [[node ${node}]]`);
  });

  test.each([
    [() => Dataset.fromTensorSlices([tf.zeros([3]), tf.zeros([4])]), 'Value: Dimensions 3 and 4 are not compatible'],
    [
      () => Dataset.fromTensorSlices(3),
      'Value: Value Tensor("normalize_element/component_0:0", shape=(), dtype=float32) has insufficient rank for batching.',
    ],
    [
      () => range(3).concatenate(Dataset.fromTensors(1)),
      "Type: Two datasets to concatenate have different types <dtype: 'int64'> and <dtype: 'float32'>",
    ],
    [
      () => range(3).filter((x: Next) => x),
      'Value: `predicate` return type must be convertible to a scalar boolean tensor. Was TensorSpec(shape=(), dtype=tf.int64, name=None).',
    ],
    [() => range(3).map(() => null), 'Type: Unsupported return value from function passed to Dataset.map(): None.'],
    [() => range(), 'Value: Invalid arguments to RangeDataset: ()'],
    [
      () => Dataset.fromTensors([[1, 2, 3]]).paddedBatch(2, [1, 2]),
      'Value: The padded shape (1, 2) is not compatible with the corresponding input component shape (1, 3).',
    ],
    [() => range(3).map(async (x: Next) => x), /async/],
  ])('while the graph is built: %p', (make, message) => {
    expect(buildFailure(make)).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  test('components of different lengths fail when they are fed, and the session works on', async () => {
    const b = new Bench();
    const t = b.build(() => {
      const [p, q] = [tf.placeholder('float32', [null]), tf.placeholder('float32', [null])];
      const i = Dataset.fromTensorSlices([p, q]).makeInitializableIterator();
      return { p, q, begin: i.initializer, next: i.getNext() };
    });
    const feed = (...q: number[]) => [[t.p, Float32Array.of(1, 2)] as const, [t.q, Float32Array.from(q)] as const];
    expect(await b.failure(t.begin, feed(1))).toBe(
      'InvalidArgument: All components must have the same size in the 0th dimension\n\t [[node TensorSliceDataset]]',
    );
    await b.value(t.begin, feed(1, 5));
    expect(await b.value(t.next)).toEqual([1, 1]);
  });

  test('elements of different sizes do not make a batch', async () => {
    const b = new Bench();
    const t = b.build(() => {
      const i = range(4)
        .map((x: Next) => tf.range(x))
        .batch(2)
        .makeInitializableIterator();
      return { begin: i.initializer, next: i.getNext() };
    });
    await b.value(t.begin);
    const words = 'InvalidArgument: Cannot add tensor to the batch: number of elements does not match. Shapes are: ';
    expect(await b.failure(t.next)).toBe(`${words}[tensor]: [1], [batch]: [0]\n\t [[node IteratorGetNext]]`);
    expect(await b.failure(t.next)).toBe(`${words}[tensor]: [3], [batch]: [2]\n\t [[node IteratorGetNext]]`);
    expect(await b.failure(t.next)).toBe(END);
  });

  test('an element that cannot be mapped is left out, in a batch with the whole batch', async () => {
    const inverse = (x: Next): Next => tf.checkNumerics(tf.divide(1, tf.cast(x.sub(1), 'float32')), 'bad');
    const failing =
      /^InvalidArgument: {{function_node __inference_Dataset_map_inverse_\d+}} bad : Tensor had Inf values\n\t \[\[{{node CheckNumerics}}]]\n\t \[\[node IteratorGetNext]]$/;
    const b = new Bench();
    const t = b.build(() => {
      const i = range(4).map(inverse).makeInitializableIterator();
      return { begin: i.initializer, next: i.getNext() };
    });
    await b.value(t.begin);
    expect(await b.value(t.next)).toBe(-1);
    expect(await b.failure(t.next)).toMatch(failing);
    expect(await b.rest(t.next)).toEqual([1, 0.5]);

    const c = new Bench();
    const u = c.build(() => {
      const i = range(6).skip(1).map(inverse).batch(2).makeInitializableIterator();
      return { begin: i.initializer, next: i.getNext() };
    });
    await c.value(u.begin);
    expect(await c.failure(u.next)).toMatch(failing);
    expect(await c.rest(u.next)).toEqual([[0.5, Math.fround(1 / 3)], [0.25]]);
  });
});

describe('the ops of a call', () => {
  const opsOf = (make: () => unknown): string[] => {
    const b = new Bench();
    b.build(make);
    return b.graph.getOperations().map((op) => `${op.name} ${op.type}(${op.inputs.map((t) => t.name)})`);
  };

  test('are TensorFlow’s, in its order', () => {
    const ops = opsOf(() => {
      const x = tf.constant([1, 2, 3, 4]);
      const dataset = Dataset.fromTensorSlices({ a: x, b: i64([0, 1, 2, 3]) })
        .shuffle(10, { seed: 3 })
        .map((d: { a: Next; b: Next }) => d.a.mul(2).add(tf.cast(d.b, 'float32')))
        .batch(2)
        .repeat(2)
        .prefetch(1);
      dataset.makeOneShotIterator().getNext();
      dataset.makeInitializableIterator().getNext();
    });
    expect(ops).toEqual([
      'Const Const()',
      'normalize_element/component_1 Const()',
      'TensorSliceDataset TensorSliceDataset(Const:0,normalize_element/component_1:0)',
      'buffer_size Const()',
      'seed Const()',
      'seed2/Const Const()',
      'seed2/Equal/y Const()',
      'seed2/Equal Equal(seed:0,seed2/Equal/y:0)',
      'seed2/Equal_1/y Const()',
      'seed2/Equal_1 Equal(seed2/Const:0,seed2/Equal_1/y:0)',
      'seed2/LogicalAnd LogicalAnd(seed2/Equal:0,seed2/Equal_1:0)',
      'seed2/Const_1 Const()',
      'seed2 Select(seed2/LogicalAnd:0,seed2/Const_1:0,seed2/Const:0)',
      'ShuffleDataset ShuffleDataset(TensorSliceDataset:0,buffer_size:0,seed:0,seed2:0)',
      'MapDataset MapDataset(ShuffleDataset:0)',
      'batch_size Const()',
      'drop_remainder Const()',
      'BatchDatasetV2 BatchDatasetV2(MapDataset:0,batch_size:0,drop_remainder:0)',
      'count Const()',
      'RepeatDataset RepeatDataset(BatchDatasetV2:0,count:0)',
      'buffer_size_1 Const()',
      'PrefetchDataset PrefetchDataset(RepeatDataset:0,buffer_size_1:0)',
      'OneShotIterator OneShotIterator()',
      'IteratorToStringHandle IteratorToStringHandle(OneShotIterator:0)',
      'IteratorGetNext IteratorGetNext(OneShotIterator:0)',
      'optimizations Const()',
      'OptimizeDataset OptimizeDataset(PrefetchDataset:0,optimizations:0)',
      'ModelDataset ModelDataset(OptimizeDataset:0)',
      'IteratorV2 IteratorV2()',
      'MakeIterator MakeIterator(ModelDataset:0,IteratorV2:0)',
      'IteratorToStringHandle_1 IteratorToStringHandle(IteratorV2:0)',
      'IteratorGetNext_1 IteratorGetNext(IteratorV2:0)',
    ]);
  });

  test('are those that the options ask for', () => {
    const ops = opsOf(() =>
      range(3)
        .withOptions({ experimentalOptimization: { applyDefaultOptimizations: false, autotune: false } })
        .makeInitializableIterator(),
    );
    expect(ops.slice(4)).toEqual([
      'IteratorV2 IteratorV2()',
      'MakeIterator MakeIterator(RangeDataset:0,IteratorV2:0)',
      'IteratorToStringHandle IteratorToStringHandle(IteratorV2:0)',
    ]);
  });
});

describe('pyFunc', () => {
  const run = async (f: (...a: tf.Value[]) => unknown, Tout: unknown = 'float32'): Promise<string> => {
    const b = new Bench();
    const y = b.build(() => pyFunc(f, [tf.constant([1, 2])], Tout as 'float32'));
    const failure = await b.failure(y);
    return failure === 'nothing' ? JSON.stringify(await b.value(y)) : failure.replace(/pyfunc_\d+/, 'pyfunc_N');
  };
  test('answers what the function does, in its dtype', async () => {
    expect(await run((a) => Float32Array.from(a.data, (x) => 2 * x))).toBe('[2,4]');
    expect(await run((a) => [a, 3], ['float32', 'int64'])).toBe('[[1,2],3]');
    expect(await run(() => null, [])).toBe('[]');
  });
  test.each([
    [() => 'x', 'InvalidArgument: 0-th value returned by pyfunc_N is string, but expects float'],
    [(a: tf.Value) => [a, a], 'InvalidArgument: pyfunc_N returns 2 values, but expects to see 1 values.'],
    [() => Float64Array.of(1), 'InvalidArgument: 0-th value returned by pyfunc_N is double, but expects float'],
    [
      () => {
        throw new RangeError('boo');
      },
      'InvalidArgument: RangeError: boo',
    ],
    [
      () => {
        throw new Error('boo');
      },
      'Unknown: Error: boo',
    ],
    [
      () => {
        throw new tf.errors.OutOfRangeError('boo');
      },
      'OutOfRange: boo',
    ],
  ])('fails with %p', async (f, message) => {
    expect(await run(f)).toBe(`${message}\n\t [[node PyFunc]]`);
  });
});
