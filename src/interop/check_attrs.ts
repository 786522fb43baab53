/** @file Whether a node's attrs are what its op's definition asks for: files may hold anything. */
import { GraphError } from '../errors';
import { type AnyDef, type Attr, parse } from '../graph/opdef';
import { type DType, wireName } from '../value/dtype';
import { Value } from '../value/value';
import { dtypeNumber } from './types';

/** More tensors of one op than any graph has. */
const MOST = 2 ** 20;

const isInt = (x: unknown): boolean => Number.isInteger(x) || typeof x === 'bigint';
const isDim = (x: unknown): boolean => x === null || Number.isInteger(x);
const FITS: Readonly<Record<Attr<unknown>['kind'], (x: unknown) => boolean>> = {
  bool: (x) => typeof x === 'boolean',
  int: isInt,
  float: (x) => typeof x === 'number',
  string: (x) => typeof x === 'string' || x instanceof Uint8Array,
  type: (x) => typeof x === 'string' && dtypeNumber(x as DType) > 0,
  shape: (x) => x === null || (Array.isArray(x) && x.every(isDim)),
  tensor: (x) => x instanceof Value,
  func: (x) => typeof x === 'object' && x !== null && 'func' in x,
};
const shown = (x: unknown): string => (typeof x === 'string' ? wireName(x as DType) : JSON.stringify(x));

/** Raises Value, in TensorFlow's words, where an attr is missing, of another kind, or not among the allowed values. */
export function checkAttrs(def: AnyDef, attrs: Readonly<Record<string, unknown>>, node: string): void {
  const refuse = (what: string): never => {
    throw new GraphError('Value', `${what}; Op<name=${def.name}> for node '${node}'`);
  };
  for (const [key, spec] of Object.entries(def.attrs)) {
    const x = attrs[key];
    if (x === undefined) refuse(`NodeDef missing attr '${key}'`);
    const cells = spec.list ? x : [x];
    const kind = spec.list ? `list(${spec.kind})` : spec.kind;
    if (!Array.isArray(cells) || !cells.every(FITS[spec.kind])) {
      refuse(`AttrValue must have value of type '${kind}': Attr '${key}' of node has another`);
    }
    const odd = spec.allowed && (cells as unknown[]).find((c) => !spec.allowed!.includes(c));
    if (odd !== undefined) {
      const allowed = (spec.allowed as unknown[]).map(shown).join(', ');
      refuse(`Value for attr '${key}' of ${shown(odd)} is not in the list of allowed values: ${allowed}`);
    }
    if (x instanceof Value && 'dtype' in def.attrs && x.dtype !== attrs.dtype) {
      refuse(`Type mismatch between value (${wireName(x.dtype)}) and dtype (${wireName(attrs.dtype as DType)})`);
    }
  }
  for (const spec of [...Object.values(def.inputs), ...Object.values(def.outputs)]) {
    const { count } = parse(spec);
    const n = count === undefined ? 0 : (attrs[count] as number);
    if (!(n >= 0 && n <= MOST))
      refuse(`Value for attr '${count}' of ${n} must be at least minimum 0 and at most ${MOST}`);
  }
  const { _class: groups } = attrs;
  if (groups !== undefined && !(Array.isArray(groups) && groups.every((c) => typeof c === 'string'))) {
    refuse("AttrValue must have value of type 'list(string)': Attr '_class' of node has another");
  }
}
