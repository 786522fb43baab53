/** @file The gradient of the conversion from RGB to HSV, piece by piece of where it is smooth. */
import type { Tensor } from '../graph/operation';
import { add } from './arithmetic';
import { cast } from './cast';
import { divNoNan } from './division';
import { stack } from './join';
import { minus, over, plus, times } from './operators';
import { ellipsis } from './slice';
import { square } from './unary';

const inverse = (x: Tensor): Tensor => divNoNan(1, x);
const channel = (t: Tensor, c: number): Tensor => t.at(ellipsis, c);
/** Factor by factor, each made when the product of those before it stands: the order of TensorFlow's nodes. */
const product = (first: Tensor, ...others: readonly (() => Tensor | number)[]): Tensor =>
  others.reduce<Tensor>((x, y) => times(x, y()), first);

/** One of the three colors: its cells, and where it is positive, the largest and the smallest. */
interface Color {
  readonly cells: Tensor;
  readonly largest: Tensor;
  readonly smallest: Tensor;
}
/** How saturation moves with `a`. */
function saturationSlope(a: Color, b: Color, c: Color): Tensor {
  const isThere = cast(a.cells.greater(0), 'float32');
  const low = add(times(b.smallest, b.cells), times(c.smallest, c.cells));
  const asLargest = product(times(a.largest, low), () => inverse(square(a.cells)));
  const asSmallest = times(a.smallest, -1);
  const high = plus(times(b.largest, b.cells), times(c.largest, c.cells));
  return times(isThere, add(asLargest, times(asSmallest, inverse(high))));
}
/** One term of a hue's slope: 60 times the product of what the pixel must be and what moves. */
type Term = () => Tensor;
function hueSlope(terms: readonly Term[]): Tensor {
  const all = terms.map((term) => times(60, term()));
  return over(
    all.reduce((x, y) => plus(x, y)),
    360,
  );
}

/** d(hsv) from d(rgb), by the cells of both. */
export function rgbToHsvGradient(dy: Tensor, images: Tensor, output: Tensor): Tensor {
  const [red, green, blue] = [channel(images, 0), channel(images, 1), channel(images, 2)];
  const [saturation, value] = [channel(output, 1), channel(output, 2)];
  const mark = (a: Tensor, b: Tensor): Tensor => cast(a.and(b), 'float32');
  const redMost = mark(red.greaterEqual(blue), red.greaterEqual(green));
  const greenMost = mark(green.greater(red), green.greaterEqual(blue));
  const blueMost = mark(blue.greater(red), blue.greater(green));
  const redLeast = mark(red.less(blue), red.less(green));
  const greenLeast = mark(green.lessEqual(red), green.less(blue));
  const blueLeast = mark(blue.lessEqual(red), blue.lessEqual(green));
  const r: Color = { cells: red, largest: redMost, smallest: redLeast };
  const g: Color = { cells: green, largest: greenMost, smallest: greenLeast };
  const b: Color = { cells: blue, largest: blueMost, smallest: blueLeast };

  const dsr = saturationSlope(r, g, b);
  const dsg = saturationSlope(g, r, b);
  const dsb = saturationSlope(b, g, r);

  const positive = (x: Tensor) => cast(x.greater(0), 'float32');
  /** Of the largest color itself. */
  const own = (a: Color, x: Tensor, y: Tensor): Term => {
    return () =>
      product(
        positive(a.cells),
        () => a.largest,
        () => -1,
        () => minus(x, y),
        () => inverse(square(saturation)),
        () => inverse(square(value)),
      );
  };
  /** Of the smallest color. */
  const bySmallest = (big: Color, small: Color, x: Tensor, y: Tensor, p: Tensor, q: Tensor): Term => {
    return () =>
      product(
        positive(big.cells),
        () => big.largest,
        () => small.smallest,
        () => minus(x, y),
        () => inverse(square(minus(p, q))),
      );
  };
  /** Of the color between. */
  const byMiddle = (big: Color, small: Color, x: Tensor, y: Tensor, negative: boolean): Term => {
    const sign = negative ? [() => -1] : [];
    return () =>
      product(
        positive(big.cells),
        () => big.largest,
        () => small.smallest,
        ...sign,
        () => inverse(minus(x, y)),
      );
  };
  const dhr = hueSlope([
    own(r, green, blue),
    bySmallest(g, r, blue, green, red, green),
    byMiddle(g, b, green, blue, true),
    bySmallest(b, r, blue, green, blue, red),
    byMiddle(b, g, blue, green, false),
  ]);
  const dhg = hueSlope([
    own(g, blue, red),
    bySmallest(r, g, red, blue, red, green),
    byMiddle(r, b, red, blue, false),
    bySmallest(b, g, red, blue, blue, green),
    byMiddle(b, r, blue, red, true),
  ]);
  const dhb = hueSlope([
    own(b, red, green),
    bySmallest(r, b, green, red, red, blue),
    byMiddle(r, g, red, green, true),
    bySmallest(g, b, green, red, green, blue),
    byMiddle(g, r, green, red, false),
  ]);
  const along = (c: number, slopes: readonly Tensor[]) =>
    stack(
      slopes.map((slope) => times(channel(dy, c), slope)),
      { axis: -1 },
    );
  const dv = along(2, [redMost, greenMost, blueMost]);
  const ds = along(1, [dsr, dsg, dsb]);
  const dh = along(0, [dhr, dhg, dhb]);
  return add(add(dv, ds), dh);
}
