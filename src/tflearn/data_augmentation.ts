/** @file Random changes of each batch of training, as tflearn.DataAugmentation. */
import { GraphError } from '../errors';
import { Value } from '../value/value';

/** From a batch [n, ...] another one. */
export type BatchChange = (batch: Value) => Value;

/**
 * Changes each batch of training; give one to inputData. As tflearn.DataAugmentation.
 * @tensorflow tflearn.DataAugmentation
 */
export class DataAugmentation {
  readonly methods: BatchChange[] = [];

  apply(batch: Value): Value {
    return this.methods.reduce((x, change) => change(x), batch);
  }
}

const chance = (): boolean => Math.random() < 0.5;
const below = (n: number): number => Math.floor(Math.random() * n);

interface Images {
  readonly n: number;
  readonly height: number;
  readonly width: number;
  readonly depth: number;
}
/** Raises Value for other than images [n, height, width] and [n, height, width, channels]. */
export function imagesOf({ shape }: Value): Images {
  const [n, height, width, depth = 1] = shape;
  if (shape.length === 3 || shape.length === 4) return { n: n!, height: height!, width: width!, depth };
  throw new GraphError('Value', `Images must be [n, height, width, channels]; these have shape [${shape}]`);
}
/** Images of another size; `from` says for each pixel where it comes from, null for 0. */
export function remapped(
  batch: Value,
  height: number,
  width: number,
  from: (image: number, y: number, x: number) => readonly [y: number, x: number] | null,
): Value {
  const old = imagesOf(batch);
  const { n, depth } = old;
  const out = Value.zeros(batch.dtype, [n, height, width, ...batch.shape.slice(3)]);
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at += depth) {
        const place = from(i, y, x);
        if (!place) continue;
        const start = ((i * old.height + place[0]) * old.width + place[1]) * depth;
        for (let c = 0; c < depth; c++) out.data[at + c] = batch.data[start + c]!;
      }
    }
  }
  return out;
}

/** Random crops and turns of images [n, height, width, channels]. @tensorflow tflearn.ImageAugmentation */
export class ImageAugmentation extends DataAugmentation {
  /** Cuts images of that size [height, width] out, after a border of `padding` zeros was put around them. */
  addRandomCrop(cropShape: readonly [height: number, width: number], padding = 0): void {
    this.methods.push((batch) => {
      const { n, height, width } = imagesOf(batch);
      const [rows, columns] = cropShape;
      const room = [height + 2 * padding - rows, width + 2 * padding - columns] as const;
      if (room[0] < 0 || room[1] < 0) {
        throw new GraphError('Value', `A crop of [${cropShape}] is larger than the images [${[height, width]}].`);
      }
      const starts = Array.from({ length: n }, () => [below(room[0] + 1), below(room[1] + 1)] as const);
      return remapped(batch, rows, columns, (i, y, x) => {
        const place = [y + starts[i]![0] - padding, x + starts[i]![1] - padding] as const;
        const inside = place[0] >= 0 && place[0] < height && place[1] >= 0 && place[1] < width;
        return inside ? place : null;
      });
    });
  }
  addRandomFlipLeftright(): void {
    this.methods.push((batch) => {
      const { n, height, width } = imagesOf(batch);
      const flips = Array.from({ length: n }, chance);
      return remapped(batch, height, width, (i, y, x) => [y, flips[i] ? width - 1 - x : x]);
    });
  }
  addRandomFlipUpdown(): void {
    this.methods.push((batch) => {
      const { n, height, width } = imagesOf(batch);
      const flips = Array.from({ length: n }, chance);
      return remapped(batch, height, width, (i, y, x) => [flips[i] ? height - 1 - y : y, x]);
    });
  }
  /** Turns images by one of these numbers of quarters. Raises Value for quarter turns of images that are not square. */
  addRandom90degreesRotation(rotations: readonly number[] = [0, 1, 2, 3]): void {
    this.methods.push((batch) => {
      const { n, height: h, width: w } = imagesOf(batch);
      const turns = Array.from({ length: n }, () => (((rotations[below(rotations.length)] ?? 0) % 4) + 4) % 4);
      if (h !== w && turns.some((t) => t % 2 === 1)) {
        throw new GraphError('Value', `Images of [${[h, w]}] are not square: a quarter turn changes their shape.`);
      }
      return remapped(batch, h, w, (i, y, x) => {
        const places = [
          [y, x],
          [x, w - 1 - y],
          [h - 1 - y, w - 1 - x],
          [h - 1 - x, y],
        ] as const;
        return places[turns[i]!]!;
      });
    });
  }
}
