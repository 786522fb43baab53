/** @file tf.strings */
export { stringJoin as join } from '../ops/strings';
