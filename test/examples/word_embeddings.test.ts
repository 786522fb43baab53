/** @file What examples/word_embeddings.ts shows: the loss falls, and words of one story lie close together. */
import { learn, vocabulary } from '../../examples/word_embeddings';

jest.setTimeout(60_000); // it trains

test('the vocabulary has the frequent words first, and leaves out the rare ones', () => {
  const { words, ids } = vocabulary("Cat, it's a dog; a cat and a mouse", 2);
  expect(words).toEqual(['a', 'cat']);
  expect([...ids]).toEqual([1, 0, 0, 1, 0]);
});

test('the loss of a pair falls, and the Mock Turtle stands near the Gryphon', async () => {
  const { words, pairs, losses, nearest } = await learn(6, 5, ['gryphon']);
  expect(words).toBeGreaterThan(600);
  expect(pairs).toBeGreaterThan(400_000);
  for (const [i, loss] of losses.entries()) expect(loss).toBeLessThan(losses[i - 1] ?? 5);
  const found = nearest.get('gryphon')!;
  expect(found.map(([word]) => word)).toEqual(expect.arrayContaining(['mock', 'turtle']));
  const cosines = found.map(([, cosine]) => cosine);
  expect(cosines).toEqual([...cosines].sort((a, b) => b - a));
  expect(cosines[0]).toBeLessThan(1);
});
