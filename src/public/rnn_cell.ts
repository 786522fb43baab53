/** @file tf.nn.rnn_cell */
export { BasicLSTMCell, BasicRNNCell, GRUCell, LSTMCell, type LSTMState, MultiRNNCell } from '../layers/rnn_cells';
export { DropoutWrapper, ResidualWrapper } from '../layers/rnn_wrappers';
