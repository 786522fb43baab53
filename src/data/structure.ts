/** @file The structure of a dataset's elements: nested lists and objects, with a spec for each tensor or dataset in them. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { isTensorLike } from '../graph/convert';
import { Tensor } from '../graph/operation';
import { flatten, isPlain, mapStructure, outline } from '../ops/structure';
import type { DType } from '../value/dtype';
import { type Shape, tupleShape } from '../value/shape';
import { type Nested, Value } from '../value/value';
import type { Elements } from './stage';

/** One tensor of an element. @tensorflow tf.TensorSpec */
export class TensorSpec {
  readonly shape: Shape;
  readonly dtype: DType;

  constructor(shape: Shape, dtype: DType) {
    this.shape = shape;
    this.dtype = dtype;
  }
}
/** A dataset in place of a tensor. @tensorflow tf.data.DatasetSpec */
export class DatasetSpec {
  readonly elementSpec: Structure;

  constructor(elementSpec: Structure) {
    this.elementSpec = elementSpec;
  }
}
export type Spec = TensorSpec | DatasetSpec;
/** Specs in lists and objects; one spec alone is a structure too. */
export type Structure = unknown;
/** Shapes nested as the dtypes are: a list where a dtype stands is a shape. */
export type Shapes = unknown;

export const specsIn = (structure: Structure): readonly Spec[] => flatten(structure) as Spec[];
const dtypeOf = (s: Spec): DType => (s instanceof TensorSpec ? s.dtype : 'variant');
const shapeOf = (s: Spec): Shape => (s instanceof TensorSpec ? s.shape : []);
export const elementsIn = (structure: Structure): Elements => {
  const specs = specsIn(structure);
  return { types: specs.map(dtypeOf), shapes: specs.map(shapeOf) };
};
/** The attrs of dataset ops. */
export const attrsFor = (structure: Structure) => {
  const { types, shapes } = elementsIn(structure);
  return { output_types: types, output_shapes: shapes };
};

const map = (structure: Structure, leaf: (s: Spec) => unknown): unknown =>
  mapStructure(structure, leaf as (s: unknown) => unknown);
export const mapSpecs = (structure: Structure, f: (s: TensorSpec) => Spec): Structure =>
  map(structure, (s) => (s instanceof TensorSpec ? f(s) : s));
export const typesOf = (structure: Structure): unknown =>
  map(structure, (s) => (s instanceof TensorSpec ? s.dtype : s));
export const shapesOf = (structure: Structure): unknown =>
  map(structure, (s) => (s instanceof TensorSpec ? s.shape : s));
export const classesOf = (structure: Structure): unknown =>
  map(structure, (s) => (s instanceof TensorSpec ? Tensor : s));

/** What stands in `x` at the places where `like` has its leaves. Raises Type where `x` is not nested so. */
export function leavesUpTo(like: unknown, x: unknown): unknown[] {
  if (Array.isArray(like)) {
    if (!Array.isArray(x) || x.length !== like.length) throw mismatch(like, x);
    return like.flatMap((l, i) => leavesUpTo(l, x[i]));
  }
  if (!isPlain(like)) return [x];
  const keys = Object.keys(like).sort();
  if (!isPlain(x) || Object.keys(x).sort().join() !== keys.join()) throw mismatch(like, x);
  return keys.flatMap((k) => leavesUpTo(like[k], x[k]));
}
const mismatch = (like: unknown, x: unknown): GraphError =>
  new GraphError(
    'Type',
    `The two structures don't have the same nested structure. Expected ${outline(like)}, but got ${outline(x)}.`,
  );

/** The structure that dtypes and shapes, nested alike, describe; no shapes: nothing is known of them. */
export function structureFrom(types: unknown, shapes?: Shapes): Structure {
  const list = shapes === undefined ? [] : leavesUpTo(types, shapes);
  let at = 0;
  return mapStructure(types, (t) => new TensorSpec((list[at++] ?? null) as Shape, t as DType));
}

/**
 * A value's own structure. Lists of nothing but numbers, texts and such lists are tensors; so are Values and typed arrays.
 * All other lists, and objects, are structure.
 */
export function unfold(x: unknown): unknown {
  if (Array.isArray(x)) return isPlainList(x) ? Value.from(x as Nested) : x.map(unfold);
  return isPlain(x) ? Object.fromEntries(Object.entries(x).map(([k, e]) => [k, unfold(e)])) : x;
}
const isPlainList = (x: readonly unknown[]): boolean =>
  x.every((e) => (Array.isArray(e) ? isPlainList(e) : typeof e !== 'object' && typeof e !== 'function'));
export const isLikeTensor = (x: unknown): x is TensorLike =>
  isTensorLike(x) || x instanceof Value || ArrayBuffer.isView(x) || (typeof x !== 'object' && x !== undefined);

// ---- as Python prints them ----------------------------------------------------------------------------------------

const show = (x: unknown, leaf: (s: Spec) => string): string => {
  if (Array.isArray(x))
    return x.length === 1 ? `(${show(x[0], leaf)},)` : `(${x.map((e) => show(e, leaf)).join(', ')})`;
  if (isPlain(x)) {
    const parts = Object.entries(x).map(([k, e]) => `'${k}': ${show(e, leaf)}`);
    return `{${parts.join(', ')}}`;
  }
  return leaf(x as Spec);
};
export const showTypes = (structure: Structure): string =>
  show(structure, (s) => (s instanceof TensorSpec ? `tf.${s.dtype}` : 'DatasetSpec'));
/** As `str` shows them: one dtype alone in another way. */
export const typesText = (structure: Structure): string =>
  structure instanceof TensorSpec ? `<dtype: '${structure.dtype}'>` : showTypes(structure);
export const showSpecs = (structure: Structure): string =>
  show(structure, (s) =>
    s instanceof TensorSpec
      ? `TensorSpec(shape=${tupleShape(s.shape)}, dtype=tf.${s.dtype}, name=None)`
      : 'DatasetSpec',
  );
export const showShapes = (structure: Structure): string =>
  show(structure, (s) => {
    const shape = shapeOf(s);
    return shape === null
      ? 'TensorShape(None)'
      : `TensorShape([${shape.map((d) => `Dimension(${d ?? 'None'})`).join(', ')}])`;
  });
