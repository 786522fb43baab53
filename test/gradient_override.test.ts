/** @file Gradients registered under a name. What TensorFlow 1.15.5 makes of them, and its words. */
import * as tf from '../src';

beforeEach(() => tf.resetDefaultGraph());

tf.registerGradient('Twice', (_, g) => (g as tf.Tensor).rmul(2));
tf.registerGradient('TwoOfThem', (_, g) => [g, g]);

test('ops made in the block take the registered gradient, others their own', async () => {
  const x = tf.constant(3, { name: 'x' });
  const z = tf.gradientOverrideMap({ Square: 'Twice', Identity: 'Twice' }, () => tf.identity(tf.square(x)));
  const [dz] = tf.gradients(z, [x]);
  expect(
    tf
      .getDefaultGraph()
      .getOperations()
      .map((op) => op.name),
  ).toEqual([
    'x',
    'Square',
    'Identity',
    'gradients/Shape',
    'gradients/grad_ys_0',
    'gradients/Fill',
    'gradients/Identity_grad/mul/x',
    'gradients/Identity_grad/mul',
    'gradients/Square_grad/mul/x',
    'gradients/Square_grad/mul',
  ]);
  const [dw] = tf.gradients(tf.square(x), [x]);
  expect((await new tf.Session().run([dz!, dw!] as tf.Tensor[])).map(Number)).toEqual([4, 6]);
});

test('a gradient that is not there, or answers too many, is refused', () => {
  const x = tf.constant(3);
  const square = (name: string) => tf.gradientOverrideMap({ Square: name }, () => tf.square(x));
  expect(() => tf.gradients(square('Nobody'), [x])).toThrow(
    "No gradient defined for operation 'Square' (op type: Square)",
  );
  expect(() => tf.gradients(square('TwoOfThem'), [x])).toThrow('Num gradients 2 generated for op name: "Square_1"');
  expect(() => tf.registerGradient('Twice', () => null)).toThrow("Registering two gradient with name 'Twice'!");
  expect(() => tf.registerGradient(3 as never, () => null)).toThrow('op_type must be a string');
});
