/** @file Texts changed, searched, hashed, joined and read: values and errors from TensorFlow 1.15.5. */
import * as tf from '../src';
import { decodeRaw, reduceJoin } from '../src/ops/string_join';
import * as strings from '../src/ops/string_ops';

beforeEach(() => tf.resetDefaultGraph());
async function run(t: tf.Tensor): Promise<unknown[]> {
  const session = new tf.Session();
  try {
    return Array.from(await session.run(t).then((v) => (v as { data: ArrayLike<unknown> }).data ?? [v]), (x) =>
      typeof x === 'bigint' ? Number(x) : x,
    );
  } finally {
    session.close();
  }
}
const texts = (...list: string[]) => tf.constant(list, { dtype: 'string' });

test.each([
  ['small letters leave others alone', () => strings.stringLower(texts('Hello \u00c9')), ['hello \u00c9']],
  ['utf-8 changes all letters', () => strings.stringUpper(texts('stra\u00dfe'), { encoding: 'utf-8' }), ['STRASSE']],
  ['white space goes', () => strings.stringStrip(texts('  xyz \n')), ['xyz']],
  ['bytes are counted', () => strings.stringLength(texts('h\u00e9llo')), [6]],
  ['characters are counted', () => strings.stringLength(texts('h\u00e9llo'), { unit: 'UTF8_CHAR' }), [5]],
  ['a place may count from the end', () => strings.substr(texts('abc', 'de'), -1, 5), ['c', 'e']],
  ['groups are put in', () => strings.regexReplace(texts('ab cd'), '([a-z]+)', '<\\1>'), ['<ab> <cd>']],
  ['no empty match follows a match', () => strings.regexReplace(texts('baac'), 'a*', '-'), ['-b-c-']],
  ['a group that is not there ends the rewrite', () => strings.regexReplace(texts('abc'), '(a)', '\\2'), ['bc']],
  ['numbers are read', () => strings.stringToNumber(texts('1.5', ' -2e3 ', '0x1F')), [1.5, -2000, 31]],
  [
    'hashes are FarmHash',
    () => strings.stringToHashBucketFast(texts('Hello World', 'baac'), 1000003),
    [314160, 315310],
  ],
  ['base64 is web-safe', () => strings.decodeBase64(strings.encodeBase64(texts('a?~'))), ['a?~']],
])('%s', async (_name, make, wanted) => {
  expect(await run(make())).toEqual(wanted);
});
test('the axis named first is joined first', async () => {
  const t = tf.constant(
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
    { dtype: 'string' },
  );
  expect(await run(reduceJoin(t, { axis: 0 }))).toEqual(['ac', 'bd']);
  expect(await run(reduceJoin(t, { axis: [0, 1] }))).toEqual(['acbd']);
  expect(await run(reduceJoin(t))).toEqual(['abcd']);
});
test('bytes are read as numbers, in either order', async () => {
  expect(await run(decodeRaw(texts('ABCD'), 'int16'))).toEqual([0x4241, 0x4443]);
  expect(await run(decodeRaw(texts('ABCD'), 'int16', { littleEndian: false }))).toEqual([0x4142, 0x4344]);
});
test.each([
  ['substr', () => strings.substr(texts('abc', 'de'), 3, 1), "pos 3 out of range for string b'de' at index 1"],
  ['a pattern', () => strings.regexReplace(texts('a'), '(a', 'x'), 'Invalid pattern: (a, error: missing ): (a'],
  [
    'a number',
    () => strings.stringToNumber(texts('1.5abc')),
    'StringToNumberOp could not correctly convert string: 1.5abc',
  ],
  ['base64', () => strings.decodeBase64(texts('ab!c')), 'Invalid character found in base64.'],
  ['sizes', () => decodeRaw(texts('abc', 'abcd'), 'uint8'), 'but element 1 has size 3 != 4'],
  ['a width', () => decodeRaw(texts('abc'), 'int32'), 'has length 3 that is not a multiple of 4, the size of int32'],
])('what is wrong with %s is said', async (_name, make, words) => {
  const failure = run(make());
  await expect(failure).rejects.toMatchObject({ code: 'InvalidArgument' });
  await expect(failure).rejects.toThrow(words);
});
test('an axis that is not there is refused', () => {
  expect(() => reduceJoin(texts('a'), { axis: 2 })).toThrow(
    'Invalid reduction dimension 2 for input with 1 dimensions.',
  );
});
