/** @file What examples/mnist_convnet.ts shows: both nets train alike, and one of them infers as it trains. */
import { testDigits } from '../../examples/mnist';
import { report, type Trained, train } from '../../examples/mnist_convnet';
import * as tf from '../../src';

jest.setTimeout(60_000); // it trains

beforeAll(() => tf.logging.setVerbosity(tf.logging.ERROR));
afterAll(() => tf.logging.setVerbosity(tf.logging.WARN));

const digits = testDigits();
let broken: Trained;
let mended: Trained;
beforeAll(async () => {
  broken = await train(false, [10, 100], digits, digits, 500);
  mended = await train(true, [10, 100], digits, digits, 500);
});

test('training is the same with and without the dependency', () => {
  const training = (t: Trained) => t.measured.map(({ loss, inTraining }) => [loss, inTraining]);
  expect(training(broken)).toEqual(training(mended));
  expect(broken.measured[1]!.inTraining).toBeGreaterThan(0.85);
});
test('only with the dependency do the averages move', () => {
  expect(new Set(broken.movingMean)).toEqual(new Set([0]));
  expect(new Set(broken.movingVariance)).toEqual(new Set([1]));
  for (const mean of mended.movingMean) expect(mean).not.toBe(0);
  for (const variance of mended.movingVariance) expect(variance).not.toBe(1);
});
test('only with the dependency is inference as good as training', () => {
  const last = mended.measured[1]!;
  expect(last.inInference).toBeGreaterThan(last.inTraining - 0.05);
  expect(broken.measured[1]!.inInference).toBeLessThan(last.inInference - 0.1);
});
test('the report has a row for each measured step, with the accuracies of both nets', () => {
  const cells = '( +\\d+\\.\\d %){4}';
  expect(report(broken, mended)).toMatch(new RegExp(`\\n10 +\\d\\.\\d{3}${cells}\\n100 +\\d\\.\\d{3}${cells}\\n`));
});
