/** @file Things by TFLearn's names: 'relu', 'Adam', 'mean_square'. */
import { GraphError } from '../errors';

/** The entry of that name, or of the name in lower case; raises Value with TFLearn's words where there is none. */
export function byName<T>(table: Readonly<Record<string, T>>, name: string, what: string): T {
  const own = (key: string): T | undefined => (Object.hasOwn(table, key) ? table[key] : undefined);
  const found = own(name) ?? own(name.toLowerCase());
  if (found === undefined) throw new GraphError('Value', `Invalid ${what}: ${name}`);
  return found;
}
