/** @file tf.bitwise */
export { bitwiseAnd, bitwiseOr, bitwiseXor, invert, leftShift, rightShift } from '../ops/bitwise';
