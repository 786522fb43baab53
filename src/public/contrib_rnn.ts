/** @file tf.contrib.rnn: the other name of the cells in tf.nn.rnn_cell. */
export { staticBidirectionalRnn, staticRnn } from '../layers/rnn';
export { BasicLSTMCell, BasicRNNCell, GRUCell, LSTMCell, MultiRNNCell } from '../layers/rnn_cells';
export { DropoutWrapper, ResidualWrapper } from '../layers/rnn_wrappers';
