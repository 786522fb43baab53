/** @file The default session, eval and run, and the classes of tf.errors. */
import * as tf from '../src';

beforeEach(() => tf.resetDefaultGraph());

test('an InteractiveSession is the default one until it is closed', async () => {
  const x = tf.placeholder('float32', { shape: [] });
  const w = tf.getVariable('w', { initializer: 3 });
  const y = x.mul(w.value());
  const session = new tf.InteractiveSession();
  expect(tf.getDefaultSession()).toBe(session);
  await tf.globalVariablesInitializer().run();
  expect(Number(await y.eval([[x, 2]]))).toBe(6);
  session.close();
  expect(tf.getDefaultSession()).toBeNull();
  await expect(y.eval([[x, 2]])).rejects.toThrow(
    'Cannot evaluate tensor using `eval()`: No default session is registered.',
  );
});

test('eval and run refuse a session of another graph, in the words of TensorFlow', async () => {
  const x = tf.constant(1);
  const other = new tf.Session({ graph: new tf.Graph() });
  await expect(x.eval(null, other)).rejects.toThrow(
    "Cannot use the given session to evaluate tensor: the tensor's graph is different from the session's graph.",
  );
  await other.asDefault(async () => {
    await expect(tf.noOp().run()).rejects.toThrow(
      "Cannot use the default session to execute operation: the operation's graph is different from the session's graph. Pass an explicit session to",
    );
  });
  expect(Number(await x.eval(null, new tf.Session()))).toBe(1);
});

test('an error is an instance of the class of its code, and of tf.errors.OpError', async () => {
  const w = tf.getVariable('w', { shape: [2] });
  const error = await new tf.Session().run(w.value()).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(tf.errors.FailedPreconditionError);
  expect(error).toBeInstanceOf(tf.errors.OpError);
  expect(error).not.toBeInstanceOf(tf.errors.OutOfRangeError);
  expect(new tf.errors.OutOfRangeError('End of sequence').code).toBe('OutOfRange');
});
