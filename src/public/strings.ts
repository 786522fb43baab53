/** @file tf.strings */
export { stringFormat as format } from '../ops/print';
export { stringJoin as join } from '../ops/strings';
