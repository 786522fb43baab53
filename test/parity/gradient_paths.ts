/** @file ../shared/parity/src/gradient_paths.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [2, 3], { name: 'x' });
  const initial = [
    [1, -1],
    [0.5, 2],
    [0, 1],
  ];
  const w = new tf.Variable(initial, { name: 'w' });
  const u = new tf.Variable(1, { name: 'unused' });
  const h = tf.matmul(x, w);
  const a = tf.nn.relu(h).add(tf.tanh(h).mul(tf.sigmoid(h)));
  const b = tf.exp(tf.square(h).neg()).add(tf.stopGradient(h).mul(h));
  const y = tf.concat([a, b], 1);
  tf.gradients(y, [w, x, u]);
  tf.gradients([a, b], [h], { gradYs: [tf.ones([2, 2]).mul(2), null] });
  tf.gradients(tf.reduceSum(a.mul(h)), [w], { stopGradients: [a] });
  tf.gradients(tf.reduceMax(h), [w, u], { unconnectedGradients: 'zero' });
  const s = tf.split(h, 2, 1);
  tf.gradients(s[0]!.pow(2).truediv(s[1]!.pow(2).radd(1)), [h], { name: 'quotient' });
  tf.globalVariablesInitializer();
}
