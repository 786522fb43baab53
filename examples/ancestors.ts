/** @file What a run of an operation brings along. */
import type * as tf from '../src';

/** `op` and all it depends on, by its inputs and by control dependencies. */
export function ancestors(op: tf.Operation): Set<tf.Operation> {
  const found = new Set([op]);
  // A set that grows while it is walked: the loop ends when nothing new is found.
  for (const next of found) {
    for (const input of next.inputs) found.add(input.op);
    for (const control of next.controlInputs) found.add(control);
  }
  return found;
}
