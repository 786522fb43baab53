/** @file Rounds of a while loop that overlap: what a resource variable holds for each, as TensorFlow 1.15.5 printed it. */
import * as tf from '../src';

/** Reads of seven rounds, each after its own write of +1, as hexadecimal digits. */
async function reads(useResource: boolean, parallelIterations: number, waits = false): Promise<string> {
  tf.resetDefaultGraph();
  const v = tf.getVariable('v', { initializer: tf.constant(0, 'float64'), useResource });
  const body = (i: tf.Tensor, acc: tf.Tensor) =>
    tf.controlDependencies([v.assignAdd(1)], () => {
      const read = v.readValue();
      return [waits ? i.add(tf.cast(tf.greater(read, 0), 'int32')) : i.add(1), acc.mul(16).add(read)];
    });
  const [, acc] = tf.whileLoop(
    (i: tf.Tensor) => i.less(7),
    body,
    [tf.constant(0, 'int32'), tf.constant(0, 'float64')],
    { parallelIterations },
  ) as tf.Tensor[];
  const session = new tf.Session();
  await session.run(tf.globalVariablesInitializer());
  return Number(await session.run(acc!)).toString(16);
}

test.each([
  [1, '1234567'],
  [2, '2234567'],
  [3, '3334567'],
  [5, '5555567'],
  [10, '7777777'],
])(
  'with %d parallel iterations the first rounds write before any of them reads a resource variable',
  async (most, seen) => {
    expect(await reads(true, most)).toBe(seen);
  },
);

test('a loop whose next round needs the read goes round by round', async () => {
  expect(await reads(true, 10, true)).toBe('1234567');
});

test('two loop variables, one ahead and one behind, come out in the right rounds', async () => {
  tf.resetDefaultGraph();
  const v = tf.getVariable('v', { initializer: 0, useResource: true });
  const body = (i: tf.Tensor, sum: tf.Tensor, behind: tf.Tensor) =>
    tf.controlDependencies([v.assignAdd(1)], () => [
      i.add(1),
      sum.add(tf.cast(i, 'float32')),
      behind.mul(10).add(v.readValue().mul(sum)),
    ]);
  const [i, sum, behind] = tf.whileLoop((i: tf.Tensor) => i.less(4), body, [tf.constant(0, 'int32'), 1, 0], {
    parallelIterations: 3,
  }) as tf.Tensor[];
  const session = new tf.Session();
  await session.run(tf.globalVariablesInitializer());
  expect((await session.run([i, sum, behind])).map(Number)).toEqual([4, 7, 3376]);
});
