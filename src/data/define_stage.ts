/** @file defineStage: an op whose output is a dataset. Its own file, since all files of dataset ops use it as they load. */
import { GraphError } from '../errors';
import { defineOp, type MakeOp } from '../graph/define';
import { type Args, type AttrSpecs, type Attrs, type Bag, type Known, type Site, shapes, types } from '../graph/opdef';
import type { Slot } from '../kernels/memory';
import { withRank } from '../ops/expect';
import type { Elements, Stage } from './stage';

const OUTPUTS = { handle: 'variant' } as const;
/** The attrs that say what the elements are. */
export const elementAttrs = { output_types: types(), output_shapes: shapes() };
export const elementsOf = (attrs: {
  readonly output_types: Elements['types'];
  readonly output_shapes: Elements['shapes'];
}): Elements => ({ types: attrs.output_types, shapes: attrs.output_shapes });

/** Sizes, counts, seeds and flags. */
const SCALARS = ['int64', 'int32', 'bool'];

interface StageDef<I extends Args, A extends AttrSpecs> {
  readonly name: string;
  readonly inputs: I;
  readonly attrs: A;
  readonly stateful?: true;
  build(t: Bag<I, Slot>, attrs: Attrs<A>, site: Site): Stage;
}
export function defineStage<const I extends Args, const A extends AttrSpecs>({
  build,
  ...def
}: StageDef<I, A>): MakeOp<I, typeof OUTPUTS, A> {
  const scalars = Object.keys(def.inputs).filter((key) => SCALARS.includes(def.inputs[key]!));
  return defineOp({
    ...def,
    outputs: OUTPUTS,
    infer(inputs: Bag<I, Known>) {
      for (const key of scalars) {
        withRank((inputs as Record<string, Known>)[key]!.shape, 0, `${key} must be a scalar`);
      }
      return { handle: [] } as never;
    },
    gradient: 'missing',
    reference(t: Bag<I, Slot> & Bag<typeof OUTPUTS, Slot>, attrs: Attrs<A>, site: Site) {
      (t.handle as Slot).data[0] = build(t, attrs, site) as unknown as number;
    },
  } as never);
}

/** A scalar's number. */
export const numberIn = (slot: Slot): number => Number(slot.data[0]);
export function positive(slot: Slot, message: string): number {
  const n = numberIn(slot);
  if (n > 0) return n;
  throw new GraphError('InvalidArgument', message);
}
