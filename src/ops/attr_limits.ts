/** @file The least that integer attrs may be. */
import { GraphError } from '../errors';

/** Raises Value for less than 1, in TensorFlow's words. */
export function attrAtLeastOne(op: string, attr: string, value: number): void {
  if (value >= 1) return;
  throw new GraphError('Value', `Attr '${attr}' of '${op}' Op passed ${value} less than minimum 1.`);
}
