/** @file What examples/gan.ts shows: which train op runs which update ops, and that what is generated needs them. */
import {
  clusters,
  feedNothing,
  NO_UPDATES,
  NONE,
  type Points,
  PREFIX,
  SLASH,
  taken,
  train,
  updatesOf,
} from '../../examples/gan';
import * as tf from '../../src';

jest.setTimeout(60_000); // it trains

beforeAll(() => tf.logging.setVerbosity(tf.logging.ERROR));
afterAll(() => tf.logging.setVerbosity(tf.logging.WARN));

// The names and the filtered lists are those of TensorFlow 1.15.5.
const both = (layer: string) => [`${layer}/AssignMovingAvg`, `${layer}/AssignMovingAvg_1`];
const G = [...both('generator/bn_1'), ...both('generator/bn_2')];
const D = both('discriminator/bn');
const D_1 = both('discriminator_1/bn');

test('with the whole collection each train op runs the updates of both networks', () => {
  const all = [...G, ...D, ...D_1];
  expect(updatesOf(NONE)).toEqual({ all, discriminator: all, generator: all });
});
test('with a slash the filter misses the second call of the discriminator', () => {
  expect(updatesOf(SLASH)).toMatchObject({ discriminator: D, generator: G });
});
test('with the name alone each train op runs the updates of its own network, of every call', () => {
  expect(updatesOf(PREFIX)).toMatchObject({ discriminator: [...D, ...D_1], generator: G });
  expect(updatesOf(NO_UPDATES)).toMatchObject({ discriminator: [], generator: [] });
});
test('a step of the generator asks for real points only where it runs the updates of the discriminator', async () => {
  expect(await feedNothing(NONE)).toMatch(
    /^You must feed a value for placeholder tensor 'real' with dtype float and shape \[\?,2\]/,
  );
  expect(await feedNothing(PREFIX)).toBe('runs');
});
test('a filter takes every operation whose name begins so', () => {
  expect(taken(['gen', 'generator/', 'discriminator', 'discriminator/'])).toEqual([
    ['generator/', 'generator_2/'],
    ['generator/'],
    ['discriminator/', 'discriminator_1/'],
    ['discriminator/'],
  ]);
});

test('the generator finds all clusters; without its updates it misses them at inference', async () => {
  const inside = (points: Points) => clusters(points).reduce((sum, n) => sum + n) / points.length;
  const [early, late] = await train(PREFIX, [50, 400]);
  expect(inside(early!.points)).toBeLessThan(0.3);
  expect(inside(late!.points)).toBeGreaterThan(0.4);
  expect(Math.min(...clusters(late!.points))).toBeGreaterThan(10);
  const [stale] = await train(NO_UPDATES, [400]);
  expect(stale!.lossG).toBe(late!.lossG); // training itself does not notice
  expect(inside(stale!.points)).toBeLessThan(0.3);
});
