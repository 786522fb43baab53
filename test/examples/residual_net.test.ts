/** @file What examples/residual_net.ts shows: a deep net learns with skip connections, and not without. */
import { testDigits } from '../../examples/mnist';
import { train } from '../../examples/residual_net';

jest.setTimeout(60_000); // it trains

const digits = testDigits();

test('of two nets with 12 blocks the one with skip connections learns faster, and infers well', async () => {
  const warn = jest.spyOn(console, 'error').mockImplementation(() => {});
  const plain = await train(12, false, 60, digits, digits);
  const residual = await train(12, true, 60, digits, digits);
  expect([plain.updates, residual.updates]).toEqual([48, 48]); // two layers a block, mean and variance
  expect(residual.loss).toBeLessThan(plain.loss - 0.5);
  expect(residual.correct).toBeGreaterThan(0.7);
  expect(residual.correct).toBeGreaterThan(plain.correct + 0.2);
  expect(warn).not.toHaveBeenCalled(); // the engine sees that all averages move
  warn.mockRestore();
});
