/** @file ../shared/parity/src/rnn_dynamic_lengths.py */
export function build(tf: typeof import('../../src')): void {
  tf.setRandomSeed(1234);
  const x = tf.placeholder(tf.float32, [2, 4, 3], { name: 'x' });
  const lengths = tf.placeholder(tf.int32, [2], { name: 'lengths' });
  tf.variableScope('enc', { initializer: tf.randomUniformInitializer(-0.5, 0.5) }, () => {
    const cell = new tf.nn.rnnCell.BasicRNNCell(2, { activation: tf.nn.relu });
    const start = cell.zeroState(2, tf.float32);
    tf.nn.dynamicRnn(cell, x, { sequenceLength: lengths, initialState: start });
  });
  tf.globalVariablesInitializer();
}
