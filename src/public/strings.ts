/** @file tf.strings */
export { stringFormat as format } from '../ops/print';
export { reduceJoin } from '../ops/string_join';
export {
  regexFullMatch,
  regexReplace,
  stringLength as length,
  stringLower as lower,
  stringStrip as strip,
  stringToHashBucketFast as toHashBucketFast,
  stringToNumber as toNumber,
  stringUpper as upper,
  substr,
} from '../ops/string_ops';
export { stringJoin as join } from '../ops/strings';
