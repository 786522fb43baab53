/** @file What examples/char_rnn.ts shows: the perplexity falls, and the net writes. */
import { train } from '../../examples/char_rnn';
import { alice } from '../../examples/text';

jest.setTimeout(60_000); // it trains

test('the text is that of the book, a paragraph a line', () => {
  const lines = alice().split('\n');
  expect(lines[0]).toBe('CHAPTER I');
  expect(lines[2]).toMatch(
    /^Alice was beginning to get very tired of sitting by her sister on the bank, and of having/,
  );
  expect(lines.at(-1)).toMatch(/remembering her own child-life, and the happy summer days\.$/);
});

test('the perplexity falls from the size of the alphabet, and the net writes as many characters as asked', async () => {
  const { intervals, written, alphabet } = await train(30, 15, 'Alice ', 40);
  expect(alphabet).toBe(new Set(alice()).size);
  expect(intervals.map(({ step }) => step)).toEqual([15, 30]);
  const [first, last] = intervals.map(({ perplexity }) => perplexity);
  expect(first).toBeLessThan(alphabet / 2);
  expect(last).toBeLessThan(first! * 0.85);
  for (const { meanNorm, clipped } of intervals) {
    expect(meanNorm).toBeGreaterThan(0);
    expect(clipped).toBeGreaterThanOrEqual(0);
    expect(clipped).toBeLessThanOrEqual(1);
  }
  expect(written).toHaveLength(40);
  expect(written.startsWith('Alice ')).toBe(true);
});
