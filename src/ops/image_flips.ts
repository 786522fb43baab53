/** @file Images mirrored, transposed and turned by quarters. */
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { type Named, reshape, shapeOf } from './array';
import { caseOf } from './case';
import { cast } from './cast';
import { equal, less } from './compare';
import { cond } from './cond';
import { floormod } from './division';
import { i32, withRank } from './expect';
import { checkedImage, notAnImage } from './image_checks';
import { minus, plus, times } from './operators';
import { reverse, transpose as transposeOf } from './permute';
import { randomUniform } from './random';
import type { SeedLike } from './seed';
import { round } from './unary';

/** Opens the scope, converts and checks; `body` is told where the rows lie: axis 0, or 1 in a batch. */
function onImage(image: TensorLike, name: string, body: (t: Tensor, rows: 0 | 1, scope: string) => Tensor): Tensor {
  const graph = graphOf([image]);
  return graph.nameScope(name, (scope) => {
    const t = checkedImage(convertToTensor(image, { name: 'image' }, graph));
    const n = t.shape?.length ?? 3;
    if (n !== 3 && n !== 4) throw notAnImage();
    return body(t, n === 3 ? 0 : 1, scope);
  });
}
function shapedAs(result: Tensor, image: Tensor): Tensor {
  result.setShape(image.shape ?? [null, null, null]);
  return result;
}
function flip(image: TensorLike, axis: 0 | 1, name: string): Tensor {
  return onImage(image, name, (t, rows) => {
    const mirrored = reverse(t, i32([rows + axis]));
    return rows === 0 ? shapedAs(mirrored, t) : mirrored;
  });
}
/** An image or a batch, mirrored: the columns in reverse. @tensorflow tf.image.flip_left_right */
export const flipLeftRight = (image: TensorLike): Tensor => flip(image, 1, 'flip_left_right');
/** An image or a batch, upside down: the rows in reverse. @tensorflow tf.image.flip_up_down */
export const flipUpDown = (image: TensorLike): Tensor => flip(image, 0, 'flip_up_down');

function randomFlip(image: TensorLike, axis: 0 | 1, seed: SeedLike, name: string): Tensor {
  return onImage(image, name, (t, rows, scope) => {
    if (rows === 0) {
      const chance = less(randomUniform(i32([]), { minval: 0, maxval: 1, seed }), 0.5);
      const mirror = () => reverse(t, i32([axis]));
      return shapedAs(cond(chance, mirror, () => t, { name: scope }) as Tensor, t);
    }
    const batch = shapeOf(t).at(0);
    const chances = randomUniform([batch], { minval: 0, maxval: 1, seed });
    const flips = cast(round(reshape(chances, [batch, 1, 1, 1])), t.dtype);
    const mirrored = reverse(t, i32([axis + 1]));
    const those = times(flips, mirrored);
    return plus(those, times(minus(1, flips), t));
  });
}
export interface SeededOptions {
  readonly seed?: SeedLike;
}
/** Mirrored by a chance of a half, each image of a batch by its own. @tensorflow tf.image.random_flip_left_right */
export const randomFlipLeftRight = (image: TensorLike, { seed }: SeededOptions = {}): Tensor =>
  randomFlip(image, 1, seed, 'random_flip_left_right');
/** Upside down by a chance of a half, each image of a batch by its own. @tensorflow tf.image.random_flip_up_down */
export const randomFlipUpDown = (image: TensorLike, { seed }: SeededOptions = {}): Tensor =>
  randomFlip(image, 0, seed, 'random_flip_up_down');

/** Rows and columns exchanged. @tensorflow tf.image.transpose */
export function transpose(image: TensorLike, { name }: Named = {}): Tensor {
  return onImage(image, name ?? 'transpose', (t, rows) =>
    transposeOf(t, i32(rows === 0 ? [1, 0, 2] : [0, 2, 1, 3]), { name }),
  );
}

export interface RotateOptions extends Named {
  /** How many quarters, 1 by default. */
  readonly k?: TensorLike | undefined;
}
/** Turned by `k` quarters, against the clock. @tensorflow tf.image.rot90 */
export function rot90(image: TensorLike, { k = 1, name = 'rot90' }: RotateOptions = {}): Tensor {
  return onImage(image, name, (t, rows, scope) => {
    const given = convertToTensor(k, { dtype: 'int32', name: 'k' }, t.graph);
    withRank(given.shape, 0);
    const quarters = floormod(given, i32(4));
    const axes = (...list: number[]) => i32(list.map((d) => d + rows));
    const order = i32(rows === 0 ? [1, 0, 2] : [0, 2, 1, 3]);
    const turns = [
      () => transposeOf(reverse(t, axes(1)), order),
      () => reverse(t, axes(0, 1)),
      () => reverse(transposeOf(t, order), axes(1)),
    ];
    const cases = turns.map((turn, i) => [equal(quarters, i32(i + 1)), turn] as const);
    const result = caseOf(cases, { default: () => t, exclusive: true, name: scope }) as Tensor;
    if (rows === 0) result.setShape([null, null, t.shape?.[2] ?? null]);
    else result.setShape([result.shape?.[0] ?? null, null, null, result.shape?.[3] ?? null]);
    return result;
  });
}
