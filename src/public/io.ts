/** @file tf.io */
export { decodeRaw } from '../ops/string_join';
export { decodeBase64, encodeBase64 } from '../ops/string_ops';
