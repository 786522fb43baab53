/** @file tf.group, with Python's variable arguments. */

import { isTensorLike } from '../graph/convert';
import type { Operation } from '../graph/operation';
import type { Named } from './array';
import { group as groupOf } from './control';

/** One op that waits for all arguments: ops, tensors, nested lists; options last. @tensorflow tf.group */
export function group(...inputs: readonly unknown[]): Operation {
  const last = inputs.at(-1);
  const plain = typeof last === 'object' && last !== null && Object.getPrototypeOf(last) === Object.prototype;
  const options = plain && !isTensorLike(last) && 'name' in last ? (last as Named) : undefined;
  return groupOf(options ? inputs.slice(0, -1) : inputs, options);
}
