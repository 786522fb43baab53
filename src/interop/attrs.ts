/** @file AttrValue to the engine's attrs and back. */
import { create } from '@bufbuild/protobuf';
import { GraphError } from '../errors';
import type { Attr } from '../graph/opdef';
import type { DType } from '../value/dtype';
import type { Shape } from '../value/shape';
import { Value } from '../value/value';
import {
  type AttrValue,
  AttrValue_ListValueSchema,
  AttrValueSchema,
  type NameAttrList,
  NameAttrListSchema,
  type TensorShapeProto,
  TensorShapeProtoSchema,
} from './proto/tensorflow_pb';
import { bytesOfText, decodeTensor, encodeTensor, textOf } from './tensor_proto';
import { dtypeNumber, dtypeOf } from './types';

const small = (x: bigint): number | bigint =>
  x >= BigInt(Number.MIN_SAFE_INTEGER) && x <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(x) : x;
const typeName = (n: number): string => {
  if (n === 0) return 'invalid';
  const { dtype, isRef } = dtypeOf(n);
  return isRef ? `${dtype}_ref` : dtype;
};
export const decodeShape = (p: TensorShapeProto): Shape =>
  p.unknownRank ? null : p.dim.map((d) => (d.size < 0n ? null : Number(d.size)));
export const encodeShape = (shape: Shape): TensorShapeProto =>
  create(TensorShapeProtoSchema, {
    unknownRank: shape === null,
    dim: (shape ?? []).map((d) => ({ size: BigInt(d ?? -1), name: '' })),
  });

/** What an attr of kind 'func' holds: a function's name and the attrs it is called with. */
interface Func {
  readonly func: string;
  readonly attr?: Readonly<Record<string, unknown>>;
}
const decodeFunc = ({ name, attr }: NameAttrList): Func => ({
  func: name,
  attr: Object.fromEntries(Object.entries(attr).map(([key, x]) => [key, decodeAttr(x)])),
});
const encodeFunc = ({ func, attr = {} }: Func): NameAttrList =>
  create(NameAttrListSchema, {
    name: func,
    attr: Object.fromEntries(Object.entries(attr).map(([key, x]) => [key, encodeAttr(x)])),
  });

/** Types become names, ints numbers (bigints beyond 2^53), bytes text, tensors Values, functions `{ func, attr }`. */
export function decodeAttr({ value: v }: AttrValue): unknown {
  switch (v.case) {
    case 's':
      return textOf(v.value);
    case 'i':
      return small(v.value);
    case 'type':
      return typeName(v.value);
    case 'shape':
      return decodeShape(v.value);
    case 'tensor':
      return decodeTensor(v.value);
    case 'func':
      return decodeFunc(v.value);
    case 'list': {
      const { s, i, f, b, type, shape, tensor, func } = v.value;
      const lists = [
        s.map(textOf),
        i.map(small),
        f,
        b,
        type.map(typeName),
        shape.map(decodeShape),
        tensor.map(decodeTensor),
        func.map(decodeFunc),
      ] as readonly unknown[][];
      return lists.find((list) => list.length > 0) ?? [];
    }
    default:
      return v.value;
  }
}

/** The reverse; `spec` says which kind it is, where there is a definition. */
export function encodeAttr(x: unknown, spec?: Attr<unknown>): AttrValue {
  const kind = spec?.kind ?? guess(x);
  if (Array.isArray(x) && (spec ? spec.list : isList(x, kind))) {
    const list = create(AttrValue_ListValueSchema);
    if (kind === 'string') list.s = x.map(bytesOfText);
    else if (kind === 'int') list.i = x.map(BigInt);
    else if (kind === 'float') list.f = [...x] as number[];
    else if (kind === 'bool') list.b = [...x] as boolean[];
    else if (kind === 'type') list.type = x.map(typeNumber);
    else if (kind === 'shape') list.shape = x.map((s) => encodeShape(s as Shape));
    else if (kind === 'tensor') list.tensor = x.map((t) => encodeTensor(t as Value));
    else list.func = x.map((f) => encodeFunc(f as Func));
    return create(AttrValueSchema, { value: { case: 'list', value: list } });
  }
  const one = (): AttrValue['value'] => {
    switch (kind) {
      case 'string':
        return { case: 's', value: bytesOfText(x) };
      case 'int':
        return { case: 'i', value: BigInt(x as number) };
      case 'float':
        return { case: 'f', value: x as number };
      case 'bool':
        return { case: 'b', value: x as boolean };
      case 'type':
        return { case: 'type', value: typeNumber(x) };
      case 'shape':
        return { case: 'shape', value: encodeShape(x as Shape) };
      case 'tensor':
        return { case: 'tensor', value: encodeTensor(x as Value) };
      default:
        return { case: 'func', value: encodeFunc(x as Func) };
    }
  };
  return create(AttrValueSchema, { value: one() });
}

/** `[2, null]` is one shape, `[[2, null], null]` and `[null]` are lists of them, as `_output_shapes` has. */
const isList = (x: readonly unknown[], kind: Attr<unknown>['kind']): boolean =>
  kind !== 'shape' || !x.some((d) => typeof d === 'number');

function typeNumber(x: unknown): number {
  if (x === 'invalid') return 0;
  if (!isType(x)) throw new GraphError('InvalidArgument', `Unknown data type '${x}'.`);
  return x.endsWith('_ref') ? dtypeNumber(x.slice(0, -4) as DType, true) : dtypeNumber(x as DType);
}
const isType = (x: unknown): x is string => typeof x === 'string' && dtypeNumber(x.replace(/_ref$/, '') as DType) > 0;

/**
 * The kind of an attr without a definition, such as `_class`, `_output_shapes` or any of an op that is not known: a
 * type's name is taken for the type, and a list of numbers for ints.
 */
function guess(x: unknown): Attr<unknown>['kind'] {
  const one = Array.isArray(x) ? x[0] : x;
  if (x === null || one === null || Array.isArray(one)) return 'shape';
  if (Array.isArray(x) && x.includes(null)) return 'shape';
  if (one instanceof Value) return 'tensor';
  if (isType(one)) return 'type';
  if (typeof one === 'boolean') return 'bool';
  if (typeof one === 'number') return Number.isInteger(one) ? 'int' : 'float';
  if (typeof one === 'bigint') return 'int';
  return typeof one === 'object' && one !== null && !(one instanceof Uint8Array) ? 'func' : 'string';
}
