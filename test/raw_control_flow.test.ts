/** @file Frames, Switches and Merges put together by hand, as imported graphs may hold them. Values of TensorFlow 1.15.5. */
import * as tf from '../src';
import { enter, exit, loopCond, merge, nextIteration, switchOn, switchRefOrTensor } from '../src/ops/flow';

beforeEach(() => tf.resetDefaultGraph());

const x = () => tf.placeholder('float32', { shape: [], name: 'x' });
const run = async (fetch: tf.Tensor, feeds: [tf.Tensor, number | boolean][], init?: tf.Operation | tf.Tensor) => {
  const session = new tf.Session();
  if (init) await session.run(init);
  return Number(await session.run(fetch, { feedDict: feeds }));
};
/** A constant of the frame that `t` lies in. */
const at = (t: tf.Tensor, value: number) => tf.controlDependencies([t], () => tf.constant(value));

/** while (more(v)) v = body(v), without tf.whileLoop. */
function rounds(init: tf.Tensor, more: (t: tf.Tensor) => tf.Tensor, body: (t: tf.Tensor) => tf.Tensor) {
  const first = enter(init, 'f');
  const [value, index] = merge([first, first]);
  const [off, on] = switchOn(value, loopCond(more(value)));
  value.op.updateInput(1, nextIteration(body(on)));
  return { value, index, on, last: exit(off) };
}

test('a value goes into a frame and out again without a loop', async () => {
  const p = x();
  expect(await run(exit(tf.negative(enter(p, 'a'))), [[p, 3]])).toBe(-3);
  expect(await run(exit(enter(p, 'b', { isConstant: true })), [[p, 3]])).toBe(3);
  expect(await run(exit(exit(tf.negative(enter(enter(p, 'c'), 'd')))), [[p, 1]])).toBe(-1);
});

test('a loop variable may die in a round while another goes on', async () => {
  const p = x();
  const e = enter(p, 'f');
  const [m] = merge([e, e]);
  const [m2] = merge([e, e]);
  const more = loopCond(tf.less(m, at(m, 5)));
  const [off, on] = switchOn(m, more);
  const [off2, on2] = switchOn(m2, more);
  m.op.updateInput(1, nextIteration(on.add(at(on, 1))));
  const [large] = switchOn(on2, tf.less(on2, at(on2, 100)));
  m2.op.updateInput(1, nextIteration(large.mul(at(large, 3))));
  // Nothing is large: the second variable is gone after the first round.
  expect(await run(exit(off), [[p, 2]])).toBe(5);
  await expect(run(exit(off2), [[p, 2]])).rejects.toThrow('Retval[0] does not have value');
});

test('a loop may follow a predicate that no LoopCond marks', async () => {
  const p = x();
  const e = enter(p, 'f');
  const [m] = merge([e, e]);
  const [off, on] = switchOn(m, tf.less(m, at(m, 10)));
  m.op.updateInput(1, nextIteration(on.add(at(on, 1))));
  expect(await run(exit(off), [[p, 0]])).toBe(10);
});

test('a conditional in a loop chooses in each round', async () => {
  const p = x();
  const { last } = rounds(
    p,
    (t) => tf.less(t, at(t, 40)),
    (t) => {
      const [low, high] = switchOn(t, tf.greater(t, at(t, 3)));
      const [value, index] = merge([low.add(at(low, 1)), high.mul(at(high, 2))]);
      return value.add(tf.cast(index, 'float32'));
    },
  );
  expect(await run(last, [[p, 0]])).toBe(79);
  expect(await run(last, [[p, 5]])).toBe(47);
});

test('a Merge of three takes the first that is live', async () => {
  const p = x();
  const q = tf.placeholder('bool', { shape: [] });
  const [no, yes] = switchOn(p, q);
  const [, index] = merge([no, yes, yes]);
  expect([
    await run(index, [
      [p, 1],
      [q, true],
    ]),
    await run(index, [
      [p, 1],
      [q, false],
    ]),
  ]).toEqual([1, 0]);
});

test('a write through a RefMerge goes to the variable of the branch taken', async () => {
  const [v, w] = [1, 2].map((value, i) => tf.getVariable(`v${i}`, { initializer: value })) as [
    tf.Variable,
    tf.Variable,
  ];
  const q = tf.placeholder('bool', { shape: [] });
  const [first] = switchRefOrTensor(v.op.outputs[0]!, q);
  const [, second] = switchRefOrTensor(w.op.outputs[0]!, q);
  const [either] = merge([first, second]);
  const moved = tf.assignAdd(either, 10) as tf.Tensor;
  const session = new tf.Session();
  await session.run(tf.globalVariablesInitializer());
  expect(Number(await session.run(moved, { feedDict: [[q, true]] }))).toBe(12);
  expect((await session.run([v, w])).map(Number)).toEqual([1, 12]);
  expect(Number(await session.run(moved, { feedDict: [[q, false]] }))).toBe(11);
  expect((await session.run([v, w])).map(Number)).toEqual([11, 12]);
});

test('what has a value in each round cannot be fetched', async () => {
  const p = x();
  const { value, last } = rounds(
    p,
    (t) => tf.less(t, at(t, 10)),
    (t) => t.add(at(t, 1)),
  );
  const session = new tf.Session();
  const error = await session.run(value, { feedDict: [[p, 0]] }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(tf.errors.InternalError);
  expect(String(error)).toContain('Retval[0] has already been set.');
  expect(Number(await session.run(last, { feedDict: [[p, 0]] }))).toBe(10);
});
