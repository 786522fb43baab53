/** @file Mistakes: each gives an error that says what, at which op and what to do, and the session works on afterwards. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import * as tf from '../src';
import type { Code } from '../src/errors';
import { readMetaGraph, writeMetaGraph } from '../src/interop/messages';
import { type GraphDef, GraphDefSchema } from '../src/interop/proto/tensorflow_pb';
import { bench, expectError, expectRunError, inGraph } from './conformance/harness';

/** A graph with some things to get wrong, and a run that must still work after each mistake. */
function lab() {
  const b = bench();
  const made = b.build(() => {
    const x = tf.placeholder('float32', { shape: [null, 2], name: 'x' });
    const i = tf.placeholder('int32', { shape: [], name: 'i' });
    const s = tf.placeholder('string', { shape: [], name: 's' });
    const flag = tf.placeholder('bool', { shape: [], name: 'flag' });
    const n = tf.placeholder('float32', { name: 'n' });
    const v = new tf.Variable([1, 2], { name: 'v' });
    const r = tf.getVariable('r', { initializer: tf.constant([1, 2]), useResource: true });
    return { x, i, s, flag, n, v, r, y: tf.reduceSum(tf.square(x), { name: 'y' } as never) };
  });
  return { b, ...made };
}
type Lab = ReturnType<typeof lab>;
const worksOn = async ({ b, x, y }: Lab): Promise<void> => expect(await b.run(y, [[x, [[1, 2]]]])).toBe(5);

describe('feeds', () => {
  type Row = readonly [
    what: string,
    code: Code,
    words: string,
    feed: (l: Lab) => readonly (readonly [unknown, unknown])[],
  ];
  const rows: readonly Row[] = [
    [
      'the wrong rank',
      'Value',
      "Cannot feed value of shape (2,) for Tensor 'x:0', which has shape '(?, 2)'",
      ({ x }) => [[x, [1, 2]]],
    ],
    [
      'the wrong size',
      'Value',
      "Cannot feed value of shape (1, 3) for Tensor 'x:0', which has shape '(?, 2)'",
      ({ x }) => [[x, [[1, 2, 3]]]],
    ],
    ['ragged lists', 'Value', "Cannot feed Tensor 'x:0'", ({ x }) => [[x, [[1, 2], [3]]]]],
    ['text for numbers', 'Type', "Cannot feed Tensor 'x:0' of type float32", ({ x }) => [[x, [['a', 'b']]]]],
    ['numbers for text', 'Type', 'with Tensor type string', ({ s }) => [[s, 5]]],
    ['null', 'Type', "Cannot feed Tensor 'x:0'", ({ x }) => [[x, null]]],
    ['an object', 'Type', "Cannot feed Tensor 'x:0'", ({ x }) => [[x, { a: 1 }]]],
    [
      'a function',
      'Type',
      "Cannot feed Tensor 'x:0' of type float32: Expected float32, got () => 1 of type 'function'",
      ({ x }) => [[x, () => 1]],
    ],
    ['a tensor', 'Type', 'The value of a feed cannot be a tf.Tensor object', ({ x }) => [[x, x]]],
    ['an int that does not fit', 'Type', 'is not compatible with Tensor type int32', ({ i }) => [[i, 2 ** 40]]],
    ['a key that is no tensor', 'Type', 'Cannot interpret feed_dict key as Tensor', () => [[5, 1]]],
    ['the name of an op', 'Type', 'Cannot interpret feed_dict key as Tensor', () => [['x', 1]]],
    ['an unknown name', 'Type', 'Cannot interpret feed_dict key as Tensor', () => [['nobody:0', 1]]],
    ['a handle', 'Type', 'cannot be fed', ({ r }) => [[(r as unknown as { handle: tf.Tensor }).handle, 1]]],
    [
      'a tensor of another graph',
      'Type',
      'is not an element of this graph',
      () => [[inGraph(() => tf.placeholder('float32', { shape: [] })), 1]],
    ],
  ];
  test.each(rows)('%s', async (_, code, words, feed) => {
    const l = lab();
    await expectRunError(code, words, () => l.b.run(l.y, feed(l)));
    await worksOn(l);
  });

  test('a placeholder that is not fed', async () => {
    const l = lab();
    const words = "You must feed a value for placeholder tensor 'x' with dtype float and shape [?,2]\n\t [[node x]]";
    await expectRunError('InvalidArgument', words, () => l.b.run(l.y));
    await worksOn(l);
  });
});

describe('fetches', () => {
  const rows: readonly (readonly [what: string, code: Code, words: string, fetch: unknown])[] = [
    ['an unknown op', 'Value', "Fetch argument 'nobody' cannot be interpreted as a Tensor.", 'nobody'],
    ['an unknown tensor', 'Value', "The operation, 'nobody', does not exist in the graph.", 'nobody:0'],
    ['an output too many', 'Value', 'exists but only has 1 outputs.', 'x:1'],
    ['a bad name', 'Value', 'is not a valid one', 'x:0:0'],
    ['null', 'Type', 'has invalid type', null],
    ['undefined', 'Type', 'has invalid type', undefined],
    ['a number', 'Type', 'Fetch argument 5 has invalid type number', 5],
    ['a function', 'Type', 'has invalid type function', () => 1],
    ['one bad in a list', 'Value', "Fetch argument 'nobody'", ['y:0', { a: 'nobody' }]],
  ];
  test.each(rows)('%s', async (_, code, words, fetch) => {
    const l = lab();
    await expectRunError(code, words, () => l.b.run(fetch));
    await worksOn(l);
  });
  test('a tensor of another graph', async () => {
    const l = lab();
    const stranger = inGraph(() => tf.constant(1));
    await expectRunError('Value', 'is not an element of this graph', () => l.b.run(stranger));
    await worksOn(l);
  });
});

describe('state', () => {
  test('a variable without a value', async () => {
    const l = lab();
    await expectRunError('FailedPrecondition', 'Attempting to use uninitialized value v\n\t [[node v', () =>
      l.b.run(l.v),
    );
    await expectRunError('FailedPrecondition', 'Error while reading resource variable r', () => l.b.run(l.r));
    await worksOn(l);
    await l.b.init();
    expect(await l.b.run([l.v, l.r])).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
  test('a closed session', async () => {
    const l = lab();
    await worksOn(l);
    l.b.session.close();
    l.b.session.close();
    await expectRunError('Runtime', 'Attempted to use a closed Session.', () => l.b.run(l.y));
  });
  test('an empty graph', async () => {
    const words = 'The Session graph is empty.  Add operations to the graph before calling run().';
    await expectRunError('Runtime', words, () => bench().run([]));
  });
  test('a finalized graph', async () => {
    const l = lab();
    l.b.graph.finalize();
    expectError('Runtime', 'Graph is finalized and cannot be modified.', () => l.b.build(() => tf.constant(1)));
    expectError('Runtime', 'Graph is finalized and cannot be modified.', () => l.b.build(() => tf.add(l.x, 1)));
    await worksOn(l);
  });
  test('tensors of two graphs in one op', () => {
    const [a, b] = [inGraph(() => tf.constant(1)), inGraph(() => tf.constant(1))];
    expectError('Value', 'must be from the same graph as', () => tf.add(a, b));
  });
});

describe('run-time mistakes name the op', () => {
  type Row = readonly [what: string, code: Code, words: string, build: (l: Lab) => tf.Tensor, fed: unknown];
  const rows: readonly Row[] = [
    [
      'shapes that do not add',
      'InvalidArgument',
      'Incompatible shapes: [2] vs. [3]',
      ({ n }) => tf.add(n, [1, 2, 3], { name: 'bad' } as never),
      [1, 2],
    ],
    [
      'matrices that do not multiply',
      'InvalidArgument',
      'In[0] mismatch In[1] shape: 2 vs. 3: [1,2] [3,1] 0 0',
      ({ n }) => tf.matmul(n, tf.ones([3, 1]), { name: 'bad' } as never),
      [[1, 2]],
    ],
    [
      'an index out of range',
      'InvalidArgument',
      'indices[0] = 7 is not in [0, 2)',
      ({ n }) => tf.gather([1, 2], tf.cast(n, 'int32'), { name: 'bad' } as never),
      [7],
    ],
    [
      'a shape that does not hold',
      'InvalidArgument',
      'Input to reshape is a tensor with 3 values, but the requested shape has 4',
      ({ n }) => tf.reshape(n, tf.constant([2, 2], { dtype: 'int32' }), { name: 'bad' } as never),
      [1, 2, 3],
    ],
    [
      'an int divided by 0',
      'InvalidArgument',
      'Integer division by zero',
      ({ n }) => tf.floordiv(tf.constant(1, { dtype: 'int32' }), tf.cast(n, 'int32'), { name: 'bad' } as never),
      0,
    ],
    [
      'a negative size',
      'InvalidArgument',
      '-1',
      ({ n }) => tf.fill(tf.cast(n, 'int32'), 1, { name: 'bad' } as never),
      [-1],
    ],
    [
      'a tensor of 2^60 cells',
      'ResourceExhausted',
      'OOM when allocating tensor with shape',
      ({ n }) => tf.fill(tf.cast(n, 'int32'), 1, { name: 'bad' } as never),
      [2 ** 30, 2 ** 30],
    ],
    [
      'a tensor of 2^90 cells',
      'InvalidArgument',
      'Shape [1073741824,1073741824,1073741824] would have more than 2**63 - 1 elements',
      ({ n }) => tf.fill(tf.cast(n, 'int32'), 1, { name: 'bad' } as never),
      [2 ** 30, 2 ** 30, 2 ** 30],
    ],
    [
      'a tensor of 8 GiB',
      'ResourceExhausted',
      'OOM',
      ({ n }) => tf.fill(tf.cast(n, 'int32'), 1, { name: 'bad' } as never),
      [2 ** 31 - 128],
    ],
  ];
  test.each(rows)('%s', async (_, code, words, build, fed) => {
    const l = lab();
    const bad = l.b.build(() => build(l));
    for (let i = 0; i < 2; i++) {
      await expectRunError(code, words, () => l.b.run(bad, [[l.n, fed]]));
      await expectRunError(code, '[[node bad', () => l.b.run(bad, [[l.n, fed]]));
    }
    await worksOn(l);
  });
  test('static shapes too large for memory', async () => {
    const l = lab();
    const big = l.b.build(() => tf.add(tf.zeros([65536, 65536]), 1));
    await expectRunError('ResourceExhausted', 'OOM', () => l.b.run(big));
    await worksOn(l);
  });
});

// ---- graphs from outside ------------------------------------------------------------------------------------------

const FLOAT = { value: { case: 'type', value: 1 } } as const;
const graphOf = (...node: readonly (readonly [name: string, op: string, input: string[]])[]): GraphDef =>
  create(GraphDefSchema, {
    node: node.map(([name, op, input]) => ({ name, op, input, attr: { T: FLOAT, dtype: FLOAT } })),
  });

describe('graphs from outside', () => {
  const rows: readonly (readonly [what: string, code: Code, words: string, graph: GraphDef])[] = [
    [
      'a cycle',
      'Value',
      "Cycle detected: 2 nodes wait for each other, among them 'a', 'b'",
      graphOf(['a', 'Neg', ['b']], ['b', 'Neg', ['a']]),
    ],
    ['a node that takes itself', 'Value', 'Cycle detected', graphOf(['a', 'Neg', ['a']])],
    ['a missing input', 'Value', "Node 'a': Unknown input node 'nobody:0'", graphOf(['a', 'Neg', ['nobody']])],
    ['too few inputs', 'Value', 'do not match 0 inputs specified', graphOf(['a', 'Neg', []])],
    ['a name twice', 'Value', "Node 'a' is not unique", graphOf(['a', 'NoOp', []], ['a', 'NoOp', []])],
    [
      'a bad output',
      'Value',
      'Connecting to invalid output 3',
      graphOf(['a', 'Placeholder', []], ['b', 'Neg', ['a:3']]),
    ],
  ];
  test.each(rows)('%s', (_, code, words, graph) => {
    expectError(code, words, () => inGraph(() => tf.importGraphDef(graph, { name: '' })));
  });
  test('a cycle made later is found by the run', async () => {
    const l = lab();
    const [a, c] = l.b.build(() => {
      const a = tf.negative(tf.constant(1), { name: 'a' } as never);
      return [a, tf.negative(a, { name: 'c' } as never)] as const;
    });
    a.op.updateInput(0, c);
    await expectRunError('InvalidArgument', 'Graph is invalid, contains a cycle with 2 nodes, including: ', () =>
      l.b.run(c),
    );
    await worksOn(l);
  });
  test('an op type that is not here fails only when it runs', async () => {
    const b = bench();
    const [y] = b.build(() =>
      tf.importGraphDef(graphOf(['a', 'NoSuchOp', []]), { name: '', returnElements: ['a:0'] }),
    ) as tf.Tensor[];
    await expectRunError('Unimplemented', "Op type not registered 'NoSuchOp'", () => b.run(y));
    expect(await b.run(b.build(() => tf.constant(1)))).toBe(1);
  });
});

describe('damaged .meta files', () => {
  const files = ['s_nan', 'k_const_encodings'].map(
    (name) => new Uint8Array(readFileSync(join(__dirname, 'data/meta', `${name}.meta`))),
  );
  /** Whatever the bytes: they are read, or refused by an error of ours. Then all that can be fetched is tried. */
  async function read(bytes: Uint8Array): Promise<void> {
    const b = bench();
    try {
      b.build(() => tf.train.importMetaGraph(bytes));
    } catch (e) {
      expect(e).toBeInstanceOf(tf.GraphError);
      expect((e as tf.GraphError).message.length).toBeGreaterThan(10);
      return;
    }
    const last = b.graph.getOperations().at(-1);
    if (!last) return;
    try {
      await b.run(last);
    } catch (e) {
      expect(e).toBeInstanceOf(tf.GraphError);
    }
  }
  const file = fc.constantFrom(...files);

  test('random bytes', () => fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), read), { numRuns: 300 }));
  test('truncated at any place', () =>
    fc.assert(
      fc.asyncProperty(file, fc.double({ min: 0, max: 1, noNaN: true }), (bytes, part) =>
        read(bytes.slice(0, Math.floor(part * bytes.length))),
      ),
      { numRuns: 200 },
    ));
  test('some bytes changed', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 8 });
    const change = async (bytes: Uint8Array, at: readonly [number, number][]) => {
      const copy = bytes.slice();
      for (const [i, to] of at) copy[i % copy.length] = to;
      await read(copy);
    };
    return fc.assert(fc.asyncProperty(file, changes, change), { numRuns: 300 });
  }, 30_000);
  test('attrs lost, swapped or of another kind', () => {
    const edit = async (bytes: Uint8Array, node: number, key: number, other: number, lose: boolean) => {
      const meta = readMetaGraph(bytes);
      const nodes = meta.graphDef!.node;
      const { attr } = nodes[node % nodes.length]!;
      const keys = Object.keys(attr);
      if (keys.length === 0) return;
      const values = Object.values(nodes[other % nodes.length]!.attr);
      if (lose || values.length === 0) delete attr[keys[key % keys.length]!];
      else attr[keys[key % keys.length]!] = values[other % values.length]!;
      await read(writeMetaGraph(meta));
    };
    return fc.assert(fc.asyncProperty(file, fc.nat(), fc.nat(), fc.nat(), fc.boolean(), edit), { numRuns: 300 });
  }, 30_000);
});
