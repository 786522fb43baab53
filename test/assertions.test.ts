/** @file tf.assert*, tf.print and tf.strings.format: what is refused at once, what in a run, and in which words (1.15.5). */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '../src';
import { print, stringFormat } from '../src/ops/print';
import { assertProperIterable, assertShapes } from '../src/ops/shape_assertions';

let session: tf.Session;
beforeEach(() => {
  tf.resetDefaultGraph();
  session = new tf.Session({ graph: tf.getDefaultGraph() });
});
afterEach(() => session.close());

const i32 = (x: tf.Nested) => tf.constant(tf.Value.from(x, 'int32'));
const types = () =>
  tf
    .getDefaultGraph()
    .getOperations()
    .map((op) => op.type);

// ---- what is known at once ----------------------------------------------------------------------------------------

describe('constants that do not hold are refused at once, as NumPy shows them', () => {
  test.each<[string, () => unknown, string]>([
    [
      'equal',
      () => tf.assertEqual(i32([1, 2]), i32([1, 3]), { message: 'mm' }),
      'mm\nCondition x == y did not hold element-wise:\nx (Const:0) = \n[1 2]\ny (Const_1:0) = \n[1 3]',
    ],
    [
      'positive',
      () =>
        tf.assertPositive(
          i32([
            [1, -2],
            [3, 4],
          ]),
          { message: 'pp' },
        ),
      'pp\nCondition x > 0 did not hold element-wise:\nx (Const:0) = \n[[ 1 -2]\n [ 3  4]]',
    ],
    [
      'non-positive, whose two texts are one',
      () => tf.assertNonPositive(i32(1)),
      '\nCondition x <= 0 did not hold element-wise:x (Const:0) = \n1',
    ],
    [
      'less, with data of three kinds',
      () => tf.assertLess([1, 2], [0.5, 3], { data: ['d', tf.constant(1), tf.constant([[0.5], [-10]])] }),
      'd\n1.0\n[[  0.5]\n [-10. ]]',
    ],
    [
      'with data of more dimensions',
      () =>
        tf.assertEqual(1, 2, {
          data: [
            i32([
              [
                [1, 2],
                [3, 4],
              ],
              [
                [5, 6],
                [7, 8],
              ],
            ]),
            tf.constant([0.1, 1, 2.25]),
          ],
        }),
      '[[[1 2]\n  [3 4]]\n\n [[5 6]\n  [7 8]]]\n[0.1  1.   2.25]',
    ],
  ])('%s', (_, check, words) => {
    let failed: unknown;
    try {
      check();
    } catch (e) {
      failed = e;
    }
    expect(failed).toMatchObject({ code: 'InvalidArgument', message: words });
  });
});

test('a check of a fed value fails the run, and the session goes on', async () => {
  const x = tf.placeholder('float32', [2], { name: 'x' });
  const check = tf.assertLess(x, 2, { message: 'small', summarize: 1 });
  const y = tf.controlDependencies([check], () => tf.multiply(x, 2));
  const run = (cells: number[]) => session.run(y, { feedDict: [[x, cells]] });
  await expect(run([1, 2])).rejects.toMatchObject({
    code: 'InvalidArgument',
    message: expect.stringContaining(
      'assertion failed: [small] [Condition x < y did not hold element-wise:] [x (x:0) = ] [1...] ' +
        '[y (assert_less/y:0) = ] [2]',
    ),
  });
  expect(Array.from((await run([1, 1])).data)).toEqual([2, 2]);
});

// ---- shapes -------------------------------------------------------------------------------------------------------

describe('assertShapes', () => {
  test('one symbol is one size in all tensors of a run', async () => {
    const [x, y] = [tf.placeholder('float32', [null, 3]), tf.placeholder('float32', [null])];
    const check = assertShapes([
      [x, ['N', 'Q']],
      [y, ['N']],
    ]);
    const run = (n: number) =>
      session.run(check, {
        feedDict: [
          [x, tf.Value.zeros('float32', [2, 3])],
          [y, tf.Value.zeros('float32', [n])],
        ],
      });
    await run(2);
    await expect(run(4)).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining(
        'assertion failed: [] [Specified by tensor Placeholder:0 dimension 0] [Tensor Placeholder_1:0 dimension] [0] ' +
          '[must have size] [2] [Received shape: ] [4]',
      ),
    });
  });
  test('what holds by the static shapes leaves a NoOp only', () => {
    assertShapes([[tf.constant([[1, 2]]), ['*', 2]]]);
    expect(types().at(-1)).toBe('NoOp');
    expect(types()).not.toContain('Assert');
  });
  test.each<[tf.Tensor | null, unknown, string]>([
    [null, ['N', 'N'], '.  Specified by tensor x:0 dimension 0.  Tensor x:0 dimension 1 must have size 2.  Received'],
    [
      null,
      ['N', 4],
      '.  Specified explicitly.  Tensor x:0 dimension 1 must have size 4.  Received size 3, shape (2, 3)',
    ],
    [null, ['N', '*'], '.  Tensor x:0 specified shape index 1.  Symbol `...` or `*` for a variable number of'],
    [null, 3, '.  Tensor x:0.  Specified shape must be an iterable.'],
  ])('refuses %s %j', (_, symbols, words) => {
    const x = tf.placeholder('float32', [2, 3], { name: 'x' });
    expect(() => assertShapes([[x, symbols as string[]]])).toThrow(words);
  });
});

test('a proper iterable is neither a text nor a tensor', () => {
  assertProperIterable([3]);
  assertProperIterable(new Set());
  const improper = 'Expected argument "values" to be a "proper" iterable.  Found: ';
  expect(() => assertProperIterable('ab')).toThrow(`${improper}string`);
  expect(() => assertProperIterable(tf.constant(1))).toThrow(`${improper}Tensor`);
  expect(() => assertProperIterable(3)).toThrow('Expected argument "values" to be iterable.  Found: number');
});

// ---- texts --------------------------------------------------------------------------------------------------------

describe('stringFormat', () => {
  const cells = (n: number, shape: number[]) => tf.reshape(tf.range(tf.Value.from(n, 'int32')), shape);
  const MATRIX =
    '[[0 1 2 ... 7 8 9]\n [10 11 12 ... 17 18 19]\n [20 21 22 ... 27 28 29]\n ...\n [70 71 72 ... 77 78 79]\n' +
    ' [80 81 82 ... 87 88 89]\n [90 91 92 ... 97 98 99]]';
  test.each<[string, () => tf.TensorLike | tf.TensorLike[], object, string]>([
    ['{}', () => cells(7, [7]), {}, '[0 1 2 ... 4 5 6]'],
    ['{}', () => cells(2, [2]), {}, '[0 1]'],
    ['{}', () => cells(100, [10, 10]), {}, MATRIX],
    ['{}', () => cells(16, [2, 2, 4]), { summarize: 1 }, '[[[0 ... 3]\n  [4 ... 7]]\n\n [[8 ... 11]\n  [12 ... 15]]]'],
    ['{}', () => cells(8, [8]), { summarize: -1 }, '[0 1 2 3 4 5 6 7]'],
    ['a {} b {} c', () => [tf.constant(1.5), tf.constant(['a"b', 'c\n'])], {}, 'a 1.5 b ["a\\"b" "c\\n"] c'],
    ['{}', () => tf.constant([true, false]), {}, '[1 0]'],
    ['{}', () => tf.zeros([2, 0]), {}, '[\n ...]'],
    ['x@y@', () => [tf.constant(1), tf.constant([2])], { placeholder: '@' }, 'x1y[2]'],
    ['none', () => [], {}, 'none'],
  ])('%j (%#)', async (template, inputs, options, expected) => {
    expect((await session.run(stringFormat(template, inputs(), options))).data[0]).toBe(expected);
  });
  test('refuses another number of tensors', () => {
    const words = '2 placeholder(s) in template does not match 1 tensor(s) provided as input';
    expect(() => stringFormat('{}{}', [tf.constant(1)])).toThrow(words);
  });
});

describe('print', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-print-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('shows texts, numbers, lists and objects as Python does', async () => {
    const file = join(folder, 'out.txt');
    const [t, u] = [i32([1, 2]), tf.constant(1.5)];
    const show = (inputs: unknown[], options = {}) =>
      session.run(print(inputs, { outputStream: `file://${file}`, ...options }));
    await show(['a', 1, 0.5, null, true, t]);
    await show([tf.constant('he"y')]);
    await show([[tf.constant('he"y')]]);
    await show([t], { sep: '!', end: '' });
    await show(['x:', [t, u], { b: t, a: 'q', c: [1, 'z'] }]);
    await show(['{}', t]);
    await show(["it's", ["it's", 'q"'], t]);
    await show([['a'.repeat(30), 'b'.repeat(30), 'c'.repeat(30), t]]);
    expect(readFileSync(file, 'utf8')).toBe(
      'a 1 0.5 None True [1 2]\nhe"y\n["he\\"y"]\n[1 2]' +
        "x: [[1 2], 1.5] {'a': 'q', 'b': [1 2], 'c': [1, 'z']}\n{} [1 2]\n" +
        "it's [\"it's\", 'q\"'] [1 2]\n" +
        `['${'a'.repeat(30)}',\n '${'b'.repeat(30)}',\n '${'c'.repeat(30)}',\n [1 2]]\n`,
    );
  });
  test('writes to stderr unless asked otherwise', async () => {
    const written = jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
    await session.run(print(['loss', tf.constant(0.25)]));
    expect(written.mock.calls).toEqual([['loss 0.25\n']]);
    written.mockRestore();
  });
  test('a scalar text is printed without formatting; others make a StringFormat first', () => {
    print([tf.placeholder('string', [])]);
    expect(types()).toEqual(['Placeholder', 'PrintV2']);
    print(['{}', i32(1)], { name: 'p' });
    const [format, op] = tf.getDefaultGraph().getOperations().slice(-2);
    expect([format!.name, op!.name]).toEqual(['p_format', 'p']);
    expect(format!.attrs).toMatchObject({ template: '{} {}9', placeholder: '{}9', summarize: 3 });
  });
  test('refuses a stream that is not known', () => {
    const words = 'Unsupported output stream, logging level, or file.foo.';
    expect(() => print(['a'], { outputStream: 'foo' })).toThrow(words);
  });
});
